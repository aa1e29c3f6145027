"""Eight threads, fifty tasks in each, nested contexts: whose call is whose?

One run is a random plan: every task opens blocks on the tracker that all share or
on its own, records between them, gives way at random points, starts sub-tasks that
outlive a step, and sets ids by hand.  The plan knows the job of each call.
``python -m tests.tracker.interleaving 10000`` runs that many plans, one at a time in each of
as many processes as the machine has processors.
"""

from __future__ import annotations

import asyncio
import gc
import os
import random
import sys
import threading
import traceback
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from tracker import AIUsageTracker, ai_usage_context, batch_ai_usage_context
from tracker.testing import capture

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

#: Job, batch and user.
Ids = tuple[str | None, str | None, str | None]
THREADS = 8
TASKS = 50
#: After how many seconds a thread may lose its turn: Python's own choice, and far less.
TURNS = (5e-3, 5e-3, 1e-4, 1e-5)
#: Plans that a process is given at a time.
CHUNK = 5


class Outcome(NamedTuple):
    """What became of a plan: how many calls it made, and what was attributed wrongly."""

    seed: int
    calls: int
    wrong: list[str]


@contextmanager
def turns_of(seconds: float) -> Iterator[None]:
    """Let threads take turns after *seconds* inside."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(seconds)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@dataclass
class Interleaving:
    """One plan while it runs: ``expected`` has the job, batch and user of each call by its name."""

    seed: int
    shared: AIUsageTracker = field(default_factory=AIUsageTracker)
    expected: dict[str, tuple[str | None, str | None, str]] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def run(self, threads: int, tasks: int) -> list[str]:
        """Run the plan and return what was attributed wrongly."""
        turns = random.Random(self.seed).choice(TURNS)
        with capture() as metrics, turns_of(turns):
            workers = [
                threading.Thread(target=self._thread, args=(number, tasks))
                for number in range(threads)
            ]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
            stored = list(metrics)
        wrong = self.broken + [
            f"{metric.request_id}: {found}, not {expected}"
            for metric in stored
            if (found := (metric.job_id, metric.batch_id, metric.user_id))
            != (expected := self.expected.get(metric.request_id or ""))
        ]
        if len(stored) != len(self.expected):
            wrong.append(f"{len(stored)} calls are stored, {len(self.expected)} were made")
        return wrong

    def _thread(self, number: int, tasks: int) -> None:
        async def all_tasks() -> None:
            await asyncio.gather(*(self._task(f"{number}.{task}") for task in range(tasks)))

        try:
            asyncio.run(all_tasks())
        except BaseException as error:
            # The calls that it has not made any more would not be missed.
            self.broken.append(f"thread {number} ended: {error!r}")
            raise

    async def _task(self, name: str) -> None:
        dice = random.Random(f"{self.seed}:{name}")
        own = AIUsageTracker(user_id=f"user {name}")
        for step in range(dice.choice((1, 1, 1, 2))):
            await self._block(f"{name}/{step}", dice, own, dice.randint(0, 2), [])

    async def _block(
        self,
        name: str,
        dice: random.Random,
        own: AIUsageTracker,
        depth: int,
        around: Sequence[tuple[AIUsageTracker, Ids]],
    ) -> None:
        """Open a block, record, give way, nest; *around* are the open blocks of this task."""
        chosen = dice.choice((self.shared, own))
        job = f"job {name}" if dice.random() < 0.7 else None
        batch = f"batch {name}" if dice.random() < 0.3 else None
        ids: Ids = (job, batch, None)
        standing: Ids = (None, None, f"user {name.partition('/')[0]}" if chosen is own else None)
        # The block's own ids, then those of its tracker, then those of the block around.
        ids = _filled(ids, next((told for who, told in around[::-1] if who is chosen), standing))
        if around:
            ids = _filled(ids, around[-1][1])
        if batch:
            block = batch_ai_usage_context(batch, tracker=chosen, job_id=job)
        else:
            block = ai_usage_context("op", tracker=chosen, job_id=job)
        async with block as tracker:
            await self._call(f"{name}-a", dice, tracker, ids)
            if depth:
                await self._block(f"{name}.n", dice, own, depth - 1, [*around, (chosen, ids)])
                await self._call(f"{name}-b", dice, tracker, ids)
            if dice.random() < 0.2:
                child = asyncio.create_task(self._call(f"{name}-t", dice, tracker, ids))
                await asyncio.sleep(0)
                await child
            if dice.random() < 0.2:
                tracker.set_tracking_context(job_id=f"set {name}")
                await self._call(f"{name}-s", dice, tracker, (f"set {name}", ids[1], ids[2]))

    async def _call(
        self,
        name: str,
        dice: random.Random,
        tracker: AIUsageTracker,
        ids: Ids,
    ) -> None:
        job, batch, user = ids
        self.expected[f"{self.seed}:{name}"] = (job, batch, user or "default")
        for _ in range(dice.randint(0, 2)):
            await asyncio.sleep(0)
        response: Any = SimpleNamespace(model="gpt-4o-mini", _request_id=f"{self.seed}:{name}")
        tracker.track_openai_completion(lambda: response)()


def _filled(ids: Ids, others: Ids) -> Ids:
    job, batch, user = (mine or other for mine, other in zip(ids, others, strict=True))
    return job, batch, user


def run_plan(seed: int) -> Outcome:
    """Run the full plan of *seed*, in a process of the pool."""
    plan = Interleaving(seed)
    try:
        wrong = plan.run(THREADS, TASKS)
    except Exception:  # noqa: BLE001 - whatever it was, the seed is to be told
        wrong = [traceback.format_exc()]
    return Outcome(seed, len(plan.expected), wrong)


def judge(outcomes: Iterable[Outcome], number: int) -> int:
    """Say what became of *number* plans; return 1 at the first that went wrong."""
    calls = 0
    for done, outcome in enumerate(outcomes, 1):
        if outcome.wrong:
            print(f"seed {outcome.seed}:", *outcome.wrong[:5], sep="\n  ")
            print(f"again: python -m tests.tracker.interleaving 1 {outcome.seed}")
            return 1
        calls += outcome.calls
        if sys.stderr.isatty() and done % CHUNK == 0:
            print(f"\r{done}/{number}", end="", file=sys.stderr, flush=True)
    print(f"{number} interleavings, {calls} calls, none attributed to a wrong job, batch or user")
    return 0


def main(arguments: Sequence[str]) -> int:
    """Run as many plans as asked for; return 1 if a call was attributed to a wrong job."""
    number = int(arguments[0]) if arguments else 10_000
    first = int(arguments[1]) if len(arguments) > 1 else 0
    os.environ["AI_USAGE_STRICT"] = "1"  # mistakes of ours end a plan, too
    os.environ["AI_USAGE_DEPRECATIONS"] = "0"  # ids are set by hand on purpose
    # What was imported lives as long as the process: no plan needs to look for garbage there.
    with ProcessPoolExecutor(initializer=gc.freeze) as pool:
        plans = pool.map(run_plan, range(first, first + number), chunksize=CHUNK)
        failed = judge(plans, number)
        pool.shutdown(cancel_futures=True)  # after a failure, the others tell nothing more
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
