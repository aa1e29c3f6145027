"""Programs that stop clocks, change folders and arithmetic, and values that fight back."""

from __future__ import annotations

import decimal
import logging
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from process_end_programs import call

import tracker
from tests.patience import PATIENCE
from tracker import AIUsageTracker, ai_usage_context
from tracker.budgets.limit import dollars, picodollars
from tracker.records.builder import UNREADABLE
from tracker.records.clock import steady
from tracker.sinks.sqlite import shared_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracker.testing import CapturedMetrics

ROOT = Path(__file__).resolve().parents[2]


class Panic(BaseException):
    """What extensions raise when they panic: no Exception."""


class Ending(dict[str, Any]):
    """A container that ends whoever looks into it."""

    def __init__(self, error: type[BaseException]) -> None:
        super().__init__(a=1)
        self._error = error

    def items(self) -> Any:
        """End whoever asks."""
        raise self._error


class Nameless:
    """A key that has no text."""

    def __str__(self) -> str:
        raise ValueError("no")


def rows(database: Path, columns: str) -> list[tuple[Any, ...]]:
    """Return *columns* of what is stored, in order."""
    with closing(sqlite3.connect(database)) as file:
        return file.execute(f"SELECT {columns} FROM usage_metrics ORDER BY id").fetchall()


@pytest.mark.parametrize("error", [SystemExit, Panic, GeneratorExit, RuntimeError])
def test_values_that_end_who_reads_them(
    error: type[BaseException], quiet_environment: Path
) -> None:
    """Only they are unreadable: their record is stored, and so are the others of its batch."""
    with ai_usage_context("op", user_id="anna", note=Ending(error)) as used:
        call(used)
    with ai_usage_context("op", job_id=Ending(error)) as used:
        call(used)
    assert tracker.flush(PATIENCE)
    found = rows(quiet_environment, "user_id, job_id, metadata ->> 'note'")
    assert found == [("anna", None, UNREADABLE), ("default", UNREADABLE, None)]


def test_an_interrupt_in_a_thread_of_ours_ends_one_record(quiet_environment: Path) -> None:
    """Nobody at a keyboard means it: the record is counted as lost, and the next ones come."""
    with ai_usage_context("op", note=Ending(KeyboardInterrupt)) as used:
        call(used)
    with ai_usage_context("op", job_id="next") as used:
        call(used)
    assert tracker.flush(PATIENCE)
    assert rows(quiet_environment, "job_id") == [("next",)]
    assert dict(tracker.stats().dropped) == {"internal error": 1}


@pytest.mark.parametrize("key", [Nameless(), (1, 2), b"k", None, 1.5])
def test_keys_that_are_no_texts(key: object, metrics: CapturedMetrics) -> None:
    """They cost their field at most, and no record."""
    with ai_usage_context("op") as used:
        used.add_context_metadata({key: "x"})
        call(used)
    (metric,) = metrics
    assert "x" in metric.metadata.values()


@pytest.fixture
def stopped_clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop the time as tests of a program do."""
    for name in ("time", "monotonic", "perf_counter"):
        stopped = getattr(time, name)()
        monkeypatch.setattr(time, name, lambda stopped=stopped: stopped)


def test_a_locked_store_while_the_clock_stands(
    monkeypatch: pytest.MonkeyPatch, quiet_environment: Path, stopped_clocks: None
) -> None:
    """The block waits no longer than it does while the clock goes; the record is spooled."""
    monkeypatch.setattr(shared_file, "BUSY_TIMEOUT_SECONDS", 0.05)
    with closing(sqlite3.connect(quiet_environment, isolation_level=None)) as other:
        other.execute("CREATE TABLE theirs (a)")
        other.execute("BEGIN EXCLUSIVE")
        with ai_usage_context("op") as used:
            call(used)
        assert tracker.stats().spooled == 1


def test_time_passes_for_who_waits(stopped_clocks: None) -> None:
    """Whatever a test put in the place of the module's functions."""
    began = steady()
    while steady() == began:
        pass
    assert time.monotonic() == time.monotonic()


@pytest.fixture
def own_arithmetic() -> Iterator[decimal.Context]:
    """Calculate as a program may: with one digit, and an exception where that is not exact."""
    before, default = decimal.getcontext(), decimal.DefaultContext.copy()
    theirs = decimal.Context(prec=1, traps=[decimal.Inexact, decimal.Rounded])
    decimal.DefaultContext.prec = 1
    decimal.DefaultContext.traps = theirs.traps
    decimal.setcontext(theirs)
    yield theirs
    decimal.DefaultContext.prec, decimal.DefaultContext.traps = default.prec, default.traps
    decimal.setcontext(before)


