"""Sums of stored usage, read from a SQLite file without changing it."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tracker.cli.reports.rows import EVERYTHING, PICODOLLARS, Row, Selection, ordered
from tracker.sinks.sqlite.reading import read

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# A row that is found through the index by time takes so much longer than one that is passed by.
INDEX_COST = 8
# A call that failed and told no tokens has no price to be found.
WITHOUT_PRICE = "cost_picodollars IS NULL AND NOT (error IS NOT NULL AND input_tokens IS NULL)"
TEXTS = ("timestamp", "environment", "operation_type", "model", "job_id", "batch_id", "user_id")
WHOLE = ("input_tokens", "output_tokens", "total_tokens")
COSTS = ("cost_picodollars", "list_cost_picodollars")
#: Rows with other values were written by nobody of us, and are counted and left out.
READABLE = " AND ".join(
    [
        *(f"typeof({name}) IN ('text', 'null')" for name in TEXTS),
        *(f"typeof({name}) IN ('integer', 'null')" for name in (*WHOLE, *COSTS)),
    ]
)
# {columns} are of COLUMNS, {time} is a name of the timestamp, {where} conditions on columns, {sums}
# are those of tokens and costs, {groups} the numbers of the columns; all else is bound.
QUERY = f"""
SELECT {READABLE} AS readable, {{columns}},
       COUNT(*),
       SUM({WITHOUT_PRICE}),
       SUM(error IS NOT NULL),
       {{sums}}
FROM usage_metrics
WHERE {{time}} >= ? AND (? IS NULL OR {{time}} < ?) AND (? IS NULL OR environment = ?){{where}}
GROUP BY readable, {{groups}}
"""
#: What each dimension is in a row; weeks are put together from days.
COLUMNS = {
    "operation_type": "operation_type",
    "model": "model",
    "provider": "CASE typeof(service) WHEN 'text' THEN service END",
    "job": "job_id",
    "batch": "batch_id",
    "user": "user_id",
    "environment": "environment",
    "error": "CASE typeof(error) WHEN 'text' THEN error END",
    "hour": "SUBSTR(timestamp, 1, 13)",
    "day": "SUBSTR(timestamp, 1, 10)",
    "week": "SUBSTR(timestamp, 1, 10)",
    "month": "SUBSTR(timestamp, 1, 7)",
}
#: Sums in one piece are quick, and end where they exceed 64 bits; in two they never do.
QUICK = ", ".join(f"SUM({name}), NULL" for name in (*WHOLE, *COSTS))
EXACT = ", ".join(f"SUM({name} / {10**9}), SUM({name} % {10**9})" for name in (*WHOLE, *COSTS))


def usage_by(
    database: Path,
    *dimensions: str,
    selection: Selection = EVERYTHING,
) -> list[Row]:
    """Return the sums of *database* by *dimensions* (of ``DIMENSIONS``), as ``ordered`` sorts them.

    Raises FileNotFoundError if there is no such file, and SinkError if it is
    not one that this package wrote.
    """
    return usage_in(database, dimensions, selection)[0]


def usage_in(
    database: Path, dimensions: Sequence[str], selection: Selection = EVERYTHING
) -> tuple[list[Row], int]:
    """As ``usage_by``, with the number of rows that are none of ours and were left out."""
    since = "" if selection.since is None else selection.since.isoformat()
    until = None if selection.until is None else selection.until.isoformat()
    columns = [COLUMNS[dimension] for dimension in dimensions]
    where = "".join(f" AND {COLUMNS[name]} IS ?" for name, _ in selection.where)
    wanted = [value for _, value in selection.where]

    def ask(file: sqlite3.Connection) -> list[tuple[Any, ...]]:
        # A plus sign keeps SQLite from taking the index.
        time = "timestamp" if _is_small_part(file, since) else "+timestamp"
        known = {
            "columns": ", ".join(columns),
            "groups": ", ".join(str(number) for number in range(2, len(columns) + 2)),
            "time": time,
            "where": where,
        }
        values = (since, until, until, selection.environment, selection.environment, *wanted)
        try:
            return file.execute(QUERY.format(sums=QUICK, **known), values).fetchall()
        except sqlite3.OperationalError as error:
            if "overflow" not in str(error):
                raise
            return file.execute(QUERY.format(sums=EXACT, **known), values).fetchall()

    found = read(database, "usage_metrics", ask)
    count = len(columns)
    rows = [_row(values[1:], count) for values in found if values[0]]
    unread = sum(values[count + 1] for values in found if not values[0])
    return ordered(rows, dimensions), unread


def _is_small_part(file: sqlite3.Connection, since: str) -> bool:
    """Return whether few of the calls were made after *since*, as if they were spread evenly."""
    ends = file.execute(
        "SELECT (SELECT MIN(timestamp) FROM usage_metrics),"
        " (SELECT MAX(timestamp) FROM usage_metrics)"
    ).fetchone()
    try:
        begin, end, cut = (datetime.fromisoformat(text) for text in (*ends, since))
        return cut > begin and (end - cut) * INDEX_COST < end - begin
    except (TypeError, ValueError, OverflowError):
        return False  # no rows, or no times of ours


def _row(values: tuple[Any, ...], count: int) -> Row:
    calls, unpriced, errors, *pieces = values[count:]
    inputs, outputs, total, cost, list_cost = map(put_together, pieces[::2], pieces[1::2])
    return Row(
        names=values[:count],
        calls=calls,
        input_tokens=inputs,
        output_tokens=outputs,
        total_tokens=total,
        cost_usd=_dollars(cost),
        list_cost_usd=_dollars(list_cost),
        unpriced=unpriced,
        errors=errors,
    )


def put_together(high: int | None, low: int | None) -> int | None:
    """Return a sum that was made in two pieces, or in one where *low* is None."""
    return high if low is None or high is None else high * 10**9 + low


def _dollars(value: int | None) -> Decimal | None:
    return None if value is None else Decimal(value) / PICODOLLARS
