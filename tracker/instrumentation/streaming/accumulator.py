"""What is known of an answer while its end is still to come.

The record is made when the answer is exhausted, closed, broken off, or dropped; all but the
first are ``partial``, and so is one that was exhausted before more than its first counts were told:
the clients take the end of a connection for the end of an answer.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from tracker.delivery import attempt, fork_registry
from tracker.error_boundary import boundary
from tracker.instrumentation import deduplication
from tracker.instrumentation.observation import is_observed
from tracker.instrumentation.providers import PROVIDERS, fields
from tracker.instrumentation.providers.beside import beside
from tracker.instrumentation.providers.usage import (
    ELSEWHERE,
    INSIDE,
    MODEL_FIELDS,
    model_of,
    usage_in,
)
from tracker.instrumentation.services import background
from tracker.records import recorder
from tracker.records.counts import joined
from tracker.records.error_text import told_to
from tracker.records.metric import Call

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tracker.records.pending_record import PendingRecord

_STREAMING = boundary("stream")
# Asked of each chunk.
_USAGE_ELSEWHERE, _MODELS = frozenset(ELSEWHERE), frozenset(MODEL_FIELDS)
# What a chunk may tell its usage by, or its model, that is not plainly ``usage`` or ``model``.
_TELLING = _USAGE_ELSEWHERE | _MODELS - {"model"} | {"response", "message"}
_open: set[Accumulator] = set()
_open_lock = threading.RLock()  # the end of a dropped stream may come while it is held


class Accumulator:
    """What is known of one stream so far.  It keeps no text.

    With *swallow_usage* the chunk that only carries usage was asked for by us,
    not by the caller: ``take`` says to hold it back, and that the others have none is not said.
    """

    def __init__(
        self,
        record: PendingRecord,
        service: str,
        operation: str,
        model: str | None,
        request_id: str | None = None,
        *,
        swallow_usage: bool = False,
    ) -> None:
        self.record = record
        self.service = service
        self._operation = operation
        self._model = model
        self.request_id = request_id
        self.swallows_usage = swallow_usage
        self._told: dict[str, Any] = {}
        self._counts: Mapping[str, Any] | None = None
        self._conditions: Mapping[str, object] = {}
        self._is_told = False
        self._is_begun = False
        self._later: background.Key | None = None
        self._has_ended = False
        self.done = False
        self._quiet: type | None = None
        self._of_store = attempt.is_storing()
        with _open_lock:
            _open.add(self)

    def take(self, chunk: Any) -> bool:
        """Count *chunk*, an SDK's object or plain JSON; return whether the caller is to see it."""
        if type(chunk) is self._quiet:
            said = chunk.__dict__.get
            if said("usage") is None and said("model", self._model) == self._model:
                more: Any = getattr(chunk, "__pydantic_extra__", None)
                if not more or INSIDE.isdisjoint(more):
                    return True  # as nearly all of them
        try:
            # Most chunks tell nothing; asking a model of the SDK for a field that it lacks is slow.
            facts = chunk if isinstance(chunk, dict) else getattr(chunk, "__dict__", {})
            source, is_inside = chunk, False
            if facts.get("usage") is None and _USAGE_ELSEWHERE.isdisjoint(facts):
                more = facts if facts is chunk else getattr(chunk, "__pydantic_extra__", None)
                is_inside = bool(more) and not INSIDE.isdisjoint(more)
                if not is_inside:
                    # The first or the last event of some interfaces carries the whole answer.
                    source = facts.get("response") or facts.get("message")
                if self.swallows_usage and facts is not chunk:
                    getattr(chunk, "model_fields_set", set()).discard("usage")
            if source is None:
                if facts is not chunk and not self.swallows_usage and _is_quiet(type(chunk)):
                    self._quiet = type(chunk)
                named = facts.get("model")
                if type(named) is str and named:
                    self._model = named
                elif not _MODELS.isdisjoint(facts):
                    self._model = model_of(facts) or self._model
                return True
            self._model = model_of(source or facts) or self._model
            told, counts, conditions = beside(source)
            self._counts = counts or self._counts
            self._conditions = conditions or self._conditions
            if source is not chunk:
                self.note_background(source)
            if told is None:
                return True
            self._told = joined(self._told, told)
            self._is_told = self._is_told or is_inside or _is_last_word(facts)
            self._is_begun = _is_first_word(facts)
            if not isinstance(source, dict):
                # Programs that count for themselves hand this object to their tracker.
                deduplication.remember(source, self.record, self.service, None)
            return not (self.swallows_usage and facts.get("choices") == [])
        except Exception as mistake:  # noqa: BLE001 - of ours, whatever it is
            _STREAMING.hold(mistake)
        return True

    def note_background(self, response: Any) -> None:
        """Note that *response* is made in the background, if it is: it may be read again."""
        key = background.key_of(self.service, response)
        if key is None:
            return
        self._has_ended = background.is_made(response)
        if self._later is None:
            self._later = key
            known = Call(self.service, self._operation, self._model, request_id=self.request_id)
            background.begin(key, self.record, known)

    def finish(self, *, partial: bool, error: BaseException | str | None = None) -> None:
        """Book the stream; only the first end counts."""
        with boundary("stream"):
            with _open_lock:
                _open.discard(self)
                if self.done:
                    return
                self.done = True
            is_told = bool(self._told) or self._has_ended
            later = self._later
            if later is not None and not background.ends_here(later, self.record, is_told=is_told):
                return
            if isinstance(error, BaseException):
                error = told_to(self.record.owner, error)
            call = Call(
                self.service,
                self._operation,
                self._model,
                usage_in(self._told or None),
                self.request_id,
                self.record.elapsed_ms(),
                error,
                # A program may stop reading when all is told that it, and we, want to know.
                self._is_begun or (partial and not (self._is_told and error is None)),
                self._told or None,
                self._counts,
                self._conditions,
            )
            recorder.accept(self.record, call)
            if not recorder.is_kept(self.record) and not is_observed(self.record):
                self.record.owner.settle([self.record])

    def refused(self, status: int) -> None:
        """Book that the answer is an error, with *status*, which was not billed."""
        self.record.unbilled = True
        self.record.extra = {**self.record.extra, "http_status": status}
        self.finish(partial=False, error=f"status {status}")

    def drop(self, read_rest: Callable[[], object]) -> None:
        """Book the stream because nobody has it any more: the garbage collector calls this.

        What came of it and was not taken is read first.
        """
        with attempt.finalising(of_store=self._of_store):
            if not self.done:
                read_rest()
            self.finish(partial=True)


