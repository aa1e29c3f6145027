"""The embedded store, its report, prices, and what is kept of hostile values."""

from __future__ import annotations

import csv
import gc
import json
import logging
import math
import os
import re
import shlex
import sqlite3
import subprocess
import sys
import threading
import warnings
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
from click.testing import CliRunner
from many_cases import each_of

from tests.patience import joined
from tracker import AIUsageTracker, Metric, ai_usage_context
from tracker.cli.main import cli
from tracker.cli.reports.query import usage_by
from tracker.cli.reports.render import FORMATS, render
from tracker.cli.reports.rows import DIMENSIONS, Row, Selection, moment
from tracker.cli.reports.unpriced import unpriced_in
from tracker.delivery import writer
from tracker.errors import SinkError
from tracker.pricing.quote import UNPRICED, Served, quote
from tracker.records.metric import Usage
from tracker.records.sanitize import sanitize, scrub
from tracker.sinks.memory import MemorySink
from tracker.sinks.protocol import Sink
from tracker.sinks.sqlite.shared_file import SqliteFile
from tracker.sinks.sqlite.sink import SqliteSink, default_database

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 11, 20, tzinfo=UTC)
METRIC = Metric(
    id="1",
    service="openai",
    model="gpt-4o-mini",
    operation="completion",
    timestamp=NOW,
    user_id="anna",
    environment="development",
    operation_type="scan",
    input_tokens=10,
    output_tokens=5,
    total_tokens=15,
    cost_usd=Decimal("0.000045"),
    list_cost_usd=Decimal("0.00009"),
    price_basis="batch",
    metadata={"stage": "ocr"},
)


def rows(database: Path, query: str = "SELECT * FROM ai_usage") -> list[tuple[Any, ...]]:
    """Read with nothing but the standard library."""
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(query).fetchall()


def test_metrics_are_kept(tmp_path: Path) -> None:
    """The file and its folder are made; costs are exact, metadata is JSON; an id counts once."""
    database = tmp_path / "deep" / "usage.db"
    sink = SqliteSink(database)
    sink.write([METRIC])
    sink.write([METRIC])
    sink.close()
    sink.write([replace(METRIC, id="2")])
    sink.close()
    query = "SELECT id, cost_picodollars, cost_usd, metadata FROM ai_usage ORDER BY id"
    assert rows(database, query) == [
        ("1", 45_000_000, pytest.approx(0.000045), '{"stage": "ocr"}'),
        ("2", 45_000_000, pytest.approx(0.000045), '{"stage": "ocr"}'),
    ]


def test_the_default_store(quiet_environment: Path) -> None:
    """A tracker that was given none stores in the file that ``AI_USAGE_DATABASE`` names."""
    with ai_usage_context("op", job_id="j") as tracker:
        tracker.track_openai_completion(lambda: None)()
    writer.restart()
    assert rows(quiet_environment, "SELECT operation_type, job_id FROM ai_usage") == [("op", "j")]


def test_the_default_file_is_in_the_user_s_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless the variable names another, where ``~`` is the home."""
    monkeypatch.setenv("AI_USAGE_DATABASE", "~/x.db")
    assert default_database() == Path.home() / "x.db"
    monkeypatch.delenv("AI_USAGE_DATABASE")
    assert default_database().name == "usage.db"
    assert default_database().is_absolute()


def test_many_threads_write_one_file(tmp_path: Path) -> None:
    """Nothing is lost or doubled."""
    sink = SqliteSink(tmp_path / "usage.db")

    def work(thread: int) -> None:
        for number in range(20):
            sink.write([replace(METRIC, id=f"{thread}-{number}")])

    threads = [threading.Thread(target=work, args=(n,)) for n in range(5)]
    for thread in threads:
        thread.start()
    joined(*threads)
    sink.close()
    assert rows(tmp_path / "usage.db", "SELECT COUNT(*) FROM ai_usage") == [(100,)]


@pytest.mark.parametrize("kind", ["folder", "not a database"])
def test_a_file_that_cannot_be_written(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The sink's error names it; the program goes on and the log says what was wrong."""
    database = tmp_path / "usage.txt"
    if kind == "folder":
        database.mkdir()
    else:
        database.write_bytes(b"not a database, but long enough to look at" * 40)
    sink = SqliteSink(database)
    with pytest.raises(SinkError, match=str(database)):
        sink.write([METRIC])
    sink.close()
    monkeypatch.setenv("AI_USAGE_DATABASE", str(database))
    with caplog.at_level(logging.WARNING):
        assert AIUsageTracker().track_openai_completion(lambda: 1)() == 1
    writer.restart()
    assert str(database) in caplog.messages[0]
    assert sum("Failed to store" in message for message in caplog.messages) == 1


