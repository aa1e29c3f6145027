"""The spool: several processes, leases, clocks, bounds, and files that break."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.patience import joined, reached
from tracker.delivery.spool import outbox
from tracker.delivery.spool.outbox import Spool, SpoolFullError
from tracker.sinks.sqlite import shared_file
from tracker.sinks.sqlite.damage import set_aside
from tracker.sinks.sqlite.shared_file import SqliteFile

if TYPE_CHECKING:
    from pathlib import Path

ROWS = [(str(number), "payload") for number in range(10)]


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """An empty spool."""
    return Spool(tmp_path / "spool.db", 10**7)


def test_an_id_is_kept_once(spool: Spool) -> None:
    """And sent rows are remembered, so that one that comes again is not sent again."""
    spool.put("store", ROWS)
    spool.put("store", ROWS[:3])
    spool.sent("store", ["0"])
    spool.put("store", ROWS[:1])
    assert spool.counts() == {"store": {"pending": 9, "sent": 1}}


def test_two_processes_never_lease_the_same_row(spool: Spool) -> None:
    """Each gets what the other has not."""
    other = Spool(spool.path, 10**7)
    spool.put("store", ROWS)
    first = {row.id for row in spool.lease("store", 6)}
    second = {row.id for row in other.lease("store", 6)}
    assert (len(first), len(second), first & second) == (6, 4, set())
    assert other.lease("store", 6) == []


def test_the_rows_of_a_process_that_died_are_taken_over(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When its lease has run out, and not before."""
    spool.put("store", ROWS[:1])
    now = time.time()
    spool.lease("store", 1)
    monkeypatch.setattr(outbox.time, "time", lambda: now + outbox.LEASE_SECONDS - 5)
    assert spool.lease("store", 1) == []
    monkeypatch.setattr(outbox.time, "time", lambda: now + outbox.LEASE_SECONDS + 5)
    assert [(row.id, row.attempts) for row in spool.lease("store", 1)] == [("0", 2)]


