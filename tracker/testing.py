"""For tests of programs that are tracked: metrics in memory, and nothing on disk.

::

    with capture() as metrics:
        analyse(receipt)
    assert metrics[0].operation_type == "receipt_analysis"
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tracker.sinks import default
from tracker.sinks.memory import MemorySink

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tracker.metric import Metric

__all__ = ["MemorySink", "capture"]


class CapturedMetrics:
    """The metrics that were stored since the capture began, in order; a live view."""

    def __init__(self, sink: MemorySink) -> None:
        self._sink = sink

    def __getitem__(self, index: int) -> Metric:
        return self._sink.metrics[index]

    def __len__(self) -> int:
        return len(self._sink.metrics)

    def __iter__(self) -> Iterator[Metric]:
        return iter(self._sink.metrics)

    def __repr__(self) -> str:
        return f"CapturedMetrics({self._sink.metrics!r})"

    def since(self, index: int) -> Sequence[Metric]:
        """Return the metrics from position *index* on."""
        return self._sink.metrics[index:]


@contextmanager
def capture() -> Iterator[CapturedMetrics]:
    """Replace the default store by one in memory for the time of the block, in all threads.

    Trackers with a ``dynamo_client`` of their own go on using that.
    """
    sink = MemorySink()
    before = default.override(sink)
    try:
        yield CapturedMetrics(sink)
    finally:
        default.override(before)
