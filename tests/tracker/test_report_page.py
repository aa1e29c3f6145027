"""What the page of usage is told, whatever was recorded: figures, and their size."""

from __future__ import annotations

import base64
import gzip
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from tracker import Metric
from tracker.cli.main import cli
from tracker.cli.reports.html import page as page_module
from tracker.cli.reports.html.cube import NAMES, SUMS
from tracker.cli.reports.html.data import LARGEST, data_of
from tracker.cli.reports.html.page import page
from tracker.cli.reports.rows import EVERYTHING, OTHERS, Selection
from tracker.cli.reports.sources.source import SqliteSource
from tracker.errors import ConfigurationError
from tracker.sinks.jsonl import JsonlSink
from tracker.sinks.sqlite.sink import SCHEMA, SqliteSink

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
    operation_type="scan",
    job_id="job-1",
    input_tokens=100,
    output_tokens=10,
    cost_usd=Decimal("0.5"),
    list_cost_usd=Decimal("0.5"),
    price_basis="standard",
)
MANY = """
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {rows} - 1)
INSERT INTO usage_metrics (id, timestamp, service, model, operation, operation_type, job_id,
    user_id, environment, api_calls, cost_picodollars, price_basis, partial, late, latency_ms,
    metadata)
SELECT printf('%032x', i), DATE('2026-01-01', '+' || (i % {days}) || ' days') || 'T08:00:00',
    'openai', 'm' || (i % 5), 'completion', 'op' || (i % 7), hex(i * 7919 % 99991),
    'u' || (i % {users}),
    'production', 1, i * 1000000, 'standard', 0, 0, i % 3000, '{{}}' FROM n
"""


def unpacked(packed: str) -> dict[str, Any]:
    """Return the data as the page has them."""
    found: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(packed)))
    return found


def told(database: Path, selection: Selection = EVERYTHING) -> dict[str, Any]:
    """Return what the page of *database* is told."""
    source = SqliteSource(database)
    return unpacked(source.ask(lambda f: data_of(f, selection, "x"), selection).found[0])


def stored(folder: Path, *metrics: Metric) -> Path:
    """Return a database with *metrics*."""
    with closing(SqliteSink(folder / "usage.db")) as sink:
        sink.write(metrics)
    return folder / "usage.db"


def ai_usage(*arguments: object) -> Any:
    """Run ``ai-usage``."""
    return CliRunner().invoke(cli, list(map(str, arguments)))


def sums(data: dict[str, Any]) -> dict[str, int]:
    """Return the sums of all cells."""
    return {name: sum(data["cells"][name]) for name in SUMS}


def test_cells_have_what_was_recorded(tmp_path: Path) -> None:
    """Sums, batches by a block's word and by the provider's id, and savings of the cache."""
    declared = replace(METRIC, id="2", cost_usd=Decimal("0.25"), price_basis="batch_assumed")
    real = replace(declared, id="3", metadata={"provider_batch_id": "b"}, price_basis="batch")
    failed = replace(METRIC, id="4", cost_usd=None, input_tokens=None, error="boom")
    unpriced = replace(METRIC, id="5", model="own", cost_usd=None, operation_type=None)
    cached = replace(METRIC, id="6", cached_input_tokens=40, latency_ms=1234.0)
    database = stored(tmp_path, METRIC, declared, real, failed, unpriced, cached)
    data = told(database)
    assert sums(data) == {
        "calls": 6,
        "failed": 1,
        "unpriced": 1,
        "input": 500,
        "output": 60,
        "cached": 40,
        "cost": 1_500_000_000,
        "declared": 250_000_000,
        "real": 250_000_000,
    }
    assert data["names"].keys() == NAMES.keys()
    assert (data["unit"], data["names"]["time"]) == ("day", ["2026-11-20"])
    assert data["took"][1:] == [[1230], [1]]
    attention = data["attention"]
    assert attention["unpriced"] == [
        ["openai", "own", "no price", None, 1, 0.0, "2026-11-20T12:00"],
    ]
    assert attention["outside"][0][:3] == [None, "own", 1]
    assert attention["failed"] == [["boom", "gpt-4o-mini", 1, 0.0, "2026-11-20T12:00"]]
    # A cached token of gpt-4o-mini costs half of 0.15 dollars a million.
    assert data["cache"] == {"gpt-4o-mini": 75.0}


