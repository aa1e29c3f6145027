"""Sums of stored usage, read from a SQLite file without changing it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tracker.sinks.sqlite.reading import read

if TYPE_CHECKING:
    from pathlib import Path

PICODOLLARS = Decimal(10) ** 12
DIMENSIONS = {
    "operation_type": "operation_type",
    "model": "model",
    "job": "job_id",
    "batch": "batch_id",
    "user": "user_id",
    "environment": "environment",
}
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
# {column} is one of DIMENSIONS' values, {time} a name of the timestamp, {sums} are those of
# tokens and costs; all else is bound.
QUERY = f"""
SELECT {READABLE} AS readable, {{column}} AS name,
       COUNT(*),
       SUM({WITHOUT_PRICE}),
       SUM(error IS NOT NULL),
       {{sums}}
FROM usage_metrics
WHERE {{time}} >= ? AND (? IS NULL OR environment = ?)
GROUP BY readable, name
"""
#: Sums in one piece are quick, and end where they exceed 64 bits; in two they never do.
QUICK = ", ".join(f"SUM({name}), NULL" for name in (*WHOLE, *COSTS))
EXACT = ", ".join(f"SUM({name} / {10**9}), SUM({name} % {10**9})" for name in (*WHOLE, *COSTS))


@dataclass(frozen=True, slots=True)
class Row:
    """One value of the dimension.  ``name`` is None for calls without one.

    Token sums and costs (US dollars) are None where no call told them;
    ``unpriced`` counts the calls that the costs leave out, but for those that failed and
    told no tokens.
    """

    name: str | None
    calls: int
    input_tokens: int | None
    output_tokens: int | None
    total_tokens: int | None
    cost_usd: Decimal | None
    list_cost_usd: Decimal | None
    unpriced: int
    errors: int


def usage_by(
    database: Path,
    dimension: str,
    *,
    days: int | None = None,
    environment: str | None = None,
) -> list[Row]:
    """Return the sums of *database* by *dimension* (a key of ``DIMENSIONS``), dearest first.

    *days* limits it to calls of the last so many days, *environment* to one.
    Raises FileNotFoundError if there is no such file, and SinkError if it is
    not one that this package wrote.
    """
    return usage_in(database, dimension, days=days, environment=environment)[0]


def usage_in(
    database: Path,
    dimension: str,
    *,
    days: int | None = None,
    environment: str | None = None,
) -> tuple[list[Row], int]:
    """As ``usage_by``, with the number of rows that are none of ours and were left out."""
    since = "" if days is None else (datetime.now(UTC) - timedelta(days=days)).isoformat()

    def ask(file: sqlite3.Connection) -> list[tuple[Any, ...]]:
        # A plus sign keeps SQLite from taking the index.
        time = "timestamp" if _is_small_part(file, since) else "+timestamp"
        known = {"column": DIMENSIONS[dimension], "time": time}
        values = (since, environment, environment)
        try:
            return file.execute(QUERY.format(sums=QUICK, **known), values).fetchall()
        except sqlite3.OperationalError as error:
            if "overflow" not in str(error):
                raise
            return file.execute(QUERY.format(sums=EXACT, **known), values).fetchall()

    found = read(database, "usage_metrics", ask)
    rows = [_row(values[1:]) for values in found if values[0]]
    return sorted(rows, key=_rank), sum(values[2] for values in found if not values[0])


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


def _row(values: tuple[Any, ...]) -> Row:
    name, calls, unpriced, errors, *pieces = values
    inputs, outputs, total, cost, list_cost = map(put_together, pieces[::2], pieces[1::2])
    return Row(
        name=name,
        calls=calls,
        input_tokens=inputs,
        output_tokens=outputs,
        total_tokens=total,
        cost_usd=_dollars(cost),
        list_cost_usd=_dollars(list_cost),
        unpriced=unpriced,
        errors=errors,
    )


def _rank(row: Row) -> tuple[Any, ...]:
    """Dearest first, then most calls, then by name; where no cost is known, last."""
    cost = row.cost_usd
    return cost is None, -(cost or 0), -row.calls, row.name is not None, row.name or ""


def put_together(high: int | None, low: int | None) -> int | None:
    """Return a sum that was made in two pieces, or in one where *low* is None."""
    return high if low is None or high is None else high * 10**9 + low


def _dollars(value: int | None) -> Decimal | None:
    return None if value is None else Decimal(value) / PICODOLLARS
