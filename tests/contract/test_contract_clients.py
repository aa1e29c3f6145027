"""Every public client class of the SDKs is one that the patch reaches."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from tracker.instrumentation.client_patch import MARK, await_imports
from tracker.instrumentation.providers import CAPTURED

if TYPE_CHECKING:
    from tracker.instrumentation.providers.provider import Provider


@pytest.mark.parametrize("provider", CAPTURED, ids=lambda provider: provider.name)
def test_every_public_client_is_captured(provider: Provider) -> None:
    """A new SDK that brings another client class fails here first."""
    await_imports()
    module = import_module(provider.name)
    base = import_module(f"{provider.name}._base_client")
    kinds = (base.SyncAPIClient, base.AsyncAPIClient)
    found = {
        name: value
        for name in dir(module)
        if not name.startswith("_")
        and isinstance(value := getattr(module, name), type)
        and issubclass(value, kinds)
    }
    assert set(provider.classes) <= set(found)
    assert [name for name, kind in found.items() if not hasattr(kind.request, MARK)] == []
