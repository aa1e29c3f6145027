"""What the processes of a machine have spent of daily and monthly budgets, and hold reserved.

One small SQLite file.  A reservation and all that it is checked against is one transaction, so
that no two calls take the same money; settling takes the reservation away and spends its cost in
one transaction, too, so that none is spent twice, also where a process ends in between.  What a
process held that has ended counts as spent: its calls may be billed, and nobody will say.  Its row
stays for a while, for a process that was only taken for dead: what that settles takes its place.
"""

from __future__ import annotations

import hashlib
import sqlite3
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from tracker.budgets.limit import Taken
from tracker.budgets.processes import identity, is_dead
from tracker.error_boundary import warn
from tracker.records import clock
from tracker.sinks.sqlite.shared_file import SqliteFile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tracker.budgets.plan import Place

SCHEMA = """
CREATE TABLE IF NOT EXISTS ai_usage_spent (
    account TEXT NOT NULL,
    period TEXT NOT NULL,
    spent INTEGER NOT NULL,
    PRIMARY KEY (account, period)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ai_usage_reserved (
    id TEXT NOT NULL,
    account TEXT NOT NULL,
    period TEXT NOT NULL,
    amount INTEGER NOT NULL,
    holder TEXT NOT NULL,
    until REAL NOT NULL,
    let_go INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (id, account, period)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ai_usage_once (
    id BLOB NOT NULL,
    account TEXT NOT NULL,
    period TEXT NOT NULL,
    PRIMARY KEY (id, account, period)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS ai_usage_reserved_by_account
    ON ai_usage_reserved (account, period, let_go, amount);
"""
TAKEN = """
SELECT
    coalesce((SELECT spent FROM ai_usage_spent WHERE account = ?1 AND period = ?2), 0)
    + coalesce((SELECT sum(amount) FROM ai_usage_reserved
                WHERE account = ?1 AND period = ?2 AND let_go), 0),
    coalesce((SELECT sum(amount) FROM ai_usage_reserved
              WHERE account = ?1 AND period = ?2 AND NOT let_go), 0)
"""
RESERVE = "INSERT OR IGNORE INTO ai_usage_reserved VALUES (?, ?, ?, ?, ?, ?, 0)"
SPEND = """
INSERT INTO ai_usage_spent VALUES (?, ?, ?)
ON CONFLICT (account, period) DO UPDATE SET spent = spent + excluded.spent
"""
SETTLE = "DELETE FROM ai_usage_reserved WHERE id = ? RETURNING account, period"
HOLDERS = "SELECT DISTINCT holder FROM ai_usage_reserved WHERE NOT let_go"
LET_GO = "UPDATE ai_usage_reserved SET let_go = 1 WHERE NOT let_go AND (holder = ? OR until < ?)"
FORGET = (
    "DELETE FROM ai_usage_reserved WHERE let_go AND until < ? RETURNING account, period, amount"
)
ONCE = "INSERT OR IGNORE INTO ai_usage_once VALUES (?, ?, ?)"
#: A day or a month that is over for as long: nobody reads what was answered then.
FORGET_ONCE = "DELETE FROM ai_usage_once WHERE period < ?"
ONCE_SECONDS = 62 * 86400.0
#: No call of a client lasts as long, with all of its retries.
LEASE_SECONDS = 3600.0
#: How long the row of a dead process waits for a process which was taken for dead.
KEEP_SECONDS = 2 * 86400.0

Result = TypeVar("Result")


class Balance(NamedTuple):
    """One account in one period, in picodollars."""

    account: str
    period: str
    spent: int
    reserved: int


class Answer(NamedTuple):
    """Whether a reservation was made: *full* is the budget without room, *over* those that warn."""

    full: Taken | None
    over: tuple[Taken, ...]


