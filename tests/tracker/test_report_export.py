"""Exports of records: what other programs read of them is what was recorded."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from tracker import Metric
from tracker.cli.main import cli
from tracker.cli.reports.query import usage_by
from tracker.cli.reports.rows import DIMENSIONS
from tracker.sinks.jsonl import KEYS, JsonlSink
from tracker.sinks.sqlite.sink import SqliteSink

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)
METRICS = [
    Metric(
        id=f"{n:032x}",
        service="openai",
        model="gpt-4o-mini",
        operation="completion",
        timestamp=NOON + timedelta(hours=n),
        user_id="=1+2" if n == 1 else "änna",
        environment="development",
        job_id=None if n == 2 else "a\nb,c",
        input_tokens=None if n == 2 else 10**15,
        cost_usd=None if n == 2 else Decimal("1234567.000000000001") * n,
        latency_ms=None if n == 2 else 1.5,
        partial=n == 1,
        metadata={"stage": {"pages": [1, None]}, "ok": True},
        counts={"input.image": 3} if n else {},
    )
    for n in range(3)
]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database with three records."""
    with closing(SqliteSink(tmp_path / "usage.db")) as sink:
        sink.write(METRICS)
    return tmp_path / "usage.db"


def export(*arguments: object) -> Any:
    """Run ``ai-usage export``."""
    return CliRunner().invoke(cli, ["export", *map(str, arguments)])


def test_lines_are_those_of_the_store_of_lines(database: Path, tmp_path: Path) -> None:
    """Field by field; and they are read as the database is."""
    JsonlSink(tmp_path / "same.jsonl").write(METRICS)
    expected = list(map(json.loads, (tmp_path / "same.jsonl").read_text("utf-8").splitlines()))
    place = tmp_path / "out.jsonl"
    assert export("--database", database, "--format", "jsonl", "--output", place).exit_code == 0
    found = list(map(json.loads, place.read_text("utf-8").splitlines()))
    for row in found:
        # Only what the provider named; in this form a record without one has its own id.
        row["request_id"] = row["request_id"] or row["id"]
        row["timestamp"] = datetime.fromisoformat(row["timestamp"]).isoformat()
    assert found == expected
    again = CliRunner().invoke(
        cli, ["export", "--source", "jsonl", "--file", str(place), "--format", "jsonl"]
    )
    assert again.stdout_bytes == place.read_bytes()


def test_csv_is_exact_and_harmless(database: Path) -> None:
    """T53: costs have all digits, and names that begin a formula are set apart."""
    result = export("--database", database, "--format", "csv", "--where", "job=a\nb,c")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [row["cost_usd"] for row in rows] == ["0.00", "1234567.000000000001"]
    assert [row["user_id"] for row in rows] == ["änna", "'=1+2"]
    assert [row["job_id"] for row in rows] == ["a\nb,c"] * 2
    assert [row["partial"] for row in rows] == ["false", "true"]
    assert json.loads(rows[1]["counts"]) == {"input.image": 3}
    assert tuple(rows[0]) == KEYS


def test_parquet_has_types(database: Path, tmp_path: Path) -> None:
    """Read by pyarrow: times with their zone, exact decimals, whole numbers, what is unknown."""
    parquet = pytest.importorskip("pyarrow.parquet", reason="extra export")
    place = tmp_path / "usage.parquet"
    assert export("--database", database, "--format", "parquet", "--output", place).exit_code == 0
    table = parquet.read_table(place)
    assert tuple(table.column_names) == KEYS
    columns = table.to_pydict()
    assert columns["timestamp"] == [one.timestamp for one in METRICS]
    assert columns["cost_usd"] == [one.cost_usd for one in METRICS]
    assert columns["input_tokens"] == [10**15, 10**15, None]
    assert columns["latency_ms"] == [1.5, 1.5, None]
    assert columns["partial"] == [False, True, False]
    assert json.loads(columns["metadata"][0]) == METRICS[0].metadata
    assert str(table.schema.field("cost_usd").type) == "decimal128(22, 12)"
    compute = pytest.importorskip("pyarrow.compute", reason="extra export")
    doubled = compute.add(table["cost_usd"], table["cost_usd"]).to_pylist()
    assert doubled == [cost if cost is None else cost + cost for cost in columns["cost_usd"]]
    assert compute.multiply(table["cost_usd"], Decimal("0.92")).type.scale == 14


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_files_of_earlier_versions_and_odd_rows(form: str, database: Path, tmp_path: Path) -> None:
    """Columns that are missing are empty; values that none of us wrote are unknown, or left out."""
    pytest.importorskip("pyarrow", reason="extra export")
    with closing(sqlite3.connect(database)) as file:
        for name in ("counts", "conditions", "price_rule"):
            file.execute(f"ALTER TABLE usage_metrics DROP COLUMN {name}")
        odd = "metadata = x'00', latency_ms = 'x', input_tokens = 'many', cost_picodollars = 0.5"
        file.execute(f"UPDATE usage_metrics SET {odd}, timestamp = 'never', error = x'00'")
        file.commit()
    result = export("--database", database, "--format", form, "--output", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "out").stat().st_size > 300


def test_nothing_is_half_written(database: Path, tmp_path: Path) -> None:
    """Nothing recorded is status 1; a folder that is not there is status 2 and a sentence."""
    empty = export("--database", database, "--format", "csv", "--where", "user=nobody")
    assert (empty.exit_code, empty.stdout.strip()) == (1, ",".join(KEYS))
    place = tmp_path / "no" / "such"
    result = export("--database", database, "--format", "csv", "--output", place)
    assert (result.exit_code, str(place) in result.stderr) == (2, True)
    missing = export("--database", tmp_path / "none", "--format", "csv", "--output", tmp_path / "o")
    assert missing.exit_code == 2
    assert not (tmp_path / "o").exists()


def test_what_is_exported_is_reported_the_same(database: Path, tmp_path: Path) -> None:
    """By every dimension."""
    place = tmp_path / "out.jsonl"
    export("--database", database, "--format", "jsonl", "--output", place)
    arguments = ["report", "--source", "jsonl", "--file", str(place), "--format", "json"]
    for dimension in DIMENSIONS:
        result = CliRunner().invoke(cli, [*arguments, "--by", dimension])
        names = [(row[dimension],) for row in json.loads(result.stdout)]
        assert names == [row.names for row in usage_by(database, dimension)]
