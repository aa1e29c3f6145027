"""A SQLite file that threads, processes and forked children share."""

from __future__ import annotations

import math
import sqlite3
import threading
import time
import weakref
from contextlib import ExitStack
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from tracker.delivery import fork_registry
from tracker.error_boundary import warn
from tracker.records.clock import steady
from tracker.sinks.sqlite import damage
from tracker.sinks.sqlite.salvage import take_over
from tracker.sinks.user_files import make_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

#: Less than the time for which a block waits at most: a store that is locked for
#: longer leaves its records to the spool while the block still looks on.
BUSY_TIMEOUT_SECONDS = 1.0
_RETRY_SECONDS = 0.02
CLOSE_SECONDS = 0.2
#: No piece of work of ours takes that long: a file can be made so that one never ends.
LONGEST_WORK_SECONDS = 60.0
STEPS_BETWEEN_LOOKS = 100_000
SCHEMA_VERSION = "PRAGMA schema_version"
#: How often all pages of a file that others write to, too, are looked at.
CHECK_SECONDS = 60.0
Result = TypeVar("Result")
NOTHING_ADDED: Mapping[str, Mapping[str, str]] = MappingProxyType({})


class SqliteFile:
    """One file, made at the first use, with one connection that its users take turns at.

    A file that was renamed, replaced or removed behind our back is opened anew,
    so that nothing is written where nobody will read it.  One that SQLite cannot read any more is
    set aside under another name (``aside``), which is logged, and a new one is begun.
    """

    def __init__(
        self, path: Path, schema: str, added: Mapping[str, Mapping[str, str]] = NOTHING_ADDED
    ) -> None:
        self.path = path
        self.aside: Path | None = None
        self._schema = schema
        self._added = added
        # Reentrant: a signal handler may run while its own thread is in here.
        self.lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        # Closes the connection of a file that nobody has any more: since Python 3.13 one
        # that is only dropped warns, in the midst of the program.
        self._dropped: weakref.finalize[..., SqliteFile] | None = None
        self._seen = damage.UNSEEN
        self._schema_version = 0
        self._checked = -math.inf
        self._deadline = [math.inf]
        self._users = 0
        with _forking:
            _files.add(self)

    def run(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Return what *work* makes of the file.  Raises sqlite3.Error or OSError."""
        with self.lock:
            self._users += 1
            try:
                return self._repaired(work)
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
        """Close the connection; a later use opens it again.

        One that another thread is using stays open: at the exit of a program nobody waits for it.
        """
        if not self.lock.acquire(timeout=CLOSE_SECONDS):
            return
        try:
            connection = self._given_up()
            if connection is not None:
                connection.close()
        finally:
            self.lock.release()

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

    def _repaired(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Return what *work* makes of the file; of a new one, if this one is broken."""
        try:
            return self._worked(work)
        except sqlite3.DatabaseError as error:
            # In the middle of another's work of this thread there is no connection to give up.
            if not damage.says_corrupt(error) or self._users > 1:
                raise
            self._give_up()
            return self._worked(work)

    def _worked(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        self._deadline[0] = steady() + LONGEST_WORK_SECONDS
        try:
            return work(self._connected())
        finally:
            self._deadline[0] = math.inf
            if self._connection is not None:
                self._seen = damage.seen(self.path)

    def _give_up(self) -> None:
        """Set the broken file aside, with a new one in its place; leave a sound one alone."""
        was_emptied = self._seen.size > 0 and damage.seen(self.path).size == 0
        # What is in the log only is written into the file: that much more can be read of it.
        self.close()
        aside = damage.set_aside(self.path, known=self._seen != damage.UNSEEN)
        if aside is not None:
            self.aside = aside
            taken = take_over(aside, self._connected(), LONGEST_WORK_SECONDS)
            told = (
                f"{self.path} was broken; it is kept as {aside}, and a new one was begun with the"
                f" {taken} records that could be read"
            )
        elif was_emptied:
            told = f"{self.path} was emptied by another program; it is begun anew"
        else:
            return
        warn(f"damaged: {self.path}", told, interval=0.0)

    def _connected(self) -> sqlite3.Connection:
        if self._connection is not None and not self._users > 1:
            self._look()
        if self._connection is None:
            self._connection = connect(self.path, self._schema, self._added)
            deadline = self._deadline
            (self._schema_version,) = self._connection.execute(SCHEMA_VERSION).fetchone()
            self._connection.set_progress_handler(
                lambda: steady() > deadline[0], STEPS_BETWEEN_LOOKS
            )
            self._dropped = weakref.finalize(self, self._connection.close)
            self._dropped.atexit = False
        return self._connection

    def _look(self) -> None:
        """See whether somebody else touched the file since our last work.

        Raises sqlite3.DatabaseError if it was damaged.
        """
        now = damage.seen(self.path)
        if not now.is_same_file(self._seen):
            self.close()
        elif now != self._seen:
            # Another process's records, mostly; all pages are looked at once a minute.
            thoroughly = steady() > self._checked + CHECK_SECONDS
            if thoroughly:
                self._checked = steady()
            if damage.schema_of(self.path, thoroughly=thoroughly) != self._schema_version:
                self.close()  # another database stands in its place


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


fork_registry.at_fork(
    before=_before_fork, in_parent=_after_fork_in_parent, in_child=_after_fork_in_child
)


def connect(
    path: Path, schema: str, added: Mapping[str, Mapping[str, str]] = NOTHING_ADDED
) -> sqlite3.Connection:
    """Open *path* in WAL mode with *schema* in place; what is missing is made, for its user alone.

    *added* are the columns, and their types, that tables of an earlier version may lack.

    WAL with ``synchronous=NORMAL`` survives the end of the process, however it
    ends.  Raises sqlite3.Error or OSError.
    """
    make_file(path)
    deadline = steady() + BUSY_TIMEOUT_SECONDS
    while True:
        try:
            return _opened(path, schema, added)
        except sqlite3.OperationalError as error:
            # Changing to WAL does not wait for other connections by itself.
            if "locked" not in str(error) or steady() > deadline:
                raise
        time.sleep(_RETRY_SECONDS)


def _opened(path: Path, schema: str, added: Mapping[str, Mapping[str, str]]) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_SECONDS, check_same_thread=False, isolation_level=None
    )
    with ExitStack() as undo:
        undo.callback(connection.close)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.executescript(schema)
        for table, columns in added.items():
            add_columns(connection, table, columns)
        undo.pop_all()
    return connection


def add_columns(connection: sqlite3.Connection, table: str, columns: Mapping[str, str]) -> None:
    """Give *table*, made by an earlier version, those of *columns* that it lacks."""
    there = {row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')}
    if not columns.keys() <= there:
        # Other processes may do the same now: one of them at a time looks, and adds.
        connection.execute("BEGIN IMMEDIATE")
        with connection:
            there = {row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')}
            for name in columns.keys() - there:
                connection.execute(f'ALTER TABLE "{table}" ADD COLUMN {name} {columns[name]}')