def _is_last_word(facts: Mapping[str, Any]) -> bool:
    """Return whether the counts in an event with the fields *facts* are the final ones."""
    return any(one.is_last_word(facts) for one in PROVIDERS if one.is_last_word is not None)


def _is_first_word(facts: Mapping[str, Any]) -> bool:
    """Return whether the counts in an event with the fields *facts* are told before the answer."""
    return any(one.is_first_word(facts) for one in PROVIDERS if one.is_first_word is not None)


def _is_quiet(kind: type) -> bool:
    """Whether all that chunks of the class *kind* can tell is a usage, and a model, by that name.

    What such a model of the SDK has in its dict are its fields, and all else is beside it.
    """
    return fields.is_model(kind) and _TELLING.isdisjoint(kind.model_fields)  # type: ignore[attr-defined]


def finish_open() -> None:
    """Book every stream that is still open, for interpreter exit."""
    with _open_lock:
        accumulators = list(_open)
    for accumulator in accumulators:
        accumulator.finish(partial=True)


def _after_fork() -> None:
    """Start a child with a free lock and no open stream: those are its parent's to book."""
    global _open_lock
    _open_lock = threading.RLock()
    _open.clear()


recorder.at_exit(finish_open)
fork_registry.at_fork(in_child=_after_fork)
