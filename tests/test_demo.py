"""The demo and the examples: they run as the README says, and they can fail."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from many_cases import each_of

from tests.warm import run_text

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"


def load(name: str) -> Any:
    """Return the example module *name*, which is in no package."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]


loopback_server = load("loopback_server")
usage_table = load("usage_table")


def run(*arguments: str, cwd: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the interpreter of the tests with *arguments*, its output captured."""
    foreign = ("AI_USAGE_", "COLUMNS", "ENVIRONMENT", "OPENAI_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**kept, "PYTHONIOENCODING": "utf-8", **variables},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=900,
        check=False,
    )


@pytest.fixture(scope="module")
def demo() -> subprocess.CompletedProcess[str]:
    """The whole demo, run once for this module."""
    return run("examples/demo.py")


def test_the_demo_ends_well(demo: subprocess.CompletedProcess[str]) -> None:
    """The migrated copy records the same calls, and the demo says so with status 0."""
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert demo.stderr == ""
    assert "Equal: 12 calls with the same models, tokens, jobs, batches and users." in demo.stdout


def test_the_demo_shows_diff_and_report(demo: subprocess.CompletedProcess[str]) -> None:
    """Each legacy module appears in the diff, and no other."""
    changed = set(re.findall(r"^\+\+\+ b/legacy_app/(\w+)\.py", demo.stdout, re.MULTILINE))
    assert changed == {
        "async_categories",
        "currency_check",
        "daily_batch",
        "monthly_report",
        "receipt_analysis",
    }
    assert "A second run finds nothing left to do." in demo.stdout


def test_the_demo_sets_the_tables_side_by_side(demo: subprocess.CompletedProcess[str]) -> None:
    """Both tables share their lines, and the batch prices are marked and explained."""
    assert re.search(r"before the migration +│ +after the migration", demo.stdout)
    rows = [line for line in demo.stdout.splitlines() if re.match(r"(completion|embedding) ", line)]
    assert len(rows) == 12
    assert all("│" in row for row in rows)
    assert sum(row.endswith("*") for row in rows) == 3
    assert "* batch price: 3 calls" in demo.stdout


def test_the_demo_has_no_colour_without_a_terminal(demo: subprocess.CompletedProcess[str]) -> None:
    """Redirected output holds no escape sequence."""
    assert "\x1b" not in demo.stdout


def test_migrating_twice_changes_nothing_and_undo_restores_the_bytes(tmp_path: Path) -> None:
    """A copy of the application is migrated, left alone by a second run, and put back."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(EXAMPLES / "legacy_app", tmp_path / "legacy_app", ignore=ignore)
    original = contents(tmp_path / "legacy_app")

    migrate = [sys.executable, "-m", "codemods.migrate"]
    first = run_text([*migrate, "legacy_app"], tmp_path, os.environ)
    migrated = contents(tmp_path / "legacy_app")
    assert first.returncode == 0, first.stdout + first.stderr
    assert migrated != original

    second = run_text([*migrate, "legacy_app"], tmp_path, os.environ)
    assert second.returncode == 0, second.stdout + second.stderr
    assert contents(tmp_path / "legacy_app") == migrated

    undone = run_text([*migrate, "--undo"], tmp_path, os.environ)
    assert undone.returncode == 0, undone.stdout + undone.stderr
    assert contents(tmp_path / "legacy_app") == original


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every source file of *folder*."""
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*.py"))}


def test_the_application_refuses_to_reach_a_real_provider() -> None:
    """Without the server's address nothing is called, and the message says what to do."""
    result = run("-m", "legacy_app", cwd=EXAMPLES, PYTHONDONTWRITEBYTECODE="1")
    assert result.returncode == 1
    assert "OPENAI_BASE_URL is not set" in result.stderr


def test_the_environment_demo_runs_offline(tmp_path: Path) -> None:
    """Each environment is shown, and a misspelt one is an error that lists the valid ones."""
    result = run("examples/demo_environment_config.py", HOME=str(tmp_path))
    assert result.returncode == 0, result.stderr
    for name in ("production", "staging", "cicd", "development"):
        assert f"ENVIRONMENT={name}\n" in result.stdout
    assert result.stdout.count("recorded      1 call") == 4
    error = result.stdout.partition("ENVIRONMENT=prod\n")[2]
    assert "UnknownEnvironmentError" in error
    assert "production, staging, cicd, development" in error
    assert list(tmp_path.iterdir()) == []


CALL = usage_table.Call(
    operation="completion",
    model="gpt-4o-mini",
    input_tokens=40,
    output_tokens=9,
    job_id="job-1",
    batch_id=None,
    user_id="anna",
    operation_type=None,
    cost_picodollars=11_400_000,
    list_cost_picodollars=11_400_000,
    price_basis="standard",
)
MIGRATED = replace(CALL, operation_type="receipt_analysis")
IN_BATCH = replace(CALL, batch_id="batch-1")
AT_HALF = replace(
    IN_BATCH, operation_type="batch_processing", cost_picodollars=5_700_000, price_basis="batch"
)


def compared(before: list[Any], after: list[Any]) -> list[str]:
    """Return the differences of two runs."""
    return list(usage_table.differences(usage_table.pair(before, after)))


def test_equal_usage_has_no_differences() -> None:
    """An added operation type, the price of a batch, and another order are permitted."""
    assert compared([CALL, IN_BATCH], [AT_HALF, MIGRATED]) == []


@each_of(
    ("after", "message"),
    [
        ([], "only recorded before"),
        ([MIGRATED, MIGRATED], "only recorded after"),
        ([replace(MIGRATED, job_id=None)], "only recorded after"),
        ([replace(MIGRATED, user_id="ben")], "only recorded after"),
        ([replace(MIGRATED, model="gpt-4o")], "only recorded after"),
        ([replace(MIGRATED, output_tokens=None)], "only recorded after"),
        ([CALL], "no operation type"),
        ([replace(MIGRATED, cost_picodollars=1)], "the cost differs"),
        ([replace(MIGRATED, list_cost_picodollars=1)], "the list price differs"),
        ([replace(AT_HALF, batch_id=None)], "a batch price outside a batch"),
    ],
)
def test_every_difference_is_seen(after: list[Any], message: str) -> None:
    """A lost, doubled or changed call, job, user, model, token count or price is named."""
    assert any(problem.startswith(message) for problem in compared([CALL], after))


@each_of("cost", [None, 0, 5_000_000, 11_400_000])
def test_a_batch_price_must_be_half(cost: int | None) -> None:
    """Free, unpriced and full prices do not pass for a batch price."""
    wrong = replace(AT_HALF, cost_picodollars=cost)
    assert any("not half" in problem for problem in compared([IN_BATCH], [wrong]))


def test_narrow_screens_get_one_line_for_each_side() -> None:
    """Where both tables do not fit beside each other, each call's lines stand under each other."""
    pairs = usage_table.pair([CALL], [MIGRATED])
    assert "│" in usage_table.render(pairs, 240)[1]
    narrow = usage_table.render(pairs, 100)
    assert [line.split()[0] for line in narrow[2:]] == ["before", "after"]


def test_a_database_is_read_in_the_order_of_the_calls(tmp_path: Path) -> None:
    """Rows come by time, with every column that is compared."""
    path = tmp_path / "usage.db"
    names = [*usage_table.Call.__dataclass_fields__]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"CREATE TABLE usage_metrics (id, timestamp, {', '.join(names)})")
        for number, call in ((2, AT_HALF), (1, MIGRATED)):
            values = [number, f"2026-01-0{number}", *(getattr(call, name) for name in names)]
            marks = ", ".join("?" * len(values))
            connection.execute(f"INSERT INTO usage_metrics VALUES ({marks})", values)
    assert usage_table.read_calls(path) == [MIGRATED, AT_HALF]


def test_the_server_counts_the_same_tokens_each_time() -> None:
    """Answers depend on the request alone."""
    request = {
        "model": "gpt-4o-mini",
        "messages": [
            {"role": "system", "content": "Name the spending category."},
            {"role": "user", "content": "Apples"},
        ],
    }
    first, second = (loopback_server.chat_completion(request, number) for number in (1, 2))
    assert first["choices"][0]["message"]["content"] == "groceries"
    assert first["usage"] == second["usage"]
    assert first["usage"] == {"prompt_tokens": 17, "completion_tokens": 3, "total_tokens": 20}
    assert first["id"] != second["id"]


def test_the_server_answers_the_real_client() -> None:
    """Completions and embeddings are read by the ``openai`` client, and unknown routes refused."""
    openai = pytest.importorskip("openai")
    with loopback_server.serving() as server:
        client = openai.OpenAI(base_url=server.base_url, api_key="unused", max_retries=0)
        with client:
            vector = client.embeddings.create(model="m", input="text", encoding_format="float")
            assert vector.data[0].embedding == [0.04, 0.5]
            assert vector.usage.prompt_tokens == 1
            with pytest.raises(openai.NotFoundError):
                client.models.list()