def priced(used: AIUsageTracker, tokens: int = 1_234_567) -> None:
    """Make a call whose price has many digits."""
    usage = {"input_tokens": tokens, "output_tokens": tokens}
    used.track_openai_completion(lambda: SimpleNamespace(model="gpt-4o-mini", usage=usage))()


def test_prices_are_none_of_the_program_s_arithmetic(
    own_arithmetic: decimal.Context, quiet_environment: Path
) -> None:
    """They are exact whatever its precision is, and its flags stay as it has them."""
    with ai_usage_context("op") as used:
        priced(used)
    assert tracker.flush(PATIENCE)
    ((cost,),) = rows(quiet_environment, "cost_picodollars")
    assert cost == 1_234_567 * (150_000 + 600_000)
    assert not any(own_arithmetic.flags.values())


def test_budgets_are_none_of_the_program_s_arithmetic(own_arithmetic: decimal.Context) -> None:
    """An amount is what the program says, to the last digit."""
    assert picodollars(0.123456, "here") == 123_456_000_000
    assert str(dollars(123_456_000_000)) == "0.123456"
    assert not any(own_arithmetic.flags.values())


HOSTS = {
    "arithmetic": """
import decimal
decimal.DefaultContext.prec = 1
theirs = decimal.Context(traps=[decimal.Inexact, decimal.Rounded])
decimal.DefaultContext.traps = theirs.traps
decimal.setcontext(decimal.DefaultContext.copy())
""",
    "small stacks": """
import threading
for size in (32768, 65536):  # newer versions of Python take no less than the second
    try:
        threading.stack_size(size)
        break
    except ValueError:
        pass
""",
}
CALLS = """
import sys
sys.path.insert(0, sys.argv[1])
from process_end_programs import call
from tracker import ai_usage_context
with ai_usage_context("op") as used:
    call(used)
"""


@pytest.mark.parametrize("host", HOSTS)
def test_what_a_program_chooses_for_all_of_its_threads(host: str, tmp_path: Path) -> None:
    """It is not chosen for ours, which import their libraries behind that; it stays as it is."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment["AI_USAGE_DATABASE"] = str(tmp_path / "u.db")
    program = HOSTS[host] + CALLS + "assert threading.stack_size() == size\n" * ("small" in host)
    arguments = [sys.executable, "-c", program, str(Path(__file__).parent)]
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    ((cost,),) = rows(tmp_path / "u.db", "cost_picodollars")
    assert cost == 150_000 + 600_000


@pytest.mark.parametrize("part", ["handler", "filter"])
def test_a_log_that_raises(
    part: str, monkeypatch: pytest.MonkeyPatch, quiet_environment: Path
) -> None:
    """What it raises at a line of ours does not reach the program, which made no line."""

    class Raising(logging.Handler):
        def handle(self, record: logging.LogRecord) -> bool:
            told.append(record.getMessage())
            raise RuntimeError("the program's")

        filter = handle

    told: list[str] = []
    monkeypatch.delenv("AI_USAGE_STRICT")
    log = logging.getLogger("tracker")
    monkeypatch.setattr(log, "handlers" if part == "handler" else "filters", [Raising()])
    with ai_usage_context("op", table_name="theirs") as used:
        call(used)
    assert len(told) == 1
    assert len(rows(quiet_environment, "id")) == 1


def test_a_price_beyond_sense(quiet_environment: Path) -> None:
    """Counts that a server made up cost the price, and not the record."""
    with ai_usage_context("op") as used:
        priced(used, 2**62)
    assert tracker.flush(PATIENCE)
    assert rows(quiet_environment, "input_tokens, cost_picodollars, price_basis") == [
        (2**62, None, "unpriced")
    ]


PROGRAM = """
import os, sys, tracker
sys.path.insert(0, sys.argv[1])
from process_end_programs import call
from tracker import AIUsageTracker, ai_usage_context
first = AIUsageTracker(track_to_file=True, log_file="log.jsonl")
for folder in (".", "elsewhere", "gone"):
    os.chdir(folder)
    if folder == "gone":
        os.rmdir(os.getcwd())
    with ai_usage_context("op", tracker=first) as used:
        call(used)
assert tracker.stats().stored == 6, tracker.stats()
"""


def test_a_program_that_goes_to_another_folder(tmp_path: Path) -> None:
    """Its records stay together in the files that it began with, where it began."""
    (tmp_path / "elsewhere" / "gone").mkdir(parents=True)
    environment = {**os.environ, "AI_USAGE_DATABASE": "u.db", "AI_USAGE_SPOOL": "s.db"}
    environment["PYTHONPATH"] = str(ROOT)
    arguments = [sys.executable, "-c", PROGRAM, str(Path(__file__).parent)]
    subprocess.run(arguments, env=environment, cwd=tmp_path, check=True)
    assert len(rows(tmp_path / "u.db", "id")) == 3
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 3
    assert not list((tmp_path / "elsewhere").iterdir())
