"""Blocks in other threads: functions and executors that carry them along."""

from __future__ import annotations

import asyncio
import functools
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from runtime_calls import CHAT

import tracker
from tests.patience import PATIENCE, joined
from tracker import ai_usage_context, get_current_context
from tracker.executor import ContextExecutor

if TYPE_CHECKING:
    import openai

    from tracker.testing import CapturedMetrics


def call(client: openai.OpenAI) -> None:
    """Make one call that nobody was told whom it belongs to."""
    client.chat.completions.create(**CHAT)


def test_a_wrapped_function_belongs_to_its_block(
    client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """In a plain thread a bare call is nobody's; wrapped, it is the block's."""
    with ai_usage_context("scan", job_id="j") as used:
        for target in (call, tracker.wrap(call), used.wrap(call)):
            thread = threading.Thread(target=target, args=(client,))
            thread.start()
            joined(thread)
    assert [metric.job_id for metric in metrics] == ["j", "j"]


def test_a_wrapped_function_runs_many_times_at_once(
    client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """Each call has its own copy: blocks that are opened in one are not seen in another."""
    together = threading.Barrier(4, timeout=PATIENCE)

    def work(number: int) -> None:
        together.wait()
        with ai_usage_context("step", batch_id=str(number)):
            together.wait()
            call(client)

    with ai_usage_context("scan", job_id="j"):
        carried = tracker.wrap(work)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(carried, range(4)))
    assert {(metric.job_id, metric.batch_id) for metric in metrics} == {
        ("j", str(number)) for number in range(4)
    }


def test_a_wrapped_function_is_otherwise_as_it_was() -> None:
    """Name, arguments, result and exceptions are the function's; a partial will do."""

    def divided(a: int, *, by: int) -> float:
        """Divide."""
        return a / by

    carried = tracker.wrap(divided)
    assert (carried.__name__, carried.__doc__) == ("divided", "Divide.")
    assert carried(6, by=3) == 2
    assert tracker.wrap(functools.partial(divided, 8))(by=2) == 4
    with pytest.raises(ZeroDivisionError):
        carried(1, by=0)


def test_a_call_after_the_block_is_late(client: openai.OpenAI, metrics: CapturedMetrics) -> None:
    """A wrapped function that outlives its block is booked to it, and marked."""
    with ai_usage_context("scan", job_id="j"):
        carried = tracker.wrap(call)
    carried(client)
    assert [(metric.job_id, metric.late) for metric in metrics] == [("j", True)]


def test_an_executor_carries_the_block_of_each_task(
    client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """One pool serves several blocks; a task outside any is nobody's."""
    with ContextExecutor(2) as pool:
        for job in ("a", "b"):
            with ai_usage_context("scan", job_id=job):
                list(pool.map(lambda _: call(client), range(3)))
        assert pool.submit(get_current_context).result() is None
        pool.submit(call, client).result()
    assert sorted(str(metric.job_id) for metric in metrics) == ["a"] * 3 + ["b"] * 3


def test_an_executor_under_asyncio(client: openai.OpenAI, metrics: CapturedMetrics) -> None:
    """``run_in_executor`` carries the block of the task that awaits it."""

    async def one(pool: ContextExecutor, job: str) -> None:
        async with ai_usage_context("scan", job_id=job):
            await asyncio.get_running_loop().run_in_executor(pool, call, client)

    async def both() -> None:
        with ContextExecutor(2) as pool:
            await asyncio.gather(one(pool, "a"), one(pool, "b"))

    asyncio.run(both())
    assert sorted(str(metric.job_id) for metric in metrics) == ["a", "b"]
