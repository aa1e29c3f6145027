"""Observing calls of the providers' clients.  It only hands what it saw to a tracker.

Nothing is patched at import: ``install`` is called when the first tracker is
made or the first context entered.
"""

from __future__ import annotations

import threading
from typing import Any

_lock = threading.Lock()
_installed = False


def install() -> None:
    """Capture calls of the providers' clients from now on, also if they are imported later.

    Idempotent.  While no context is active the patch passes calls straight through.
    """
    global _installed
    if _installed:
        return
    with _lock:
        if _installed:
            return
        from tracker.instrumentation.client_patch import await_imports

        await_imports()
        _installed = True


def wrap_client(client: Any, tracker: Any, service: str) -> Any:
    """Return *client*, one of *service*'s, in a form whose billed calls *tracker* books."""
    from tracker.instrumentation.client_wrapper import WrappedClient
    from tracker.instrumentation.providers import BY_NAME
    from tracker.instrumentation.proxy import Shared, provider_of, proxy

    provider = provider_of(client)
    if provider is not None:
        return proxy(client, Shared(tracker, provider, provider.calls))
    return WrappedClient(client, tracker, service, BY_NAME[service].calls)
