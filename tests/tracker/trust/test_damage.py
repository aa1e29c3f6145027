"""A file that is damaged under a program: noticed, said once, and worked around."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from delivery_doubles import METRIC, Owner, metrics

import tracker
from tests.patience import PATIENCE
from tracker.delivery import destinations, sender, writer
from tracker.delivery.spool.outbox import Spool
from tracker.errors import SinkError
from tracker.sinks.sqlite import shared_file
from tracker.sinks.sqlite.sink import SqliteSink

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MANY = [str(number) for number in range(2_000)]


def _overwrite(path: Path, begin: int, end: int, byte: bytes = b"\xa5") -> None:
    """Overwrite a part of the file in place, as another program or a bad disk does."""
    with path.open("r+b") as file:
        file.seek(begin)
        file.write(byte * (end - begin))
    os.utime(path, ns=(0, 0))


def _size(path: Path) -> int:
    return path.stat().st_size


def _another(path: Path) -> None:
    other = path.with_name("other")
    with closing(sqlite3.connect(other)) as file:
        file.execute("CREATE TABLE customers (name)")
    shutil.copyfile(other, path)  # in place: the same inode
    other.unlink()


DAMAGE: dict[str, Callable[[Path], object]] = {
    "overwritten": lambda path: _overwrite(path, 0, _size(path)),
    "a text": lambda path: path.write_text("dear reader, " * 9_000),
    "no header": lambda path: _overwrite(path, 0, 100, b"\x00"),
    "zeros in the middle": lambda path: _overwrite(path, 8_192, _size(path) // 2, b"\x00"),
    "a few pages": lambda path: _overwrite(path, _size(path) // 2, _size(path) // 2 + 20_480),
    "the end cut off": lambda path: os.truncate(path, _size(path) // 2),
    "cut in a page": lambda path: os.truncate(path, 5_000),
}


@pytest.fixture
def used(quiet_environment: Path) -> destinations.Destination:
    """The database of a program that has stored much, all of it in the file itself."""
    (destination,) = destinations.named("unused")
    writer.hand_over(Owner(destination), metrics(*MANY))
    writer.leave()
    sink = destination.sink
    assert isinstance(sink, SqliteSink)
    sink._file.run(lambda file: file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone())
    return destination


def stored(path: Path) -> set[str]:
    """Return the ids that another program finds in *path*."""
    with closing(sqlite3.connect(path)) as file:
        return {name for (name,) in file.execute("SELECT id FROM usage_metrics")}


@pytest.mark.parametrize("kind", DAMAGE)
def test_nothing_is_counted_as_stored_that_nobody_can_read(
    kind: str,
    used: destinations.Destination,
    quiet_environment: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """T33: the broken file is kept under another name, said once, and a new one has the rest."""
    DAMAGE[kind](quiet_environment)
    broken = quiet_environment.read_bytes()
    with caplog.at_level(logging.WARNING):
        for number in range(3):
            writer.hand_over(Owner(used), metrics(f"after {number}"))
            writer.leave()
    assert tracker.stats() == tracker.Stats(captured=len(MANY) + 3, stored=len(MANY) + 3)
    writer.restart()
    assert {"after 0", "after 1", "after 2"} <= stored(quiet_environment)
    (aside,) = quiet_environment.parent.glob("usage.db.corrupt-*[0-9a-f]")
    assert len(aside.read_bytes()) >= len(broken)
    (said,) = caplog.messages
    assert str(aside) in said


@pytest.mark.parametrize("change", [lambda path: os.truncate(path, 0), _another])
def test_a_file_that_holds_something_else_by_now_is_opened_anew(
    change: Callable[[Path], object],
    used: destinations.Destination,
    quiet_environment: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """T33: emptied, or another database in its place: there is nothing to keep of the old one."""
    change(quiet_environment)
    for number in range(3):
        writer.hand_over(Owner(used), metrics(f"after {number}"))
        writer.leave()
    writer.restart()
    assert stored(quiet_environment) == {"after 0", "after 1", "after 2"}
    assert not list(quiet_environment.parent.glob("*.corrupt-*"))
    assert len(caplog.messages) <= 1


@pytest.mark.parametrize("kind", ["a few pages", "the end cut off"])
def test_what_can_be_read_of_it_is_taken_over(
    kind: str, used: destinations.Destination, quiet_environment: Path
) -> None:
    """T34: from both ends, as far as it goes; nothing of it comes twice."""
    DAMAGE[kind](quiet_environment)
    writer.hand_over(Owner(used), metrics("after"))
    writer.leave()
    writer.restart()
    kept = stored(quiet_environment) - {"after"}
    assert 100 < len(kept) < len(MANY)
    assert kept <= set(MANY)


def test_rows_of_a_broken_spool_are_sent(tmp_path: Path) -> None:
    """T34: those that can be read wait in the new spool for their store."""
    spool = Spool(tmp_path / "spool.db", 10**8)
    spool.put("store", [(name, "x" * 200) for name in MANY])
    spool.close()
    DAMAGE["a few pages"](spool.path)
    spool.put("store", [("after", "x")])
    waiting = spool.counts()["store"]["pending"]
    assert 100 < waiting < len(MANY)
    assert {row.payload for row in spool.lease("store", waiting)} == {"x" * 200, "x"}
    spool.close()


def test_a_log_that_was_removed_loses_nothing(
    used: destinations.Destination, quiet_environment: Path
) -> None:
    """T33: what the open file still has is written back; the next record begins a new log."""
    writer.hand_over(Owner(used), metrics("in the log"))
    writer.leave()
    for ending in ("-wal", "-shm"):
        quiet_environment.with_name(quiet_environment.name + ending).unlink()
    writer.hand_over(Owner(used), metrics("after"))
    writer.leave()
    writer.restart()
    assert stored(quiet_environment) == {*MANY, "in the log", "after"}


def test_where_nothing_can_be_set_aside_the_spool_has_the_records(
    used: destinations.Destination, quiet_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T33: a folder that may not be changed: they are spooled, and not said to be stored."""
    tracker.configure(spool=quiet_environment.parent / "elsewhere" / "spool.db")

    def refuse(_path: Path, *, known: bool) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(shared_file.damage, "set_aside", refuse)
    _overwrite(quiet_environment, 0, _size(quiet_environment))
    writer.hand_over(Owner(used), metrics("after"))
    writer.leave()
    stats = tracker.stats()
    assert (stats.stored, stats.spooled) == (len(MANY), 1)
    assert sender.file().counts()[used.key].keys() & {"pending", "leased"}


