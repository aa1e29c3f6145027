"""Databases that anybody may have made: the commands show what they can read, and say the rest."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from delivery_doubles import metrics
from many_cases import each_of

from tracker.cli.main import cli
from tracker.cli.reports.sources.dynamodb import usage_in_dynamodb
from tracker.sinks.dynamodb.item import to_item
from tracker.sinks.sqlite import reading
from tracker.sinks.sqlite.sink import SqliteSink

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)"
COMMANDS = (["report"], ["report", "--by", "model", "--days", "3"], ["unpriced"], ["reprice"])


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database with three records of ours."""
    sink = SqliteSink(tmp_path / "usage.db")
    sink.write(metrics("1", "2", "3"))
    sink.close()
    return sink.path


def change(path: Path, *statements: str) -> None:
    """Do to the file what somebody who has it can do."""
    with closing(sqlite3.connect(path)) as file:
        for statement in statements:
            file.execute(statement)
        file.commit()


def run(path: Path, *arguments: str) -> Any:
    """Run ``ai-usage`` on the file; nothing but an exit comes out of it."""
    result = CliRunner().invoke(cli, [*arguments, "--database", str(path)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


#: Values that a column of ours never has, each in one row of the three.
ODD = {
    "a blob as model": "model = x'ff00'",
    "a blob as time": "timestamp = x'00'",
    "a blob as job": "job_id = x'1b5b324a'",
    "a text as count": "input_tokens = 'many'",
    "a fraction as cost": "cost_picodollars = 0.5",
    "a blob as cost": "cost_picodollars = x'00'",
    "infinity": "total_tokens = 9e999",
}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_rows_that_are_none_of_ours_are_left_out_and_told(
    odd: str, arguments: list[str], database: Path
) -> None:
    """T36: the others are summed; the status says that a part could not be read."""
    change(database, f"UPDATE usage_metrics SET {ODD[odd]} WHERE id = '2'")
    result = run(database, *arguments)
    if arguments == ["report"]:
        assert result.exit_code == 3
        assert "1 records in" in result.stderr
        (row,) = json.loads(run(database, "report", "--format", "json").stdout)
        assert (row["calls"], row["cost_usd"]) == (2, "0.00009")


@pytest.mark.parametrize(
    "odd",
    [
        "timestamp = '2026-11-20T08:00:00'",
        "timestamp = 'yesterday'",
        "timestamp = ''",
        "metadata = 'no json'",
        "metadata = x'00'",
        "metadata = '[]'",
        f"metadata = '{'[' * 5_000}'",
        "service = 'nobody', cost_picodollars = NULL",
        "price_basis = x'00', error = x'00', api_calls = 'x'",
    ],
)
@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_odd_texts_end_no_command(odd: str, arguments: list[str], database: Path) -> None:
    """T36: times without a zone or without any sense, and metadata that is no JSON."""
    change(
        database,
        f"UPDATE usage_metrics SET {odd} WHERE id = '2'",
        "UPDATE usage_metrics SET cost_picodollars = NULL WHERE id = '2'",
    )
    assert run(database, *arguments).exit_code in (0, 1)


@pytest.mark.parametrize("column", ["cost_picodollars", "input_tokens", "list_cost_picodollars"])
def test_huge_integers_are_summed_exactly(column: str, database: Path) -> None:
    """T36: also where their sum has more than 64 bits."""
    change(database, f"UPDATE usage_metrics SET {column} = {2**63 - 1}, output_tokens = {-(2**63)}")
    (row,) = json.loads(run(database, "report", "--format", "json").stdout)
    name = column.replace("picodollars", "usd")
    told = Decimal(row[name]) * (10**12 if "usd" in name else 1)
    assert told == 3 * (2**63 - 1)
    assert row["output_tokens"] == -3 * 2**63
    assert run(database, "unpriced").exit_code in (0, 1)


def _as_view(path: Path) -> None:
    change(
        path,
        "DROP VIEW ai_usage",
        "ALTER TABLE usage_metrics RENAME TO old",
        f"CREATE VIEW usage_metrics AS SELECT old.* FROM old, ({ENDLESS} SELECT x FROM n)",
    )


def _as_virtual_table(path: Path) -> None:
    change(path, "DROP VIEW ai_usage", "DROP TABLE usage_metrics")
    change(path, "CREATE VIRTUAL TABLE usage_metrics USING fts5(id, model)")


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 5_000)


def _overwritten(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:4_096] + b"\xa5" * (len(data) - 4_096))


