"""Flushing on request and on SIGTERM, forks, and interpreters that end."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

import tracker
from tests.delivered import drained
from tests.patience import PATIENCE
from tracker import ai_usage_context

ROOT = Path(__file__).resolve().parents[2]
RECORD = """
import os, signal, sys, threading, tracker
def record(job, used=None):
    with tracker.ai_usage_context("op", tracker=used, job_id=job) as used:
        used.track_openai_completion(lambda: None)()
"""


def run(program: str, database: Path) -> int:
    """Run *program* in an interpreter of its own and return its exit status."""
    variables = {
        **os.environ,
        "AI_USAGE_DATABASE": str(database),
        "AI_USAGE_FLUSH_TIMEOUT": "60",
        "AI_USAGE_STRICT": "1",
    }
    command = [sys.executable, "-W", "error", "-c", RECORD + program]
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, check=False)
    assert done.stderr == b""
    return done.returncode


def jobs(database: Path) -> list[str]:
    """Return the jobs whose calls are stored."""
    if not database.exists():
        return []
    with closing(sqlite3.connect(database)) as file:
        return [job for (job,) in file.execute("SELECT job_id FROM ai_usage ORDER BY 1")]


def test_flush_stores_what_ended_in_an_open_block() -> None:
    """The block goes on, and its later calls are stored when it ends."""
    with ai_usage_context("op") as used:
        used.track_openai_completion(lambda: None)()
        assert tracker.flush(PATIENCE)
        assert tracker.stats() == tracker.Stats(captured=1, stored=1)
        used.track_openai_completion(lambda: None)()
    assert tracker.stats().stored == 2


@pytest.mark.parametrize("end", ["os._exit(0)", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_a_block_that_was_left_is_stored_whatever_follows(end: str, tmp_path: Path) -> None:
    """Without any handler's help."""
    run(f"record('j')\n{end}", tmp_path / "usage.db")
    assert jobs(tmp_path / "usage.db") == ["j"]


def test_no_handler_is_installed_unasked(tmp_path: Path) -> None:
    """SIGTERM ends the program as ever, with what was not left unstored."""
    program = """
with tracker.ai_usage_context("op", job_id="j") as used:
    used.track_openai_completion(lambda: None)()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    os.kill(os.getpid(), signal.SIGTERM)
"""
    assert run(program, tmp_path / "usage.db") == -signal.SIGTERM
    assert jobs(tmp_path / "usage.db") == []


def test_sigterm_flushes_when_asked(tmp_path: Path) -> None:
    """Calls of open blocks too; then it has its former effect: the process dies of it."""
    program = """
tracker.flush_on_sigterm()
tracker.flush_on_sigterm()
with tracker.ai_usage_context("op", job_id="j") as used:
    used.track_openai_completion(lambda: None)()
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait()
"""
    assert run(program, tmp_path / "usage.db") == -signal.SIGTERM
    assert jobs(tmp_path / "usage.db") == ["j"]


def test_the_program_s_own_handler_is_called_after_the_flush(tmp_path: Path) -> None:
    """And the program goes on if that lets it."""
    program = """
seen = []
signal.signal(signal.SIGTERM, lambda *_: seen.append(tracker.stats().stored))
tracker.flush_on_sigterm()
with tracker.ai_usage_context("op", job_id="j") as used:
    used.track_openai_completion(lambda: None)()
    os.kill(os.getpid(), signal.SIGTERM)
    used.track_openai_completion(lambda: None)()
sys.exit(0 if seen == [1] else 5)
"""
    assert run(program, tmp_path / "usage.db") == 0
    assert jobs(tmp_path / "usage.db") == ["j", "j"]


def test_sigterm_in_an_event_loop(tmp_path: Path) -> None:
    """The flush waits there too: the program is about to end."""
    program = """
import asyncio
tracker.flush_on_sigterm()
async def work():
    with tracker.ai_usage_context("op", job_id="j") as used:
        used.track_openai_completion(lambda: None)()
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(3600)
asyncio.run(work())
"""
    assert run(program, tmp_path / "usage.db") == -signal.SIGTERM
    assert jobs(tmp_path / "usage.db") == ["j"]


def test_calls_after_our_exit_handler_are_stored(tmp_path: Path) -> None:
    """A handler that was registered before the import runs after ours."""
    early = "import atexit; atexit.register(lambda: record('late'))"
    variables = {**os.environ, "AI_USAGE_DATABASE": str(tmp_path / "usage.db")}
    done = subprocess.run(
        [sys.executable, "-c", f"{early}\n{RECORD}record('early')"],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert jobs(tmp_path / "usage.db") == ["early", "late"]


def test_a_preloading_server_s_children_record(tmp_path: Path) -> None:
    """A block entered before the forks, its writer busy importing: each child's calls arrive."""
    program = """
import warnings; warnings.simplefilter("ignore", DeprecationWarning)
with tracker.ai_usage_context("server", job_id="parent") as used:
    used.track_openai_completion(lambda: None)()
    children = []
    for number in range(5):
        child = os.fork()
        if not child:
            threading.Thread(target=record, args=(f"child {number}", used)).start()
            for thread in threading.enumerate():
                if thread.name.startswith("Thread-"):
                    thread.join()
            os._exit(0)
        children.append(child)
    for child in children:
        assert os.waitpid(child, 0)[1] == 0
"""
    assert run(program, tmp_path / "usage.db") == 0
    assert drained()  # a child that had no turn for a second has spooled its call
    assert jobs(tmp_path / "usage.db") == [*(f"child {n}" for n in range(5)), "parent"]


@pytest.mark.lengthy
def test_the_chaos_test_in_short() -> None:
    """Twenty-four processes, one for every ending and store: no accepted record is lost."""
    command = [sys.executable, "-m", "tests.chaos", "24", "--only", "processes"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 lost" in done.stdout


def test_stats_are_plain_data() -> None:
    """For a log line or a health check."""
    stats = tracker.stats()
    assert json.dumps(dict(stats.dropped)) == "{}"
