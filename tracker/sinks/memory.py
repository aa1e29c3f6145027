"""Metrics in a list: for tests, and for looking at what a block cost."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tracker.sinks.protocol import ALL_STORED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker.records.metric import Metric
    from tracker.sinks.protocol import Delivery


class MemorySink:
    """Keeps metrics in the order in which they came, each id once."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a signal handler may store while its thread does
        self._metrics: dict[str, Metric] = {}

    def write(self, metrics: Sequence[Metric]) -> Delivery:
        """Keep *metrics*; the same id again adds nothing."""
        with self._lock:
            for metric in metrics:
                self._metrics.setdefault(metric.id, metric)
        return ALL_STORED

    @property
    def metrics(self) -> list[Metric]:
        """What was written so far."""
        with self._lock:
            return list(self._metrics.values())

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._metrics.clear()
