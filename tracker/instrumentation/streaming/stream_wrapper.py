"""Recording streams without changing them.

A stream object keeps its type: only the iterator inside it is replaced by a
wrapper that counts as chunks pass.
"""

from __future__ import annotations

import functools
import weakref
from typing import TYPE_CHECKING, Any

from tracker.instrumentation.streaming.body_readers import Tail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tracker.instrumentation.streaming.accumulator import Accumulator


class _StreamWrapper:
    """Where a stream's chunks pass.  A close that comes while one is fetched is the SDK's own."""

    def __init__(self, stream: Any, accumulator: Accumulator, tail: Tail) -> None:
        self.accumulator = accumulator
        self.tail = tail
        self.fetching = False
        self._inner = vars(stream).get("_iterator")
        self._stream = weakref.ref(stream)

    def inner(self) -> Any:
        """Return the stream's own iterator.

        Some streams make it when it is first read, and others who observe them have a say in
        it until then.
        """
        if self._inner is None:
            stream = self._stream()
            if stream is None:
                return iter(())
            held = vars(stream)
            # Without us while it is made: it keeps a copy of the stream.
            del held["_iterator"]
            try:
                self._inner = stream._iterator
            finally:
                held["_iterator"] = self
        return self._inner

    def closed(self) -> None:
        """Note that the program closed the stream."""
        if not self.fetching:
            self.tail.read()
            self.accumulator.finish(partial=True)

    def ended(self, error: BaseException) -> None:
        """Note how fetching a chunk ended the stream."""
        if isinstance(error, StopIteration | StopAsyncIteration):
            self.accumulator.finish(partial=False)
        else:
            self.accumulator.finish(partial=True, error=error)

    def __del__(self) -> None:
        self.accumulator.drop(self.tail.read)


class SyncStreamWrapper(_StreamWrapper):
    """Stands in for a synchronous stream's iterator."""

    def __iter__(self) -> Iterator[Any]:
        # A loop resumes a generator for a third of what calling a method costs it.  Whoever stops
        # in between may go on later: only what fetching a chunk comes to ends the stream.
        take = self.accumulator.take
        self.fetching = True
        try:
            for chunk in self._inner or self.inner():
                self.fetching = False
                if take(chunk):
                    yield chunk
                self.fetching = True
        except BaseException as error:
            if self.fetching:
                self.fetching = False
                self.ended(error)
            raise
        self.fetching = False
        self.accumulator.finish(partial=False)

    def __next__(self) -> Any:
        while True:
            self.fetching = True
            try:
                chunk = next(self._inner or self.inner())
            except BaseException as error:
                self.ended(error)
                raise
            finally:
                self.fetching = False
            if self.accumulator.take(chunk):
                return chunk

    def close(self) -> None:
        """Close the iterator below, as a generator's ``close`` does."""
        self.closed()
        close = getattr(self._inner, "close", None)
        if close is not None:
            close()


class AsyncStreamWrapper(_StreamWrapper):
    """Stands in for an asynchronous stream's iterator."""

    def __aiter__(self) -> AsyncStreamWrapper:
        return self

    async def __anext__(self) -> Any:
        while True:
            self.fetching = True
            try:
                chunk = await anext(self._inner or self.inner())
            except BaseException as error:
                self.ended(error)
                raise
            finally:
                self.fetching = False
            if self.accumulator.take(chunk):
                return chunk

    async def aclose(self) -> None:
        """Close the iterator below, as an async generator's ``aclose`` does."""
        self.closed()
        close = getattr(self._inner, "aclose", None)
        if close is not None:
            await close()


def wrap_stream(stream: Any, accumulator: Accumulator, *, asynchronous: bool) -> bool:
    """Count what passes through an SDK's ``Stream`` or ``AsyncStream``, in place.

    Returns False, with nothing changed, if what it reads from is no iterator of that kind.
    Closing one closes the HTTP response and not the iterator, and a stream helper
    closes the response itself: so the response tells of it.
    """
    made = vars(stream).get("_iterator")
    if made is not None and not hasattr(made, "__anext__" if asynchronous else "__next__"):
        return False
    tail = Tail(accumulator)
    kind = AsyncStreamWrapper if asynchronous else SyncStreamWrapper
    wrapper = stream._iterator = kind(stream, accumulator, tail)
    tail.follow(stream.response)
    _hear_of_closing(stream.response, "aclose" if asynchronous else "close", wrapper)
    return True


def _hear_of_closing(response: Any, method: str, wrapper: _StreamWrapper) -> None:
    """Have *wrapper* told when *response* is closed, without keeping either of them alive."""
    if hasattr(response, method) and hasattr(response, "__dict__"):
        close = _close if method == "close" else _aclose
        vars(response)[method] = functools.partial(
            close, weakref.ref(response), weakref.ref(wrapper)
        )


def _close(response: Callable[[], Any], wrapper: Callable[[], _StreamWrapper | None]) -> None:
    closing = _told(response, wrapper, "close")
    if closing is not None:
        closing.close()


async def _aclose(
    response: Callable[[], Any], wrapper: Callable[[], _StreamWrapper | None]
) -> None:
    closing = _told(response, wrapper, "aclose")
    if closing is not None:
        await closing.aclose()


def _told(
    response: Callable[[], Any], wrapper: Callable[[], _StreamWrapper | None], method: str
) -> Any:
    """Tell the wrapper, and return the response with its own method back in place."""
    heard, closing = wrapper(), response()
    if heard is not None:
        heard.closed()
    if closing is not None:
        vars(closing).pop(method, None)
    return closing
