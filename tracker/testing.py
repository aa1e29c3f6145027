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

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tracker.context import unattributed
from tracker.records import clock
from tracker.sinks import override
from tracker.sinks.memory import MemorySink

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tracker.records.metric import Metric

__all__ = ["CapturedMetrics", "FrozenClock", "MemorySink", "capture", "frozen_clock"]


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

    def since(self, index: int) -> Sequence[Metric]:
        """Return the metrics from position *index* on."""
        return self._stored()[index:]

    def _stored(self) -> list[Metric]:
        unattributed.settle_waiting()
        return self._sink.metrics


@contextmanager
def capture() -> Iterator[CapturedMetrics]:
    """Replace the default store by one in memory for the time of the block, in all threads.

    Trackers with a ``dynamo_client`` of their own go on using that.
    """
    sink = MemorySink()
    before = override.override(sink)
    try:
        yield CapturedMetrics(sink)
    finally:
        unattributed.settle_waiting()
        override.override(before)


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
