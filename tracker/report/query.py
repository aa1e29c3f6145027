"""Sums of stored usage, read from a SQLite file without changing it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from tracker.errors import SinkError

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
# {column} is one of DIMENSIONS' values, {time} a name of the timestamp; all else is bound.
QUERY = f"""
SELECT {{column}} AS name,
       COUNT(*),
       SUM(input_tokens),
       SUM(output_tokens),
       SUM(total_tokens),
       SUM(cost_picodollars),
       SUM(list_cost_picodollars),
       SUM({WITHOUT_PRICE}),
       SUM(error IS NOT NULL)
FROM usage_metrics
WHERE {{time}} >= ? AND (? IS NULL OR environment = ?)
GROUP BY {{column}}
ORDER BY SUM(cost_picodollars) DESC, COUNT(*) DESC, name
"""


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
    if not database.is_file():
        raise FileNotFoundError(database)
    since = "" if days is None else (datetime.now(UTC) - timedelta(days=days)).isoformat()
    try:
        with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as file:
            # A plus sign keeps SQLite from taking the index.
            time = "timestamp" if _is_small_part(file, since) else "+timestamp"
            query = QUERY.format(column=DIMENSIONS[dimension], time=time)
            found = file.execute(query, (since, environment, environment)).fetchall()
    except sqlite3.Error as error:
        raise SinkError(f"cannot read {database}: {error}") from error
    return [_row(values) for values in found]


def _is_small_part(file: sqlite3.Connection, since: str) -> bool:
    """Return whether few of the calls were made after *since*, as if they were spread evenly."""
    first, last = file.execute(
        "SELECT (SELECT MIN(timestamp) FROM usage_metrics),"
        " (SELECT MAX(timestamp) FROM usage_metrics)"
    ).fetchone()
    if not since or first is None or since <= first:
        return False
    begin, end, cut = (datetime.fromisoformat(text) for text in (first, last, since))
    return (end - cut) * INDEX_COST < end - begin


def _row(values: tuple[object, ...]) -> Row:
    name, calls, inputs, outputs, total, cost, list_cost, unpriced, errors = values
    return Row(
        name=None if name is None else str(name),
        calls=int(str(calls)),
        input_tokens=_whole(inputs),
        output_tokens=_whole(outputs),
        total_tokens=_whole(total),
        cost_usd=_dollars(cost),
        list_cost_usd=_dollars(list_cost),
        unpriced=int(str(unpriced)),
        errors=int(str(errors)),
    )


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _dollars(value: object) -> Decimal | None:
    return Decimal(value) / PICODOLLARS if isinstance(value, int) else None
