"""What the project's tests share: a quiet machine, and responses without a provider."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock, patch

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KEPT = ("HOME", "LANG", "PATH", "PYTHONPATH", "SYSTEMROOT", "TMPDIR", "USER")


@pytest.fixture(autouse=True)
def quiet_machine(tmp_path: Path) -> Iterator[None]:
    """Only what a process needs, and files of this test."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    files = {
        "AI_USAGE_DATABASE": str(tmp_path / "usage.db"),
        "AI_USAGE_SPOOL": str(tmp_path / "spool.db"),
        "AI_USAGE_ERROR_MESSAGES": "1",  # these tests compare what exceptions say
    }
    with patch.dict(os.environ, {**kept, **files}, clear=True):
        yield


@pytest.fixture
def completion() -> Callable[..., Any]:
    """Make a response like the provider's."""

    def make(model: str = "gpt-4o-mini", inputs: int = 1000, outputs: int = 500) -> Any:
        usage = SimpleNamespace(
            prompt_tokens=inputs, completion_tokens=outputs, total_tokens=inputs + outputs
        )
        return SimpleNamespace(id="chatcmpl-1", model=model, usage=usage)

    return make


@pytest.fixture
def dynamo() -> Mock:
    """A double of the application's store, which takes metrics."""
    return Mock(spec=["put_ai_usage_metric"])


@pytest.fixture
def stored(dynamo: Mock) -> Callable[[], list[Any]]:
    """Return the metrics that the double was given."""
    return lambda: [call.args[0] for call in dynamo.put_ai_usage_metric.call_args_list]
