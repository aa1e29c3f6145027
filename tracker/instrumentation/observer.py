"""Observers round a call: who books it, and who only adds what they know.

The client patch sees physical calls.  Decorators, wrapped clients and the
manual replay open an ``Observer``; physical calls report to it, and only where
it saw none does it look at the returned object, whose record may exist
already.  So a billed response is booked once, whichever paths see it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from tracker.context import unattributed
from tracker.error_boundary import boundary
from tracker.errors import BudgetExceededError
from tracker.instrumentation import deduplication
from tracker.instrumentation.answers import header_id_of, http_response_of, of_sdk
from tracker.instrumentation.evidence import answers_among, is_unseen
from tracker.instrumentation.observation import Observation, current, open_for
from tracker.instrumentation.providers import SDKS
from tracker.instrumentation.providers.beside import beside
from tracker.instrumentation.providers.usage import model_of, request_id_of, usage_of
from tracker.instrumentation.streaming.finals import stream_behind
from tracker.records import recorder
from tracker.records.error_text import told_to
from tracker.records.metric import OTHER, Call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker.protocols import CallOwner
    from tracker.records.pending_record import PendingRecord, RecordOwner


class Observer(Observation):
    """One decorated function's, wrapped client's or replay's run.

    ``service`` and ``operation`` are what a response without a physical call is
    booked as.  ``extra`` goes into the metadata of every call that was seen;
    ``source`` is a weak reference to the observed function, *by_client* says that
    it is a wrapped client's method.
    """

    __slots__ = (
        "_before",
        "_finished",
        "_foreign",
        "batch",
        "extra",
        "model",
        "operation",
        "own",
        "service",
        "source",
    )

    def __init__(
        self,
        tracker: CallOwner,
        service: str,
        operation: str,
        *,
        model: str | None = None,
        batch: bool = False,
        extra: dict[str, object] | None = None,
        source: object = None,
        by_client: bool = False,
    ) -> None:
        super().__init__(tracker, by_client=by_client)
        self.service = service
        self.operation = operation
        self.model = model
        self.batch = batch
        self.extra = extra or {}
        self.source = source
        self._before = self.parent
        self._finished = False
        self._foreign: tuple[PendingRecord, ...] = ()
        self.own = open_for(tracker, self.block, by_client=by_client)

    def __enter__(self) -> Observer:
        self._before = current.get()
        current.set(self)
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _tb: object) -> None:
        if current.get() is self:
            current.set(self._before)
        if error is not None:
            self.raised(error)

    def returned(self, response: Any, *, partial: bool = False) -> None:
        """Note that the observed code ended with *response*."""
        with boundary("observer"):
            for answer in self._own_answers(response):
                self.records.append(self._record_of(answer, partial=partial))
            self._finish(error=None)

    def raised(self, error: BaseException) -> None:
        """Note that the observed code raised; a failed call leaves one record too."""
        with boundary("observer"):
            text = told_to(self.own.owner, error)
            # Whether a failure at an endpoint that is not known says anything is not known either.
            is_told = self.operation == OTHER or (self.records and self._is_accounted_for())
            is_told = is_told or isinstance(error, BudgetExceededError)  # nothing was sent
            if not self._finished and not is_told:
                recorder.accept(self.own, self._call(None, error=text))
                self.records.append(self.own)
            self._finish(error=text)

    def _own_answers(self, response: Any) -> Sequence[Any]:
        """Return what among *response* is this observer's to book."""
        answers = answers_among(response)
        if self.service not in SDKS and any(map(self._is_another_service_s, answers)):
            answers = (None,)
        if not self.records or not self._is_accounted_for():
            return answers
        seen = [record.call for record in self.records]
        return [answer for answer in answers if is_unseen(answer, self.service, seen)]

    def _is_accounted_for(self) -> bool:
        """Return whether the calls that were seen may be all that the observed code made.

        Calls of a service whose clients are not captured are seen by their own observers only.
        """
        return self.service in SDKS or any(
            record.call is not None and record.call.service == self.service
            for record in self.records
        )

    def _is_another_service_s(self, answer: Any) -> bool:
        known = deduplication.find(answer, self.service, None)
        return known is not None and known.call is not None and known.call.service != self.service

    def _call(self, response: Any, *, error: str | None = None, partial: bool = False) -> Call:
        return Call(
            self.service,
            self.operation,
            model_of(response) or self.model,
            usage_of(response),
            request_id_of(response),
            self.own.elapsed_ms(),
            error,
            partial,
            *beside(response),
        )

    def _record_of(self, response: Any, *, partial: bool) -> PendingRecord:
        request_id = request_id_of(response)
        known = deduplication.find(response, self.service, request_id)
        if known is None and of_sdk(response):
            known = stream_behind(response, self.service)
        if known is not None and not self._is_another_call(known, response):
            self._speak_for(known)
            return known
        http_response = http_response_of(response) if of_sdk(response) else None
        if http_response is not None:
            return self._following(response, http_response)
        record = self._next()
        record.source = self.source
        recorder.accept(record, self._call(response, partial=partial))
        if response is not None:
            deduplication.remember(response, record, self.service, request_id)
        return record

    def _next(self) -> PendingRecord:
        """Return a record for an answer: the one that began with the function, then others."""
        if self.own.call is None and self.own not in self.records:
            return self.own
        return open_for(self.tracker, self.block, by_client=self.by_client)

    def _speak_for(self, known: PendingRecord) -> None:
        """Have a call that a block captured booked to the tracker that is handed its response."""
        if known.owner is self.tracker:
            known.spoken_for = True
        elif known.node.is_block and not self.tracker.borrows(known.node, by_client=self.by_client):
            if not recorder.take_over(known, self.tracker, self.tracker.node()):
                self._foreign += (known,)

    def _following(self, response: Any, http_response: Any) -> PendingRecord:
        request_id = header_id_of(http_response)
        known = deduplication.find(http_response, self.service, request_id)
        if known is not None:
            return known
        from tracker.instrumentation.streaming.accumulator import Accumulator
        from tracker.instrumentation.streaming.follower import follow

        record = self._next()
        self.records.append(record)
        accumulator = Accumulator(record, self.service, self.operation, self.model, request_id)
        # The SDK's own classes have one kind of iteration each.
        follow(response, http_response, accumulator, asynchronous=hasattr(response, "__aiter__"))
        return self.records.pop()

    def _is_another_call(self, known: PendingRecord, response: Any) -> bool:
        """Return whether *response*, booked as *known*, is a double that answers many calls.

        A response of the captured client is one call, and a second function
        that returns an object is its replay.  But a function that returns the
        same object again, with no physical call, was called again: test doubles do.
        """
        if known.source is None:
            return False
        if known.source == self.source:
            return True
        return known.owner is not self.tracker and _is_mock(response)

    def _finish(self, error: str | None) -> None:
        if self._finished:
            return
        self._finished = True
        state = self.tracker.node().state
        for record in self.records:
            lent = None if record in self._foreign else state
            recorder.enrich(record, lent, batch=self.batch, error=error, **self.extra)
        if self.parent is not None:
            self.parent.records.extend(self.records)
            return
        # Inside a block the block's end stores them; here nobody else would.
        unstored: dict[int, tuple[RecordOwner, list[PendingRecord]]] = {}
        for record in self.records:
            if not recorder.is_kept(record):
                keeper = self._keeper(record)
                unstored.setdefault(id(keeper), (keeper, []))[1].append(record)
        for keeper, records in unstored.values():
            keeper.settle(records)

    def _keeper(self, record: PendingRecord) -> RecordOwner:
        """Return who stores *record*: a call that was nobody's is its observer's by now."""
        return self.tracker if record.after is unattributed.wait_for_replay else record.owner


def _is_mock(response: Any) -> bool:
    mock = sys.modules.get("unittest.mock")
    return mock is not None and isinstance(response, mock.NonCallableMock)
