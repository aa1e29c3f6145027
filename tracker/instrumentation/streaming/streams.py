"""Recording streams without changing them.

A stream object keeps its type: only the iterator inside it is replaced by a
tap that counts as chunks pass.  The record is made when the stream is
exhausted, closed, broken off, or dropped; all but the first are ``partial``.
"""

from __future__ import annotations

import functools
import threading
import weakref
from typing import TYPE_CHECKING, Any

from tracker.delivery import attempt, fork_registry
from tracker.error_boundary import guarded
from tracker.instrumentation import deduplication
from tracker.instrumentation.observation import failed, is_observed
from tracker.instrumentation.providers.usage import NO_USAGE, field, merged, model_of, usage_of
from tracker.records import recorder
from tracker.records.error_text import described
from tracker.records.metric import Call

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tracker.records.pending_record import PendingRecord

_open: set[Tally] = set()
_open_lock = threading.RLock()  # the end of a dropped stream may come while it is held


class Tally:
    """What is known of one stream so far.  It keeps no text.

    With *swallow_usage* the chunk that only carries usage was asked for by us,
    not by the caller: ``take`` says to hold it back, and that the others have none is not said.
    """

    def __init__(
        self,
        booking: PendingRecord,
        service: str,
        operation: str,
        model: str | None,
        request_id: str | None = None,
        *,
        swallow_usage: bool = False,
    ) -> None:
        self.booking = booking
        self.service = service
        self._operation = operation
        self._model = model
        self.request_id = request_id
        self.swallows_usage = swallow_usage
        self._usage = NO_USAGE
        self._is_told = False
        self._done = False
        self._of_store = attempt.is_storing()
        with _open_lock:
            _open.add(self)

    def take(self, chunk: Any) -> bool:
        """Count *chunk*, an SDK's object or plain JSON; return whether the caller is to see it."""
        with guarded("stream"):
            # Most chunks tell nothing; asking a model of the SDK for a field that it lacks is slow.
            facts = chunk if isinstance(chunk, dict) else getattr(chunk, "__dict__", {})
            source = chunk
            if facts.get("usage") is None and "usageMetadata" not in facts:
                # The first or the last event of some interfaces carries the whole answer.
                source = facts.get("response") or facts.get("message")
                if self.swallows_usage and facts is not chunk:
                    getattr(chunk, "model_fields_set", set()).discard("usage")
            self._model = model_of(source or facts) or self._model
            if source is None:
                return True
            usage = usage_of(source)
            if usage is NO_USAGE:
                return True
            self._usage = merged(self._usage, usage)
            self._is_told = self._is_told or _is_last_word(facts)
            if not isinstance(source, dict):
                # Programs that count for themselves hand this object to their tracker.
                deduplication.claim(source, self.booking, self.service, None)
            return not (self.swallows_usage and facts.get("choices") == [])
        return True

    def finish(self, *, partial: bool, error: BaseException | str | None = None) -> None:
        """Book the stream; only the first end counts."""
        with guarded("stream"):
            with _open_lock:
                _open.discard(self)
                if self._done:
                    return
                self._done = True
            text = described(error) if isinstance(error, BaseException) else error
            call = Call(
                self.service,
                self._operation,
                self._model,
                self._usage,
                self.request_id,
                self.booking.elapsed_ms(),
                text,
                # A program may stop reading when all is told that it, and we, want to know.
                partial and not (self._is_told and text is None),
            )
            recorder.book(self.booking, call)
            if not recorder.is_kept(self.booking) and not is_observed(self.booking):
                self.booking.owner.settle([self.booking])

    def withdraw(self) -> None:
        """Book nothing: the answer is an error, which was not billed."""
        with _open_lock:
            _open.discard(self)
            self._done = True
        failed(self.booking)

    def drop(self) -> None:
        """Book the stream because nobody has it any more: the garbage collector calls this."""
        with attempt.finalising(of_store=self._of_store):
            self.finish(partial=True)


def _is_last_word(facts: Mapping[str, Any]) -> bool:
    """Return whether the counts in an event with the fields *facts* are the final ones."""
    if facts.get("type") == "message_delta":
        return field(facts.get("delta"), "stop_reason") is not None
    return facts.get("choices") == [] or facts.get("type") == "response.completed"


