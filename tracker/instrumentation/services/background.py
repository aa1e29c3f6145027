"""Responses that the provider makes in the background: their usage is told when they are read.

The record of such a call stays open until its response is read to its end, in whatever block, and
is its own block's.  A response that another process began is booked where it is read.  Its
id follows from the response's, so it is stored once, however often and wherever it is read.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple

from tracker.delivery import fork_registry
from tracker.error_boundary import boundary
from tracker.instrumentation import deduplication
from tracker.instrumentation.observation import is_observed, open_record
from tracker.instrumentation.providers.beside import beside_told
from tracker.instrumentation.providers.fields import field, number, reader, text
from tracker.instrumentation.providers.usage import NO_USAGE, usage_of
from tracker.instrumentation.services.taker import Taker
from tracker.records import recorder
from tracker.records.batch_lines import record_id
from tracker.records.error_text import of_answer
from tracker.records.metric import Call

if TYPE_CHECKING:
    from tracker.records.pending_record import PendingRecord

#: States in which the usage is still to come.
WAITING = frozenset({"queued", "in_progress"})
#: So many responses may be open; the oldest is booked as one that nobody read.
MAX_OPEN = 1000
#: So many that have ended are remembered.
MAX_ENDED = 4096
UNREAD = "a background response that was not read to its end here"

#: Service, the response's id, and when it was made: servers of tests repeat the ids alone.
Key = tuple[str, str, object]


class _Begun(NamedTuple):
    """A call whose response is made in the background."""

    record: PendingRecord
    service: str
    operation: str
    model: str | None
    request_id: str | None


_open: OrderedDict[Key, _Begun] = OrderedDict()
_ended: OrderedDict[Key, PendingRecord] = OrderedDict()
_lock = threading.RLock()


def key_of(service: str, response: Any) -> Key | None:
    """Return the key of *response*, or None if it is not made in the background."""
    facts = reader(response)
    response_id = text(facts("id"))
    if response_id is None or facts("background") is not True:
        return None
    return service, response_id, _seconds(facts("created_at"))


def is_made(response: Any) -> bool:
    """Return whether nothing more will come of *response*."""
    return field(response, "status") not in WAITING


def hold(record: PendingRecord, call: Call, answer: Any) -> bool:
    """Keep *record* open if *answer* is a response that is still made.

    *call* is what is known of it by now.
    """
    key = None if is_made(answer) else key_of(call.service, answer)
    if key is None:
        return False
    deduplication.remember(answer, record, call.service, call.request_id)
    begin(key, record, call)
    return True


def begin(key: Key, record: PendingRecord, call: Call) -> None:
    """Note that *record* is of the response *key*; *call* is what is known of it by now."""
    begun = _Begun(record, call.service, call.operation, call.model, call.request_id)
    with _lock:
        if key not in _ended:
            _open[key] = begun
        oldest = _open.popitem(last=False) if len(_open) > MAX_OPEN else None
    record.extra = {**record.extra, "response_id": key[1]}
    if oldest is not None:
        _book_unread(*oldest)


def ends_here(key: Key, record: PendingRecord, *, is_told: bool) -> bool:
    """Return whether the stream that *record* followed books the response *key*.

    It does if it *is_told* its end, and nobody read that before; else whoever reads it does.
    """
    with _lock:
        if not is_told or key in _ended:
            return False
        _open.pop(key, None)
        _note_end(key, record)
    return True


def _note_end(key: Key, record: PendingRecord) -> None:
    """Remember that *key* is booked, by *record*, which gets its id and time in every process."""
    _ended[key] = record
    if len(_ended) > MAX_ENDED:
        _ended.popitem(last=False)
    _, response_id, created = key
    record.id = _id_of(key)
    record.at = created if isinstance(created, float) else record.at
    record.extra = {**record.extra, "response_id": response_id}


def _id_of(key: Key) -> str:
    service, response_id, created = key
    return record_id(service, f"background {created}", response_id)


class Awaited(Taker):
    """Takes what is read of a response; one that has not ended may be read again."""

    def __init__(self, service: str, _response_id: str) -> None:
        self._service = service

    def take(self, told: Any) -> bool:
        """Take the response, or an event that has it."""
        with boundary("stream"):
            response = told if field(told, "object") == "response" else field(told, "response")
            key = None if response is None else key_of(self._service, response)
            if key is not None:
                self._read(key, response)
        return True

    def _read(self, key: Key, response: Any) -> None:
        has_ended = is_made(response)
        with _lock:
            begun = _open.pop(key, None) if has_ended else _open.get(key)
            known = _ended.get(key) or (None if begun is None else begun.record)
            is_new = has_ended and key not in _ended
            if is_new:
                # What nobody wants to know now, somebody may later.
                known = known or open_record()
                if known is None:
                    return
                _note_end(key, known)
        if known is not None:
            deduplication.remember(response, known, self._service, None)
            if is_new:
                _accept(known, self._call(begun, response))

    def _call(self, begun: _Begun | None, response: Any) -> Call:
        """Return what is booked of the response."""
        facts = reader(response)
        created, completed = _seconds(facts("created_at")), _seconds(facts("completed_at"))
        failure = facts("error")
        return Call(
            self._service,
            "completion" if begun is None else begun.operation,
            text(facts("model")) or (None if begun is None else begun.model),
            usage_of(response),
            None if begun is None else begun.request_id,
            None if created is None or completed is None else (completed - created) * 1000.0,
            None if failure is None else of_answer({"code": field(failure, "code")}),
            facts("status") == "cancelled",
            *beside_told(facts),
        )


def _seconds(time: Any) -> float | None:
    whole = number(int(time)) if isinstance(time, float) else number(time)
    return None if whole is None else float(whole)


def _accept(record: PendingRecord, call: Call) -> None:
    recorder.accept(record, call)
    if not recorder.is_kept(record) and not is_observed(record):
        record.owner.settle([record])


def _book_unread(key: Key, begun: _Begun) -> None:
    """Book a call whose usage this process will not hear of.

    Its id is its own: whoever reads it elsewhere books it with its usage.  Were it the same, the
    store that has this record would pass over that one; budgets take the first of both.
    """
    record, service, operation, model, request_id = begun
    record.unknown, record.answer_id = UNREAD, _id_of(key)
    _accept(record, Call(service, operation, model, NO_USAGE, request_id))


def finish_open() -> None:
    """Book every response that nobody read to its end, for interpreter exit."""
    with _lock:
        left = list(_open.items())
        _open.clear()
    for key, begun in left:
        _book_unread(key, begun)


def forget() -> None:
    """Forget which responses were begun and read, for tests."""
    with _lock:
        _open.clear()
        _ended.clear()


def _after_fork() -> None:
    """Start a child with a free lock, and nothing open: that is its parent's to book."""
    global _lock
    _lock = threading.RLock()
    _open.clear()


recorder.at_exit(finish_open)
fork_registry.at_fork(in_child=_after_fork)
