"""Observers round a call: who books it, and who only adds what they know.

The client patch sees physical calls.  Decorators, wrapped clients and the
manual replay open an ``Observer``; physical calls report to it, and only where
it saw none does it look at the returned object, whose booking may exist
already.  So a billed response is booked once, whichever paths see it.
"""

from __future__ import annotations

import functools
import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

from tracker.context import scope
from tracker.error_boundary import guarded
from tracker.instrumentation import deduplication, unattributed
from tracker.instrumentation.answers import header_id_of, http_response_of, of_sdk
from tracker.instrumentation.evidence import answers_among, is_unseen
from tracker.instrumentation.providers.provider import SDKS
from tracker.instrumentation.providers.usage import model_of, request_id_of, usage_of
from tracker.records import recorder
from tracker.records.error_text import described
from tracker.records.metric import OTHER, Call
from tracker.records.recorder import Booking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tracker.context.scope import Node
    from tracker.records.recorder import Bookkeeper


class Recorder(Protocol):
    """What an observer needs of a tracker."""

    def node(self) -> Node:
        """Return the block, or the standing state, that the tracker books to here and now."""

    def borrows(self, block: Node, *, by_client: bool = False) -> bool:
        """Return whether calls that it records inside *block*, of another tracker, take its ids.

        *by_client* says that a client which carries the tracker makes them.
        """

    def settle(self, bookings: Iterable[Booking], *, wait: bool = True) -> None:
        """Store *bookings* that are not stored yet."""


class Observer:
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
        "_parent",
        "batch",
        "block",
        "bookings",
        "by_client",
        "extra",
        "model",
        "operation",
        "own",
        "service",
        "source",
        "tracker",
    )

    def __init__(
        self,
        tracker: Recorder,
        service: str,
        operation: str,
        *,
        model: str | None = None,
        batch: bool = False,
        extra: dict[str, object] | None = None,
        source: object = None,
        by_client: bool = False,
    ) -> None:
        self.tracker = tracker
        self.service = service
        self.operation = operation
        self.model = model
        self.batch = batch
        self.extra = extra or {}
        self.source = source
        self.by_client = by_client
        self.block = scope.current()
        self.bookings: list[Booking] = []
        self._parent = _current.get()
        self._before = self._parent
        self._finished = False
        self._foreign: tuple[Booking, ...] = ()
        self.own = open_for(tracker, self.block, by_client=by_client)

    def __enter__(self) -> Observer:
        self._before = _current.get()
        _current.set(self)
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _tb: object) -> None:
        if _current.get() is self:
            _current.set(self._before)
        if error is not None:
            self.raised(error)

    def returned(self, response: Any, *, partial: bool = False) -> None:
        """Note that the observed code ended with *response*."""
        with guarded("observer"):
            for answer in self._own_answers(response):
                self.bookings.append(self._booking_of(answer, partial=partial))
            self._finish(error=None)

    def raised(self, error: BaseException) -> None:
        """Note that the observed code raised; a failed call leaves one record too."""
        with guarded("observer"):
            text = described(error)
            # Whether a failure at an endpoint that is not known says anything is not known either.
            is_told = self.operation == OTHER or (self.bookings and self._is_accounted_for())
            if not self._finished and not is_told:
                recorder.book(self.own, self._call(None, error=text))
                self.bookings.append(self.own)
            self._finish(error=text)

    def _own_answers(self, response: Any) -> Sequence[Any]:
        """Return what among *response* is this observer's to book."""
        answers = answers_among(response)
        if self.service not in SDKS and any(map(self._is_another_service_s, answers)):
            answers = (None,)
        if not self.bookings or not self._is_accounted_for():
            return answers
        seen = [booking.call for booking in self.bookings]
        return [answer for answer in answers if is_unseen(answer, self.service, seen)]

    def _is_accounted_for(self) -> bool:
        """Return whether the calls that were seen may be all that the observed code made.

        Calls of a service whose clients are not captured are seen by their own observers only.
        """
        return self.service in SDKS or any(
            booking.call is not None and booking.call.service == self.service
            for booking in self.bookings
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
        )

    def _booking_of(self, response: Any, *, partial: bool) -> Booking:
        request_id = request_id_of(response)
        known = deduplication.find(response, self.service, request_id)
        if known is not None and not self._is_another_call(known, response):
            self._speak_for(known)
            return known
        http_response = http_response_of(response) if of_sdk(response) else None
        if http_response is not None:
            return self._following(response, http_response)
        booking = self._next()
        booking.source = self.source
        recorder.book(booking, self._call(response, partial=partial))
        if response is not None:
            deduplication.claim(response, booking, self.service, request_id)
        return booking

    def _next(self) -> Booking:
        """Return a booking for an answer: the one that began with the function, then others."""
        if self.own.call is None and self.own not in self.bookings:
            return self.own
        return open_for(self.tracker, self.block, by_client=self.by_client)

    def _speak_for(self, known: Booking) -> None:
        """Have a call that a block captured booked to the tracker that is handed its response."""
        if known.owner is self.tracker:
            known.spoken_for = True
        elif known.node.is_block and not self.tracker.borrows(known.node, by_client=self.by_client):
            if not recorder.take_over(known, self.tracker, self.tracker.node()):
                self._foreign += (known,)

    def _following(self, response: Any, http_response: Any) -> Booking:
        request_id = header_id_of(http_response)
        known = deduplication.find(http_response, self.service, request_id)
        if known is not None:
            return known
        from tracker.instrumentation.streaming.follower import follow
        from tracker.instrumentation.streaming.streams import Tally

        booking = self._next()
        self.bookings.append(booking)
        tally = Tally(booking, self.service, self.operation, self.model, request_id)
        # The SDK's own classes have one kind of iteration each.
        follow(response, http_response, tally, asynchronous=hasattr(response, "__aiter__"))
        return self.bookings.pop()

    def _is_another_call(self, known: Booking, response: Any) -> bool:
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
        for booking in self.bookings:
            lent = None if booking in self._foreign else state
            recorder.enrich(booking, lent, batch=self.batch, error=error, **self.extra)
        if self._parent is not None:
            self._parent.bookings.extend(self.bookings)
            return
        # Inside a block the block's end stores them; here nobody else would.
        unstored: dict[int, tuple[Bookkeeper, list[Booking]]] = {}
        for booking in self.bookings:
            if not recorder.is_kept(booking):
                keeper = self._keeper(booking)
                unstored.setdefault(id(keeper), (keeper, []))[1].append(booking)
        for keeper, bookings in unstored.values():
            keeper.settle(bookings)

    def _keeper(self, booking: Booking) -> Bookkeeper:
        """Return who stores *booking*: a call that was nobody's is its observer's by now."""
        return self.tracker if booking.after is unattributed.wait_for_replay else booking.owner


