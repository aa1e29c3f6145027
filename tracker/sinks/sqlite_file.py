"""Opening a SQLite file that several processes share, and setting a broken one aside."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

BUSY_TIMEOUT_SECONDS = 5.0
_RETRY_SECONDS = 0.02
_MAGIC = b"SQLite format 3\x00"


def connect(path: Path, schema: str) -> sqlite3.Connection:
    """Open *path* in WAL mode with *schema* in place; its folder is made when missing.

    WAL with ``synchronous=NORMAL`` survives the end of the process, however it
    ends.  Raises sqlite3.Error or OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + BUSY_TIMEOUT_SECONDS
    while True:
        try:
            return _opened(path, schema)
        except sqlite3.OperationalError as error:
            # Changing to WAL does not wait for other connections by itself.
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
        time.sleep(_RETRY_SECONDS)


def _opened(path: Path, schema: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_SECONDS, check_same_thread=False, isolation_level=None
    )
    with ExitStack() as undo:
        undo.callback(connection.close)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.executescript(schema)
        undo.pop_all()
    return connection


def is_corrupt(path: Path, error: BaseException) -> bool:
    """Whether *error* says that *path*, a file that SQLite began, is no longer one."""
    if not isinstance(error, sqlite3.DatabaseError) or isinstance(error, sqlite3.OperationalError):
        return False
    text = str(error)
    return ("malformed" in text or "not a database" in text) and _began_as_database(path)


def _began_as_database(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


def set_aside(path: Path) -> Path:
    """Rename *path* and its companions, and return the new name; nothing is deleted."""
    stamp = time.strftime("%Y%m%dT%H%M%S")
    aside = path.with_name(f"{path.name}.corrupt-{stamp}-{os.getpid()}")
    for ending in ("", "-wal", "-shm"):
        companion = path.with_name(path.name + ending)
        if companion.exists():
            companion.rename(aside.with_name(aside.name + ending))
    return aside
