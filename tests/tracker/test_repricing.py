"""Pricing the calls of a file of lines, which programs may be writing to."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from tracker import Metric
from tracker.cli.main import cli
from tracker.cli.reports import repricing
from tracker.cli.reports.sources.jsonl import LONGEST_LINE
from tracker.sinks.jsonl import JsonlSink, log_file

if TYPE_CHECKING:
    from pathlib import Path

METRIC = Metric(
    id="1",
    service="openai",
    model="mine",
    operation="completion",
    timestamp=datetime(2026, 11, 20, 12, tzinfo=UTC),
    user_id="anna",
    environment="development",
    input_tokens=1000,
    output_tokens=500,
    total_tokens=1500,
)
PRICES = '[[price]]\nprovider = "openai"\nmodel = "mine"\ninput = 1\noutput = 2\n'
ODD = [
    b"not json\n",
    b"\n",
    b'{"service": 1}\n',
    b'{"a": "' + b"x" * LONGEST_LINE + b'"}\n',
]
TORN = b'{"id": "torn", "service": "openai"'


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A file of lines, some of which are none of ours, and prices of one's own."""
    path = tmp_path / "usage.jsonl"
    (tmp_path / "prices.toml").write_text(PRICES)
    path.write_bytes(b"".join(ODD))
    JsonlSink(path).write(
        [
            METRIC,
            replace(METRIC, id="2", model="unheard"),
            replace(METRIC, id="3", metadata={"is_batch": True}),
            replace(METRIC, id="4", error="APIStatusError: 500", input_tokens=None),
            METRIC,
        ]
    )
    with path.open("ab") as file:
        file.write(TORN)
    return path


def run(command: str, path: Path, *arguments: object) -> Any:
    """Run a command on the file."""
    given = ["--source", "jsonl", "--file", str(path), *map(str, arguments)]
    return CliRunner().invoke(cli, [command, *given])


def reprice(path: Path, into: Path) -> Any:
    """Run the command with the prices beside the file."""
    return run("reprice", path, "--into", into, "--prices", path.with_name("prices.toml"))


def test_lines_are_written_anew_with_their_prices(place: Path) -> None:
    """Each as its kind is; those that lack none, or are none of ours, byte by byte."""
    before, into = place.read_bytes(), place.with_name("priced.jsonl")
    listed = run("unpriced", place, "--format", "json")
    assert {row["model"]: row["calls"] for row in json.loads(listed.stdout)} == {
        "mine": 2,
        "unheard": 1,
    }
    result = reprice(place, into)
    assert (result.exit_code, result.stdout) == (1, "2 calls priced, 1 still without a price\n")
    assert place.read_bytes() == before
    given, written = before.splitlines(True), into.read_bytes().splitlines(True)
    assert len(given) == len(written)
    changed = [n for n, (one, other) in enumerate(zip(given, written, strict=True)) if one != other]
    rows = [json.loads(written[n]) for n in changed]
    assert [(row["id"], row["cost_usd"], row["list_cost_usd"]) for row in rows] == [
        ("1", 0.002, 0.002),
        ("3", 0.001, 0.002),
        ("1", 0.002, 0.002),
    ]
    for n, row in zip(changed, rows, strict=True):
        kept = json.loads(given[n])
        assert {name for name in kept if kept[name] != row[name]} <= {
            *("cost_usd", "list_cost_usd", "price_basis", "price_source", "price_version"),
            "price_rule",
        }
    assert into.stat().st_mode & 0o777 == 0o600
    report = run("report", into, "--format", "json")
    assert json.loads(report.stdout)[0]["unpriced"] == 1


def test_a_second_time_changes_nothing(place: Path) -> None:
    """What has a price keeps it, whatever the list says by now."""
    first, second = place.with_name("first.jsonl"), place.with_name("second.jsonl")
    reprice(place, first)
    place.with_name("prices.toml").write_text(PRICES.replace("input = 1", "input = 100"))
    result = run("reprice", first, "--into", second, "--prices", place.with_name("prices.toml"))
    assert result.stdout == "0 calls priced, 1 still without a price\n"
    assert first.read_bytes() == second.read_bytes()


def test_a_log_file_has_nothing_to_find_prices_by(place: Path) -> None:
    """Its lines have neither ids nor counts: they are copied, and counted as left."""
    log, into = place.with_name("log.jsonl"), place.with_name("into.jsonl")
    log_file(log).write([METRIC])
    assert reprice(log, into).stdout == "0 calls priced, 1 still without a price\n"
    assert log.read_bytes() == into.read_bytes()


@pytest.mark.parametrize("wrong", ["no file", "no into", "there already", "itself", "no folder"])
def test_what_cannot_be_done_is_said(place: Path, wrong: str) -> None:
    """Status 2, what to name instead, and no file is made or changed."""
    into = place.with_name("into.jsonl")
    before = place.read_bytes()
    if wrong == "no into":
        result = run("reprice", place)
        assert "--into NEW_FILE" in result.stderr
    elif wrong == "no file":
        result = reprice(place.with_name("other.jsonl"), into)
        assert "--file" in result.stderr
    elif wrong == "no folder":
        result = reprice(place, place.with_name("none") / "into.jsonl")
        assert "cannot write" in result.stderr
    else:
        taken = place if wrong == "itself" else into
        taken.touch()
        result = reprice(place, taken)
        assert "is there already" in result.stderr
        taken.unlink() if taken is into else None
    assert result.exit_code == 2
    assert not into.exists()
    assert place.read_bytes() == before


def test_a_failure_midway_leaves_no_file(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a file would look like a whole one."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(repricing, "_with_price", full)
    result = reprice(place, place.with_name("into.jsonl"))
    assert result.exit_code == 2
    assert "No space left" in result.stderr
    assert not place.with_name("into.jsonl").exists()
