"""The embedded default store: one SQLite file in the user's data folder.

Costs are kept as whole picodollars, so that sums in SQL are exact; the view
``ai_usage`` shows them in dollars.  Writing the same metric again adds nothing.
"""

from __future__ import annotations

import json
import os
import sqlite3
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING

from tracker.config.folders import named
from tracker.errors import SinkError
from tracker.sinks.protocol import Delivery
from tracker.sinks.sqlite.reading import told
from tracker.sinks.sqlite.shared_file import SqliteFile
from tracker.sinks.user_files import in_data_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tracker.records.metric import Metric

DATABASE_VARIABLE = "AI_USAGE_DATABASE"
PICODOLLARS = Decimal(10**12)
# The program's own arithmetic may have another precision, or traps.
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN, Emin=-9999, Emax=9999, traps=[InvalidOperation])
LARGEST = 2**63 - 1

COLUMNS = (
    "id",
    "timestamp",
    "service",
    "model",
    "operation",
    "operation_type",
    "job_id",
    "batch_id",
    "user_id",
    "github_pr",
    "environment",
    "request_id",
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "api_calls",
    "cost_picodollars",
    "list_cost_picodollars",
    "price_basis",
    "price_source",
    "price_version",
    "latency_ms",
    "error",
    "partial",
    "late",
    "metadata",
    "counts",
    "conditions",
    "price_rule",
)
#: Columns that files of earlier versions lack.
ADDED = {"counts": "TEXT", "conditions": "TEXT", "price_rule": "TEXT"}
TABLE = "usage_metrics"

SCHEMA = """
CREATE TABLE IF NOT EXISTS usage_metrics (
    id TEXT PRIMARY KEY NOT NULL,
    timestamp TEXT NOT NULL,
    service TEXT NOT NULL,
    model TEXT NOT NULL,
    operation TEXT NOT NULL,
    operation_type TEXT,
    job_id TEXT,
    batch_id TEXT,
    user_id TEXT NOT NULL,
    github_pr INTEGER,
    environment TEXT NOT NULL,
    request_id TEXT,
    input_tokens INTEGER,
    output_tokens INTEGER,
    total_tokens INTEGER,
    cached_input_tokens INTEGER,
    cache_write_tokens INTEGER,
    reasoning_tokens INTEGER,
    api_calls INTEGER NOT NULL,
    cost_picodollars INTEGER,
    list_cost_picodollars INTEGER,
    price_basis TEXT NOT NULL,
    price_source TEXT,
    price_version TEXT,
    latency_ms REAL,
    error TEXT,
    partial INTEGER NOT NULL,
    late INTEGER NOT NULL,
    metadata TEXT NOT NULL,
    counts TEXT,
    conditions TEXT,
    price_rule TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS usage_metrics_by_time ON usage_metrics (timestamp);
CREATE VIEW IF NOT EXISTS ai_usage AS
    SELECT *, cost_picodollars / 1e12 AS cost_usd, list_cost_picodollars / 1e12 AS list_cost_usd
    FROM usage_metrics;
"""
# Assembled from constants only.
INSERT = (
    f"INSERT OR IGNORE INTO usage_metrics ({', '.join(COLUMNS)})"
    f" VALUES ({', '.join('?' * len(COLUMNS))})"
)


def default_database() -> Path:
    """Return the file that ``AI_USAGE_DATABASE`` names, else one in the user's data folder."""
    given = os.environ.get(DATABASE_VARIABLE, "").strip()
    if given:
        return named(given)
    return in_data_folder("usage.db")


def to_row(metric: Metric) -> tuple[object, ...]:
    """Return *metric* as the values of ``COLUMNS``."""
    computed: dict[str, object] = {
        "timestamp": metric.timestamp.isoformat(timespec="microseconds"),
        "cost_picodollars": _picodollars(metric.cost_usd),
        "list_cost_picodollars": _picodollars(metric.list_cost_usd),
        "metadata": json.dumps(dict(metric.metadata), ensure_ascii=False),
        "counts": _json(metric.counts),
        "conditions": _json(metric.conditions),
    }
    return tuple(computed[name] if name in computed else getattr(metric, name) for name in COLUMNS)


def _json(values: Mapping[str, object]) -> str | None:
    return json.dumps(dict(values)) if values else None


def destination(_table_name: str) -> str:
    """Return the file, which has all tables; a program may name it late."""
    return str(default_database())


def from_environment(_table_name: str) -> SqliteSink:
    """Return the sink for the file that the environment names."""
    return SqliteSink(default_database())


class SqliteSink:
    """Writes to one SQLite file, from any thread and any number of processes.

    The file and its folder are made at the first write.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path).absolute()  # the program may go to another folder
        self._file = SqliteFile(self.path, SCHEMA, {TABLE: ADDED})

    def write(self, metrics: Sequence[Metric]) -> Delivery:
        """Store *metrics* in one transaction.  Raises SinkError naming the file if that fails."""
        rows: dict[str, tuple[object, ...]] = {}
        rejected: dict[str, str] = {}
        for metric in metrics:
            try:
                rows[metric.id] = _bindable(to_row(metric))
            except (TypeError, ValueError, ArithmeticError) as error:
                # One that no column can hold must not keep its neighbours back.
                rejected[metric.id] = type(error).__name__
        try:
            self._file.change(lambda file: file.executemany(INSERT, rows.values()))
        except (sqlite3.Error, OSError) as error:
            raise SinkError(f"cannot store in {self.path}: {told(error)}") from error
        return Delivery(rejected=rejected)

    def close(self) -> None:
        """Close the file; a later write opens it again."""
        self._file.close()


def _bindable(row: tuple[object, ...]) -> tuple[object, ...]:
    """Return *row* if SQLite can take it.  Raises ValueError or TypeError if it cannot."""
    for value in row:
        if isinstance(value, int):
            if not -LARGEST - 1 <= value <= LARGEST:
                raise OverflowError(value.bit_length())
        elif isinstance(value, str):
            value.encode()
        elif value is not None and not isinstance(value, float):
            raise TypeError(type(value))
    return row


def _picodollars(dollars: Decimal | None) -> int | None:
    if dollars is None:
        return None
    return int(_EXACT.to_integral_value(_EXACT.multiply(dollars, PICODOLLARS)))
