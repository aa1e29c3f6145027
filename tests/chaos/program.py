"""One program of the chaos test: it records in several threads, and is ended in the middle."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import random
import signal
import sys
import threading
import time
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn

import tracker
from tracker.sinks.sqlite import shared_file

if TYPE_CHECKING:
    from pathlib import Path

ENDINGS = ("kill", "sigterm", "sigterm flushed", "os._exit", "fork", "exception")
STORES = ("sqlite", "remote", "away", "full")


@dataclass(frozen=True)
class Plan:
    """What one process does: the same seed and number make the same plan."""

    number: int
    seed: int
    ending: str
    store: str

    @classmethod
    def of(cls, number: int, seed: int) -> Plan:
        """Return the plan of process *number*: every ending meets every store in turn."""
        ending = ENDINGS[number % len(ENDINGS)]
        return cls(number, seed, ending, STORES[number // len(ENDINGS) % len(STORES)])

    def random(self, what: str) -> random.Random:
        """Return the plan's dice for *what*."""
        return random.Random(f"{self.seed}:{self.number}:{what}")


def tokens(job: str) -> int:
    """Return the input tokens of *job*'s call: a torn or mixed row would not have them."""
    return 1 + sum(map(ord, job)) % 997


class _Ended(Exception):
    """What the program dies of when its ending is an exception."""


class Program:
    """The process after the fork."""

    def __init__(self, plan: Plan, pipe: int) -> None:
        self._plan = plan
        self._pipe = pipe
        self._lock = threading.Lock()
        self._ended: list[str] = []
        dice = plan.random("ending")
        self._countdown = dice.randint(1, 25)
        self._delay = dice.random() * 0.15
        self._name = str(plan.number)

    def run(self) -> NoReturn:
        """Record in threads until the plan's ending; never return."""
        if self._plan.ending == "sigterm flushed":
            tracker.flush_on_sigterm(30.0)
        if self._plan.ending in ("kill", "sigterm", "sigterm flushed"):
            threading.Thread(target=self._signal_later, daemon=True).start()
        shared = tracker.AIUsageTracker()
        threads = [
            threading.Thread(target=self._thread, args=(f"{self._name}/{n}", shared), daemon=True)
            for n in range(1, self._plan.random("threads").randint(2, 4))
        ]
        status = 0
        try:
            with tracker.ai_usage_context("preloaded", tracker=shared, job_id=f"{self._name}/all"):
                for thread in threads:
                    thread.start()
                if self._plan.ending == "fork":
                    self._fork(shared)
                self._blocks(f"{self._name}/0", shared)
            for thread in threads:
                thread.join()
        except _Ended:
            status = 1
        self._end(status)

    def _end(self, status: int) -> NoReturn:
        """End as an interpreter does: the handlers run, and what ended until then is stored."""
        with self._lock:
            ended = list(self._ended)
        atexit._run_exitfuncs()
        self._report(ended)
        os._exit(status)

    def _thread(self, name: str, shared: tracker.AIUsageTracker) -> None:
        with contextlib.suppress(_Ended):
            self._blocks(name, shared)

    def _blocks(self, name: str, shared: tracker.AIUsageTracker) -> None:
        """Run some outermost blocks, and report the calls of each that was left."""
        dice = self._plan.random(name)
        for number in range(dice.randint(1, 4)):
            own = None if dice.random() < 0.5 else shared
            jobs = [f"{name}/{number}/{call}" for call in range(dice.randint(1, 6))]
            outermost = threading.current_thread() is not threading.main_thread()
            with tracker.ai_usage_context("outer", tracker=own, job_id=jobs[0]) as inner:
                for job in jobs:
                    self._call(job, dice.choice((None, inner)))
            if outermost:
                self._report(jobs)

    def _call(self, job: str, chosen: tracker.AIUsageTracker | None) -> None:
        with tracker.ai_usage_context("inner", tracker=chosen, job_id=job, stage=job) as here:
            usage = {"input_tokens": tokens(job), "output_tokens": 1}
            response: Any = SimpleNamespace(model="gpt-4o-mini", usage=usage)
            here.track_openai_completion(lambda: response)()
        with self._lock:
            self._ended.append(job)
            self._countdown -= 1
            now = self._countdown == 0
        if now and self._plan.ending == "os._exit":
            os._exit(0)
        if now and self._plan.ending == "exception":
            raise _Ended(job)

    def _signal_later(self) -> None:
        time.sleep(self._delay)
        os.kill(os.getpid(), signal.SIGKILL if self._plan.ending == "kill" else signal.SIGTERM)

    def _fork(self, shared: tracker.AIUsageTracker) -> None:
        """Fork while threads record and a block is open, as a preloading server does."""
        dice = self._plan.random("fork")
        time.sleep(dice.random() * 0.02)
        children = []
        for number in range(dice.randint(1, 2)):
            child = os.fork()
            if child == 0:
                self._lock = threading.Lock()
                self._ended = []
                thread = threading.Thread(
                    target=self._thread, args=(f"{self._name}/c{number}", shared)
                )
                thread.start()
                thread.join()
                os.kill(os.getpid(), signal.SIGKILL)
            children.append(child)
        for child in children:
            os.waitpid(child, 0)

    def _report(self, jobs: list[str]) -> None:
        """Tell the outside which calls this process holds for accepted: one short write."""
        stats = tracker.stats()
        known = stats.waiting + stats.stored + stats.spooled + sum(stats.dropped.values())
        told = {
            "process": os.getpid(),
            "accepted": jobs,
            "dropped": sum(stats.dropped.values()),
            "unbalanced": stats.captured - known,
            "reasons": dict(stats.dropped),
        }
        os.write(self._pipe, json.dumps(told).encode() + b"\n")


def start(plan: Plan, folder: Path) -> tuple[int, int]:
    """Fork a process that follows *plan*; return its id and the pipe that it reports on."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, reading
    try:
        os.close(reading)
        errors = os.open(folder / "errors.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(errors, 2)
        configure(plan.store, folder)
        Program(plan, writing).run()
    finally:
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
        os._exit(3)


def configure(store: str, folder: Path) -> None:
    """Choose the stores of this process."""
    os.environ["CHAOS_REMOTE"] = str(folder / "remote.db")
    os.environ["AI_USAGE_DATABASE"] = str(
        folder / ("away/usage.db" if store == "away" else "usage.db")
    )
    # A file that dozens of processes share on a busy machine is taken for long, and not broken.
    shared_file.BUSY_TIMEOUT_SECONDS = 60.0
    tracker.configure(
        sinks=("remote",) if store in ("remote", "full") else ("sqlite",),
        # What is tested is loss, not haste: on a busy machine two seconds may be too short.
        flush_timeout=60.0,
        queue_size=50,
        spool=folder / ("full.db" if store == "full" else "spool.db"),
        spool_bytes=60_000 if store == "full" else 2**28,
    )