FILES: dict[str, Callable[[Path], object]] = {
    "view": _as_view,
    "virtual table": _as_virtual_table,
    "cut off": _cut,
    "overwritten": _overwritten,
    "text": lambda path: path.write_text("dear reader, " * 500),
    "empty": lambda path: path.write_bytes(b""),
    "no table": lambda path: change(path, "DROP VIEW ai_usage", "DROP TABLE usage_metrics"),
    "no column": lambda path: change(
        path, "DROP VIEW ai_usage", "ALTER TABLE usage_metrics DROP COLUMN model"
    ),
    "pipe": lambda path: (path.unlink(), os.mkfifo(path)),
}


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("kind", FILES)
def test_what_cannot_be_read_is_an_error(kind: str, arguments: list[str], database: Path) -> None:
    """T36 T37: views and virtual tables, damaged files, and what is no file; nothing changes."""
    FILES[kind](database)
    before = None if kind == "pipe" else database.read_bytes()
    result = run(database, *arguments)
    assert result.exit_code == 2
    assert str(database) in result.stderr
    assert before is None or database.read_bytes() == before


def test_reading_ends(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """T37: after a limited time, however the file was made, and says so."""
    monkeypatch.setattr(reading, "PATIENCE_SECONDS", -1.0)
    monkeypatch.setattr(reading, "_STEPS", 1)
    for arguments in (["report"], ["unpriced"]):
        result = run(database, *arguments)
        assert result.exit_code == 2
        assert "took longer than" in result.stderr


@pytest.mark.parametrize(
    "body",
    [
        f"UPDATE usage_metrics SET model = ({ENDLESS} SELECT count(*) FROM n)",
        "SELECT RAISE(ABORT, 'call this number')",
        "DELETE FROM usage_metrics",
    ],
)
def test_a_trigger_is_not_set_off(body: str, database: Path) -> None:
    """T37: the one command that writes into the file refuses one that would do more by it."""
    change(
        database,
        "UPDATE usage_metrics SET cost_picodollars = NULL, input_tokens = 5, output_tokens = 5",
        f"CREATE TRIGGER t AFTER UPDATE ON usage_metrics BEGIN {body}; END",
    )
    result = run(database, "reprice")
    assert result.exit_code == 2
    assert "call this" not in result.output
    with closing(sqlite3.connect(database)) as file:
        costs = file.execute("SELECT cost_picodollars FROM usage_metrics").fetchall()
    assert costs == [(None,)] * 3


def test_a_value_that_is_made_while_it_is_read_is_refused(database: Path) -> None:
    """T37: a generated column of a gigabyte takes neither memory nor time."""
    change(
        database,
        "DROP VIEW ai_usage",
        "ALTER TABLE usage_metrics DROP COLUMN operation_type",
        "ALTER TABLE usage_metrics ADD COLUMN operation_type TEXT"
        " AS (printf('%.*c', 900000000, 'x')) VIRTUAL",
    )
    assert run(database, "report").exit_code == 2


def test_what_was_set_aside_is_told(database: Path) -> None:
    """T36: the sums are those of the new file, and the status says that there is another."""
    for name in ("usage.db.corrupt-20261128T000000-abcdef", "usage.db.corrupt-x-wal"):
        database.with_name(name).write_bytes(b"broken")
    result = run(database, "report")
    assert result.exit_code == 3
    assert result.stdout.count("\n")
    assert [line for line in result.stderr.splitlines() if "usage.db.corrupt-2026" in line]
    assert "-wal" not in result.stderr


class Table:
    """A DynamoDB table that has one page of items."""

    def __init__(self, *items: dict[str, Any]) -> None:
        self.items = list(items)

    def get_paginator(self, _operation: str) -> Table:
        """Return itself."""
        return self

    def paginate(self, **asked: Any) -> list[dict[str, Any]]:
        """Return all items for the first segment."""
        return [{"Items": self.items if asked["Segment"] == 0 else []}]


@each_of(
    "odd",
    [
        {"costUSD": {"N": "1E+999999"}},
        {"costUSD": {"N": "NaN"}},
        {"inputTokens": {"N": "Infinity"}},
        {"inputTokens": {"N": "many"}},
        {"model": {"B": b"\xff"}},
        {"model": {}},
    ],
)
def test_items_that_are_none_of_ours_are_left_out_and_told(odd: dict[str, Any]) -> None:
    """T36: of a table that others write to, too."""
    first, second = map(to_item, metrics("1", "2"))
    client: Any = Table(first, second | odd)
    rows, unread = usage_in_dynamodb("T", ["model"], client=client)
    assert ([row.calls for row in rows], unread) == ([1], 1)
