"""Usage in cells small enough for a page: summed by day and by whom at once, whatever was recorded.

A page filters by any of its dimensions, so what it has is one set of cells.  Where there are too
many, the names that cost least are put together, and days become weeks or months.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tracker.cli.reports.columns import NUMBER_FAILED, NUMBER_UNPRICED, ODD_TEXT, TABLE, column
from tracker.cli.reports.query import all_ours, is_of_others, selected
from tracker.cli.reports.rows import OTHERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tracker.cli.reports.rows import Selection

#: What a page may filter by, each with the dimension of reports that it is.
NAMES = {
    "time": "day",
    "environment": "environment",
    "operation": "operation_type",
    "model": "model",
    "job": "job",
    "user": "user",
}
_GROUPS = ", ".join(str(number) for number in range(1, len(NAMES) + 1))
_IS_BATCH = "price_basis IN ('batch', 'batch_assumed')"
_SAVED = "list_cost_picodollars - cost_picodollars"
# Imported results of a batch API have the provider's id; others are a batch by a block's word.
_IS_REAL = "metadata LIKE '%\"provider_batch_id\"%'"
#: What is summed in a cell, costs in picodollars; the last two of calls at batch prices only.
SUMS = {
    "calls": "COUNT(*)",
    "failed": NUMBER_FAILED,
    "unpriced": NUMBER_UNPRICED,
    "input": "TOTAL(input_tokens)",
    "output": "TOTAL(output_tokens)",
    "cached": "TOTAL(cached_input_tokens)",
    "cost": "TOTAL(cost_picodollars)",
    "declared": f"TOTAL(CASE WHEN NOT {_IS_REAL} THEN {_SAVED} END)",
    "real": f"TOTAL(CASE WHEN {_IS_REAL} THEN {_SAVED} END)",
}
_OF_BATCHES = ("declared", "real")
# Sorting is quickest by what differs most.
_SORTED = "job, time, model, operation, user, environment"
MOST_CELLS = 24_000
#: How many names are told apart, those that cost most; None is all of them.
_KEPT = (None, 1000, 300, 100, 40, 12, 4)
_FEWEST_KINDS = 40
#: More days than that are told by the week, more weeks than that by the month.
_MOST_TIMES = 370
_UNITS = {
    "day": "time",
    "week": "COALESCE(DATE(time, 'weekday 0', '-6 days'), time)",
    "month": "SUBSTR(time, 1, 7) || '-01'",
}
#: Latencies are those of about so many calls.
MOST_SAMPLED = 40_000
# To two or three digits: a step is at most a twentieth of where it begins.
_ROUNDED = """CASE WHEN latency_ms < 200 THEN CAST(latency_ms AS INTEGER)
     WHEN latency_ms < 2000 THEN CAST(latency_ms / 10 AS INTEGER) * 10
     WHEN latency_ms < 20000 THEN CAST(latency_ms / 100 AS INTEGER) * 100
     ELSE CAST(latency_ms / 1000 AS INTEGER) * 1000 END"""


@dataclass(frozen=True, slots=True)
class Cube:
    """``cells`` are names, by the order of ``NAMES``, and sums.

    ``latencies`` are the number of a cell, milliseconds, and how many calls took so long, of
    one call in ``sampled``.  ``kept`` says how many names are told apart, if that is not all.
    """

    unit: str
    cells: list[tuple[Any, ...]]
    latencies: list[tuple[int, int, int]]
    sampled: float
    unread: int
    kept: int | None


def cubes(file: sqlite3.Connection, selection: Selection, most: int = MOST_CELLS) -> Cubes:
    """Return what makes cubes of what was recorded.  Raises sqlite3.Error."""
    where, values = selected(file, selection)
    file.execute("PRAGMA temp_store=MEMORY")
    columns = ", ".join(f"{column(name)} AS {short}" for short, name in NAMES.items())
    unread = 0
    try:
        _fill(file, columns, f"{where} AND {all_ours(file)}", values)
    except sqlite3.OperationalError as error:
        if not is_of_others(error):
            raise
        odd = f"{where} AND ({ODD_TEXT}) IS"
        count = f"SELECT COUNT(*) FROM {TABLE} WHERE {odd} TRUE"
        (unread,) = file.execute(count, values).fetchone()
        where = f"{odd} NOT TRUE"
        _fill(file, columns, where, values)
    return Cubes(file, columns, where, values, most, unread)


def _fill(file: sqlite3.Connection, columns: str, where: str, values: Sequence[str | None]) -> None:
    """Make the finest cells.  What batches saved is in cells of its own: few calls have it."""
    several = {name: "0" if name in _OF_BATCHES else sql for name, sql in SUMS.items()}
    batches = {name: sql if name in _OF_BATCHES else "0" for name, sql in SUMS.items()}
    file.execute("DROP TABLE IF EXISTS fine")
    for begin, sums, which in (
        ("CREATE TEMP TABLE fine AS", several, where),
        ("INSERT INTO fine", batches, f"{_IS_BATCH} AND {where}"),
    ):
        told = ", ".join(f"{sql} AS {name}" for name, sql in sums.items())
        found = f"SELECT {columns}, {told} FROM {TABLE} WHERE {which} GROUP BY {_SORTED}"
        file.execute(f"{begin} {found}", values)


class Cubes:
    """Cubes of the same calls, from fine to coarse."""

    def __init__(
        self,
        file: sqlite3.Connection,
        columns: str,
        where: str,
        values: Sequence[str | None],
        most: int,
        unread: int,
    ) -> None:
        self._file = file
        self._columns = columns
        self._where = where
        self._values = values
        self._most = most
        ask = self._number
        self._unread = unread
        self._calls = ask("SELECT TOTAL(calls) FROM fine")
        self._unit = next(
            (
                unit
                for unit, time in _UNITS.items()
                if ask(f"SELECT COUNT(DISTINCT {time}) FROM fine") <= _MOST_TIMES
            ),
            "month",
        )

    def each(self) -> Iterator[Cube]:
        """Yield cubes that have few enough cells, each coarser than the one before."""
        for kept in _KEPT:
            mapped = self._mapped(kept)
            sums = ", ".join(f"SUM({name}) AS {name}" for name in SUMS)
            self._file.execute("DROP TABLE IF EXISTS coarse")
            self._file.execute(
                f"CREATE TEMP TABLE coarse AS SELECT {mapped}, {sums} FROM fine GROUP BY {_GROUPS}"
            )
            if self._number("SELECT COUNT(*) FROM coarse") > self._most and kept != _KEPT[-1]:
                continue
            cells = self._file.execute("SELECT * FROM coarse").fetchmany(self._most)
            numbers = {cell[: len(NAMES)]: number for number, cell in enumerate(cells)}
            sampled, found = self._latencies(mapped)
            took = [(numbers[row[:-2]], *row[-2:]) for row in found if row[:-2] in numbers]
            yield Cube(self._unit, cells, sorted(took), sampled, self._unread, kept)

    def _number(self, sql: str) -> int:
        return int(self._file.execute(sql).fetchone()[0])

    def _mapped(self, kept: int | None) -> str:
        """Return the names of a coarse cell, by those of a fine one."""
        parts = [f"{_UNITS[self._unit]} AS time"]
        for name in list(NAMES)[1:]:
            if kept is None:
                parts.append(name)
                continue
            number = kept if name in ("job", "user") else max(kept, _FEWEST_KINDS)
            self._file.execute(f"DROP TABLE IF EXISTS kept_{name}")
            self._file.execute(
                f"CREATE TEMP TABLE kept_{name} AS SELECT {name} FROM fine"
                f" GROUP BY 1 ORDER BY SUM(cost) DESC, SUM(calls) DESC LIMIT {number}"
            )
            parts.append(
                f"CASE WHEN {name} IS NULL OR {name} IN (SELECT {name} FROM kept_{name})"
                f" THEN {name} ELSE '{OTHERS}' END AS {name}"
            )
        return ", ".join(parts)

    def _latencies(self, mapped: str) -> tuple[float, list[tuple[Any, ...]]]:
        """Return how many calls stand behind one, and how long those took, by coarse cells."""
        parts = 256 if self._calls <= MOST_SAMPLED else max(1, 256 * MOST_SAMPLED // self._calls)
        # Ids are hexadecimal, and their last digits have no meaning: most calls are left out there.
        part = "" if parts == 256 else f"SUBSTR(id, -2) < '{parts:02x}' AND "
        found = self._file.execute(
            f"SELECT {mapped}, ms, COUNT(*) FROM (SELECT {self._columns}, {_ROUNDED} AS ms"
            f" FROM {TABLE} WHERE {part}{self._where}"
            f" AND typeof(latency_ms) IN ('real', 'integer') AND latency_ms BETWEEN 0 AND 1e9)"
            f" GROUP BY {_GROUPS}, ms",
            self._values,
        )
        return 256 / parts, found.fetchall()