class Accounts:
    """The accounts in the file *path*, which is made at the first use."""

    def __init__(self, path: Path) -> None:
        self.file = SqliteFile(path, SCHEMA)
        self._is_swept = False
        # What could not be written: it is spent with the next transaction.
        self._unsettled: dict[str, tuple[int, str | None]] = {}
        # What could not be reserved, whose calls went on: accounts and periods to spend it in.
        self._unwritten: dict[str, tuple[tuple[str, str], ...]] = {}

    def reserve(
        self, key: str, places: Sequence[Place], amount: int, *, anyhow: bool = False
    ) -> Answer:
        """Reserve *amount* under *key* in all of *places*, or in none of them.

        With *anyhow* it is reserved also where there is no room.  Raises sqlite3.Error or OSError:
        then nothing is held, and what is settled under *key* is still spent.
        """
        try:
            return self._changed(lambda file: _reserve(file, key, places, amount, anyhow))
        except (sqlite3.Error, OSError):
            self._unwritten[key] = tuple((one.account, one.period) for one in places)
            raise

    def settle(self, key: str, cost: int, once: str | None = None) -> None:
        """Let go of what is reserved under *key*, and spend *cost*; a second time does nothing.

        *once* is the id of what more than one call may read, in any process: it is spent once.
        """
        self._unsettled[key] = cost, once
        try:
            self._changed(lambda _: None)
        except (sqlite3.Error, OSError) as error:
            warn("budget accounts", f"AI usage tracking: {self.file.path} is not written: {error}")

    def balances(self) -> list[Balance]:
        """Return every account and period that is known; what the dead held is spent."""
        return self.file.change(_balances)

    def _changed(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Return what *work* makes of the file, in one transaction with what is to be settled."""
        waiting = dict(self._unsettled)

        def whole(file: sqlite3.Connection) -> Result:
            if not self._is_swept:
                _let_go(file)  # once a process: what it clears away changes no sum
            for key, (cost, once) in waiting.items():
                rows = file.execute(SETTLE, (key,)).fetchall() or self._unwritten.get(key, ())
                new = [row for row in rows if once is None or _is_first(file, once, row)]
                file.executemany(SPEND, ((*row, cost) for row in new))
            return work(file)

        result = self.file.change(whole)
        self._is_swept = True
        # Not before it is on disk.  What is settled again has no rows any more.
        for key in waiting:
            self._unsettled.pop(key, None)
            self._unwritten.pop(key, None)
        return result


def _reserve(
    file: sqlite3.Connection, key: str, places: Sequence[Place], amount: int, anyhow: bool
) -> Answer:
    over = []
    for place in places:
        taken = _taken(file, place)
        if taken.has_room(amount):
            continue
        if not place.only_warns and not anyhow:
            return Answer(taken, ())
        over.append(taken)
    holder, until = identity(), clock.now() + LEASE_SECONDS
    rows = ((key, one.account, one.period, amount, holder, until) for one in places)
    file.executemany(RESERVE, rows)
    return Answer(None, tuple(over))


def _taken(file: sqlite3.Connection, place: Place) -> Taken:
    spent, reserved = file.execute(TAKEN, (place.account, place.period)).fetchone()
    return Taken(place.name, place.limit, spent, reserved)


def _is_first(file: sqlite3.Connection, once: str, place: tuple[str, str]) -> bool:
    """Return whether *once* was not spent in *place* before, and note that it is."""
    name = hashlib.blake2b(once.encode(), digest_size=16).digest()
    return file.execute(ONCE, (name, *place)).rowcount > 0


def _let_go(file: sqlite3.Connection) -> None:
    """Count as spent what processes hold that have ended, and what nobody settled for an hour."""
    now = clock.now()
    holders = [holder for (holder,) in file.execute(HOLDERS)]
    dead = [holder for holder in holders if is_dead(holder)]
    for holder in (*dead, ""):
        file.execute(LET_GO, (holder, now))
    file.executemany(SPEND, file.execute(FORGET, (now - KEEP_SECONDS,)).fetchall())
    file.execute(FORGET_ONCE, (clock.text(now - ONCE_SECONDS)[: len("2026-11")],))


def _balances(file: sqlite3.Connection) -> list[Balance]:
    _let_go(file)
    found = file.execute(
        "SELECT account, period, sum(spent), sum(reserved) FROM ("
        " SELECT account, period, spent, 0 AS reserved FROM ai_usage_spent UNION ALL"
        " SELECT account, period, let_go * amount, (NOT let_go) * amount FROM ai_usage_reserved"
        ") GROUP BY account, period ORDER BY period, account"
    )
    return [Balance(*row) for row in found]
