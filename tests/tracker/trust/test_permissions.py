"""What the runtime writes is for the user who runs it."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest
from delivery_doubles import METRIC

import tracker
from tests.patience import PATIENCE
from tracker import AIUsageTracker, ai_usage_context
from tracker.delivery import destinations, sender, writer
from tracker.delivery.spool.outbox import Spool
from tracker.sinks.jsonl import JsonlSink
from tracker.sinks.sqlite.sink import SqliteSink

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tracker.sinks.sqlite.shared_file import SqliteFile


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """The most careless and the most careful of users."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    """Return the mode of each file and folder in *folder*, by its path."""
    return {
        str(path.relative_to(folder)): stat.S_IMODE(path.lstat().st_mode)
        for path in folder.rglob("*")
    }


def test_databases_spools_and_logs_are_private(umask: int, tmp_path: Path) -> None:
    """T32: with their companions and the folders that are made for them, while they are in use."""
    sqlite = SqliteSink(tmp_path / "data" / "deep" / "usage.db")
    sqlite.write([METRIC])
    JsonlSink(tmp_path / "logs" / "usage.jsonl").write([METRIC])
    spool = Spool(tmp_path / "spools" / "spool.db", 10**7)
    spool.put("store", [("1", "x")])
    found = modes(tmp_path)
    for opened in (sqlite, spool):
        opened.close()
    assert found == {
        "data": 0o700,
        "data/deep": 0o700,
        "data/deep/usage.db": 0o600,
        "data/deep/usage.db-shm": 0o600,
        "data/deep/usage.db-wal": 0o600,
        "logs": 0o700,
        "logs/usage.jsonl": 0o600,
        "spools": 0o700,
        "spools/spool.db": 0o600,
        "spools/spool.db-shm": 0o600,
        "spools/spool.db-wal": 0o600,
    }


def test_a_program_s_records_are_private(
    umask: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T32: whatever it is told to write to: the database, the spool, a log file."""
    folder = tmp_path / "all"
    monkeypatch.setenv("AI_USAGE_DATABASE", str(folder / "a" / "usage.db"))
    monkeypatch.setenv("AI_USAGE_LOG_FILE", str(folder / "b" / "usage.jsonl"))
    tracker.configure(sinks="sqlite,jsonl", spool=folder / "c" / "spool.db")
    used = AIUsageTracker(track_to_file=True, log_file=str(folder / "d" / "log"))
    with ai_usage_context("op", tracker=used):
        used.track_openai_completion(lambda: None)()
    down = destinations.known("down", lambda: SqliteSink(tmp_path), durable=False)
    assert not sender.spool(down, [METRIC])
    assert writer.flush(PATIENCE)
    found = {name: mode for name, mode in modes(folder).items() if mode not in (0o700, 0o600)}
    assert found == {}
    assert {"a/usage.db", "b/usage.jsonl", "c/spool.db", "d/log"} <= modes(folder).keys()


def test_a_broken_file_is_kept_as_private_as_it_was(umask: int, tmp_path: Path) -> None:
    """T32: the file, its lock and the new one; one that was shared on purpose stays shared."""
    for name, mode in (("private", 0o600), ("shared", 0o660)):
        folder = tmp_path / name
        folder.mkdir(0o700)
        path = folder / "spool.db"
        path.write_bytes(b"\x00 no database " * 500)
        path.chmod(mode)
        spool = Spool(path, 10**7)
        spool.put("store", [("1", "x")])
        spool.close()
        (aside,) = folder.glob("*.corrupt-*")
        assert stat.S_IMODE(aside.stat().st_mode) == mode
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE((folder / "spool.db.turn").stat().st_mode) == 0o600


def test_what_is_there_keeps_its_mode(umask: int, tmp_path: Path) -> None:
    """T32: a group that shares a database made it, and its folder, so."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o770)
    path = folder / "usage.db"
    path.touch()
    path.chmod(0o660)
    sink = SqliteSink(path)
    sink.write([METRIC])
    file: SqliteFile = sink._file
    assert file.run(lambda c: c.execute("SELECT count(*) FROM ai_usage").fetchone()) == (1,)
    found = modes(tmp_path)
    sink.close()
    assert found["shared"] == 0o770
    assert {found[f"shared/usage.db{ending}"] for ending in ("", "-wal", "-shm")} == {0o660}
