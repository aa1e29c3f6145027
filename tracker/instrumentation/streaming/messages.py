"""What is billed on a connection that stays open: answers, told in messages that come in.

The connection's own methods are called, and each message that they give is looked at; most tell no
usage, and are only searched for the word.
"""

from __future__ import annotations

import functools
import json
import threading
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from tracker.delivery import attempt, fork_registry
from tracker.error_boundary import boundary
from tracker.instrumentation.observation import is_observed, open_record
from tracker.instrumentation.providers.beside import beside
from tracker.instrumentation.providers.fields import field, text
from tracker.instrumentation.providers.usage import NO_USAGE, usage_of
from tracker.records import recorder
from tracker.records.counts import is_count
from tracker.records.error_text import of_answer
from tracker.records.metric import Call
from tracker.records.pending_record import PendingRecord, opened

if TYPE_CHECKING:
    from collections.abc import Callable

OPERATION = "realtime"
SILENT = "no message told what the connection used"
#: Messages that end a response, with its usage.
ENDS = frozenset({"response.done", "response.completed", "response.incomplete", "response.failed"})
DECIDED = "decision.completed"
HEARD = "input_audio_transcription.completed"
CLOSED = "session.closed"
#: Only a key is so in quotation marks, which are escaped inside of a text.
USAGE, TRANSCRIBER = b'"usage"', b'"transcription"'

_open: set[Watched] = set()
_open_lock = threading.RLock()


class _Told(NamedTuple):
    """What a message tells: the answer with its usage, and as what it is booked."""

    operation: str
    answer: Any
    model: str | None


class Watched:
    """One connection.  What is told on it is booked answer by answer; else it is one call itself.

    *record* is the connection's own.
    """

    def __init__(self, record: PendingRecord, service: str, operation: str, model: str | None):
        self.record = record
        self._service = service
        self._operation = operation
        self._model = model
        self._transcriber: str | None = None
        self._is_told = False
        self._done = False
        self._of_store = attempt.is_storing()
        with _open_lock:
            _open.add(self)

    def seen(self, message: Any) -> None:
        """Book what *message* tells."""
        with boundary("stream"), suppress(ValueError, RecursionError):
            data = message.encode() if isinstance(message, str) else message
            if USAGE in data:
                self._told(json.loads(data))
            elif TRANSCRIBER in data:
                self._noted(json.loads(data))

    def _noted(self, event: Any) -> None:
        """Note which model transcribes what is heard."""
        session = field(event, "session")
        heard = field(field(session, "audio"), "input")
        found = field(heard, "transcription") or field(session, "input_audio_transcription")
        self._transcriber = text(field(found, "model")) or self._transcriber

    def _told(self, event: Any) -> None:
        self._noted(event)
        if field(event, "type") == CLOSED:
            seconds = field(field(event, "usage"), "seconds")
            self.record.counts = {"seconds": seconds} if is_count(seconds) else None
            self.ended()
            return
        told = self._told_in(event)
        if told is None:
            return
        self._is_told = True
        # In whose block it is read, or else in whose the connection was made.
        record = open_record()
        if record is None:
            made = self.record
            record = opened(made.owner, made.node, made.state)
        record.base_url = self.record.base_url
        record.extra = {**record.extra, **self.record.extra}
        self._book(record, told)

    def _told_in(self, event: Any) -> _Told | None:
        # A live session hands on the events of what it delegates to.
        inner = field(event, "event")
        event = inner if isinstance(inner, dict) else event
        kind = str(field(event, "type"))
        if kind in ENDS:
            operation = self._operation if inner is None else "completion"
            return _Told(operation, field(event, "response"), self._model)
        if kind == DECIDED:
            return _Told("decision", field(event, "decision"), None)
        return _Told("audio", event, self._transcriber) if kind.endswith(HEARD) else None

    def _book(self, record: PendingRecord, told: _Told) -> None:
        operation, answer, model = told
        details = field(answer, "status_details")
        failure = field(answer, "error") or field(details, "error")
        usage, counts, conditions = beside(answer)
        call = Call(
            self._service,
            operation,
            text(field(answer, "model")) or model,
            usage_of(answer),
            error=of_answer(failure) if isinstance(failure, dict) else None,
            told=usage,
            counts=counts,
            conditions=conditions,
        )
        _accept(record, call)

    def ended(self) -> None:
        """Note that nothing more will come; only the first time counts."""
        with boundary("stream"):
            with _open_lock:
                _open.discard(self)
                if self._done:
                    return
                self._done = True
            if self._is_told and self.record.counts is None:
                return
            record = self.record
            record.unknown = SILENT if record.counts is None else None
            took = record.elapsed_ms()
            _accept(record, Call(self._service, OPERATION, self._model, NO_USAGE, latency_ms=took))

    def drop(self) -> None:
        """Note that nobody has the connection any more: the garbage collector calls this."""
        with attempt.finalising(of_store=self._of_store):
            self.ended()


def watch(connection: Any, watched: Watched, *, asynchronous: bool) -> None:
    """Have *watched* told of what comes in on *connection*, and of its end."""
    seeing, closing = (_seeing_async, _closing_async) if asynchronous else (_seeing, _closing)
    known = weakref.ref(connection)
    kind = type(connection)
    own = vars(connection)
    own["recv_bytes"] = functools.partial(seeing, kind.recv_bytes, known, watched)
    own["close"] = functools.partial(closing, kind.close, known, watched)
    weakref.finalize(connection, watched.drop).atexit = False


def _seeing(method: Any, known: Callable[[], Any], watched: Watched, *a: Any, **k: Any) -> Any:
    message = method(known(), *a, **k)
    watched.seen(message)
    return message


async def _seeing_async(
    method: Any, known: Callable[[], Any], watched: Watched, *a: Any, **k: Any
) -> Any:
    message = await method(known(), *a, **k)
    watched.seen(message)
    return message


def _closing(method: Any, known: Callable[[], Any], watched: Watched, *a: Any, **k: Any) -> Any:
    try:
        return method(known(), *a, **k)
    finally:
        watched.ended()


async def _closing_async(
    method: Any, known: Callable[[], Any], watched: Watched, *a: Any, **k: Any
) -> Any:
    try:
        return await method(known(), *a, **k)
    finally:
        watched.ended()


def _accept(record: PendingRecord, call: Call) -> None:
    recorder.accept(record, call)
    if not recorder.is_kept(record) and not is_observed(record):
        record.owner.settle([record])


def finish_open() -> None:
    """Note the end of every connection that is still open, for interpreter exit."""
    with _open_lock:
        left = list(_open)
    for watched in left:
        watched.ended()


def _after_fork() -> None:
    """Start a child with a free lock and no connection: those are its parent's to book."""
    global _open_lock
    _open_lock = threading.RLock()
    for watched in _open:
        watched._done = True
    _open.clear()


recorder.at_exit(finish_open)
fork_registry.at_fork(in_child=_after_fork)
