"""Running a generator so that something holds during each of its steps, and only then.

A generator shares the context of whoever iterates it: what it sets at one step
would leak to the consumer until the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator
    from contextlib import AbstractContextManager


def drive(
    inner: Generator[Any, Any, Any],
    step: Callable[[], AbstractContextManager[Any]],
    seen: Callable[[Any], None] | None = None,
) -> Generator[Any, Any, Any]:
    """Yield what *inner* yields, each step inside ``step()``; ``seen`` gets every item.

    What the consumer sends or throws goes in; the return value comes out.
    """
    resume: Callable[[], Any] = lambda: next(inner)  # noqa: E731 - rebound at every step
    while True:
        with step():
            try:
                item = resume()
            except StopIteration as stop:
                return stop.value
        if seen is not None:
            seen(item)
        try:
            sent = yield item
        except GeneratorExit:
            with step():
                inner.close()
            raise
        except BaseException as error:  # noqa: BLE001 - handed on into the generator
            resume = _bind(inner.throw, error)
        else:
            resume = _bind(inner.send, sent)


async def drive_async(
    inner: AsyncGenerator[Any, Any],
    step: Callable[[], AbstractContextManager[Any]],
    seen: Callable[[Any], None] | None = None,
) -> AsyncGenerator[Any, Any]:
    """As ``drive``, for an async generator."""
    resume: Callable[[], Any] = lambda: anext(inner)  # noqa: E731 - rebound at every step
    while True:
        with step():
            try:
                item = await resume()
            except StopAsyncIteration:
                return
        if seen is not None:
            seen(item)
        try:
            sent = yield item
        except GeneratorExit:
            with step():
                await inner.aclose()
            raise
        except BaseException as error:  # noqa: BLE001 - handed on into the generator
            resume = _bind(inner.athrow, error)
        else:
            resume = _bind(inner.asend, sent)


def _bind(function: Callable[[Any], Any], argument: Any) -> Callable[[], Any]:
    return lambda: function(argument)
