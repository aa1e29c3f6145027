"""The spool: one SQLite file from which any process delivers what another one recorded.

A row is one record for one store.  It is pending, leased (a process is sending it;
when the lease runs out another may), sent, or rejected (the store will never take
it; kept for a person to look at).
"""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from tracker.errors import AIUsageError
from tracker.sinks.sqlite.reading import read
from tracker.sinks.sqlite.shared_file import SqliteFile
from tracker.sinks.user_files import in_data_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

LEASE_SECONDS = 60.0
KEEP_SENT_SECONDS = 3600.0
TABLE = "outbox"
TRIGGERS = "SELECT 1 FROM sqlite_schema WHERE type = 'trigger'"

SCHEMA = """
CREATE TABLE IF NOT EXISTS outbox (
    store TEXT NOT NULL,
    id TEXT NOT NULL,
    payload TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending',
    changed REAL NOT NULL,
    due REAL NOT NULL, -- when a lease ends
    attempts INTEGER NOT NULL DEFAULT 0,
    note TEXT,
    PRIMARY KEY (store, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS outbox_due ON outbox (store, state, due);
"""
PUT = "INSERT OR IGNORE INTO outbox (store, id, payload, changed, due) VALUES (?, ?, ?, ?, ?)"
# A lease that ran out is as good as none; one that ends later than any can was made before
# the clock was set back.
LEASE = """
UPDATE outbox SET state = 'leased', changed = :now, due = :until, attempts = attempts + 1
WHERE store = :store AND id IN (
    SELECT id FROM (
        SELECT id FROM outbox
        WHERE store = :store AND state = 'leased' AND (due <= :now OR due > :horizon)
    )
    UNION ALL
    SELECT id FROM (
        SELECT id FROM outbox WHERE store = :store AND state = 'pending' ORDER BY due LIMIT :limit
    )
    LIMIT :limit
)
RETURNING id, payload, attempts
"""
MARK = """
UPDATE outbox SET state = ?, changed = ?, due = ?, note = ?,
    payload = CASE ? WHEN 'sent' THEN '' ELSE payload END
WHERE store = ? AND id = ?
"""
FORGET = "DELETE FROM outbox WHERE state = 'sent' AND changed < ?"
COUNT = """
SELECT store, state, count(*) FROM outbox GROUP BY 1, 2 ORDER BY 1, 2
"""
USED = """
SELECT (page_count - freelist_count) * page_size
FROM pragma_page_count, pragma_freelist_count, pragma_page_size
"""
Result = TypeVar("Result")


class SpoolFullError(AIUsageError):
    """The spool has reached the size that it may have."""


@dataclass(frozen=True, slots=True)
class Leased:
    """A row that this process is to send; ``attempts`` counts this one."""

    id: str
    payload: str
    attempts: int


class Spool:
    """One spool file, from any thread and any number of processes.

    The file is made at the first use.  One that SQLite cannot read any more is
    set aside under another name; the log and ``set_aside`` tell which.
    """

    def __init__(self, path: Path, max_bytes: int) -> None:
        self.path = path
        self.max_bytes = max_bytes
        self._file = SqliteFile(path, SCHEMA)

    def put(self, store: str, rows: Iterable[tuple[str, str]]) -> None:
        """Keep (id, payload) *rows* for *store*; an id that is there already is left alone.

        Raises SpoolFullError, sqlite3.Error or OSError; then none of them is kept.
        """
        now = time.time()
        listed = [(store, row_id, payload, now, now) for row_id, payload in rows]
        self._change(lambda file: self._put(file, listed))

    def lease(self, store: str, limit: int) -> list[Leased]:
        """Take up to *limit* rows of *store* that no other process is sending."""
        now = time.time()
        until = now + LEASE_SECONDS
        values = {"store": store, "now": now, "until": until, "horizon": until + 1, "limit": limit}
        return [Leased(*row) for row in self._change(lambda f: f.execute(LEASE, values).fetchall())]

    def sent(self, store: str, ids: Sequence[str]) -> None:
        """Note that *store* has the rows *ids*; forget those that it has had for long."""
        now = time.time()

        def work(file: sqlite3.Connection) -> None:
            _mark(file, store, dict.fromkeys(ids), "sent", now)
            file.execute(FORGET, (now - KEEP_SENT_SECONDS,))

        self._change(work)

    def later(self, store: str, ids: Sequence[str], note: str) -> None:
        """Give the rows *ids* back, to be tried again."""
        now = time.time()
        self._change(lambda file: _mark(file, store, dict.fromkeys(ids, note), "pending", now))

    def rejected(self, store: str, reasons: Mapping[str, str]) -> None:
        """Note that *store* will never take these rows."""
        self._change(lambda file: _mark(file, store, reasons, "rejected", time.time()))

    def counts(self) -> dict[str, dict[str, int]]:
        """Return the number of rows by store and state; empty if there is no file.

        Nothing is changed by it, whatever the file is.  Raises SinkError if it is no spool.
        """
        if not self.path.exists():
            return {}
        counted: dict[str, dict[str, int]] = {}
        for store, state, count in read(self.path, TABLE, _counted):
            counted.setdefault(str(store), {})[str(state)] = int(str(count))
        return counted

    @property
    def set_aside(self) -> Path | None:
        """Where a broken spool is kept, if this one took its place."""
        return self._file.aside

    def close(self) -> None:
        """Close the file; a later call opens it again."""
        self._file.close()

    def _put(self, file: sqlite3.Connection, rows: Sequence[tuple[object, ...]]) -> None:
        used = file.execute(USED).fetchone()[0]
        if used + sum(len(str(row[2])) for row in rows) > self.max_bytes:
            raise SpoolFullError(f"the spool {self.path} holds {used} bytes, its limit")
        file.executemany(PUT, rows)

    def _change(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        return self._file.change(work)


def _counted(file: sqlite3.Connection) -> list[tuple[object, ...]]:
    if file.execute(TRIGGERS).fetchone():
        raise sqlite3.DatabaseError("it has triggers: it is no spool of this package's")
    return file.execute(COUNT).fetchall()


def _mark(
    file: sqlite3.Connection,
    store: str,
    notes: Mapping[str, str | None],
    state: str,
    due: float,
) -> None:
    now = time.time()
    values = [(state, now, due, note, state, store, row_id) for row_id, note in notes.items()]
    file.executemany(MARK, values)


def default_spool() -> Path:
    """Return ``spool.db`` in the user's data folder."""
    return in_data_folder("spool.db")
