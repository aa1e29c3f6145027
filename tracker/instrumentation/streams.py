"""Recording streams without changing them.

The stream object keeps its type: only the iterator inside it is replaced by a
tap that counts as chunks pass.  The record is made when the stream is
exhausted, closed, broken off, or dropped; all but the first are ``partial``.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from tracker import ledger
from tracker.guard import described, guarded
from tracker.instrumentation.usage import NO_USAGE, field, model_of, usage_of
from tracker.metric import Call

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tracker.ledger import Booking

_open: set[Tally] = set()
_open_lock = threading.RLock()  # the end of a dropped stream may come while it is held


class Tally:
    """What is known of one stream so far.  It keeps no text.

    With *swallow_usage* the chunk that only carries usage was asked for by us,
    not by the caller, and ``take`` says to hold it back.
    """

    def __init__(self, booking: Booking, service: str, operation: str, model: str | None) -> None:
        self.booking = booking
        self.swallow_usage = False
        self._service = service
        self._operation = operation
        self._model = model
        self._usage = NO_USAGE
        self._done = False
        with _open_lock:
            _open.add(self)

    def take(self, chunk: Any) -> bool:
        """Count *chunk*; return whether the caller is to see it."""
        with guarded("stream"):
            # The responses API carries the whole response in its closing event.
            source = field(chunk, "response") if field(chunk, "usage") is None else chunk
            self._model = model_of(source) or model_of(chunk) or self._model
            usage = usage_of(source)
            if usage is NO_USAGE:
                return True
            self._usage = usage
            return not (self.swallow_usage and field(chunk, "choices") == [])
        return True

    def finish(self, *, partial: bool, error: BaseException | None = None) -> None:
        """Book the stream; only the first end counts."""
        with guarded("stream"):
            with _open_lock:
                _open.discard(self)
                if self._done:
                    return
                self._done = True
            text = None if error is None else described(error)
            call = Call(
                self._service,
                self._operation,
                self._model,
                self._usage,
                latency_ms=self.booking.elapsed_ms(),
                error=text,
                partial=partial,
            )
            ledger.book(self.booking, call)
            if not self.booking.node.is_block:
                self.booking.owner.settle([self.booking])


class SyncTap:
    """Stands in for a synchronous stream's iterator."""

    def __init__(self, inner: Iterator[Any], tally: Tally) -> None:
        self._inner = inner
        self._tally = tally

    def __iter__(self) -> SyncTap:
        return self

    def __next__(self) -> Any:
        while True:
            try:
                chunk = next(self._inner)
            except StopIteration:
                self._tally.finish(partial=False)
                raise
            except BaseException as error:
                self._tally.finish(partial=True, error=error)
                raise
            if self._tally.take(chunk):
                return chunk

    def close(self) -> None:
        """Close the iterator below, as a generator's ``close`` does."""
        self._tally.finish(partial=True)
        close = getattr(self._inner, "close", None)
        if close is not None:
            close()

    def __del__(self) -> None:
        self._tally.finish(partial=True)


class AsyncTap:
    """Stands in for an asynchronous stream's iterator."""

    def __init__(self, inner: AsyncIterator[Any], tally: Tally) -> None:
        self._inner = inner
        self._tally = tally

    def __aiter__(self) -> AsyncTap:
        return self

    async def __anext__(self) -> Any:
        while True:
            try:
                chunk = await anext(self._inner)
            except StopAsyncIteration:
                self._tally.finish(partial=False)
                raise
            except BaseException as error:
                self._tally.finish(partial=True, error=error)
                raise
            if self._tally.take(chunk):
                return chunk

    async def aclose(self) -> None:
        """Close the iterator below, as an async generator's ``aclose`` does."""
        self._tally.finish(partial=True)
        close = getattr(self._inner, "aclose", None)
        if close is not None:
            await close()

    def __del__(self) -> None:
        self._tally.finish(partial=True)


def tap_sync(stream: Any, tally: Tally) -> None:
    """Count what passes through an SDK's ``Stream``, in place.

    ``Stream.close`` closes the response and not the iterator, so it is told too.
    """
    stream._iterator = SyncTap(stream._iterator, tally)
    close = stream.close

    def close_and_book() -> None:
        tally.finish(partial=True)
        close()

    stream.close = close_and_book


def tap_async(stream: Any, tally: Tally) -> None:
    """Count what passes through an SDK's ``AsyncStream``, in place."""
    stream._iterator = AsyncTap(stream._iterator, tally)
    close = stream.close

    async def close_and_book() -> None:
        tally.finish(partial=True)
        await close()

    stream.close = close_and_book


def finish_open() -> None:
    """Book every stream that is still open, for interpreter exit."""
    for tally in list(_open):
        tally.finish(partial=True)


def _after_fork() -> None:
    """Start a child with a free lock: a thread of its parent may have held it."""
    global _open_lock
    _open_lock = threading.RLock()


ledger.at_exit(finish_open)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