@pytest.mark.parametrize("state", ["pending", "leased"])
def test_a_clock_that_is_set_back_hides_no_row(
    state: str, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A year back: the rows are there, and need not wait for the year."""
    spool.put("store", ROWS[:1])
    if state == "leased":
        spool.lease("store", 1)
    monkeypatch.setattr(outbox.time, "time", lambda: 1_000_000_000.0)
    assert [row.id for row in spool.lease("store", 1)] == ["0"]
    spool.later("store", ["0"], "not taken")
    monkeypatch.setattr(outbox.time, "time", lambda: 900_000_000.0)
    assert [row.id for row in spool.lease("store", 1)] == ["0"]


def test_a_full_spool_keeps_nothing_by_halves(tmp_path: Path) -> None:
    """The rows that do not fit are refused together."""
    small = Spool(tmp_path / "spool.db", 50_000)
    small.put("store", ROWS)
    with pytest.raises(SpoolFullError, match=r"spool\.db"):
        small.put("store", [("a", "x"), ("b", "x" * 60_000)])
    assert small.counts() == {"store": {"pending": 10}}


def test_sent_rows_make_room(tmp_path: Path) -> None:
    """A spool that was drained takes as much again."""
    small = Spool(tmp_path / "spool.db", 100_000)
    for round_number in range(5):
        rows = [(f"{round_number}-{n}", "x" * 5_000) for n in range(8)]
        small.put("store", rows)
        small.sent("store", [row.id for row in small.lease("store", 8)])
    assert small.counts()["store"]["sent"] == 40


@pytest.mark.parametrize("damage", ["garbage", "truncated", "zeroed"])
def test_a_broken_spool_is_set_aside(damage: str, spool: Spool) -> None:
    """Nothing of it is deleted, and a new one takes its place, also under open connections."""
    spool.put("store", [(str(n), "x" * 3000) for n in range(100)])
    spool.close()
    whole = spool.path.read_bytes()
    broken = {
        "garbage": whole[:100] + os.urandom(len(whole) - 100),
        "truncated": whole[: len(whole) // 2],
        "zeroed": bytes(len(whole)),
    }[damage]
    spool.path.write_bytes(broken)
    spool.put("store", ROWS)
    assert spool.counts() == {"store": {"pending": 10}}
    assert spool.set_aside is not None
    assert spool.set_aside.read_bytes()[: len(broken) // 2] == broken[: len(broken) // 2]


def test_a_sound_file_is_never_set_aside(spool: Spool) -> None:
    """Another process may have replaced the broken one a moment before."""
    spool.put("store", ROWS)
    assert set_aside(spool.path) is None
    assert spool.counts() == {"store": {"pending": 10}}


def test_a_file_that_is_none_of_ours_is_left_alone(tmp_path: Path) -> None:
    """A setting that names somebody's document by mistake must not move it."""
    path = tmp_path / "document.txt"
    path.write_text("dear reader, " * 500)
    with pytest.raises(sqlite3.DatabaseError):
        Spool(path, 10**6).put("store", ROWS)
    assert path.read_text().startswith("dear reader")
    assert not list(tmp_path.glob("*.corrupt*"))


def test_a_file_that_was_removed_is_made_anew(spool: Spool) -> None:
    """Rows are not written to a file that has no name any more."""
    spool.put("store", ROWS[:1])
    for path in spool.path.parent.glob("spool.db*"):
        path.unlink()
    spool.put("store", ROWS[1:2])
    assert Spool(spool.path, 10**7).counts() == {"store": {"pending": 1}}


def test_many_writers_and_readers_of_one_spool(spool: Spool) -> None:
    """Every row is leased once."""
    taken: list[str] = []
    done = threading.Event()

    def put(worker: int) -> None:
        own = Spool(spool.path, 10**7)
        for number in range(30):
            own.put("store", [(f"{worker}-{number}", "x")])
        own.close()

    def take() -> None:
        own = Spool(spool.path, 10**7)
        while not done.is_set() or own.counts()["store"].get("pending"):
            taken.extend(row.id for row in own.lease("store", 7))
        own.close()

    spool.put("store", [("first", "x")])
    readers = [threading.Thread(target=take) for _ in range(2)]
    writers = [threading.Thread(target=put, args=(n,)) for n in range(3)]
    for thread in (*readers, *writers):
        thread.start()
    joined(*writers)
    done.set()
    joined(*readers)
    assert len(taken) == len(set(taken)) == 91


def test_a_change_that_fails_is_undone(tmp_path: Path) -> None:
    """And the file can be used at once again."""
    file = SqliteFile(tmp_path / "x.db", "CREATE TABLE IF NOT EXISTS t (x)")

    def fail(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO t VALUES (1)")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        file.change(fail)
    assert file.run(lambda c: c.execute("SELECT count(*) FROM t").fetchone()) == (0,)
    file.close()


def test_a_fork_waits_for_a_transaction_and_inherits_none(tmp_path: Path) -> None:
    """The hooks that run round a fork: the file is closed meanwhile, and used again afterwards."""
    file = SqliteFile(tmp_path / "x.db", "CREATE TABLE IF NOT EXISTS t (x)")
    inside, go_on = threading.Event(), threading.Event()

    def slow(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO t VALUES (1)")
        inside.set()
        reached(go_on)

    thread = threading.Thread(target=file.change, args=(slow,))
    thread.start()
    reached(inside)
    forking = threading.Thread(target=_fork_hooks, args=(file, open_ := []))
    forking.start()
    go_on.set()
    joined(thread, forking)
    assert open_ == [False]
    assert file.run(lambda c: c.execute("SELECT count(*) FROM t").fetchone()) == (1,)
    file.close()


def _fork_hooks(file: SqliteFile, open_: list[bool]) -> None:
    shared_file._before_fork()
    open_.append(file._connection is not None)
    shared_file._after_fork_in_parent()


def test_a_file_in_use_by_the_forking_thread_itself_stays_open(tmp_path: Path) -> None:
    """A signal handler that forks in the middle of a transaction does not break it."""
    file = SqliteFile(tmp_path / "x.db", "CREATE TABLE IF NOT EXISTS t (x)")

    def work(connection: sqlite3.Connection) -> None:
        _fork_hooks(file, [])
        connection.execute("INSERT INTO t VALUES (1)")

    file.change(work)
    with closing(sqlite3.connect(tmp_path / "x.db")) as reader:
        assert reader.execute("SELECT count(*) FROM t").fetchone() == (1,)
    file.close()
