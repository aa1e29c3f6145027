"""Reading a SQLite file that anybody may have made, and changing nothing by it.

The file is opened for reading only.  What is asked about must be a real table: a view may never
end, and a virtual table runs code.  However it was made, reading ends after a while.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from tracker.errors import SinkError
from tracker.records.clock import steady

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Result = TypeVar("Result")

PATIENCE_SECONDS = 120.0
#: A value or a statement that is longer is none of ours.
LONGEST_VALUE = 16 * 1024 * 1024
_STEPS = 20_000
_COLUMNS = "SELECT * FROM pragma_table_xinfo(?)"
_MORE = (
    "SELECT 1 FROM sqlite_schema"
    " WHERE tbl_name = ? AND type = 'trigger' OR name = ? AND sql LIKE '%check%'"
)
_KIND = "SELECT type, rootpage FROM sqlite_schema WHERE name = ?"


def read(path: Path, table: str, ask: Callable[[sqlite3.Connection], Result]) -> Result:
    """Return what *ask* finds in *path*, which must have the real table *table*.

    Raises FileNotFoundError if there is no such file, and SinkError if it cannot be read.
    """
    if not path.is_file():
        raise FileNotFoundError(path)
    try:
        before = _state(path)
        with suppress(_MovedOnError):
            return _at_rest(path, table, ask, before)
        return _read(path, table, ask, immutable=False)
    except (sqlite3.Error, OverflowError, OSError) as error:
        raise SinkError(f"cannot read {path}: {told(error)}") from error


@contextmanager
def limited(connection: sqlite3.Connection, seconds: float | None = None) -> Iterator[None]:
    """Have what is asked of *connection* inside end after *seconds*, or ``PATIENCE_SECONDS``."""
    deadline = steady() + (PATIENCE_SECONDS if seconds is None else seconds)
    connection.set_progress_handler(lambda: steady() > deadline, _STEPS)
    try:
        yield
    finally:
        connection.set_progress_handler(None, 0)


def check_table(connection: sqlite3.Connection, table: str, *, writes: bool = False) -> None:
    """Raise sqlite3.DatabaseError unless *table* is a table with rows of its own.

    With *writes* it must not do anything else when it is written to.
    """
    kinds = connection.execute(_KIND, (table,)).fetchall()
    if not kinds:
        raise sqlite3.DatabaseError(f"it has no table {table}")
    if any(kind != "table" or not root for kind, root in kinds):
        raise sqlite3.DatabaseError(f"{table} is no table of its own")
    if any(hidden for *_, hidden in connection.execute(_COLUMNS, (table,))):
        raise sqlite3.DatabaseError(f"{table} has generated columns")
    if writes and connection.execute(_MORE, (table, table)).fetchone():
        raise sqlite3.DatabaseError(f"{table} does more than to keep what is written")


def told(error: Exception) -> str:
    """Return what SQLite says; of a constraint, whose text a file may choose, its name."""
    name = str(getattr(error, "sqlite_errorname", ""))
    if name == "SQLITE_INTERRUPT":
        return f"it took longer than {PATIENCE_SECONDS:.0f} seconds"
    return name if name.startswith("SQLITE_CONSTRAINT") else str(error)


class _MovedOnError(Exception):
    """Somebody writes into the file: there is a log, which tells what holds."""


def _at_rest(
    path: Path, table: str, ask: Callable[[sqlite3.Connection], Result], before: _State
) -> Result:
    """Read a file that nobody has open, beside which not even a lock is made."""
    if not before.at_rest:
        raise _MovedOnError
    try:
        found = _read(path, table, ask, immutable=True)
    except sqlite3.Error:
        if _state(path) == before:
            raise
        raise _MovedOnError from None
    if _state(path) != before:
        raise _MovedOnError
    return found


def _read(
    path: Path, table: str, ask: Callable[[sqlite3.Connection], Result], *, immutable: bool
) -> Result:
    how = "immutable=1" if immutable else "mode=ro"
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?{how}", uri=True)
    with closing(connection), limited(connection):
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
        connection.execute("PRAGMA trusted_schema=OFF")
        check_table(connection, table)
        return ask(connection)


class _State(NamedTuple):
    """What tells whether a file was changed; ``at_rest``: all is in the file itself."""

    size: int
    changed: int
    at_rest: bool


def _state(path: Path) -> _State:
    found = path.stat()
    beside = (path.with_name(path.name + ending) for ending in ("-wal", "-journal"))
    at_rest = not any(log.exists() and log.stat().st_size for log in beside)
    return _State(found.st_size, found.st_mtime_ns, at_rest)
