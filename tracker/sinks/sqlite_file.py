"""A SQLite file that threads, processes and forked children share."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, TypeVar

from tracker import lifecycle
from tracker.sinks.private import make_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: Less than the time for which a block waits at most: a store that is locked for
#: longer leaves its records to the spool while the block still looks on.
BUSY_TIMEOUT_SECONDS = 1.0
_RETRY_SECONDS = 0.02
_MAGIC = b"SQLite format 3\x00"
Result = TypeVar("Result")


class SqliteFile:
    """One file, made at the first use, with one connection that its users take turns at.

    A file that was renamed, replaced or removed behind our back is opened anew,
    so that nothing is written where nobody will read it.
    """

    def __init__(self, path: Path, schema: str) -> None:
        self.path = path
        self._schema = schema
        # Reentrant: a signal handler may run while its own thread is in here.
        self.lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        # Closes the connection of a file that nobody has any more: since Python 3.13 one
        # that is only dropped warns, in the midst of the program.
        self._dropped: weakref.finalize[..., SqliteFile] | None = None
        self._inode = (0, 0)
        self._users = 0
        with _forking:
            _files.add(self)

    def run(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Return what *work* makes of the file.  Raises sqlite3.Error or OSError."""
        with self.lock:
            self._users += 1
            try:
                return work(self._connected())
            finally:
                self._users -= 1

    def change(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """As ``run``, in one transaction: all that *work* changes is kept, or nothing is."""

        def whole(file: sqlite3.Connection) -> Result:
            file.execute("BEGIN IMMEDIATE")
            with file:
                return work(file)

        return self.run(whole)

    def close(self) -> None:
        """Close the connection; a later use opens it again."""
        with self.lock:
            connection = self._given_up()
            if connection is not None:
                connection.close()

    def close_unused(self) -> None:
        """Close the connection unless this very thread is in the middle of using it."""
        if not self._users:
            self.close()

    def abandon(self) -> None:
        """Start a forked child with a free lock; what it inherited is never touched."""
        self.lock = threading.RLock()
        self._users = 0
        connection = self._given_up()
        if connection is not None:
            _inherited.append(connection)

    def _given_up(self) -> sqlite3.Connection | None:
        """Return the connection, which is the caller's now."""
        connection, self._connection = self._connection, None
        if self._dropped is not None:
            self._dropped.detach()
            self._dropped = None
        return connection

    def _connected(self) -> sqlite3.Connection:
        if self._connection is not None and _inode(self.path) != self._inode:
            self.close()
        if self._connection is None:
            self._connection = connect(self.path, self._schema)
            self._dropped = weakref.finalize(self, self._connection.close)
            self._dropped.atexit = False
            self._inode = _inode(self.path)
        return self._connection


_files: weakref.WeakSet[SqliteFile] = weakref.WeakSet()
_inherited: list[sqlite3.Connection] = []
_held: list[SqliteFile] = []
_forking = threading.RLock()


def _before_fork() -> None:
    """Close every file, and let nobody open one until the fork is over.

    SQLite keeps its locks in the process's memory.  A child that copies them
    while a transaction runs would wait for ever for a thread that it does not have.
    """
    _forking.acquire()
    for file in list(_files):
        if file.lock.acquire(timeout=2 * BUSY_TIMEOUT_SECONDS):
            _held.append(file)
            file.close_unused()


def _after_fork_in_parent() -> None:
    while _held:
        _held.pop().lock.release()
    _forking.release()


def _after_fork_in_child() -> None:
    global _forking
    _forking = threading.RLock()
    _held.clear()
    for file in list(_files):
        file.abandon()


lifecycle.at_fork(
    before=_before_fork, in_parent=_after_fork_in_parent, in_child=_after_fork_in_child
)


def connect(path: Path, schema: str) -> sqlite3.Connection:
    """Open *path* in WAL mode with *schema* in place; what is missing is made, for its user alone.

    WAL with ``synchronous=NORMAL`` survives the end of the process, however it
    ends.  Raises sqlite3.Error or OSError.
    """
    make_file(path)
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


def _inode(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return found.st_dev, found.st_ino


def says_corrupt(error: sqlite3.Error) -> bool:
    """Whether *error* says that a file is not, or no longer, a database."""
    text = str(error)
    return "malformed" in text or "not a database" in text


def set_aside(path: Path) -> Path | None:
    """Rename the broken *path* and its companions; return the new name.  Nothing is deleted.

    None if there is nothing to set aside: another process did it already, or the
    file never was a database of ours and is its owner's to look after.
    """
    # A lock that every platform has, and that ends with its process.
    lock = path.with_name(path.name + ".turn")
    make_file(lock)
    turn = sqlite3.connect(lock, timeout=10.0, isolation_level=None)
    with closing(turn):
        turn.execute("BEGIN EXCLUSIVE")
        if not _is_ours(path) or _is_sound(path):
            return None
        stamp = time.strftime("%Y%m%dT%H%M%S")
        aside = path.with_name(f"{path.name}.corrupt-{stamp}-{os.urandom(3).hex()}")
        for ending in ("-wal", "-shm", ""):
            companion = path.with_name(path.name + ending)
            if companion.exists():
                companion.rename(aside.with_name(aside.name + ending))
        return aside


def _is_ours(path: Path) -> bool:
    """Whether *path* began as a database, or is called one."""
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC or path.suffix == ".db"
    except OSError:
        return False


def _is_sound(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_SECONDS)) as file:
            return bool(file.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
    except sqlite3.DatabaseError as error:
        return not says_corrupt(error)
