"""Taking the rows that can be read out of a SQLite file that is damaged.

Where reading a table from one end comes to a broken page it stops.  What lies behind is reached
from the other end, and by looking for keys: most pages are found without passing the broken one.
"""

from __future__ import annotations

import itertools
import sqlite3
from contextlib import ExitStack, closing, suppress
from typing import TYPE_CHECKING, NamedTuple

from tracker.sinks.sqlite.reading import limited

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from pathlib import Path

_BATCH = 500
#: What SQLite may give back for each kind of column.
_FORMS: dict[str, tuple[type, ...]] = {"TEXT": (str,), "INTEGER": (int,), "REAL": (float, int)}
#: Ids are made of hexadecimal digits: between two of these beginnings lies a part of them.
_BEGINNINGS = ["", *map("".join, itertools.product("0123456789abcdef", repeat=2)), "g"]
_MOST_STORES = 100


class _Table(NamedTuple):
    """A table: its columns' names and what they may hold, and the columns of its key."""

    name: str
    columns: tuple[str, ...]
    forms: tuple[tuple[type, ...], ...]
    key: tuple[str, ...]


def take_over(aside: Path, into: sqlite3.Connection, seconds: float) -> int:
    """Copy the rows of *aside* that can be read into the tables of *into*; return how many.

    It reads for so many *seconds* at most.
    """
    before = into.total_changes
    uri = f"{aside.resolve().as_uri()}?mode=ro"
    with ExitStack() as ends, suppress(sqlite3.Error, OSError):
        old = ends.enter_context(closing(sqlite3.connect(uri, uri=True)))
        ends.enter_context(limited(old, seconds))
        old.execute("PRAGMA writable_schema=ON")  # or a file that was cut off is refused whole
        for table in _tables(into, old):
            with into:
                into.execute("BEGIN")
                _copy(old, into, table)
    return into.total_changes - before


def _tables(into: sqlite3.Connection, old: sqlite3.Connection) -> list[_Table]:
    names = into.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    return [_described(into, old, name) for (name,) in names]


def _described(into: sqlite3.Connection, old: sqlite3.Connection, name: str) -> _Table:
    columns = into.execute(f'PRAGMA table_info("{name}")').fetchall()
    # A file of an earlier version lacks some; what cannot be asked has them, or is lost.
    there = {row[1] for row in old.execute(f'PRAGMA table_info("{name}")')}
    columns = [column for column in columns if column[1] in there or not there]
    forms = [
        _FORMS.get(kind, ()) + (() if needed else (type(None),))
        for _, _, kind, needed, _, _ in columns
    ]
    key = sorted((place, column) for _, column, _, _, _, place in columns if place)
    return _Table(
        name, tuple(c[1] for c in columns), tuple(forms), tuple(column for _, column in key)
    )


def _copy(old: sqlite3.Connection, into: sqlite3.Connection, table: _Table) -> None:
    marks = ", ".join("?" * len(table.columns))
    insert = f"INSERT OR IGNORE INTO {table.name} ({', '.join(table.columns)}) VALUES ({marks})"
    for rows in _batches(old, table):
        whole = [row for row in rows if all(map(isinstance, row, table.forms))]
        into.executemany(insert, whole)


def _batches(old: sqlite3.Connection, table: _Table) -> Iterator[list[tuple[object, ...]]]:
    """Yield rows, some of them twice."""
    *leading, last = table.key
    select = f"SELECT {', '.join(table.columns)} FROM {table.name}"
    for lead in _leads(old, table) if leading else [()]:
        where = " AND ".join([*(f"{name} = ?" for name in leading), f"{last} >= ? AND {last} < ?"])
        for begin, end in itertools.pairwise([*_BEGINNINGS, "\U0010ffff"]):
            for order in ("ASC", "DESC"):
                query = f"{select} WHERE {where} ORDER BY {last} {order}"
                failed = yield from _rows(old, query, (*lead, begin, end))
                if not failed:
                    break


def _leads(old: sqlite3.Connection, table: _Table) -> list[tuple[str]]:
    """Return the values of the key's first column that can be found from either end."""
    column = table.key[0]
    found: set[str] = set()
    for order, beyond, start in (("ASC", ">", ""), ("DESC", "<", "\U0010ffff")):
        at = start
        query = (
            f"SELECT {column} FROM {table.name} WHERE {column} {beyond} ?"
            f" ORDER BY {column} {order} LIMIT 1"
        )
        with suppress(sqlite3.Error):
            while len(found) < _MOST_STORES and (row := old.execute(query, (at,)).fetchone()):
                (at,) = row
                found.add(str(at))
    return [(value,) for value in found]


def _rows(
    old: sqlite3.Connection, query: str, values: Sequence[str]
) -> Generator[list[tuple[object, ...]], None, bool]:
    """Yield the rows of *query* as far as they can be read; return whether that was not all."""
    rows: list[tuple[object, ...]] = []
    failed = False
    try:
        for row in old.execute(query, values):
            rows.append(row)
            if len(rows) == _BATCH:
                yield rows
                rows = []
    except sqlite3.Error:
        failed = True
    yield rows
    return failed
