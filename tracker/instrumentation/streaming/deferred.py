"""Managers that send their request when they are entered: observed then, and not before.

``client.chat.completions.stream(...)`` and ``with_streaming_response`` return
one; the call that an observer waits for happens at the ``with``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import wrapt

if TYPE_CHECKING:
    from tracker.instrumentation.observer import Observer


class Deferred(wrapt.ObjectProxy):  # type: ignore[type-arg] # not subscriptable in wrapt 1
    """A manager whose entering *observer* watches."""

    def __init__(self, manager: Any, observer: Observer) -> None:
        super().__init__(manager)
        self._self_observer = observer


class SyncDeferred(Deferred):
    """One for ``with``."""

    def __enter__(self) -> Any:
        with self._self_observer as observer:
            entered = self.__wrapped__.__enter__()
            observer.returned(entered)
            return entered

    def __exit__(self, *error: Any) -> Any:
        return self.__wrapped__.__exit__(*error)


class AsyncDeferred(Deferred):
    """One for ``async with``."""

    async def __aenter__(self) -> Any:
        with self._self_observer as observer:
            entered = await self.__wrapped__.__aenter__()
            observer.returned(entered)
            return entered

    async def __aexit__(self, *error: Any) -> Any:
        return await self.__wrapped__.__aexit__(*error)


def deferred(manager: Any, observer: Observer) -> Deferred:
    """Return *manager* watched by *observer* when it is entered."""
    # A proxy has the methods of both kinds; the class that it passes for has not.
    kind = AsyncDeferred if hasattr(manager.__class__, "__aenter__") else SyncDeferred
    return kind(manager, observer)
