"""Pools of threads in which a framework asks models: its tasks belong to who asked it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import pytest
from runtime_calls import CHAT

from tracker import AIUsageTracker, ai_usage_context
from tracker.executor import ContextExecutor
from tracker.instrumentation.frameworks import thread_pools

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import openai

    from tracker.testing import CapturedMetrics

GIVEN = """
def submitted(pool, function):
    return pool.submit(function).result()

def mapped(pool, function):
    return [*pool.map(lambda _: function(), range(2))]
"""


def module_named(name: str) -> dict[str, Any]:
    """Return the functions of a module of the package *name* that give work to a pool."""
    namespace: dict[str, Any] = {"__name__": f"{name}.inner"}
    exec(GIVEN, namespace)
    return namespace


@pytest.fixture(autouse=True)
def patched() -> Iterator[None]:
    """Have pools patched, twice, as by the import of two frameworks."""
    thread_pools.patch()
    thread_pools.patch()
    yield
    thread_pools.unpatch()
    thread_pools.unpatch()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """A pool whose thread was started outside of all blocks."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        yield pool


@pytest.fixture
def ask(client: openai.OpenAI) -> Callable[[], Any]:
    """A call."""
    return lambda: client.chat.completions.create(**CHAT)


@pytest.mark.parametrize("given", ["submitted", "mapped"])
def test_a_framework_s_task_belongs_to_the_block(
    given: str, pool: ThreadPoolExecutor, ask: Callable[[], Any], metrics: CapturedMetrics
) -> None:
    """Whichever method it takes, and to the block that is current when it gives it."""
    give = module_named("haystack")[given]
    for job in ("first", "second"):
        with ai_usage_context("op", job_id=job):
            give(pool, ask)
    give(pool, ask)
    calls = 1 if given == "submitted" else 2
    assert [metric.job_id for metric in metrics] == ["first"] * calls + ["second"] * calls


def test_a_framework_s_task_belongs_to_the_observer(
    pool: ThreadPoolExecutor, ask: Callable[[], Any], metrics: CapturedMetrics
) -> None:
    """A decorated function that has a framework ask in a pool records what it asked."""
    tracker = AIUsageTracker()
    mapped = module_named("dspy")["mapped"]
    tracker.track_openai_completion(lambda: mapped(pool, ask))()
    assert [metric.operation for metric in metrics] == ["completion"] * 2


def test_the_program_s_own_pools_are_as_they_were(
    pool: ThreadPoolExecutor, ask: Callable[[], Any], metrics: CapturedMetrics
) -> None:
    """Its tasks are nobody's, unless it says whose they are."""
    with ai_usage_context("op"):
        module_named("myapp")["submitted"](pool, ask)
        pool.submit(ask).result()
    assert len(metrics) == 0
    with ContextExecutor(1) as executor, ai_usage_context("op"):
        executor.submit(ask).result()
    assert len(metrics) == 1


def test_other_variables_are_the_framework_s(pool: ThreadPoolExecutor) -> None:
    """What a framework, or another library, keeps in the context does not come along."""
    variable = ContextVar("theirs", default="none")
    variable.set("here")
    submitted = module_named("litellm")["submitted"]
    with ai_usage_context("op"):
        assert submitted(pool, variable.get) == "none"


def test_a_thread_is_nobody_s_again_behind_a_task(
    pool: ThreadPoolExecutor, ask: Callable[[], Any], metrics: CapturedMetrics
) -> None:
    """Also behind one that fails."""
    submitted = module_named("litellm")["submitted"]

    def fail() -> None:
        raise LookupError

    with ai_usage_context("op"), pytest.raises(LookupError):
        submitted(pool, fail)
    with ai_usage_context("op"):
        pool.submit(ask).result()
    assert len(metrics) == 0
