"""For tests of programs that are tracked: metrics in memory, and a clock that stands still.

::

    with capture() as metrics, frozen_clock("2026-11-20T12:00:00+00:00") as clock:
        analyse(receipt)
        clock.tick(60)
        analyse(receipt)
    assert metrics[0].operation_type == "receipt_analysis"
    assert metrics[1].timestamp - metrics[0].timestamp == timedelta(minutes=1)
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from tracker.budgets import gate
from tracker.budgets.limit import Budget, bind, dollars, picodollars
from tracker.config import settings
from tracker.config.configure import configure
from tracker.context.unattributed import settle_waiting
from tracker.records import clock
from tracker.sinks import override
from tracker.sinks.memory import MemorySink

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tracker.records.metric import Metric

__all__ = ["CapturedMetrics", "FrozenClock", "MemorySink", "capture", "frozen_clock", "limited"]


class CapturedMetrics:
    """The metrics that were stored since the capture began, in order; a live view."""

    def __init__(self, sink: MemorySink) -> None:
        self._sink = sink

    def __getitem__(self, index: int) -> Metric:
        return self._stored()[index]

    def __len__(self) -> int:
        return len(self._stored())

    def __iter__(self) -> Iterator[Metric]:
        return iter(self._stored())

    def __repr__(self) -> str:
        return f"CapturedMetrics({self._stored()!r})"

    @property
    def cost_usd(self) -> Decimal:
        """What the calls cost together, without those whose price nobody knows."""
        known = (metric.cost_usd for metric in self._stored())
        return sum((cost for cost in known if cost is not None), Decimal(0))

    def assert_cost_below(self, usd: float | Decimal) -> None:
        """Fail if the calls cost more than *usd* together, or if nobody knows what one cost.

        Calls that failed are not asked after.
        """
        stored = self._stored()
        lacking = (one for one in stored if one.cost_usd is None and one.error is None)
        unknown = sorted({f"{one.service} {one.model}" for one in lacking})
        if unknown:
            raise AssertionError(
                f"nobody knows what calls of {', '.join(unknown)} cost;"
                " name prices in AI_USAGE_PRICES"
            )
        most = Decimal(str(usd))
        if self.cost_usd > most:
            told = f"{len(stored)} calls cost {self.cost_usd:f} USD, more than {most:f}"
            raise AssertionError(told)

    def since(self, index: int) -> Sequence[Metric]:
        """Return the metrics from position *index* on."""
        return self._stored()[index:]

    def _stored(self) -> list[Metric]:
        settle_waiting()
        return self._sink.metrics


@contextmanager
def capture(*, unattributed: bool = False) -> Iterator[CapturedMetrics]:
    """Replace the default store by one in memory for the time of the block, in all threads.

    Trackers with a ``dynamo_client`` of their own go on using that.  With *unattributed* calls
    outside every context are recorded, too.
    """
    sink = MemorySink()
    before = override.override(sink)
    with _recording_all() if unattributed else nullcontext():
        try:
            yield CapturedMetrics(sink)
        finally:
            settle_waiting()
            override.override(before)


@contextmanager
def limited(usd: float | Decimal, *, name: str = "limited") -> Iterator[None]:
    """Have all calls of the process cost *usd* US dollars at most, for the time of the block.

    One that may cost more than is left raises BudgetExceededError, which *name* is told in,
    before it is sent.  The end of the block raises an AssertionError if they cost more all the
    same: some cost more than they seemed to, and frameworks' own posts are only counted.
    """
    budget = Budget(name, picodollars(usd, name))
    gate.arm()
    with _recording_all():
        bind(budget, binds=True)
        try:
            yield
            if budget.spent > budget.limit:
                told = f"{name}: the calls cost {dollars(budget.spent):f} USD, more than {usd}"
                raise AssertionError(told)
        finally:
            bind(budget, binds=False)


@contextmanager
def _recording_all() -> Iterator[None]:
    before = settings.current()
    configure(require_context=True)
    try:
        yield
    finally:
        settings.restore(before)


class FrozenClock:
    """The time that records get, until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def tick(self, seconds: float = 1.0) -> datetime:
        """Move on by *seconds* (back, if negative) and return the new time."""
        self.now += timedelta(seconds=seconds)
        return self.now


@contextmanager
def frozen_clock(at: datetime | str) -> Iterator[FrozenClock]:
    """Give records and contexts the time *at*, in all threads, and records the prices of that day.

    Latencies and durations stay real.

    *at* is a datetime or a text in ISO form; without a time zone it is in UTC.
    """
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    frozen = FrozenClock(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    before, clock.now = clock.now, lambda: frozen.now.timestamp()
    try:
        yield frozen
    finally:
        clock.now = before