def test_sinks_have_one_shape() -> None:
    """Every store is a ``Sink``; the memory store keeps an id once."""
    memory = MemorySink()
    assert isinstance(memory, Sink)
    memory.write([METRIC])
    memory.write([METRIC])
    assert memory.metrics == [METRIC]
    memory.clear()
    assert memory.metrics == []


def in_a_new_interpreter(program: str, database: Path) -> str:
    """Run *program* with the repository on its path; return what it prints."""
    variables = {**os.environ, "AI_USAGE_DATABASE": str(database), "AI_USAGE_STRICT": "1"}
    command = [sys.executable, "-W", "error", "-c", program]
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        command, cwd=root, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_importing_loads_the_standard_library_only(tmp_path: Path) -> None:
    """And starts no thread, makes no file, and patches nothing."""
    program = (
        "import sys, threading; before = set(sys.modules); import tracker, tracker.testing;"
        "names = {n.partition('.')[0] for n in set(sys.modules) - before};"
        "print(*sorted(names - sys.stdlib_module_names), threading.active_count())"
    )
    assert in_a_new_interpreter(program, tmp_path / "usage.db") == "tracker 1\n"
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_lost_when_the_interpreter_exits(tmp_path: Path) -> None:
    """A block that never ended, in a generator and in a thread, is stored at exit."""
    program = """
import threading, tracker
event = threading.Event()
def steps():
    with tracker.ai_usage_context("generator") as t:
        t.track_openai_completion(lambda: None)()
        yield
def work():
    with tracker.ai_usage_context("thread") as t:
        t.track_openai_completion(lambda: None)()
        event.set()
        threading.Event().wait()
kept = steps()
next(kept)
threading.Thread(target=work, daemon=True).start()
event.wait()
"""
    in_a_new_interpreter(program, tmp_path / "usage.db")
    found = rows(tmp_path / "usage.db", "SELECT operation_type FROM ai_usage ORDER BY 1")
    assert found == [("generator",), ("thread",)]


def test_pools_of_threads_are_imported_with_the_first_tracker(tmp_path: Path) -> None:
    """By the program's thread: the module would disturb a fork that waits for one of ours."""
    program = """
import sys, tracker
assert "concurrent.futures.thread" not in sys.modules
tracker.AIUsageTracker()
assert "concurrent.futures.thread" in sys.modules
"""
    in_a_new_interpreter(program, tmp_path / "usage.db")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_stores_its_own_calls_only(tmp_path: Path) -> None:
    """The parent's pending calls stay the parent's, and both arrive once."""
    program = """
import os, tracker
with tracker.ai_usage_context("op") as t:
    t.track_openai_completion(lambda: None)()
    child = os.fork()
    t.track_openai_embedding(lambda: None)()
if child:
    assert os.waitpid(child, 0)[1] == 0
"""
    in_a_new_interpreter(program, tmp_path / "usage.db")
    found = rows(tmp_path / "usage.db", "SELECT operation FROM ai_usage ORDER BY 1")
    assert found == [("completion",), ("embedding",), ("embedding",)]


def filled(tmp_path: Path) -> Path:
    """Return a database with three calls."""
    database = tmp_path / "usage.db"
    sink = SqliteSink(database)
    now = datetime.now(UTC)
    sink.write([replace(METRIC, timestamp=now)])
    sink.write([replace(METRIC, id="2", operation_type=None, timestamp=now, environment="staging")])
    unknown = replace(METRIC, id="3", cost_usd=None, list_cost_usd=None, price_basis="unpriced")
    sink.write([replace(unknown, timestamp=now - timedelta(days=10))])
    sink.close()
    return database


def report(*arguments: str) -> Any:
    """Run ``ai-usage report``."""
    return CliRunner().invoke(cli, ["report", *arguments])


