"""How one process of each kind is begun, given jobs, and ended; each driver returns what it did.

Nothing here waits for a time: a server listens on a socket that is bound before it starts, a
task tells of its end on a pipe, a frozen process is seen to have stopped.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import multiprocessing
import os
import random
import signal
import socket
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import tracker
from tests.chaos import application

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

#: What turns a server that stands still into a failure; what is right stays far below it.
PATIENCE = 300.0


@dataclass(frozen=True)
class Cycle:
    """One end: the same number and seed do the same."""

    number: int
    seed: int
    name: str
    store: str
    folder: Path

    @property
    def dice(self) -> random.Random:
        """Return the cycle's dice, as they were at first."""
        return random.Random(f"{self.seed}:{self.number}:end")

    def jobs(self, *kinds: str, at_least: int = 1) -> list[str]:
        """Return some jobs of *kinds*."""
        dice = self.dice
        count = dice.randint(at_least, at_least + 8)
        return [f"end/{self.number}/{dice.choice(kinds)}-{index}" for index in range(count)]


@dataclass(frozen=True)
class End:
    """A way to end; ``often`` says how many cycles of a round it has."""

    run: Callable[[Cycle], Sequence[str]]
    often: int


def _processes(method: str) -> Callable[[Cycle], Sequence[str]]:
    """``multiprocessing.Process``: children that return."""

    def run(cycle: Cycle) -> Sequence[str]:
        context: Any = multiprocessing.get_context(method)
        jobs = cycle.jobs("block", "loop", "open", at_least=2)
        parts = [jobs[::2], jobs[1::2]]
        children = [context.Process(target=application.work_all, args=(part,)) for part in parts]
        for child in children:
            child.start()
        for child in children:
            child.join(PATIENCE)
        assert [child.exitcode for child in children] == [0, 0]
        return jobs

    return run


def _executor(method: str) -> Callable[[Cycle], Sequence[str]]:
    """``concurrent.futures``: workers that are shut down."""

    def run(cycle: Cycle) -> Sequence[str]:
        jobs = cycle.jobs("block", "loop", "open")
        context = multiprocessing.get_context(method)
        with ProcessPoolExecutor(2, mp_context=context) as pool:
            return list(pool.map(application.work, jobs))

    return run


def _pool_in_a_block(cycle: Cycle) -> Sequence[str]:
    """``with Pool()`` in an open block: workers that SIGTERM ends."""
    jobs = cycle.jobs("block")
    context = multiprocessing.get_context("fork")
    with tracker.ai_usage_context("outer"), context.Pool(2) as pool:
        return pool.map(application.in_block_around, jobs)


