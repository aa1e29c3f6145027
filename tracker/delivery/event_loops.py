"""The event loop that runs in this thread, asyncio's or trio's: what must not be blocked.

Neither is imported here: a loop that runs has been imported by the program.  A block that was
left in a loop without ``async with`` waits for nothing, so the loop's own end does: the process
may be frozen, or ended without its exit handlers, right behind it.
"""

from __future__ import annotations

import functools
import sys
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tracker.error_boundary import boundary

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


def in_event_loop() -> bool:
    """Whether an event loop runs in this thread: then nothing may wait here."""
    return asyncio_loop() is not None or _in_trio()


def asyncio_loop() -> Any:
    """Return asyncio's loop that runs in this thread, if one does."""
    asyncio: Any = sys.modules.get("asyncio.events")
    return None if asyncio is None else asyncio._get_running_loop()


def _in_trio() -> bool:
    trio = sys.modules.get("trio")
    if trio is None:
        return False
    try:
        trio.lowlevel.current_task()
    except (RuntimeError, AttributeError):  # no loop here, or not trio itself
        return False
    return True


def at_end(wait: Callable[[], object], awaited: Callable[[], Awaitable[object]]) -> None:
    """Have *wait* called, or *awaited*, when the loop that runs here is about to end.

    Once for each loop, and again each time that one which ended is run anew.
    """
    loop = asyncio_loop()
    if loop is None:
        _at_end_of_trio(awaited)
        return
    _at_end_of_uvicorn(awaited)
    if loop in _watched:
        return
    with suppress(TypeError, AttributeError):  # a loop that takes no attribute or no reference
        _watched.add(loop)
        kind, known = weakref.ref(loop), vars(loop).get("stop")

        def stop() -> None:
            """Stop the loop, when what was recorded in it is on disk."""
            running = kind()
            if known is not None:
                known()
            elif running is not None:
                type(running).stop(running)
            with boundary("loop"):
                wait()

        loop.stop = stop


def _at_end_of_trio(awaited: Callable[[], Awaitable[object]]) -> None:
    import trio

    # Made anew for each run of trio, which keeps it by the variable's identity.
    if _trio_is_watched().get():
        return
    _trio_is_watched().set(True)

    async def until_the_end() -> None:
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True), boundary("loop"):
                await awaited()

    trio.lowlevel.spawn_system_task(until_the_end, name="ai-usage")


@functools.cache
def _trio_is_watched() -> Any:
    import trio

    return trio.lowlevel.RunVar("ai_usage_watched", default=False)


def _at_end_of_uvicorn(awaited: Callable[[], Awaitable[object]]) -> None:
    """Have *awaited* called when uvicorn shuts down: then it has itself ended by the signal."""
    uvicorn = sys.modules.get("uvicorn.server")
    server: Any = getattr(uvicorn, "Server", None)
    shutdown = getattr(server, "shutdown", None)
    if shutdown is None or hasattr(shutdown, _MARK):
        return

    @functools.wraps(shutdown)
    async def observed(*args: Any, **kwargs: Any) -> Any:
        try:
            return await shutdown(*args, **kwargs)
        finally:
            with boundary("loop"):
                await awaited()

    setattr(observed, _MARK, True)
    server.shutdown = observed


_MARK = "_ai_usage_observed"
_watched: weakref.WeakSet[Any] = weakref.WeakSet()


async def told(register: Callable[[Callable[[], object]], object], timeout: float) -> None:
    """Wait until the function that *register* is given was called, or for *timeout* seconds."""
    if _in_trio():
        import trio

        event = trio.Event()
        token = trio.lowlevel.current_trio_token()
        register(functools.partial(token.run_sync_soon, event.set))
        with trio.move_on_after(timeout):
            await event.wait()
        return
    import asyncio

    loop = asyncio.get_running_loop()
    reached = loop.create_future()

    def end() -> None:
        if not reached.done():
            reached.set_result(None)

    register(functools.partial(loop.call_soon_threadsafe, end))
    await asyncio.wait([reached], timeout=timeout)


async def in_thread(function: Callable[..., object], *args: Any) -> None:
    """Run *function* in a thread of the loop, and wait for it."""
    if _in_trio():
        import trio

        await trio.to_thread.run_sync(functools.partial(function, *args))
        return
    import asyncio

    await asyncio.to_thread(function, *args)