_entered = scope.last_entered
_current: ContextVar[Observer | None] = ContextVar("ai_usage_observer", default=None)


def is_quiet() -> bool:
    """Return whether nobody can be observing here: no block and no observer was entered.

    Where contexts are required, calls outside them are recorded too.
    """
    return _entered() is None and _current.get() is None and not unattributed.is_required()


def open_booking() -> Booking | None:
    """Return a booking for a physical call that starts now, or None if nobody observes.

    The nearer of the current block and the current observer owns it.
    """
    observer = _current.get()
    node = _entered()
    if observer is None and node is not None and node.books and not node.closed:
        return _of_block(node, node)
    node = scope.responsible()
    if observer is not None and (node is None or node.closed or node is observer.block):
        booking = open_for(observer.tracker, observer.block, by_client=observer.by_client)
        observer.bookings.append(booking)
        return booking
    if node is None:
        return unattributed.open_outside()
    block: Node | None = node
    while block is not None and not block.is_block:
        block = block.parent  # a context that was set by hand has no tracker of its own
    if block is None or not block.books:
        return None
    if observer is None:
        return _of_block(block, node)
    booking = Booking(block.tracker, block, node.state)
    observer.bookings.append(booking)
    return booking


def _of_block(block: Node, node: Node) -> Booking:
    """Return the booking of a call in *block*, which nobody observes, for whom *node* names."""
    booking = Booking(block.tracker, block, node.state)
    if block.began < scope.forked:
        booking.after = _settle  # the block ends in another process
    return booking


def open_for(tracker: Recorder, block: Node | None, *, by_client: bool = False) -> Booking:
    """Return a booking that *tracker* owns, made inside *block*."""
    node = tracker.node()
    state = node.state
    if block is not None and block is not node and tracker.borrows(block, by_client=by_client):
        state = recorder.merge(block.state, state)
    booking = Booking(tracker, node, state)
    booking.spoken_for = True
    return booking


def failed(booking: Booking) -> None:
    """Withdraw a booking whose request failed: nothing was billed, outer observers tell of it."""
    observer = _current.get()
    while observer is not None:
        if booking in observer.bookings:
            observer.bookings.remove(booking)
        observer = observer._parent


def is_observed(booking: Booking) -> bool:
    """Return whether an observer that has not ended will enrich *booking*, and settle it."""
    observer = _current.get()
    while observer is not None:
        if booking in observer.bookings:
            return True
        observer = observer._parent
    return False


def carried(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return *function* for another thread: as if it ran here, in the same block and observed."""
    node, observer = _entered(), _current.get()

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        before, before_it = scope.replace_current(node), _current.get()
        _current.set(observer)
        try:
            return function(*args, **kwargs)
        finally:
            scope.replace_current(before)
            _current.set(before_it)

    return run


def is_carried_by(tracker: Recorder) -> bool:
    """Return whether a client that carries *tracker* makes the call that is being made."""
    observer = _current.get()
    return observer is not None and observer.by_client and observer.tracker is tracker


def _is_mock(response: Any) -> bool:
    mock = sys.modules.get("unittest.mock")
    return mock is not None and isinstance(response, mock.NonCallableMock)


def _settle(booking: Booking) -> None:
    booking.owner.settle([booking])