def _child(does: Callable[[int], None]) -> tuple[int, int]:
    """Fork a process that does something with a pipe; return its id and the other end."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            does(writing)
        finally:
            os._exit(3)
    os.close(writing)
    return child, reading


def _frozen(cycle: Cycle) -> Sequence[str]:
    """A function of a cloud: stopped as soon as it has returned, thawed at times, then killed."""
    jobs = cycle.jobs("block", "loop")

    def function(pipe: int) -> None:
        if cycle.dice.random() < 0.5:
            os.environ["AWS_LAMBDA_FUNCTION_NAME"] = "chaos"
        kept = asyncio.new_event_loop() if cycle.dice.random() < 0.5 else None
        for job in jobs:
            if kept is not None:
                kept.run_until_complete(application.step_7(job))
            else:
                application.work(job)
            os.kill(os.getpid(), signal.SIGSTOP)
        os.write(pipe, b"thawed too often")

    child, pipe = _child(function)
    for number in range(len(jobs)):
        _, status = os.waitpid(child, os.WUNTRACED)
        assert os.WIFSTOPPED(status), status
        if number + 1 < len(jobs):
            os.kill(child, signal.SIGCONT)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert os.read(pipe, 1) == b""
    return jobs


async def _in_nursery(jobs: Sequence[str]) -> None:
    """Do *jobs* at once, in trio."""
    import trio

    async def later(job: str) -> None:
        with tracker.ai_usage_context("op", job_id=job, stage=job) as used:
            await trio.lowlevel.checkpoint()
            application.call(used, job)

    async with trio.open_nursery() as nursery:
        for job in jobs:
            nursery.start_soon(later, job)


async def _gathered(jobs: Sequence[str]) -> None:
    """Do *jobs* at once, in asyncio."""
    await asyncio.gather(*map(application.step_7, jobs))


def _run_loop(kind: str, jobs: Sequence[str]) -> None:
    if kind == "trio":
        import trio

        trio.run(_in_nursery, jobs)
    elif kind == "uvloop":
        import uvloop

        uvloop.run(_gathered(jobs))
    elif kind == "kept":
        asyncio.new_event_loop().run_until_complete(_gathered(jobs))
    else:
        asyncio.run(_gathered(jobs))


def _loop_that_ends(*kinds: str) -> Callable[[Cycle], Sequence[str]]:
    """An event loop that is over, in a process that is ended right behind it."""

    def run(cycle: Cycle) -> Sequence[str]:
        jobs = cycle.jobs("loop")

        def program(_pipe: int) -> None:
            _run_loop(cycle.dice.choice(kinds), jobs)
            os.kill(os.getpid(), signal.SIGKILL)

        child, _ = _child(program)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        return jobs

    return run


def _server(
    command: Callable[[Cycle, int], list[str]], kinds: Sequence[str], statuses: Sequence[int]
) -> Callable[[Cycle], Sequence[str]]:
    """A server that is asked for jobs, some at once, and ended when the last is answered."""

    def run(cycle: Cycle) -> Sequence[str]:
        with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
            address = listening.getsockname()
            fd = listening.fileno()
            server = _started(cycle, command(cycle, fd), fd)
            with ThreadPoolExecutor(cycle.dice.randint(1, 3)) as threads:
                jobs = list(threads.map(lambda job: _ask(address, job), cycle.jobs(*kinds)))
        server.send_signal(signal.SIGTERM)
        output, _ = server.communicate(timeout=PATIENCE)
        text = output.decode(errors="replace")
        assert server.returncode in statuses, (server.returncode, text)
        assert "Traceback" not in text, text
        return jobs

    return run


def _started(cycle: Cycle, command: list[str], *fds: int) -> subprocess.Popen[bytes]:
    # What this process was told by ``prepare`` is in its environment.
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-X", "faulthandler", "-m", *command],
        pass_fds=fds,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def _ask(address: tuple[str, int], job: str) -> str:
    """Have the server do *job*; return its name when the answer is there."""
    connection = http.client.HTTPConnection(*address, timeout=PATIENCE)
    with closing(connection):
        connection.request("GET", f"/{job}")
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
    return job


def _gunicorn(kind: str, app: str = "wsgi") -> Callable[[Cycle, int], list[str]]:
    def command(cycle: Cycle, fd: int) -> list[str]:
        dice = cycle.dice
        options = ["--preload"] if dice.random() < 0.7 else []
        if dice.random() < 0.3 and kind != "uvicorn_worker.UvicornWorker":
            options += ["--max-requests", "3"]
        if kind == "gthread":
            options += ["--threads", "3"]
        return [
            "gunicorn",
            f"--bind=fd://{fd}",
            f"--workers={dice.randint(1, 2)}",
            f"--worker-class={kind}",
            "--no-control-socket",
            *options,
            f"tests.chaos.application:{app}",
        ]

    return command


def _uvicorn(cycle: Cycle, fd: int) -> list[str]:
    dice = cycle.dice
    loop = dice.choice(("asyncio", "uvloop"))
    options = ["--workers=2"] if dice.random() < 0.3 else []
    return ["uvicorn", f"--fd={fd}", f"--loop={loop}", *options, "tests.chaos.application:asgi"]


def _celery(cycle: Cycle) -> Sequence[str]:
    """Celery's prefork pool, whose workers end when they did three tasks, and by SIGTERM."""
    pipe = cycle.folder / f"told-{cycle.number}"
    os.mkfifo(pipe)
    os.environ[application.TOLD_VARIABLE] = str(pipe)
    jobs = cycle.jobs("block", "loop", "open", at_least=4)
    app = application.celery_app()
    for job in jobs:
        app.tasks["job"].delay(job)
    options = ["--pool=prefork", "--concurrency=2", "--without-gossip", "--without-mingle"]
    command = ["celery", "-A", "tests.chaos.celery_worker", "worker", *options]
    # Open for writing too: between two tasks nobody else has it, and the end of file is none.
    with os.fdopen(os.open(pipe, os.O_RDWR)) as told:
        worker = _started(cycle, command)
        done = [json.loads(told.readline()) for _ in jobs]
    worker.send_signal(signal.SIGTERM)
    try:
        output, _ = worker.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        _end_stuck_pool(worker)
        return done
    assert worker.returncode == 0, (worker.returncode, output.decode(errors="replace"))
    return done


def _end_stuck_pool(command: subprocess.Popen[bytes]) -> None:
    """End Celery's own process, whose last act waits for a lock that a killed worker held.

    Celery does not wait for workers that took the place of others and kills them, which can be
    while they hold the lock of the pool's queue.  Where the process stands is seen by its stack; it
    is a failure if anything of the tracker is on it.  What the tasks recorded is judged as ever.
    """
    command.send_signal(signal.SIGABRT)
    output, _ = command.communicate(timeout=PATIENCE)
    text = output.decode(errors="replace")
    stack = text.partition("Fatal Python error")[2]
    assert "_help_stuff_finish" in stack, text
    assert "/tracker/" not in stack, text
    print("celery prefork: Celery waited for a worker that it had killed; ended", file=sys.stderr)


ENDS = {
    "multiprocessing, fork": End(_processes("fork"), 8),
    "multiprocessing, forkserver": End(_processes("forkserver"), 2),
    "multiprocessing, spawn": End(_processes("spawn"), 2),
    "process pool, fork": End(_executor("fork"), 8),
    "process pool, spawn": End(_executor("spawn"), 2),
    "pool in an open block, terminated": End(_pool_in_a_block, 8),
    "loop that ends, killed": End(_loop_that_ends("asyncio", "kept", "trio"), 8),
    "uvloop that ends, killed": End(_loop_that_ends("uvloop"), 2),
    "frozen function, killed": End(_frozen, 10),
    "gunicorn sync": End(_server(_gunicorn("sync"), ("block", "loop", "open"), [0]), 2),
    "gunicorn gthread": End(_server(_gunicorn("gthread"), ("block", "loop", "open"), [0]), 2),
    "gunicorn gevent": End(_server(_gunicorn("gevent"), ("block", "open"), [0]), 2),
    "gunicorn UvicornWorker": End(
        _server(
            _gunicorn("uvicorn_worker.UvicornWorker", "asgi"), ("block", "loop", "awaited"), [0]
        ),
        2,
    ),
    "uvicorn": End(_server(_uvicorn, ("block", "loop", "awaited"), [0, -signal.SIGTERM]), 2),
    "celery prefork": End(_celery, 2),
}
#: What needs no further package.
OWN = tuple(name for name in ENDS if ENDS[name].often > 2)
