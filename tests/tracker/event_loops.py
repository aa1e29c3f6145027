"""Both event loops that a program may run, for tests that hold in either."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import trio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


@dataclass(frozen=True)
class Loop:
    """A way to run a program, to give way in it, and to run several functions at once."""

    run: Callable[[Callable[[], Awaitable[Any]]], Any]
    pause: Callable[[], Awaitable[None]]
    together: Callable[..., Awaitable[Any]]


async def _gathered(*functions: Callable[[], Awaitable[Any]]) -> None:
    await asyncio.gather(*(function() for function in functions))


async def _nursed(*functions: Callable[[], Awaitable[Any]]) -> None:
    async with trio.open_nursery() as nursery:
        for function in functions:
            nursery.start_soon(function)


def _run(program: Any) -> Any:
    return asyncio.run(program())


ASYNCIO = Loop(_run, lambda: asyncio.sleep(0), _gathered)
TRIO = Loop(trio.run, lambda: trio.sleep(0), _nursed)
LOOPS = pytest.mark.parametrize("loop", [ASYNCIO, TRIO], ids=["asyncio", "trio"])
