"""The recorded usage of two runs: read, paired, compared, and set side by side.

The database is read with the standard library's ``sqlite3`` and plain SQL, and not through the
runtime that wrote it: what the demo shows is what is in the file.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

#: One microdollar; the table shows costs in it, the database keeps picodollars.
PICODOLLARS_PER_MICRODOLLAR = 1_000_000
BATCH_BASES = ("batch", "batch_assumed")
GAP = "  "
DIVIDER = "  │  "


@dataclass(frozen=True)
class Call:
    """One recorded call, as the columns of the database have it."""

    operation: str
    model: str
    input_tokens: int | None
    output_tokens: int | None
    job_id: str | None
    batch_id: str | None
    user_id: str
    operation_type: str | None
    cost_picodollars: int | None
    list_cost_picodollars: int | None
    price_basis: str

    @property
    def kept(self) -> tuple[object, ...]:
        """What a migration must leave as it is."""
        return (
            self.operation,
            self.model,
            self.input_tokens,
            self.output_tokens,
            self.job_id,
            self.batch_id,
            self.user_id,
        )

    @property
    def at_batch_price(self) -> bool:
        """Whether a batch price was booked."""
        return self.price_basis in BATCH_BASES


Pair = tuple[Call | None, Call | None]


def read_calls(database: Path) -> list[Call]:
    """Return what a run recorded, in the order of the calls.

    Raises sqlite3.OperationalError if the run recorded nothing at all.
    """
    columns = ", ".join(field.name for field in fields(Call))
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        rows = connection.execute(f"SELECT {columns} FROM usage_metrics ORDER BY timestamp, id")
        return [Call(*row) for row in rows]


def pair(before: Iterable[Call], after: Iterable[Call]) -> list[Pair]:
    """Return each call beside its counterpart; one that has none stands alone.

    Calls that ran at the same time may come in another order, so equal calls are paired
    wherever they stand.
    """
    left = list(after)
    pairs: list[Pair] = []
    for call in before:
        found = next((other for other in left if other.kept == call.kept), None)
        if found is not None:
            left.remove(found)
        pairs.append((call, found))
    return pairs + [(None, call) for call in left]


def differences(pairs: Iterable[Pair]) -> list[str]:
    """Return what is not as a migration must leave it; empty means that all is well."""
    return [problem for before, after in pairs for problem in _problems(before, after)]


def _problems(before: Call | None, after: Call | None) -> list[str]:
    if before is None or after is None:
        lost = before is not None
        there, call = ("before", before) if lost else ("after", after)
        return [f"only recorded {there} the migration: {_named(call)}"]
    problems = []
    if not after.operation_type:
        problems.append(f"no operation type after the migration: {_named(after)}")
    if before.list_cost_picodollars != after.list_cost_picodollars:
        problems.append(f"the list price differs: {_named(after)}")
    if after.at_batch_price:
        if not after.batch_id:
            problems.append(f"a batch price outside a batch: {_named(after)}")
        if not _halved(before.cost_picodollars, after.cost_picodollars):
            problems.append(f"the batch price is not half of the old one: {_named(after)}")
    elif before.cost_picodollars != after.cost_picodollars:
        problems.append(f"the cost differs: {_named(after)}")
    return problems


def _halved(before: int | None, after: int | None) -> bool:
    return before is not None and after is not None and abs(before - 2 * after) <= 1


def _named(call: Call | None) -> str:
    return ", ".join(str(value) for value in call.kept if value is not None) if call else "nothing"


def cells(call: Call | None) -> list[str]:
    """Return one call as the cells of a row; a call that is missing gives empty cells."""
    if call is None:
        return [""] * len(HEADINGS)
    return [
        call.operation,
        call.operation_type or "-",
        call.model,
        _number(call.input_tokens),
        _number(call.output_tokens),
        call.job_id or "-",
        call.batch_id or "-",
        call.user_id,
        _cost(call),
    ]


HEADINGS = ("call", "operation type", "model", "in", "out", "job", "batch", "user", "µUSD")
#: Columns that are set to the right.
NUMBERS = {"in", "out", "µUSD"}


def _number(value: int | None) -> str:
    return "?" if value is None else str(value)


def _cost(call: Call) -> str:
    if call.cost_picodollars is None:
        return "?"
    amount = f"{call.cost_picodollars / PICODOLLARS_PER_MICRODOLLAR:.2f}"
    return f"{amount}*" if call.at_batch_price else f"{amount} "


def render(pairs: Sequence[Pair], width: int) -> list[str]:
    """Return the two tables as lines: side by side, or pair under pair if *width* is too small."""
    left = _table([before for before, _ in pairs])
    right = _table([after for _, after in pairs])
    beside = [f"{a}{DIVIDER}{b}".rstrip() for a, b in zip(left, right, strict=True)]
    if max(map(len, beside)) > width:
        return _interleaved(pairs)
    titles = ("before the migration", "after the migration")
    heading = f"{titles[0].ljust(len(left[0]))}{DIVIDER}{titles[1]}"
    return [heading, *beside]


def _interleaved(pairs: Sequence[Pair]) -> list[str]:
    lines = _table([call for both in pairs for call in both])
    signs = ["      ", "      ", *(("before", "after ") * len(pairs))]
    return [f"{sign}{GAP}{line}".rstrip() for sign, line in zip(signs, lines, strict=True)]


def _table(calls: Sequence[Call | None]) -> list[str]:
    """Return heading, rule and one line for each call, all of the same length."""
    rows = [list(HEADINGS), *(cells(call) for call in calls)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = [GAP.join(_fitted(row, widths)) for row in rows]
    return [lines[0], "─" * len(lines[0]), *lines[1:]]


def _fitted(row: list[str], widths: list[int]) -> list[str]:
    return [
        cell.rjust(width) if heading in NUMBERS else cell.ljust(width)
        for heading, cell, width in zip(HEADINGS, row, widths, strict=True)
    ]
