"""Sums of stored usage, read from SQLite without changing it: what is to be done is done there."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tracker.cli.reports.columns import (
    BLOB_TEXT,
    COSTS,
    NUMBER_FAILED,
    NUMBER_UNPRICED,
    READABLE,
    TABLE,
    WHOLE,
    column,
    condition,
)
from tracker.cli.reports.rows import EVERYTHING, PICODOLLARS, Row, Selection, ordered
from tracker.sinks.sqlite.reading import read

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# A row that is found through the index by time takes so much longer than one that is passed by.
INDEX_COST = 8
_SUMMED = (*WHOLE, *COSTS)
_ODD = "ai_usage_odd"
# In one go: it ends at the first text that is none of ours; a number that is none shows in its sum.
_QUICK = f"""
SELECT {{columns}}, COUNT(*), {NUMBER_UNPRICED}, {NUMBER_FAILED},
       {", ".join(f"SUM({name})" for name in _SUMMED)}
FROM {TABLE} WHERE {{where}} AND {{all_ours}} GROUP BY {{groups}}
"""
# Sums in one piece end where they exceed 64 bits; in two they never do.
_EXACT = f"""
SELECT {{columns}}, COUNT(*), {NUMBER_UNPRICED}, {NUMBER_FAILED},
       {", ".join(f"SUM({name} / {10**9}), SUM({name} % {10**9})" for name in _SUMMED)},
       {READABLE} AS readable
FROM {TABLE} WHERE {{where}} GROUP BY {{groups}}, readable
"""
_PLACES = f"""
SELECT {{names}}, MIN(CASE WHEN place * 2 >= number THEN ms END),
       MIN(CASE WHEN place * 20 >= number * 19 THEN ms END)
FROM (SELECT *, ROW_NUMBER() OVER ({{parts}} ORDER BY ms) AS place,
             COUNT(*) OVER ({{parts}}) AS number
      FROM (SELECT {{columns}}, latency_ms AS ms FROM {TABLE}
            WHERE {{where}} AND typeof(latency_ms) IN ('real', 'integer') AND {READABLE}))
GROUP BY {{names}}
"""

#: Half and 19 of 20 calls took no longer than that, in milliseconds, by the names of their row;
#: the names of all calls are ().
Latencies = dict[tuple[str | None, ...], tuple[float, float]]


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
    return read(database, TABLE, lambda file: usage_of(file, dimensions, selection))


def usage_of(
    file: sqlite3.Connection, dimensions: Sequence[str], selection: Selection
) -> tuple[list[Row], int]:
    """As ``usage_in``, of an open file.  Raises sqlite3.Error."""
    count = len(dimensions)
    where, values = selected(file, selection)
    known = {
        "columns": ", ".join(map(column, dimensions)),
        "groups": ", ".join(str(number) for number in range(1, count + 1)),
        "where": where,
    }
    try:
        found = file.execute(_QUICK.format(all_ours=all_ours(file), **known), values).fetchall()
    except sqlite3.OperationalError as error:
        if "overflow" not in str(error) and not is_of_others(error):
            raise
    else:
        if all(_is_ours(row, count) for row in found):
            return ordered((_row(row, count) for row in found), dimensions), 0
    found = file.execute(_EXACT.format(**known), values).fetchall()
    rows = [
        _row((*row[: count + 3], *_in_one(row[count + 3 : -1])), count) for row in found if row[-1]
    ]
    return ordered(rows, dimensions), sum(row[count] for row in found if not row[-1])


def latencies_of(
    file: sqlite3.Connection, dimensions: Sequence[str], selection: Selection
) -> Latencies:
    """Return what calls took, by *dimensions*; the nearest rank.  Raises sqlite3.Error."""
    where, values = selected(file, selection)
    places = range(len(dimensions))
    names = ", ".join(f"n{place}" for place in places)
    columns = ", ".join(f"{column(dimensions[place])} AS n{place}" for place in places)
    sql = _PLACES.format(
        names=names or "NULL",
        parts=f"PARTITION BY {names}" if names else "",
        columns=columns or "NULL",
        where=where,
    )
    found = file.execute(sql, values).fetchall()
    return {row[:-2] if names else (): row[-2:] for row in found}


def selected(file: sqlite3.Connection, selection: Selection) -> tuple[str, Sequence[str | None]]:
    """Return the condition on rows in *selection*, which uses the index where that is quick."""
    since = "" if selection.since is None else selection.since.isoformat()
    # A plus sign keeps SQLite from taking the index.
    return condition(selection, "timestamp" if _is_small_part(file, since) else "+timestamp")


def _is_ours(row: tuple[Any, ...], count: int) -> bool:
    """Whether the values that are summed in *row*, and those that stand beside, are all of ours."""
    names, sums = row[:count], row[count + 3 :]
    return all(one is None or type(one) is str for one in names) and all(
        one is None or type(one) is int for one in sums
    )


def all_ours(file: sqlite3.Connection) -> str:
    """Return a condition that ends the statement at the first text that is none of ours."""
    file.create_function(_ODD, 0, _raise_odd)
    return f"CASE WHEN {BLOB_TEXT} THEN {_ODD}() ELSE 1 END"


def is_of_others(error: sqlite3.OperationalError) -> bool:
    """Whether a statement was ended by what ``all_ours`` returned."""
    return "user-defined function" in str(error)


def _raise_odd() -> int:
    raise ValueError


def _is_small_part(file: sqlite3.Connection, since: str) -> bool:
    """Return whether few of the calls were made after *since*, as if they were spread evenly."""
    if not since:
        return False
    ends = file.execute(
        f"SELECT (SELECT MIN(timestamp) FROM {TABLE}), (SELECT MAX(timestamp) FROM {TABLE})"
    ).fetchone()
    try:
        begin, end, cut = (datetime.fromisoformat(text) for text in (*ends, since))
        return cut > begin and (end - cut) * INDEX_COST < end - begin
    except (TypeError, ValueError, OverflowError):
        return False  # no rows, or no times of ours


def _in_one(pieces: Sequence[int | None]) -> list[int | None]:
    return list(map(put_together, pieces[::2], pieces[1::2]))


def _row(values: tuple[Any, ...], count: int) -> Row:
    calls, unpriced, errors, inputs, outputs, total, cached, cost, list_cost, *_ = values[count:]
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
        cached_input_tokens=cached,
    )


def put_together(high: int | None, low: int | None) -> int | None:
    """Return a sum that was made in two pieces."""
    return high if low is None or high is None else high * 10**9 + low


def _dollars(value: int | None) -> Decimal | None:
    return None if value is None else Decimal(value) / PICODOLLARS
