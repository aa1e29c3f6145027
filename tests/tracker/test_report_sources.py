"""Reports from every kind of store: the same calls give the same figures."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from tracker import Metric
from tracker.cli.main import cli
from tracker.cli.reports.query import usage_by, usage_of
from tracker.cli.reports.rows import DIMENSIONS, EVERYTHING, Selection
from tracker.cli.reports.sources.jsonl import LONGEST_LINE, JsonlSource
from tracker.sinks.jsonl import JsonlSink, log_file
from tracker.sinks.sqlite.sink import SqliteSink

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
METRIC = Metric(
    id="1",
    service="openai",
    model="gpt-4o-mini",
    operation="completion",
    timestamp=NOON,
    user_id="anna",
    environment="development",
)


def calls(number: int = 60) -> list[Metric]:
    """Return calls that differ in everything that a report looks at."""
    return [
        replace(
            METRIC,
            id=f"{n:032x}",
            timestamp=NOON - timedelta(hours=7 * n),
            model=("gpt-4o", "gpt-4o-mini", "claude-sonnet-4-5")[n % 3],
            service="anthropic" if n % 3 == 2 else "openai",
            operation_type=None if n % 5 == 0 else "scan",
            job_id=None if n % 4 == 0 else f"job-{n % 3}",
            input_tokens=None if n % 7 == 0 else 100 + n,
            cached_input_tokens=None if n % 2 else n,
            cost_usd=None if n % 6 == 0 else Decimal(n) / 7,
            latency_ms=float(n * 10) if n % 8 else None,
            error="APIStatusError: 500" if n % 9 == 0 else None,
            metadata={"service": f"api-{n % 2}", "stage": ["ocr", True, 3, {"a": 1}][n % 4]},
        )
        for n in range(number)
    ]


@pytest.fixture
def stores(tmp_path: Path) -> tuple[Path, Path]:
    """The same calls in a database and in a file of lines."""
    database, lines = tmp_path / "usage.db", tmp_path / "usage.jsonl"
    with closing(SqliteSink(database)) as sink:
        sink.write(calls())
    JsonlSink(lines).write(calls())
    return database, lines


def report(*arguments: object) -> Any:
    """Run ``ai-usage report``."""
    return CliRunner().invoke(cli, ["report", *map(str, arguments)])


def found(*arguments: object) -> list[dict[str, Any]]:
    """Return the rows of the report."""
    result = report(*arguments, "--format", "json")
    assert result.exit_code == 0, result.output
    rows: list[dict[str, Any]] = json.loads(result.stdout)
    return rows


def test_lines_are_read_as_the_database_is(stores: tuple[Path, Path]) -> None:
    """By every dimension and for selections; but for costs, which lines have as floating point."""
    database, lines = stores
    selections = (
        EVERYTHING,
        Selection(NOON - timedelta(days=5), NOON - timedelta(days=1)),
        Selection(where=(("service", "api-1"), ("metadata.stage", "true"))),
    )
    for dimension in (*DIMENSIONS, "metadata.stage"):
        for selection in selections:
            expected = usage_by(database, dimension, selection=selection)
            answer = JsonlSource(lines).ask(
                lambda file, asked=(dimension,), only=selection: usage_of(file, asked, only),
                selection,
            )
            rows, unread = answer.found
            assert (unread, answer.unread) == (0, 0)
            assert rows == expected, (dimension, selection)


def test_metadata_and_hosts_are_dimensions(stores: tuple[Path, Path]) -> None:
    """Values of all kinds are texts; an object is its JSON; a name that no call has is (none)."""
    rows = found("--database", stores[0], "--by", "metadata.stage")
    assert {row["metadata.stage"] for row in rows} == {"ocr", "true", "3", '{"a":1}'}
    (row,) = found("--database", stores[0], "--by", 'metadata.it\'s "odd"')
    assert (row['metadata.it\'s "odd"'], row["calls"]) == (None, 60)
    (row,) = found("--database", stores[0], "--by", "service", "--where", "service=api-0")
    assert (row["service"], row["calls"]) == ("api-0", 30)
    assert report("--by", "metadata.").exit_code == 2
    assert report("--by", "stage").exit_code == 2


def test_latencies_are_of_the_nearest_rank(tmp_path: Path) -> None:
    """Half and 95 of 100 calls took no longer; by row, and of all calls in the total."""
    database = tmp_path / "usage.db"
    several = [
        replace(METRIC, id=f"{model}{n}", model=model, latency_ms=float(n * factor))
        for model, factor in (("a", 1), ("b", 10))
        for n in range(1, 101)
    ]
    unknown = replace(METRIC, id="c", model="c")
    with closing(SqliteSink(database)) as sink:
        sink.write([*several, unknown])
    rows = found("--database", database, "--by", "model", "--latency")
    told = {row["model"]: (row["p50_ms"], row["p95_ms"]) for row in rows}
    assert told == {"a": (50.0, 95.0), "b": (500.0, 950.0), "c": (None, None)}
    total = report("--database", database, "--by", "model", "--latency").stdout.splitlines()[-1]
    ranked = sorted(one.latency_ms or 0 for one in several)
    assert f"{ranked[99]:,.0f} {ranked[189]:,.0f} unknown".split() == total.split()[-3:]


def test_the_cached_share_is_that_of_input_tokens(tmp_path: Path) -> None:
    """Where no call told cached tokens it is unknown."""
    database = tmp_path / "usage.db"
    told = replace(METRIC, input_tokens=200, cached_input_tokens=50)
    with closing(SqliteSink(database)) as sink:
        sink.write([told, replace(told, id="2"), replace(METRIC, id="3", model="b")])
    rows = found("--database", database, "--by", "model")
    assert {row["model"]: row["cached_share"] for row in rows} == {"gpt-4o-mini": 0.25, "b": None}


def test_a_table_stays_narrow_beside_a_long_name(tmp_path: Path) -> None:
    """Begin and end of the name are shown; the other forms have it whole."""
    database, name = tmp_path / "long.db", "job-" + "x" * 500 + "-17"
    with closing(SqliteSink(database)) as sink:
        sink.write([replace(METRIC, model="m", job_id=name)])
    asked = ["report", "--database", str(database), "--by", "job,model"]
    table = CliRunner().invoke(cli, asked).output
    _, row = table.splitlines()
    assert max(map(len, table.splitlines())) < 200
    assert row.startswith("job-xxx")
    assert "…" in row
    assert "-17  m  " in row
    for form in ("json", "csv"):
        assert name in CliRunner().invoke(cli, [*asked, "--format", form]).output
    markdown = CliRunner().invoke(cli, [*asked, "--format", "markdown"]).output
    assert name.replace("-", "\\-") in markdown


def test_tables_say_the_time_zone(stores: tuple[Path, Path]) -> None:
    """Where days begin is told where people read, and is no part of names that programs read."""
    arguments = ("--database", stores[0], "--by", "day")
    assert report(*arguments).stdout.startswith("day (UTC)")
    assert report(*arguments, "--format", "markdown").stdout.startswith("| day (UTC) |")
    assert report(*arguments, "--format", "csv").stdout.startswith("day,")


@pytest.mark.parametrize("day", ["2026-12-31", "2027-01-01", "2024-12-30", "2026-11-22"])
def test_weeks_are_those_of_the_calendar(day: str, tmp_path: Path) -> None:
    """A week belongs to the year of its Thursday."""
    database = tmp_path / "usage.db"
    at = datetime.fromisoformat(f"{day}T23:00:00+00:00")
    with closing(SqliteSink(database)) as sink:
        sink.write([replace(METRIC, timestamp=at)])
    year, week, _ = at.isocalendar()
    assert usage_by(database, "week")[0].names == (f"{year}-W{week:02}",)


def test_odd_lines_are_left_out_and_told(tmp_path: Path) -> None:
    """T36: of a file that others write to, too; a line that is there twice counts once."""
    path = tmp_path / "usage.jsonl"
    JsonlSink(path).write(calls(2))
    good = path.read_bytes().splitlines(keepends=True)
    row = json.loads(good[1])
    odd = (
        {"timestamp": "yesterday"},
        {"timestamp": None},
        {"model": None},
        {"cost_usd": "1E+999999"},
        {"cost_usd": True},
        {"input_tokens": 2**70},
    )
    lines = [json.dumps(row | {"id": f"odd-{n}"} | one).encode() for n, one in enumerate(odd)]
    lines += [b"no json", b"[]", b"[" * 100_000, b"{" + b" " * LONGEST_LINE + b"}", b'{"torn']
    path.write_bytes(b"".join(good) + good[0] + b"\n\n" + b"\n".join(lines))
    result = report("--source", "jsonl", "--file", path, "--by", "day", "--format", "json")
    assert result.exit_code == 3
    assert f"{len(lines)} records in {path} are none of this package's" in result.stderr
    assert sum(row["calls"] for row in json.loads(result.stdout)) == 2


def test_a_log_file_is_read_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tracker's log_file has fifteen keys and no id: each line counts."""
    path = tmp_path / "ai_usage.jsonl"
    monkeypatch.setenv("AI_USAGE_LOG_FILE", str(path))
    assert "AI_USAGE_LOG_FILE" in report("--source", "jsonl").stderr
    log_file(path).write([replace(METRIC, request_id="same")] * 3)
    (row,) = found("--source", "jsonl", "--by", "user")
    assert (row["user"], row["calls"]) == ("anna", 3)
    assert report("--source", "jsonl", "--database", path).exit_code == 2


@pytest.mark.parametrize("command", ["report", "unpriced", "reprice"])
def test_a_table_needs_an_extra(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where boto3 is not installed, the message names the extra, and the status is 2."""
    for name in ("boto3", "botocore", "botocore.config", "botocore.exceptions"):
        monkeypatch.setitem(sys.modules, name, None)
    result = CliRunner().invoke(cli, [command, "--source", "dynamodb"])
    assert result.exit_code == 2
    assert "pip install 'ai-usage-suite[dynamodb]'" in result.stderr
