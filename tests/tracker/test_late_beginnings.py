"""The first use of the package where little works any more, or nothing yet."""

from __future__ import annotations

import importlib
import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import anthropic
import openai
import process_end_programs as programs
import pytest

import tracker
from tests.patience import PATIENCE
from tracker import ai_usage_context
from tracker.config import interpreter
from tracker.instrumentation import client_patch, installation
from tracker.instrumentation.providers.anthropic import ANTHROPIC
from tracker.instrumentation.providers.openai import OPENAI

ROOT = Path(__file__).resolve().parents[2]
BEGIN = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
USE = "programs.forget_to_leave('job')"
PROGRAMS = {
    "a thread that outlives the main one": f"""
import threading, process_end_programs as programs
def work():
    threading.main_thread().join()
    {USE}
threading.Thread(target=work).start()
""",
    "an exit handler": f"""
import atexit, process_end_programs as programs
atexit.register(lambda: {USE})
""",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_first_block(name: str, quiet_environment: Path) -> None:
    """It raises nothing, and its record is stored, though no module of pools can be loaded."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + PROGRAMS[name]],
        env=environment, capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    with closing(sqlite3.connect(quiet_environment)) as file:
        assert file.execute("SELECT job_id FROM ai_usage").fetchall() == [("job",)]


HALF_MADE = """
import half_made_gate
half_made_gate.reached.set()
half_made_gate.go_on.wait()
Timeout = object
"""


def test_a_library_that_the_client_takes_for_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client looks for it among the modules that are there: it waits for who imports it."""
    (tmp_path / "half_made.py").write_text(HALF_MADE)
    gate: Any = ModuleType("half_made_gate")
    gate.reached, gate.go_on = threading.Event(), threading.Event()
    monkeypatch.setitem(sys.modules, "half_made_gate", gate)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(client_patch, "HTTP", "half_made")
    wait = importlib.import_module

    def import_module(name: str) -> ModuleType:
        gate.go_on.set()
        return wait(name)

    thread = threading.Thread(target=wait, args=("half_made",))
    thread.start()
    assert gate.reached.wait(PATIENCE)
    assert not hasattr(sys.modules["half_made"], "Timeout")
    monkeypatch.setattr(importlib, "import_module", import_module)
    client_patch.patch(ANTHROPIC, anthropic)  # which looks for none
    assert not hasattr(sys.modules["half_made"], "Timeout")
    client_patch.patch(OPENAI, openai)
    assert hasattr(sys.modules["half_made"], "Timeout")
    thread.join()
    monkeypatch.delitem(sys.modules, "half_made")


def test_while_modules_are_taken_apart() -> None:
    """Whatever is lost is told, and the process ends: no thread is waited for that cannot start."""
    code = (
        "import process_end_programs as programs\n"
        "class Last:\n    def __del__(self): programs.forget_to_leave('job')\n"
        "programs.kept = Last()\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "AI_USAGE_STRICT": "0"}
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + code],
        env=environment, capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


def test_an_interpreter_that_has_no_threads_of_ours(
    monkeypatch: pytest.MonkeyPatch, quiet_environment: Path
) -> None:
    """As subinterpreters of Python: the block does their work when it is left."""

    def refuse(*_given: object) -> Any:
        raise RuntimeError("daemon threads are disabled in this (sub)interpreter")

    monkeypatch.setattr(interpreter, "thread_of_ours", refuse)
    with ai_usage_context("op", job_id="job") as used:
        programs.call(used)
    assert (tracker.stats().stored, tracker.stats().waiting) == (1, 0)


@pytest.fixture
def uninstalled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nothing installed yet."""
    monkeypatch.setattr(installation, "_installed", False)


def test_a_signal_handler_that_comes_while_we_install(
    monkeypatch: pytest.MonkeyPatch, uninstalled: None
) -> None:
    """Its own first block neither waits for the thread that it interrupted nor installs twice."""
    seen = []

    def interrupted() -> None:
        seen.append("outer")
        with ai_usage_context("op") as used:
            programs.call(used)

    monkeypatch.setattr(client_patch, "await_imports", interrupted)
    installation.install()
    assert seen == ["outer"]


def test_a_fork_waits_for_a_thread_that_installs(
    monkeypatch: pytest.MonkeyPatch, uninstalled: None
) -> None:
    """A child would find its lock, and those of the modules that it imports, taken for ever."""
    inside, go_on = threading.Event(), threading.Event()

    def slowly() -> None:
        inside.set()
        go_on.wait(PATIENCE)

    monkeypatch.setattr(client_patch, "await_imports", slowly)
    installing = threading.Thread(target=installation.install)
    installing.start()
    assert inside.wait(PATIENCE)
    forking = threading.Thread(target=installation._before_fork)
    forking.start()
    assert not installation._held
    go_on.set()
    installing.join(PATIENCE)
    forking.join(PATIENCE)
    assert len(installation._held) == 1
    installation._held.clear()
    installation._after_fork_in_child()
    assert installation._installed


def test_what_cannot_be_installed_is_told_and_the_block_runs(
    monkeypatch: pytest.MonkeyPatch, uninstalled: None, caplog: pytest.LogCaptureFixture
) -> None:
    """A program goes on unobserved, and the next block tries again."""
    monkeypatch.setenv("AI_USAGE_STRICT", "0")

    def fail() -> None:
        raise ImportError("no")

    monkeypatch.setattr(client_patch, "await_imports", fail)
    with ai_usage_context("op") as used:
        programs.call(used)
    assert "internal error in install: ImportError" in caplog.text
    tried: list[bool] = []
    monkeypatch.setattr(client_patch, "await_imports", lambda: tried.append(True))
    for _ in range(2):
        with ai_usage_context("op") as used:
            programs.call(used)
    assert tried == [True]
