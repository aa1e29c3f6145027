"""One JSON object a line: the tracker's ``log_file``, and a store of its own.

Readers of a ``log_file`` know fifteen keys and get no other; the store has
everything that a metric holds.
"""

from __future__ import annotations

import dataclasses
import itertools
import os
import threading
from typing import TYPE_CHECKING

from tracker.config.folders import named
from tracker.records.metric import Metric
from tracker.sinks.protocol import ALL_STORED, Delivery
from tracker.sinks.user_files import FILE_MODE, in_data_folder, make_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal
    from pathlib import Path


LOG_FILE_VARIABLE = "AI_USAGE_LOG_FILE"


LOG_KEYS = (
    "service",
    "model",
    "operation",
    "timestamp",
    "request_id",
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "cost_usd",
    "latency_ms",
    "user_id",
    "job_id",
    "batch_id",
    "environment",
    "error",
)
KEYS = tuple(field.name for field in dataclasses.fields(Metric))


def to_row(metric: Metric, keys: Sequence[str] = KEYS) -> dict[str, object]:
    """Return *keys* of *metric*, costs as numbers; a call without a request id has its own."""
    computed: dict[str, object] = {
        "timestamp": metric.timestamp.isoformat(),
        "request_id": metric.request_id or metric.id,
        "cost_usd": _number(metric.cost_usd),
        "list_cost_usd": _number(metric.list_cost_usd),
        "metadata": dict(metric.metadata),
        "counts": dict(metric.counts),
        "conditions": dict(metric.conditions),
    }
    return {key: computed[key] if key in computed else getattr(metric, key) for key in keys}


def log_file(path: str | Path) -> JsonlSink:
    """Return the sink for a tracker's ``log_file``."""
    return JsonlSink(path, LOG_KEYS)


def destination(_table_name: str) -> str:
    """Return "": the first file that was named has the records of all tables."""
    return ""


def from_environment(_table_name: str) -> JsonlSink:
    """Return the sink for the file that ``AI_USAGE_LOG_FILE`` names, else in the data folder."""
    given = os.environ.get(LOG_FILE_VARIABLE, "").strip()
    if given:
        return JsonlSink(named(given))
    return JsonlSink(in_data_folder("usage.jsonl"))


class JsonlSink:
    """Appends rows with *keys* to a file, whose folder is made when missing.

    A line that somebody was killed in the middle of is ended before the next
    begins: readers lose that line and no other.
    """

    def __init__(self, path: str | Path, keys: Sequence[str] = KEYS) -> None:
        from pathlib import Path

        self._path = Path(path).absolute()  # the program may go to another folder
        self._keys = keys
        self._lock = threading.Lock()

    def write(self, metrics: Sequence[Metric]) -> Delivery:
        """Append a line for each; those that a full disk cut off may be tried again.

        Raises OSError if the file cannot be written at all.
        """
        import json

        rows = (json.dumps(to_row(one, self._keys), ensure_ascii=False) for one in metrics)
        lines = [f"{row}\n".encode("utf-8", "replace") for row in rows]
        with self._lock:
            make_folder(self._path.parent)
            # One write to a file opened for appending: lines of several processes do not mix.
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, FILE_MODE)
            try:
                mended = b"\n" if _is_torn(handle) else b""
                written = os.write(handle, mended + b"".join(lines)) - len(mended)
            finally:
                os.close(handle)
        ends = itertools.accumulate(map(len, lines))
        cut = [metric.id for metric, end in zip(metrics, ends, strict=True) if end > written]
        return Delivery(retry=frozenset(cut)) if cut else ALL_STORED


def _is_torn(handle: int) -> bool:
    """Whether the last line has no end."""
    size = os.fstat(handle).st_size
    if not size:
        return False
    os.lseek(handle, size - 1, os.SEEK_SET)
    return os.read(handle, 1) != b"\n"


def _number(dollars: Decimal | None) -> float | None:
    return None if dollars is None else float(dollars)
