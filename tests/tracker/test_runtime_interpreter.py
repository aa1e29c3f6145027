"""What the interpreter does with threads and processes, and what the runtime makes of it."""

from __future__ import annotations

import contextvars
import importlib
import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import warnings
from contextlib import closing
from multiprocessing import forkserver
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from tests.patience import PATIENCE, joined, reached
from tracker import AIUsageTracker, ai_usage_context, get_current_context
from tracker.config.interpreter import is_importing, running, thread_of_ours
from tracker.delivery import writer

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

ROOT = Path(__file__).resolve().parents[2]
has_the_setting = pytest.mark.skipif(
    not hasattr(sys.flags, "thread_inherit_context"), reason="the setting is of Python 3.14"
)
# Prints the block of a thread of the program, of a wrapped function, and of our own thread.
THREADS = """
import threading
from tracker import ai_usage_context, get_current_context, wrap
from tracker.delivery import writer
from tracker.config.interpreter import thread_of_ours
from tracker.delivery import writer
def show():
    found = get_current_context()
    print((found or {}).get("job_id"))
def ran(thread):
    thread.start()
    thread.join()
with ai_usage_context("scan", job_id="j"):
    ran(threading.Thread(target=show))
    ran(threading.Thread(target=wrap(show)))
    ran(thread_of_ours(show, "ours"))
    with ai_usage_context("inner", job_id="k"):
        ran(threading.Thread(target=show))
ran(threading.Thread(target=show))
"""


# Has all threads of ours, blocks a signal in its only own one, and is sent it.
SIGNALLED = """
import os, signal, threading
from tracker import ai_usage_context, flush
from tracker.context import unattributed
with ai_usage_context("scan") as used:
    used.track_openai_completion(lambda: None)()
flush(60)
unattributed._start_settler()
before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
os.kill(os.getpid(), signal.SIGTERM)
print(*sorted(thread.name for thread in threading.enumerate()), *signal.sigpending(), *before)
signal.signal(signal.SIGTERM, lambda *_: print("taken", flush=True))
signal.pthread_sigmask(signal.SIG_SETMASK, before)
"""


def blocked() -> set[int]:
    """Return the signals that this thread takes none of."""
    return set(signal.pthread_sigmask(signal.SIG_BLOCK, ()))


def blocks_of_threads(inherit: bool) -> list[str]:
    """Return which jobs the threads of the program above are in."""
    command = [sys.executable, "-X", f"thread_inherit_context={int(inherit)}", "-c", THREADS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.skipif(sys.platform == "win32", reason="threads of Windows block no signals")
def test_signals_are_for_threads_of_the_program(tmp_path: Path) -> None:
    """What its one thread blocks waits, though ours are there: their taking it would end it.

    Celery's workers block the signal that their command sends them while they hold the lock of the
    pool's queue; one that died there left the whole pool waiting.
    """
    (tmp_path / "folder").mkdir()
    stores = {"AI_USAGE_DATABASE": str(tmp_path / "folder"), "AI_USAGE_SPOOL": str(tmp_path / "s")}
    environment = os.environ | stores
    command = [sys.executable, "-c", SIGNALLED]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment)
    names = "MainThread ai-usage-outside ai-usage-sender ai-usage-writer"
    assert (done.stdout, done.returncode) == (f"{names} {signal.SIGTERM}\ntaken\n", 0), done


@pytest.mark.skipif(sys.platform == "win32", reason="threads of Windows block no signals")
def test_signals_stay_with_the_thread_that_runs_a_greenlet() -> None:
    """Where threads are greenlets, ours run in one of the program's, which goes on taking them."""
    seen: list[bool] = []
    thread_of_ours(lambda: seen.append(not blocked()), "ours").run()  # as a greenlet does
    assert (seen, blocked()) == ([True], set())


def test_whether_threads_inherit() -> None:
    """A context variable of the starting thread is seen in the new one, or it is not."""
    variable: contextvars.ContextVar[bool] = contextvars.ContextVar("variable", default=False)
    variable.set(True)
    seen: list[bool] = []
    thread = threading.Thread(target=lambda: seen.append(variable.get()))
    thread.start()
    joined(thread)
    assert seen == [running().threads_inherit]


def test_how_processes_are_started() -> None:
    """The default is the first one that ``multiprocessing`` lists."""
    assert running().process_start == multiprocessing.get_all_start_methods()[0]


def test_whether_threads_run_at_the_same_time() -> None:
    """Only a build that is called so lets them, and only if nothing it loaded forbids it."""
    assert not running().free_threaded or "t" in sys.abiflags


@has_the_setting
def test_a_plain_thread_is_in_no_block() -> None:
    """Unless the interpreter is told to, only a wrapped function takes its block along."""
    assert blocks_of_threads(False) == ["None", "j", "None", "None", "None"]


@has_the_setting
def test_a_thread_that_inherits_is_in_the_block_that_starts_it() -> None:
    """The program's threads are; ours are in none, and none is left behind the block."""
    assert blocks_of_threads(True) == ["j", "j", "None", "k", "None"]


def test_our_thread_of_ourss_are_in_no_block() -> None:
    """Whatever the interpreter hands on: they outlive every block."""
    seen: list[object] = []
    with ai_usage_context("scan", job_id="j"):
        thread = thread_of_ours(lambda: seen.append(get_current_context()), "ours")
        thread.start()
        joined(thread)
    assert seen == [None]
    assert thread.daemon


def _booked(connection: Connection) -> None:
    """Record a call in a process of its own, and store it; tell the block that it began in."""
    began_in = (get_current_context() or {}).get("job_id")
    with ai_usage_context("child", job_id="c", tracker=AIUsageTracker()) as used:
        used.track_openai_completion(lambda: None)()
    connection.send((began_in, writer.flush(PATIENCE)))


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_a_process_of_any_kind_records(method: str, quiet_environment: Path) -> None:
    """The child's own blocks are stored as anywhere; a forked one begins in its parent's."""
    # A server that an earlier test started has that test's environment.
    forkserver._forkserver._stop()  # type: ignore[attr-defined]
    context = multiprocessing.get_context(method)
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_booked, args=(sending,))
    with warnings.catch_warnings(), ai_usage_context("parent", job_id="p"):
        # Newer interpreters warn of a fork beside threads, which is what this is about.
        warnings.simplefilter("ignore", DeprecationWarning)
        process.start()
    assert receiving.poll(PATIENCE)
    assert receiving.recv() == ("p" if method == "fork" else None, True)
    process.join()
    assert process.exitcode == 0
    with closing(sqlite3.connect(quiet_environment)) as file:
        assert file.execute("SELECT job_id FROM usage_metrics").fetchall() == [("c",)]


def test_an_import_on_its_way_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the thread that imports, and no longer than it does."""
    inside, go_on = threading.Event(), threading.Event()
    events = ModuleType("on_its_way_events")
    events.wait = lambda: (inside.set(), reached(go_on))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, events.__name__, events)
    (tmp_path / "on_its_way.py").write_text("import on_its_way_events as e; e.wait()")
    monkeypatch.syspath_prepend(tmp_path)
    thread = threading.Thread(target=importlib.import_module, args=("on_its_way",))
    thread.start()
    reached(inside)
    assert is_importing(thread.ident or 0)
    assert not is_importing(threading.get_ident())
    go_on.set()
    joined(thread)
    assert not is_importing(thread.ident or 0)
    sys.modules.pop("on_its_way")