def test_the_report_sums(tmp_path: Path) -> None:
    """Costs are exact in JSON; what has no price is counted beside them; no operation is null."""
    result = report("--database", str(filled(tmp_path)), "--format", "json")
    assert result.exit_code == 0
    found = {row["operation_type"]: row for row in json.loads(result.stdout)}
    assert found.keys() == {"scan", None}
    scan = found["scan"]
    assert (scan["calls"], scan["input_tokens"], scan["unpriced"]) == (2, 20, 1)
    assert scan["cost_usd"] == "0.000045"


def test_a_failed_call_without_tokens_lacks_no_price(tmp_path: Path) -> None:
    """Nobody knows that it was billed: it is an error and not unpriced, as for ``unpriced``."""
    database = tmp_path / "usage.db"
    unknown = replace(METRIC, cost_usd=None, list_cost_usd=None, error="boom")
    with closing(SqliteSink(database)) as sink:
        sink.write([replace(unknown, id="1", input_tokens=None), replace(unknown, id="2")])
    (row,) = json.loads(report("--database", str(database), "--format", "json").stdout)
    assert (row["calls"], row["errors"], row["unpriced"]) == (2, 2, 1)
    assert sum(found.calls for found in unpriced_in(database)) == 1


@pytest.mark.parametrize("dimension", DIMENSIONS)
@pytest.mark.parametrize("form", list(FORMATS))
def test_every_dimension_in_every_format(dimension: str, form: str, tmp_path: Path) -> None:
    """The dimension heads its column, and all three calls are in it."""
    result = report("--database", str(filled(tmp_path)), "--by", dimension, "--format", form)
    assert result.exit_code == 0
    assert dimension in result.stdout
    if form == "json":
        assert sum(row["calls"] for row in json.loads(result.stdout)) == 3


def test_the_report_selects(tmp_path: Path) -> None:
    """By the last days, and by environment."""
    database = str(filled(tmp_path))
    arguments = ("--database", database, "--format", "csv", "--by", "environment")
    assert report(*arguments, "--days", "7").stdout.count(",1,") >= 2
    lines = report(*arguments, "--environment", "staging").stdout.splitlines()
    assert [line.split(",")[0] for line in lines] == ["environment", "staging"]


@pytest.mark.parametrize("days", [1, 7, 30, 400])
def test_days_select_the_same_by_either_way(days: int, tmp_path: Path) -> None:
    """A small part is looked up by time and a large one read through: the sums do not tell."""
    database = tmp_path / "usage.db"
    now = datetime.now(UTC)
    sink = SqliteSink(database)
    ages = [timedelta(days=number, hours=1) for number in range(100)]
    sink.write([replace(METRIC, id=str(age), timestamp=now - age) for age in ages])
    sink.close()
    since = datetime.now(UTC) - timedelta(days=days)
    (row,) = usage_by(database, "model", selection=Selection(since))
    assert row.calls == min(days, 100)


def test_a_table_ends_with_its_total(tmp_path: Path) -> None:
    """Numbers stand below one another, unknown is said, and one row needs no total."""
    database = str(filled(tmp_path))
    result = report("--database", database)
    head, *_, rule, total = result.stdout.splitlines()
    assert head.split()[:2] == ["operation_type", "calls"]
    assert set(rule) == {"-", " "}
    assert total.split() == "total 3 30 15 45 0.000090 0.000180 1 0 0.0% unknown 100.0%".split()
    assert len({len(line) for line in result.stdout.splitlines()}) == 1
    assert "total " not in report("--database", database, "--by", "job").stdout
    assert "total" not in report("--database", database, "--format", "csv").stdout.split(",")


def test_tables_are_readable() -> None:
    """Thousands are set off, tiny amounts are not shown as 0, and no name breaks a line."""
    row = Row(("bad\n\x1b[31mname",), 1234567, 1, None, 1, Decimal("1234.5"), Decimal("1E-9"), 0, 0)
    _, line = render([row], ["job"], "table").splitlines()
    cells = line.split()
    assert cells[:4] == ["bad\ufffd\ufffd[31mname", "1,234,567", "1", "unknown"]
    assert cells[5:7] == ["1,234.500000", "<0.000001"]
    assert render([], ["job"], "json") == "[]\n"


