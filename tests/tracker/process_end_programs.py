"""What children of the process-end tests run: a module, so that every start method finds it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import tracker
from tracker import ai_usage_context

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def use(database: Path) -> None:
    """Store in *database*: a fork server has the environment of the test that started it."""
    from tracker.sinks.sqlite import shared_file  # not where nothing may be imported yet

    os.environ["AI_USAGE_DATABASE"] = str(database)
    # As in the tests' own process: who waits for another child's turn does so as long as it takes.
    shared_file.BUSY_TIMEOUT_SECONDS = 60.0


def in_database(database: Path, target: Callable[[str], object], job: str) -> None:
    """Run *target*, whose call is stored in *database*."""
    use(database)
    target(job)


def call(used: Any) -> None:
    """Make one call that costs something, by a replay."""
    usage = {"input_tokens": 1, "output_tokens": 1}
    used.track_openai_completion(lambda: SimpleNamespace(model="gpt-4o-mini", usage=usage))()


async def step_7(job: str) -> None:
    """The guide's form: a plain ``with`` in a coroutine, which waits for nothing."""
    with ai_usage_context("async_processing", job_id=job) as used:
        call(used)


def run_step_7(job: str) -> None:
    """As a program does: ``Process(target=lambda: asyncio.run(main()))``."""
    asyncio.run(step_7(job))


def forget_to_leave(job: str) -> None:
    """Leave a block, and a call in it, to the end of the process."""
    used = ai_usage_context("op", job_id=job).__enter__()
    call(used)


def with_tracker(used: Any) -> int:
    """Record with a tracker that came along."""
    call(used)
    return tracker.stats().stored


def in_the_block_around(_item: int) -> int:
    """Record for the block that was open when this process was forked."""
    call(tracker.context.scope.current().tracker)  # type: ignore[attr-defined]
    return tracker.stats().stored


def frozen(loop: Callable[[], object]) -> None:
    """Run *loop*, and be killed right behind it: as a function that is frozen and thrown away."""
    loop()
    os.kill(os.getpid(), signal.SIGKILL)


async def _gathered(job: str) -> None:
    await asyncio.gather(step_7(f"{job}-1"), step_7(f"{job}-2"))


def by_run(job: str) -> None:
    """``asyncio.run``."""
    asyncio.run(_gathered(job))


def by_a_loop_of_its_own(job: str) -> None:
    """A loop that is kept for the next event, and never closed."""
    asyncio.new_event_loop().run_until_complete(_gathered(job))


def twice_in_one_loop(job: str) -> None:
    """The second event of a function that keeps its loop."""
    loop = asyncio.new_event_loop()
    loop.run_until_complete(step_7(f"{job}-1"))
    loop.run_until_complete(step_7(f"{job}-2"))


def by_trio(job: str) -> None:
    """``trio.run``."""
    import trio

    async def both() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(step_7, f"{job}-1")
            nursery.start_soon(step_7, f"{job}-2")

    trio.run(both)


LOOPS = {loop.__name__: loop for loop in (by_run, by_a_loop_of_its_own, twice_in_one_loop, by_trio)}

if __name__ == "__main__":
    frozen(lambda: LOOPS[sys.argv[1]]("j"))
