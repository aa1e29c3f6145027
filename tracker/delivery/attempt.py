"""One attempt to hand metrics to a store, and what came of it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from tracker.context import scope
from tracker.delivery import counts
from tracker.error_boundary import boundary, contained, tolerated
from tracker.records.arithmetic import default_arithmetic
from tracker.sinks.protocol import SinkOfChanges

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from tracker.delivery.destinations import Destination
    from tracker.protocols import MetricOwner
    from tracker.records.metric import Metric
    from tracker.records.pending_record import PendingRecord
    from tracker.sinks.protocol import Delivery, Sink

Given = ParamSpec("Given")
Answer = TypeVar("Answer")
_METRIC = boundary("metric")


@dataclass(frozen=True, slots=True)
class Outcome:
    """Each metric of the attempt once: taken, to be tried again, or rejected with a reason.

    ``is_up`` says whether the store took part at all.
    """

    taken: Sequence[Metric] = ()
    retry: Sequence[Metric] = ()
    rejected: Mapping[str, str] = field(default_factory=dict)
    is_up: bool = True


class _Here(threading.local):
    storing = False
    finalising = False
    ours = False


_here = _Here()


def is_storing() -> bool:
    """Whether this thread is inside a store: what it records there is the store's own doing."""
    return _here.storing


def must_not_wait() -> bool:
    """Whether nothing may wait here: what it waits for could be this thread, or need its locks."""
    return _here.ours or _here.storing or _here.finalising


def is_ours() -> bool:
    """Whether this is a thread of ours: nobody at a keyboard interrupts it."""
    return _here.ours


@contextmanager
def own_thread() -> Iterator[None]:
    """Run what a thread of ours does: the writer would wait for itself.

    A program that has chosen an arithmetic for all of its threads has not chosen it for ours.
    """
    from decimal import localcontext

    was, _here.ours = _here.ours, True
    try:
        with localcontext(default_arithmetic()):
            yield
    finally:
        _here.ours = was


@contextmanager
def finalising(*, of_store: bool) -> Iterator[None]:
    """Record what the garbage collector ends, in whatever thread it happens to run, and whenever.

    That the thread is inside a store says nothing: *of_store* says whether what ends began there.
    """
    was = _here.storing, _here.finalising
    try:
        _here.storing, _here.finalising = of_store, True
        yield
    finally:
        _here.storing, _here.finalising = was


def storing(write: Callable[Given, Answer], *args: Given.args, **kwargs: Given.kwargs) -> Answer:
    """Call a store's *write*: calls that it makes are attributed to nobody.

    An interrupt, which comes behind any call, leaves the thread as it was: a context manager's
    would find it half entered.
    """
    was, node = _here.storing, scope.last_entered()
    try:
        _here.storing = True
        scope.enter(None)
        return write(*args, **kwargs)
    finally:
        _here.storing = was
        scope.enter(node)


def store_at_once(
    owner: MetricOwner,
    sinks: Sequence[Sink],
    items: list[PendingRecord | Metric],
    begun: list[PendingRecord | Metric],
) -> None:
    """Store the first of *items* here, where it goes over to *begun* once a store may have it."""
    metrics: list[Metric] = []
    mistake = None
    try:
        metrics = [owner.priced(items[0])]
    except Exception as error:  # noqa: BLE001 - of ours, whatever it is
        mistake = error
    begun += items[:1]
    del items[:1]
    stored = 0
    counts.captured(len(sinks))
    try:
        if mistake is not None:
            _METRIC.hold(mistake)
        for sink in sinks if metrics else ():
            name = type(sink).__name__
            with tolerated(f"sink {name}", "Failed to store an AI usage metric"):
                storing(sink.write, list(metrics))
                stored += 1
    finally:
        counts.settled("stored", stored)
        if stored < len(sinks):
            counts.dropped("a store in the program failed", len(sinks) - stored)


def attempt(
    destination: Destination, metrics: Sequence[Metric], again: Collection[str] = ()
) -> Outcome:
    """Hand *metrics* to the store, in a thread of ours; whatever it raises, they may go again.

    It may have those with the ids *again* already.
    """
    sink = destination.sink
    with contained(f"sink {destination.key}", "Failed to store AI usage metrics"):
        if again and isinstance(sink, SinkOfChanges):
            return _sorted(metrics, storing(sink.write_again, metrics, again))
        return _sorted(metrics, storing(sink.write, metrics))
    return Outcome(retry=metrics, is_up=False)


def direct(destination: Destination, metrics: Sequence[Metric]) -> Sequence[Metric]:
    """Return the metrics that the store did not take and may take later; count the others."""
    outcome = attempt(destination, metrics)
    counts.settled("stored", len(outcome.taken))
    for reason in outcome.rejected.values():
        counts.lost(f"rejected by {destination.key}", 1, reason)
    return outcome.retry


def _sorted(metrics: Sequence[Metric], delivery: Delivery) -> Outcome:
    # A store may name ids that it was not handed, or one id twice: every metric counts once.
    rejected = {m.id: str(delivery.rejected[m.id]) for m in metrics if m.id in delivery.rejected}
    asked = [m for m in metrics if m.id not in rejected]
    retry = [m for m in asked if m.id in delivery.retry]
    return Outcome([m for m in asked if m.id not in delivery.retry], retry, rejected)