def several(folder: Path) -> str:
    """Return a database with calls of two models on three days of two weeks."""
    sink = SqliteSink(folder / "several.db")
    days = {"2026-11-22": ("a", "1"), "2026-11-23": ("b", "2"), "2026-11-24": ("a", "5")}
    sink.write(
        [
            replace(
                METRIC,
                id=day,
                timestamp=datetime.fromisoformat(f"{day}T10:30:00+00:00"),
                model=model,
                cost_usd=Decimal(cost),
                job_id=None if model == "b" else "=1+2",
            )
            for day, (model, cost) in days.items()
        ]
    )
    sink.close()
    return str(sink.path)


def rows_of(*arguments: str) -> list[list[str]]:
    """Return the first columns of the CSV that the report prints: names, then calls."""
    result = report(*arguments, "--format", "csv")
    assert result.exit_code == 0, result.stderr
    head, *lines = csv.reader(result.stdout.splitlines())
    return [line[: head.index("calls") + 1] for line in lines]


def test_sums_by_several_fields(tmp_path: Path) -> None:
    """Times come in their order, weeks are those of ISO 8601, and each pair has its row."""
    database = several(tmp_path)
    by_day = rows_of("--database", database, "--by", "day,model")
    assert by_day == [
        ["2026-11-22", "a", "1"],
        ["2026-11-23", "b", "1"],
        ["2026-11-24", "a", "1"],
    ]
    assert rows_of("--database", database, "--by", "week") == [["2026-W47", "1"], ["2026-W48", "2"]]
    assert rows_of("--database", database, "--by", "hour")[0] == ["2026-11-22T10", "1"]
    assert rows_of("--database", database, "--by", "month,provider") == [["2026-11", "openai", "3"]]
    assert rows_of("--database", database, "--by", "model,day")[0] == ["a", "2026-11-24", "1"]


def test_a_part_of_the_calls(tmp_path: Path) -> None:
    """From a moment on, before one, and with a value or none in a field."""
    database = several(tmp_path)
    by_day = ("--database", database, "--by", "day")
    assert [r[0] for r in rows_of(*by_day, "--since", "2026-11-23")] == ["2026-11-23", "2026-11-24"]
    assert [r[0] for r in rows_of(*by_day, "--until", "2026-11-23")] == ["2026-11-22"]
    late = ("--since", "2026-11-23T11:30+01:00", "--until", "2026-11-24T10:30")
    assert [r[0] for r in rows_of(*by_day, *late)] == ["2026-11-23"]
    assert [r[0] for r in rows_of(*by_day, "--where", "model=b")] == ["2026-11-23"]
    assert [r[0] for r in rows_of(*by_day, "--where", "job=(none)")] == ["2026-11-23"]
    both = ("--where", "model=a", "--where", "job=(none)")
    assert report(*by_day, *both).exit_code == 1


def test_the_dearest_rows(tmp_path: Path) -> None:
    """With ``--top`` the others are one row, so that the total stays that of all."""
    database = several(tmp_path)
    found = rows_of("--database", database, "--by", "day", "--top", "1")
    assert found == [["2026-11-24", "1"], ["(others)", "2"]]
    assert len(rows_of("--database", database, "--by", "day", "--top", "3")) == 3
    table = report("--database", database, "--by", "day", "--top", "1").stdout
    assert table.splitlines()[-1].split()[:2] == ["total", "3"]


def test_shares_and_formulas(tmp_path: Path) -> None:
    """A share is the part of all costs; a name that looks like a formula is set apart in CSV."""
    database = several(tmp_path)
    found = json.loads(report("--database", database, "--by", "model", "--format", "json").stdout)
    assert [(row["model"], row["share"]) for row in found] == [("a", 0.75), ("b", 0.25)]
    assert rows_of("--database", database, "--by", "job")[0] == ["'=1+2", "2"]
    page = report("--database", database, "--by", "job", "--format", "markdown").stdout
    assert page.splitlines()[1].startswith("| :-- | --: |")
    assert page.splitlines()[2].startswith("| =1\\+2 | 2 |")
    assert page.splitlines()[-1].startswith("| **total** | **3** |")


