"""A remote store that fails as remote stores do, and keeps what it took in a SQLite file."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

from tracker.errors import SinkError
from tracker.sinks.protocol import Delivery
from tracker.sinks.sqlite.sink import SqliteSink

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker.records.metric import Metric

FILE_VARIABLE = "CHAOS_REMOTE"
#: Whether the store misbehaves; the process that drains at the end finds it healthy.
FAULTS_VARIABLE = "CHAOS_FAULTS"


def destination(_table_name: str) -> str:
    """Return "": there is one file."""
    return ""


def from_environment(_table_name: str) -> RemoteSink:
    """Return the sink for the file that the environment names."""
    return RemoteSink()


class RemoteSink:
    """Takes some, refuses some for now, loses answers, and raises even SystemExit."""

    def __init__(self) -> None:
        self._store = SqliteSink(os.environ[FILE_VARIABLE])
        self._random = random.Random()

    def write(self, metrics: Sequence[Metric]) -> Delivery:
        """Store *metrics*, or not."""
        fault = self._random.random() if os.environ.get(FAULTS_VARIABLE) else 1.0
        if fault < 0.2:
            raise SinkError("the store is down")
        if fault < 0.25:
            raise SystemExit("a store that wants to end the program")
        refused = metrics[::2] if fault < 0.4 else []
        names = frozenset(metric.id for metric in refused)
        delivery = self._store.write([metric for metric in metrics if metric.id not in names])
        if fault < 0.5:
            raise SinkError("the answer got lost")
        return Delivery(retry=names, rejected=delivery.rejected)

    def close(self) -> None:
        """Close the file."""
        self._store.close()