class _Tap:
    """Where a stream's chunks pass.  A close that comes while one is fetched is the SDK's own."""

    def __init__(self, stream: Any, tally: Tally) -> None:
        self.tally = tally
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
            self.tally.finish(partial=True)

    def ended(self, error: BaseException) -> None:
        """Note how fetching a chunk ended the stream."""
        if isinstance(error, StopIteration | StopAsyncIteration):
            self.tally.finish(partial=False)
        else:
            self.tally.finish(partial=True, error=error)

    def __del__(self) -> None:
        self.tally.drop()


class SyncTap(_Tap):
    """Stands in for a synchronous stream's iterator."""

    def __iter__(self) -> SyncTap:
        return self

    def __next__(self) -> Any:
        while True:
            self.fetching = True
            try:
                chunk = next(self.inner())
            except BaseException as error:
                self.ended(error)
                raise
            finally:
                self.fetching = False
            if self.tally.take(chunk):
                return chunk

    def close(self) -> None:
        """Close the iterator below, as a generator's ``close`` does."""
        self.closed()
        close = getattr(self._inner, "close", None)
        if close is not None:
            close()


class AsyncTap(_Tap):
    """Stands in for an asynchronous stream's iterator."""

    def __aiter__(self) -> AsyncTap:
        return self

    async def __anext__(self) -> Any:
        while True:
            self.fetching = True
            try:
                chunk = await anext(self.inner())
            except BaseException as error:
                self.ended(error)
                raise
            finally:
                self.fetching = False
            if self.tally.take(chunk):
                return chunk

    async def aclose(self) -> None:
        """Close the iterator below, as an async generator's ``aclose`` does."""
        self.closed()
        close = getattr(self._inner, "aclose", None)
        if close is not None:
            await close()


def tap(stream: Any, tally: Tally, *, asynchronous: bool) -> bool:
    """Count what passes through an SDK's ``Stream`` or ``AsyncStream``, in place.

    Returns False, with nothing changed, if what it reads from is no iterator of that kind.
    Closing one closes the HTTP response and not the iterator, and a stream helper
    closes the response itself: so the response tells of it.
    """
    made = vars(stream).get("_iterator")
    if made is not None and not hasattr(made, "__anext__" if asynchronous else "__next__"):
        return False
    tapped = AsyncTap(stream, tally) if asynchronous else SyncTap(stream, tally)
    stream._iterator = tapped
    _hear_of_closing(stream.response, "aclose" if asynchronous else "close", tapped)
    return True


def _hear_of_closing(response: Any, method: str, tap: _Tap) -> None:
    """Have *tap* told when *response* is closed, without keeping either of them alive."""
    if hasattr(response, method) and hasattr(response, "__dict__"):
        close = _close if method == "close" else _aclose
        vars(response)[method] = functools.partial(close, weakref.ref(response), weakref.ref(tap))


def _close(response: Callable[[], Any], tap: Callable[[], _Tap | None]) -> None:
    closing = _told(response, tap, "close")
    if closing is not None:
        closing.close()


async def _aclose(response: Callable[[], Any], tap: Callable[[], _Tap | None]) -> None:
    closing = _told(response, tap, "aclose")
    if closing is not None:
        await closing.aclose()


def _told(response: Callable[[], Any], tap: Callable[[], _Tap | None], method: str) -> Any:
    """Tell the tap, and return the response with its own method back in place."""
    heard, closing = tap(), response()
    if heard is not None:
        heard.closed()
    if closing is not None:
        vars(closing).pop(method, None)
    return closing


def finish_open() -> None:
    """Book every stream that is still open, for interpreter exit."""
    with _open_lock:
        tallies = list(_open)
    for tally in tallies:
        tally.finish(partial=True)


def _after_fork() -> None:
    """Start a child with a free lock and no open stream: those are its parent's to book."""
    global _open_lock
    _open_lock = threading.RLock()
    _open.clear()


recorder.at_exit(finish_open)
fork_registry.at_fork(in_child=_after_fork)