def test_what_other_processes_write_is_no_damage(
    used: destinations.Destination, quiet_environment: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """T33: a checkpoint of theirs changes the file, and that is all."""
    other = SqliteSink(quiet_environment)
    for number in range(5):
        other.write(metrics(f"other {number}"))
        other._file.run(lambda file: file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone())
        writer.hand_over(Owner(used), metrics(f"own {number}"))
        writer.leave()
    other.close()
    assert len(stored(quiet_environment)) == len(MANY) + 10
    assert not list(quiet_environment.parent.glob("*.corrupt-*"))
    assert caplog.messages == []


def test_work_that_a_file_makes_endless_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T35: a trigger that never ends holds up neither the writer nor the exit."""
    monkeypatch.setattr(shared_file, "LONGEST_WORK_SECONDS", 0.2)
    sink = SqliteSink(tmp_path / "usage.db")
    sink.write([METRIC])
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)"
    with closing(sqlite3.connect(sink.path)) as file:
        file.execute(
            "CREATE TRIGGER t AFTER INSERT ON usage_metrics BEGIN"
            f" UPDATE usage_metrics SET model = ({endless} SELECT count(*) FROM n); END"
        )
    with pytest.raises(SinkError, match="longer"):
        sink.write(metrics("2"))
    sink.close()
    assert stored(sink.path) == {"1"}


def test_a_program_waits_for_none_of_it_twice(
    used: destinations.Destination, quiet_environment: Path
) -> None:
    """T33: after the new file was begun all is as it was before, in other processes too."""
    _overwrite(quiet_environment, 0, _size(quiet_environment))
    writer.hand_over(Owner(used), metrics("a"))
    assert tracker.flush(PATIENCE)
    for name in ("b", "c"):
        writer.hand_over(Owner(used), metrics(name))
    assert tracker.flush(PATIENCE)
    assert {"a", "b", "c"} <= stored(quiet_environment)
    assert len(list(quiet_environment.parent.glob("*.corrupt-*[0-9a-f]"))) == 1