def test_wrong_selections_say_what_to_write(tmp_path: Path) -> None:
    """Status 2, and what is right."""
    database = several(tmp_path)
    for arguments, said in (
        (("--by", "day,modell"), "'modell' is none of operation_type"),
        (("--by", "day,day"), "each of them once"),
        (("--since", "yesterday"), "write a date"),
        (("--until", "2026-13-01"), "write a date"),
        (("--where", "day=2026-11-23"), "FIELD is one of"),
        (("--where", "model"), "write FIELD=VALUE"),
        (("--days", "3", "--since", "7d"), "name one of them"),
        (("--since", "2026-11-30", "--until", "2026-11-30"), "is not behind 2026-11-30 00:00 UTC"),
        (("--until", "7d", "--days", "3"), "before which calls are taken"),
        (("--top", "0"), "--top"),
    ):
        result = report("--database", database, *arguments)
        assert result.exit_code == 2, arguments
        assert said in result.stderr


def test_moments() -> None:
    """So long ago, a date, a time with a zone or in UTC."""
    now = datetime(2026, 11, 29, 12, tzinfo=UTC)
    assert moment("12h", now) == datetime(2026, 11, 29, tzinfo=UTC)
    assert moment("2w", now) == datetime(2026, 11, 15, 12, tzinfo=UTC)
    assert moment("2026-11-20", now) == datetime(2026, 11, 20, tzinfo=UTC)
    assert moment("2026-11-20T01:00+02:00", now) == datetime(2026, 11, 19, 23, tzinfo=UTC)


def test_nothing_recorded_is_status_1(tmp_path: Path) -> None:
    """The selection is empty: it says so."""
    database = str(filled(tmp_path))
    result = report("--database", database, "--environment", "production")
    assert result.exit_code == 1
    assert "nothing recorded" in result.stderr


@pytest.mark.parametrize("kind", ["missing", "foreign"])
def test_an_unreadable_database_is_status_2(kind: str, tmp_path: Path) -> None:
    """The message names the file and what to do; the file is not made or touched."""
    database = tmp_path / "other.db"
    if kind == "foreign":
        database.write_bytes(b"something else" * 100)
    before = sorted(tmp_path.iterdir())
    result = report("--database", str(database))
    assert result.exit_code == 2
    assert str(database) in result.stderr
    assert "--database" in result.stderr
    assert sorted(tmp_path.iterdir()) == before


def test_help_is_helpful() -> None:
    """It tells the dimensions, the formats and the exit statuses."""
    result = report("--help")
    assert result.exit_code == 0
    for word in ("operation_type", "json", "Exit status", "unpriced"):
        assert word in result.stdout


def commands(group: click.Group = cli, *above: str) -> Iterator[tuple[str, ...]]:
    """Yield the words that name each command, and each group, of *group* and below."""
    yield above
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, *above, name)
        else:
            yield (*above, name)


@pytest.mark.parametrize("command", list(commands()), ids=" ".join)
def test_every_help_has_an_example(command: tuple[str, ...]) -> None:
    """The help of each command and group shows lines of it, and each of them can be typed."""
    told = CliRunner().invoke(cli, [*command, "--help"]).stdout
    _, begins, examples = told.partition("Examples:\n")
    assert begins
    lines = [
        line.partition("ai-usage ")[2]
        for line in examples.partition("\n\n")[0].splitlines()
        if "ai-usage " in line
    ]
    assert [
        line for line in lines if not f"{line} ".startswith("".join(f"{w} " for w in command))
    ] == []
    assert lines
    for line in lines:
        parsed(line)


def parsed(line: str) -> click.Context:
    """Return what click makes of *line*, which is up to where the shell goes on with it."""
    words = shlex.split(re.split(r" (?:>|&&) ", line)[0])
    context, command = click.Context(cli), cli.get_command(click.Context(cli), words.pop(0))
    while isinstance(command, click.Group):
        context, command = click.Context(command), command.get_command(context, words.pop(0))
    assert command is not None
    return command.make_context("ai-usage", words, parent=context)


