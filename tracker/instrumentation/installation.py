"""Observing calls of the providers' clients.  It only hands what it saw to a tracker.

Nothing is patched at import: ``install`` is called when the first tracker is
made or the first context entered.
"""

from __future__ import annotations

import threading
from typing import Any

from tracker.budgets import gate
from tracker.config import settings
from tracker.delivery import fork_registry
from tracker.delivery.threads import ready_for_pools
from tracker.error_boundary import boundary

_lock = threading.RLock()  # a signal handler may come here while its own thread installs
_installed = False
_installing = False
#: How long a fork waits for a thread that imports what the patch needs.
PATIENCE_SECONDS = 60.0


def install() -> None:
    """Capture calls of the providers' clients from now on, also if they are imported later.

    Idempotent.  While no context is active the patch passes calls straight through.  Where it
    cannot be made, as at the interpreter's end, the program goes on unobserved.
    """
    global _installed, _installing
    if _installed:
        return
    ready_for_pools()  # in the program's own thread, which is in no fork
    with _lock:
        if _installed or _installing:  # whoever was interrupted in the middle of it goes on
            return
        _installing = True
        try:
            with boundary("install"):
                from tracker.instrumentation.client_patch import await_imports

                await_imports()
                if settings.current().budgets is not None:
                    gate.arm()
                _installed = True
        finally:
            _installing = False


def wrap_client(client: Any, tracker: Any, service: str) -> Any:
    """Return *client*, one of *service*'s, in a form whose billed calls *tracker* books."""
    from tracker.instrumentation.client_wrapper import WrappedClient
    from tracker.instrumentation.providers import BY_NAME
    from tracker.instrumentation.proxy import Shared, provider_of, proxy

    provider = provider_of(client)
    if provider is not None:
        return proxy(client, Shared(tracker, provider, provider.calls))
    return WrappedClient(client, tracker, service, BY_NAME[service].calls)


_held: list[threading.RLock] = []


def _before_fork() -> None:
    """Wait for a thread that installs: a child could not import what it is just importing."""
    if _lock.acquire(timeout=PATIENCE_SECONDS):
        _held.append(_lock)


def _after_fork_in_parent() -> None:
    while _held:
        _held.pop().release()


def _after_fork_in_child() -> None:
    global _lock
    _lock = threading.RLock()
    _held.clear()


fork_registry.at_fork(
    before=_before_fork, in_parent=_after_fork_in_parent, in_child=_after_fork_in_child
)
