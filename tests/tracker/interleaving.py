"""Eight threads, fifty tasks in each, nested contexts: whose call is whose?

One run is a random plan: every task opens blocks on the tracker that all share or
on its own, records between them, gives way at random points, starts sub-tasks that
outlive a step, and sets ids by hand.  The plan knows the job of each call.
``python -m tests.tracker.interleaving 10000`` runs that many plans.
"""

from __future__ import annotations

import asyncio
import random
import sys
import threading
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from tracker import AIUsageTracker, ai_usage_context, batch_ai_usage_context
from tracker.testing import capture

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Job, batch and user.
Ids = tuple[str | None, str | None, str | None]
THREADS = 8
TASKS = 50


@dataclass
class Interleaving:
    """One plan while it runs: ``expected`` has the job, batch and user of each call by its name."""

    seed: int
    shared: AIUsageTracker = field(default_factory=AIUsageTracker)
    expected: dict[str, tuple[str | None, str | None, str]] = field(default_factory=dict)

    def run(self, threads: int, tasks: int) -> list[str]:
        """Run the plan and return what was attributed wrongly."""
        with capture() as metrics:
            workers = [
                threading.Thread(target=self._thread, args=(number, tasks))
                for number in range(threads)
            ]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
            stored = list(metrics)
        wrong = [
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

        asyncio.run(all_tasks())

    async def _task(self, name: str) -> None:
        dice = random.Random(f"{self.seed}:{name}")
        own = AIUsageTracker(user_id=f"user {name}")
        for step in range(dice.randint(1, 2)):
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


def main(arguments: Sequence[str]) -> int:
    """Run as many plans as asked for; return 1 if a call was attributed to a wrong job."""
    number = int(arguments[0]) if arguments else 10_000
    first = int(arguments[1]) if len(arguments) > 1 else 0
    calls = 0
    for seed in range(first, first + number):
        plan = Interleaving(seed)
        wrong = plan.run(THREADS, TASKS)
        calls += len(plan.expected)
        if wrong:
            print(f"seed {seed}:", *wrong[:5], sep="\n  ")
            return 1
        if sys.stderr.isatty() and seed % 20 == 0:
            print(f"\r{seed - first + 1}/{number}", end="", file=sys.stderr)
    print(f"{number} interleavings, {calls} calls, none attributed to a wrong job, batch or user")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
