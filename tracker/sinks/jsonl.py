"""One JSON object a line: the tracker's ``log_file``."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from tracker.typing import ALL_STORED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker.metric import Metric
    from tracker.typing import Delivery

LOG_FILE_VARIABLE = "AI_USAGE_LOG_FILE"


def to_row(metric: Metric) -> dict[str, object]:
    """Return *metric* as the row that readers of the log know: snake case, cost as a number."""
    return {
        "id": metric.id,
        "service": metric.service,
        "model": metric.model,
        "operation": metric.operation,
        "operation_type": metric.operation_type,
        "timestamp": metric.timestamp.isoformat(),
        "request_id": metric.request_id or metric.id,
        "input_tokens": metric.input_tokens,
        "output_tokens": metric.output_tokens,
        "total_tokens": metric.total_tokens,
        "cost_usd": None if metric.cost_usd is None else float(metric.cost_usd),
        "latency_ms": metric.latency_ms,
        "user_id": metric.user_id,
        "job_id": metric.job_id,
        "batch_id": metric.batch_id,
        "environment": metric.environment,
        "error": metric.error,
    }


def from_environment(_table_name: str) -> JsonlSink:
    """Return the sink for the file that ``AI_USAGE_LOG_FILE`` names, else in the data folder."""
    named = os.environ.get(LOG_FILE_VARIABLE, "").strip()
    if named:
        return JsonlSink(Path(named).expanduser())
    import platformdirs

    return JsonlSink(Path(platformdirs.user_data_dir("ai-usage", appauthor=False)) / "usage.jsonl")


class JsonlSink:
    """Appends to a file, whose folder is made when missing."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._lock = threading.Lock()

    def write(self, metrics: Sequence[Metric]) -> Delivery:
        """Append a line for each.  Raises OSError if the file cannot be written."""
        rows = (json.dumps(to_row(metric), ensure_ascii=False) + "\n" for metric in metrics)
        lines = "".join(rows).encode("utf-8")
        with self._lock:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # One write to a file opened for appending: lines of several processes do not mix.
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(handle, lines)
            finally:
                os.close(handle)
        return ALL_STORED
