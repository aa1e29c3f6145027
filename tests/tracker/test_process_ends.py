"""The ends that processes have beside the interpreter's: what was accepted is stored.

All of them, with the servers that they need, at random and in numbers: ``make chaos``.
"""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import process_end_programs as programs
import pytest
from runtime_calls import CHAT

import tracker
from tests.patience import PATIENCE
from tracker import AIUsageTracker, ai_usage_context
from tracker.delivery import fork_registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    import openai

TESTS = Path(__file__).resolve().parent
METHODS = multiprocessing.get_all_start_methods()


@pytest.fixture(autouse=True)
def forks_are_meant() -> Iterator[None]:
    """Since 3.12 a fork beside threads warns."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def stored(database: Path) -> list[str]:
    """Return the jobs whose calls are stored, in order."""
    if not database.exists():
        return []
    with closing(sqlite3.connect(database)) as file:
        return [job for (job,) in file.execute("SELECT job_id FROM ai_usage ORDER BY 1")]


def run(method: str, target: Any, *arguments: tuple[Any, ...]) -> list[int | None]:
    """Run *target* in a process for each of *arguments*; return the exit statuses."""
    context: Any = multiprocessing.get_context(method)
    children = [context.Process(target=target, args=given) for given in arguments]
    for child in children:
        child.start()
    for child in children:
        child.join(PATIENCE)
    return [child.exitcode for child in children]


def test_a_program_that_ends_right_behind_its_first_call(tmp_path: Path) -> None:
    """Its store's library is imported when the main thread has ended; the record arrives."""
    pytest.importorskip("boto3")
    asked: list[str] = []

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.headers["x-amz-target"].partition(".")[2])
            self.rfile.read(int(self.headers["content-length"]))
            answer = b'{"UnprocessedItems": {}}'
            self.send_response(200)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        variables = {
            "AI_USAGE_SINKS": "dynamodb",
            "AI_USAGE_SPOOL": str(tmp_path / "spool.db"),
            "AI_USAGE_FLUSH_TIMEOUT": "60",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
            "AWS_DEFAULT_REGION": "us-east-1",
            "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path]),
        }
        program = (
            "import process_end_programs as own\nwith own.ai_usage_context('op') as t: own.call(t)"
        )
        done = subprocess.run(  # from the start, where nothing is imported yet
            [sys.executable, "-c", program],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        server.shutdown()
    assert (done.returncode, done.stderr) == (0, "")
    assert set(asked) == {"BatchWriteItem"}  # again, where the answer took ten seconds


@pytest.mark.parametrize("method", METHODS)
def test_children_of_multiprocessing(method: str, quiet_environment: Path) -> None:
    """They leave by ``os._exit``, and have stored what they recorded."""
    given = [
        (quiet_environment, programs.run_step_7, "loop"),
        (quiet_environment, programs.forget_to_leave, "open"),
    ]
    assert run(method, programs.in_database, *given) == [0, 0]
    assert stored(quiet_environment) == ["loop", "open"]


def test_a_child_that_ends_in_an_error(quiet_environment: Path) -> None:
    """Has stored what it recorded before it."""

    def child() -> None:
        programs.run_step_7("j")
        programs.forget_to_leave("k")
        sys.exit(3)

    assert run("fork", child, ()) == [3]
    assert stored(quiet_environment) == ["j", "k"]


def test_what_finalisers_of_the_program_record(quiet_environment: Path) -> None:
    """Is stored too: ours comes last."""

    def child() -> None:
        from multiprocessing import util

        # multiprocessing's own start at -5, and are cleared away at -100.
        util.Finalize(None, programs.forget_to_leave, args=("late",), exitpriority=-1000)

    assert run("fork", child, ()) == [0]
    assert stored(quiet_environment) == ["late"]


@pytest.mark.parametrize("method", METHODS)
def test_a_pool_that_is_terminated(method: str, quiet_environment: Path) -> None:
    """Leaving ``with Pool()`` ends its workers by SIGTERM: each call was stored by then.

    They were handed the tracker of an open block, as whose calls theirs are booked.
    """
    context = multiprocessing.get_context(method)
    with (
        ai_usage_context("op", job_id="j") as used,
        context.Pool(2, programs.use, (quiet_environment,)) as pool,
    ):
        counts = pool.map(programs.with_tracker, [used] * 3)
    assert min(counts) > 0
    assert stored(quiet_environment) == ["j", "j", "j"]


@pytest.mark.parametrize("kind", ["Pool", "ProcessPoolExecutor"])
def test_workers_that_were_forked_in_an_open_block(kind: str, quiet_environment: Path) -> None:
    """The block never ends in them, so each of its calls is on disk when it has ended."""
    context = multiprocessing.get_context("fork")
    with ai_usage_context("op", job_id="j"):
        if kind == "Pool":
            with context.Pool(2) as pool:
                counts = pool.map(programs.in_the_block_around, range(3))
        else:
            with ProcessPoolExecutor(2, mp_context=context) as executor:
                counts = list(executor.map(programs.in_the_block_around, range(3)))
    assert min(counts) > 0
    assert stored(quiet_environment) == ["j", "j", "j"]


def forked(child: Any) -> int:
    """Run *child* in a fork that ends without any handler; return its exit status."""
    process = os.fork()
    if not process:
        status = 9
        try:
            child()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def test_a_child_of_an_open_block(client: openai.OpenAI, quiet_environment: Path) -> None:
    """Its calls, its streams, its own blocks and functions are stored one by one, under its ids."""

    def child() -> None:
        client.chat.completions.create(**CHAT)
        list(client.chat.completions.create(**CHAT, stream=True))
        with ai_usage_context("inner"):
            client.chat.completions.create(**CHAT)
        decorated()

    def ask() -> Any:
        return client.chat.completions.create(**CHAT)

    with ai_usage_context("outer", job_id="j") as used:
        decorated = used.track_openai_completion(ask)
        assert forked(child) == 0
        assert stored(quiet_environment) == ["j"] * 4
        client.chat.completions.create(**CHAT)
    assert stored(quiet_environment) == ["j"] * 5
    with closing(sqlite3.connect(quiet_environment)) as file:
        named = file.execute("SELECT metadata FROM ai_usage WHERE metadata LIKE '%\"ask\"%'")
        assert len(named.fetchall()) == 1


def test_batch_prices_in_a_child_of_an_open_block(quiet_environment: Path) -> None:
    """What the decorator knows is there before the call is stored."""
    with ai_usage_context("outer") as used:

        def child() -> None:
            programs.call(used)
            used.set_batch_mode(True)
            programs.call(used)

        assert forked(child) == 0
    with closing(sqlite3.connect(quiet_environment)) as file:
        (single, batch) = file.execute("SELECT cost_usd FROM ai_usage ORDER BY rowid").fetchall()
    assert batch[0] * 2 == pytest.approx(single[0])


def test_a_stream_left_open_in_a_child(client: openai.OpenAI, quiet_environment: Path) -> None:
    """It is stored as broken off; one that the child inherited is its parent's to book."""

    def child() -> None:
        threading.current_thread().stream = stream = client.chat.completions.create(  # type: ignore[attr-defined]
            **CHAT, stream=True
        )
        next(iter(stream))

    with ai_usage_context("op", job_id="j"):
        inherited = client.chat.completions.create(**CHAT, stream=True)
        assert run("fork", child, ()) == [0]
        assert stored(quiet_environment) == ["j"]
        list(inherited)
    assert stored(quiet_environment) == ["j", "j"]


@pytest.mark.parametrize("loop", programs.LOOPS)
def test_a_loop_that_ends(loop: str, tmp_path: Path) -> None:
    """What was recorded in it is on disk then, whatever becomes of the process."""
    database = tmp_path / "usage.db"
    variables = {**os.environ, "AI_USAGE_DATABASE": str(database), "PYTHONPATH": str(TESTS)}
    command = [sys.executable, "-W", "error", str(TESTS / "process_end_programs.py"), loop]
    done = subprocess.run(
        command, env=variables, cwd=TESTS.parents[1], capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (-9, b"")
    assert stored(database) == ["j-1", "j-2"]


def test_a_tracker_that_is_sent_elsewhere() -> None:
    """It names there whom it stands for here; its blocks stay behind."""
    import pickle

    tracker = AIUsageTracker(user_id="anna")
    with ai_usage_context("op", tracker=tracker, job_id="j", stage="ocr"):
        there = pickle.loads(pickle.dumps(tracker))
    assert (there.current_job_id, there.user_id) == ("j", "anna")
    assert there.current_context["stage"] == "ocr"
    assert tracker.current_job_id is None


def test_every_hook_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part that fails does not keep the others from what a fork needs of them."""
    seen = []

    def fails() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fork_registry._each([lambda: seen.append(1), fails, lambda: seen.append(2)])
    assert seen == [1, 2]


class Receivers(list[Any]):
    """A signal of Celery's, as far as it is used."""

    def connect(self, receiver: Any, weak: bool = True) -> None:
        """Keep *receiver*."""
        assert not weak
        self.append(receiver)


@pytest.mark.parametrize(("identity", "stored"), [((3,), 1), ((), 0)])
def test_the_end_of_a_task_of_celery(
    monkeypatch: pytest.MonkeyPatch, client: openai.OpenAI, identity: tuple[int, ...], stored: int
) -> None:
    """In a child of the pool what a task recorded is stored at its end, also in a block that it
    left open; in another process, where other tasks go on, a block is left to its own end."""
    signals: Any = ModuleType("celery.signals")
    signals.worker_process_shutdown, signals.task_postrun = Receivers(), Receivers()
    process = SimpleNamespace(current_process=lambda: SimpleNamespace(_identity=identity))
    monkeypatch.setitem(sys.modules, "celery.signals", signals)
    monkeypatch.setitem(sys.modules, "billiard.process", process)
    monkeypatch.setattr(fork_registry, "_watched", set(fork_registry._watched))
    fork_registry.watch()
    with ai_usage_context("op", job_id="j"):
        client.chat.completions.create(**CHAT)
        (task_ended,) = signals.task_postrun
        task_ended(sender=None)
        assert tracker.stats().stored == stored
    assert tracker.stats().stored == 1


@pytest.mark.lengthy
def test_the_ends_of_the_chaos_test_in_short() -> None:
    """Pools, functions and loops that end, in stores that fail: nothing is lost, or there twice."""
    command = [sys.executable, "-m", "tests.chaos", "10", "--only", "ends", "--ends", "own"]
    done = subprocess.run(
        command, cwd=TESTS.parents[1], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 lost, 0 doubled" in done.stdout