@each_of("model", ["gpt-4o-mini", "gpt-4o-mini-2024-07-18", "gpt-4", "gpt-3.5-turbo"])
def test_models_have_prices(model: str) -> None:
    """Also those that are named with a date; the batch price is the provider's."""
    usage = Usage(1000, 500, 1500)
    full = quote("openai", model, usage, NOW, batch=False)
    batch = quote("openai", model, usage, NOW, batch=True)
    assert (full.basis, batch.basis) == ("standard", "batch")
    assert full.cost is not None
    assert full.cost == full.list_cost == batch.list_cost
    assert batch.cost == full.cost / 2
    assert full.version


def test_no_output_is_not_free() -> None:
    """A completion with zero output tokens costs its input."""
    price = quote("openai", "gpt-4o-mini", Usage(1000, 0, 1000), NOW, batch=False)
    assert price.cost == Decimal("0.00015")


@pytest.mark.parametrize("operation", ["completion", "embedding"])
def test_counts_that_are_all_zero_tell_nothing(operation: str) -> None:
    """A library that knows no usage may say 0: the cost is unknown, and why."""
    served = Served(operation=operation)
    price = quote("openai", "gpt-4o-mini", Usage(0, 0, 0), NOW, batch=False, served=served)
    assert (price.cost, price.basis, price.why) == (None, "unpriced", "all of its counts are 0")


def test_zero_tokens_that_can_be_are_believed() -> None:
    """Of a turn that was broken off before its answer, and of what a server states a cost."""
    for service, served in (
        ("openai", Served(operation="realtime")),
        ("openai", Served({"cost": 0.0}, base_url="https://openrouter.ai/api/v1")),
    ):
        price = quote(service, "gpt-4o-mini", Usage(0, 0, 0), NOW, batch=False, served=served)
        assert price.cost == 0


def test_where_no_batch_rate_is_published_half_is_assumed() -> None:
    """And the basis says so."""
    price = quote("openai", "text-embedding-3-small", Usage(1000, 0, 1000), NOW, batch=True)
    assert price.basis == "batch_assumed"
    assert price.list_cost is not None
    assert price.cost == price.list_cost / 2


@each_of(
    ("service", "model", "usage"),
    [
        ("openai", "no-such-model", Usage(1, 1, 2)),
        ("openai", None, Usage(1, 1, 2)),
        ("openai", "", Usage(1, 1, 2)),
        ("openai", "x" * 10_000 + "'; DROP TABLE\x00", Usage(1, 1, 2)),
        ("no-such-service", "gpt-4o-mini", Usage(1, 1, 2)),
        ("openai", "gpt-4o-mini", Usage()),
        ("openai", "gpt-4o-mini", Usage(1, 1, 2, cached_input_tokens=5)),
    ],
)
def test_what_cannot_be_priced_is_unpriced(service: str, model: str | None, usage: Usage) -> None:
    """The price is None, never 0."""
    assert quote(service, model, usage, NOW, batch=False) is UNPRICED


def test_hostile_values_become_plain() -> None:
    """Metadata of any kind turns into bounded JSON that shows no object's own text."""
    recursive: dict[str, Any] = {}
    recursive["self"] = recursive
    hostile = {
        "nan": math.nan,
        "bytes": b"secret",
        "object": object(),
        "surrogate": "\udc80",
        "long": "x" * 100_000,
        "set": {1},
        "money": Decimal("1.50"),
        "when": NOW,
        "environment": sanitize,
        7: [None, True, 1.5],
        "recursive": recursive,
        "wide": list(range(10_000)),
    }
    text = json.dumps(sanitize(hostile), allow_nan=False)
    text.encode()
    assert len(text) < 10_000
    assert "secret" not in text
    assert json.loads(text)["7"] == [None, True, 1.5]


def test_errors_are_scrubbed() -> None:
    """Keys and tokens that providers echo are taken out, and the text is bounded."""
    text = scrub("Incorrect API key provided: sk-proj-abc***xyz. Bearer abc.def " + "x" * 1000)
    assert "sk-proj" not in text
    assert "abc.def" not in text
    assert len(text) == 500


def test_a_file_that_is_dropped_is_closed(tmp_path: Path) -> None:
    """Nobody is warned of a connection that was left open, which newer interpreters do."""
    file = SqliteFile(tmp_path / "dropped.db", "")
    file.run(lambda connection: connection.execute("SELECT 1"))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del file
        gc.collect()
    assert [str(warning.message) for warning in caught] == []
