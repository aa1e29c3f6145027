"""A spool, whoever wrote it, is data: it opens nothing, and looking at it changes nothing."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from delivery_doubles import METRIC, metrics

from tests.patience import PATIENCE
from tracker import ai_usage_context
from tracker.cli.main import cli
from tracker.delivery import writer
from tracker.delivery.spool import outbox
from tracker.delivery.spool.codec import encode
from tracker.delivery.spool.outbox import Spool

if TYPE_CHECKING:
    from pathlib import Path


def run(*arguments: str) -> Any:
    """Run ``ai-usage spool``."""
    return CliRunner().invoke(cli, ["spool", *arguments])


def forged(folder: Path, *stores: str) -> Path:
    """Return a spool with a row for each of *stores*."""
    spool = Spool(folder / "forged.db", 10**7)
    for store in stores:
        spool.put(store, [(METRIC.id, encode(METRIC))])
    spool.close()
    return spool.path


def seen(folder: Path) -> dict[str, tuple[str, int, int]]:
    """Return each file of *folder* with what it holds, its mode and its time."""
    return {
        path.name: (
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
            path.stat().st_mode,
            path.stat().st_mtime_ns,
        )
        for path in folder.iterdir()
    }


@pytest.mark.parametrize(
    "store",
    [
        "sqlite:{victim}/new.db",
        "sqlite:{victim}/there.db",
        "sqlite:../../{victim}/new.db",
        "sqlite:file:{victim}/there.db?mode=rwc",
        "sqlite:",
        "jsonl:{victim}/text.txt",
        "jsonl:{victim}/new/log",
        "dynamodb:SomebodyElse",
        "otlp",
        "client:eu-central-1:https://host:T",
        "evil:\x1b[2J{victim}",
    ],
)
@pytest.mark.parametrize("named", [(), ("--store",)])
def test_a_row_names_no_store(store: str, named: tuple[str, ...], tmp_path: Path) -> None:
    """T30: what the caller's settings do not name is listed and never opened, named or not."""
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "text.txt").write_text("dear reader")
    with closing(sqlite3.connect(victim / "there.db")) as file:
        file.execute("CREATE TABLE t (x)")
    name = store.format(victim=victim)
    path = forged(tmp_path, name)
    before = seen(victim)
    result = run("drain", "--spool", str(path), *(word for word in named for word in (word, name)))
    assert seen(victim) == before
    assert result.exit_code == 1
    assert "no store of this configuration" in result.stderr
    assert "\x1b" not in result.output
    assert json.loads(run("status", "--spool", str(path), "--format", "json").stdout)[name]


def test_the_sender_serves_what_its_process_uses(tmp_path: Path, quiet_environment: Path) -> None:
    """T30: a row for another file in the process's own spool stays there."""
    victim = tmp_path / "victim.db"
    spool = Spool(tmp_path / "spool.db", 10**7)
    spool.put(f"sqlite:{victim}", [(METRIC.id, encode(METRIC))])
    spool.put(f"sqlite:{quiet_environment}", [(m.id, encode(m)) for m in metrics("2")])
    spool.close()
    with ai_usage_context("op") as used:
        used.track_openai_completion(lambda: None)()
    assert writer.flush(PATIENCE)
    assert not victim.exists()
    assert spool.counts()[f"sqlite:{victim}"] == {"pending": 1}
    with closing(sqlite3.connect(quiet_environment)) as file:
        assert file.execute("SELECT count(*) FROM ai_usage").fetchone() == (2,)


def _foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as file:
        file.execute("CREATE TABLE customers (name)")


def _foreign_wal(path: Path) -> None:
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA journal_mode=WAL")
        file.execute("CREATE TABLE customers (name)")


def _view(path: Path) -> None:
    with closing(sqlite3.connect(path)) as file:
        endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)"
        file.execute(f"CREATE VIEW outbox AS {endless} SELECT x AS store, x AS state FROM n")


def _virtual(path: Path) -> None:
    with closing(sqlite3.connect(path)) as file:
        file.execute("CREATE VIRTUAL TABLE outbox USING fts5(store, state)")


def _triggers(path: Path) -> None:
    with closing(sqlite3.connect(path)) as file:
        file.executescript(outbox.SCHEMA)
        file.execute("CREATE TRIGGER t AFTER UPDATE ON outbox BEGIN DELETE FROM outbox; END")


def _broken(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\x00" + b"\xff" * 5_000)


FILES = {
    "text": lambda path: path.write_text("dear reader, " * 500),
    "empty": lambda path: path.touch(),
    "broken": _broken,
    "foreign": _foreign,
    "foreign, with a log": _foreign_wal,
    "view": _view,
    "virtual": _virtual,
    "triggers": _triggers,
    "pipe": os.mkfifo,
    "folder": lambda path: path.mkdir(),
}


@pytest.mark.parametrize("command", ["status", "drain"])
@pytest.mark.parametrize("kind", FILES)
def test_looking_changes_nothing(kind: str, command: str, tmp_path: Path) -> None:
    """T31: what is no spool is an error, and stays, with nothing beside it."""
    folder = tmp_path / "folder"
    folder.mkdir()
    FILES[kind](folder / "x.db")
    before = seen(folder)
    result = run(command, "--spool", str(folder / "x.db"))
    assert seen(folder) == before
    assert result.exit_code == 2
    assert isinstance(result.exception, SystemExit)


def test_a_spool_that_nobody_has_open_is_looked_at_as_it_lies(tmp_path: Path) -> None:
    """T31: not even a lock is made beside it, also where nothing can be made."""
    folder = tmp_path / "folder"
    folder.mkdir()
    path = forged(folder, "otlp")
    for beside in folder.glob("*-*"):
        beside.unlink()
    before = seen(folder)
    folder.chmod(0o500)
    try:
        counted = json.loads(run("status", "--spool", str(path), "--format", "json").stdout)
    finally:
        folder.chmod(0o700)
    assert counted["otlp"]["pending"] == 1
    assert seen(folder) == before


def test_a_spool_in_use_is_looked_at_through_its_log(tmp_path: Path) -> None:
    """T31: what another process has just put there is counted."""
    spool = Spool(tmp_path / "used.db", 10**7)
    spool.put("otlp", [("1", "x")])
    assert (tmp_path / "used.db-wal").stat().st_size
    assert spool.counts() == {"otlp": {"pending": 1}}
    spool.put("otlp", [("2", "x")])
    assert spool.counts() == {"otlp": {"pending": 2}}
    spool.close()
