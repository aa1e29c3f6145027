"""The event loop that runs in this thread, asyncio's or trio's: what must not be blocked.

Neither is imported here: a loop that runs has been imported by the program.
"""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def in_event_loop() -> bool:
    """Whether an event loop runs in this thread: then nothing may wait here."""
    asyncio = sys.modules.get("asyncio.events")
    if asyncio is not None and asyncio._get_running_loop() is not None:
        return True
    return _in_trio()


def _in_trio() -> bool:
    trio = sys.modules.get("trio")
    if trio is None:
        return False
    try:
        trio.lowlevel.current_task()
    except (RuntimeError, AttributeError):  # no loop here, or not trio itself
        return False
    return True


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
