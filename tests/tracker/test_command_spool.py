"""``ai-usage spool``: what waits, and sending it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from delivery_doubles import metrics

from tracker.cli.main import cli
from tracker.delivery.spool.codec import encode
from tracker.delivery.spool.outbox import Spool

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """The spool that the environment names."""
    return Spool(tmp_path / "spool.db", 10**7)


def run(*arguments: str) -> Any:
    """Run ``ai-usage spool``."""
    return CliRunner().invoke(cli, ["spool", *arguments])


def put(spool: Spool, store: str, *ids: str) -> None:
    """Spool a metric for each id."""
    spool.put(store, [(metric.id, encode(metric)) for metric in metrics(*ids)])


def test_status_counts_by_store_and_state(spool: Spool) -> None:
    """As a table, and as JSON."""
    put(spool, "dynamodb:T", "1", "2", "3")
    put(spool, "otlp", "1")
    spool.lease("dynamodb:T", 1)
    table = run("status").stdout.splitlines()
    assert table[0].split() == ["store", "pending", "leased", "rejected", "sent"]
    assert table[1].split() == ["dynamodb:T", "2", "1", "0", "0"]
    counted = json.loads(run("status", "--format", "json", "--store", "otlp").stdout)
    assert counted == {"otlp": {"pending": 1, "leased": 0, "rejected": 0, "sent": 0}}


def test_an_empty_spool_is_no_error(spool: Spool) -> None:
    """Nothing waits; no file is made."""
    assert run("status").exit_code == 0
    assert run("drain").exit_code == 0
    assert not spool.path.exists()


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configured database, beside which there is a configured log."""
    monkeypatch.setenv("AI_USAGE_SINKS", "sqlite,jsonl")
    monkeypatch.setenv("AI_USAGE_LOG_FILE", str(tmp_path / "log.jsonl"))
    return tmp_path / "usage.db"


def test_drain_sends(spool: Spool, database: Path, tmp_path: Path) -> None:
    """Everything that waits for the stores of the configuration; the spool can be named."""
    put(spool, f"sqlite:{database}", *map(str, range(250)))
    put(spool, "jsonl", "1")
    result = run("drain", "--spool", str(spool.path))
    assert (result.exit_code, result.stderr.count("remain")) == (0, 0)
    with closing(sqlite3.connect(database)) as file:
        assert file.execute("SELECT count(*) FROM ai_usage").fetchone() == (250,)
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 1


def test_status_1_while_rows_remain(spool: Spool, database: Path) -> None:
    """The store is down, or another process is sending: the number is told."""
    database.mkdir()
    put(spool, f"sqlite:{database}", "1", "2")
    result = run("drain")
    assert result.exit_code == 1
    assert "2 records remain" in result.stderr
    assert "the store failed" in result.stdout


def test_a_client_s_records_are_its_program_s(spool: Spool, database: Path) -> None:
    """Other stores are served all the same."""
    put(spool, "client:T", "1")
    put(spool, f"sqlite:{database}", "1")
    result = run("drain")
    assert result.exit_code == 1
    assert "1 for client:T: no store of this configuration" in result.stderr
    assert database.exists()


def test_status_2_where_the_spool_cannot_be_used(tmp_path: Path) -> None:
    """What is no database is named, and stays as it is."""
    document = tmp_path / "document.txt"
    document.write_text("dear reader, " * 500)
    result = run("status", "--spool", str(document))
    assert result.exit_code == 2
    assert "--spool" in result.stderr


def test_only_one_store(spool: Spool, database: Path, tmp_path: Path) -> None:
    """``--store`` leaves the others alone."""
    put(spool, f"sqlite:{database}", "1")
    put(spool, "jsonl", "1")
    assert run("drain", "--store", f"sqlite:{database}").exit_code == 0
    assert not (tmp_path / "log.jsonl").exists()