def test_the_page_is_of_the_selection(tmp_path: Path) -> None:
    """Also what needs a look, and what was asked for is said."""
    other = replace(METRIC, id="2", user_id="ben", operation_type=None, error="boom")
    database = stored(tmp_path, METRIC, other)
    data = told(database, Selection(since=NOON, where=(("user", "anna"),)))
    assert sums(data)["calls"] == 1
    assert data["attention"] == {"unpriced": [], "outside": [], "failed": []}
    assert data["selection"] == [["since", "2026-11-20 12:00+00:00"], ["user", "anna"]]


@pytest.mark.parametrize(("days", "unit"), [(100, "day"), (900, "week"), (9000, "month")])
def test_whatever_was_recorded_the_page_is_small(days: int, unit: str, tmp_path: Path) -> None:
    """Below two million bytes; the dearest names are told apart, and the sums stay the same."""
    database = tmp_path / "usage.db"
    with closing(sqlite3.connect(database)) as file:
        file.executescript(SCHEMA)
        file.execute(MANY.format(rows=30_000, days=days, users=211))
        file.commit()
    source = SqliteSource(database)
    packed, calls, unread = source.ask(
        lambda file: data_of(file, EVERYTHING, "x"), EVERYTHING
    ).found
    data = unpacked(packed)
    assert (calls, unread, data["unit"]) == (30_000, 0, unit)
    assert len(packed) <= LARGEST
    assert sums(data)["cost"] == sum(n * 1000 for n in range(30_000))
    assert OTHERS in data["names"]["job"]
    assert len(data["names"]["time"]) <= 370
    assert data["kept"] is not None
    if unit == "week":
        assert {datetime.fromisoformat(name).weekday() for name in data["names"]["time"]} == {0}
    numbers = data["took"][2]
    assert sum(numbers) == 30_000


def test_latencies_of_many_are_those_of_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page says of which part they are, and that part is about so large."""
    monkeypatch.setattr("tracker.cli.reports.html.cube.MOST_SAMPLED", 100)
    several = [
        replace(METRIC, id=f"{n * 2654435761 % 2**128:032x}", latency_ms=float(n))
        for n in range(1600)
    ]
    data = told(stored(tmp_path, *several))
    assert data["sampled"] == 16
    assert 60 < sum(data["took"][2]) < 140


def test_odd_rows_are_told(tmp_path: Path) -> None:
    """T36: rows of others are left out and told, and odd numbers end nothing."""
    database = stored(tmp_path, *(replace(METRIC, id=str(n)) for n in range(4)))
    with closing(sqlite3.connect(database)) as file:
        file.execute("UPDATE usage_metrics SET model = x'ff' WHERE id = '1'")
        file.execute("UPDATE usage_metrics SET total_tokens = 'x', input_tokens = 9e999")
        file.execute(
            "UPDATE usage_metrics SET timestamp = 'never', latency_ms = 'x' WHERE id = '2'"
        )
        file.commit()
    result = ai_usage("report", "--database", database, "--format", "html")
    assert result.exit_code == 3
    assert "1 records in" in result.stderr
    assert sums(told(database))["calls"] == 3


def test_pages_of_all_stores(tmp_path: Path) -> None:
    """A file of lines gives the same cells; options that choose figures do not belong to a page."""
    metrics = [replace(METRIC, id=str(n), timestamp=NOON - timedelta(days=n)) for n in range(5)]
    database = stored(tmp_path, *metrics)
    JsonlSink(tmp_path / "usage.jsonl").write(metrics)
    place = ("--source", "jsonl", "--file", tmp_path / "usage.jsonl")
    result = ai_usage("report", *place, "--format", "html")
    assert result.exit_code == 0, result.output
    packed = result.stdout.partition('id="data">')[2].partition("<")[0]
    assert unpacked(packed)["cells"] == told(database)["cells"]
    assert ai_usage("report", *place, "--format", "html", "--by", "model").exit_code == 2
    assert ai_usage("report", *place, "--format", "html", "--where", "job=x").exit_code == 1


def test_the_library_is_an_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the command says what to install, before it reads anything."""
    monkeypatch.setattr(page_module, "find_spec", lambda _name: None)
    page_module._scripts.cache_clear()
    result = ai_usage("report", "--database", tmp_path / "none", "--format", "html")
    assert (result.exit_code, "ai-usage-suite[html]" in result.stderr) == (2, True)
    with pytest.raises(ConfigurationError):
        page("")
    monkeypatch.undo()
    page_module._scripts.cache_clear()
