"""Decorated functions of every kind, functions that run in contexts, partial failures."""

from __future__ import annotations

import asyncio
import inspect
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from runtime_calls import CHAT

from tracker import (
    AIUsageTracker,
    ai_usage_context,
    ai_usage_tracked,
    get_current_context,
    partial_failure_context,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    import openai

    from tracker.testing import CapturedMetrics


def reply(tokens: int) -> SimpleNamespace:
    """Return a fake response."""
    usage = SimpleNamespace(prompt_tokens=tokens, completion_tokens=1, total_tokens=tokens + 1)
    return SimpleNamespace(model="gpt-4o-mini", usage=usage)


def operation() -> str | None:
    """Return the current block's operation type."""
    context = get_current_context()
    return None if context is None else context["operation_type"]


def test_a_decorated_function_keeps_its_face() -> None:
    """Name, docstring, signature and kind stay."""
    tracker = AIUsageTracker()

    @tracker.track_openai_completion
    async def analyze(text: str) -> str:
        """Analyze."""
        return text

    assert (analyze.__name__, analyze.__doc__) == ("analyze", "Analyze.")
    assert list(inspect.signature(analyze).parameters) == ["text"]
    assert inspect.iscoroutinefunction(analyze)


def test_a_decorated_generator_is_one_call(metrics: CapturedMetrics) -> None:
    """Items, sent values and the return value pass; the last item with usage counts."""
    tracker = AIUsageTracker()

    @tracker.track_openai_completion
    def stream() -> Iterator[Any]:
        sent = yield SimpleNamespace(usage=None)
        assert sent == "sent"
        yield reply(5)
        return "end"

    generator = stream()
    next(generator)
    assert generator.send("sent").usage.prompt_tokens == 5
    with pytest.raises(StopIteration) as stop:
        next(generator)
    assert stop.value.value == "end"
    assert [m.input_tokens for m in metrics] == [5]


def test_a_generator_that_is_closed_early_is_partial(metrics: CapturedMetrics) -> None:
    """Its finally clauses run, and one record is made."""
    tracker = AIUsageTracker()
    cleaned = []

    @tracker.track_openai_completion
    def stream() -> Iterator[Any]:
        try:
            yield reply(5)
            yield reply(6)
        finally:
            cleaned.append(True)

    generator = stream()
    next(generator)
    generator.close()
    assert cleaned == [True]
    assert [(m.input_tokens, m.partial) for m in metrics] == [(5, True)]


def test_what_is_thrown_into_a_generator_arrives(metrics: CapturedMetrics) -> None:
    """The generator may catch it and go on."""
    tracker = AIUsageTracker()

    @tracker.track_openai_completion
    def stream() -> Iterator[Any]:
        try:
            yield 1
        except KeyError:
            yield reply(2)

    generator = stream()
    next(generator)
    assert generator.throw(KeyError("x")).usage.prompt_tokens == 2
    assert list(generator) == []
    assert [m.input_tokens for m in metrics] == [2]


@pytest.mark.asyncio
async def test_a_decorated_async_generator_is_one_call(metrics: CapturedMetrics) -> None:
    """Exhausted, broken off, and failing ones."""
    tracker = AIUsageTracker()

    @tracker.track_anthropic_completion
    async def stream(fail: bool = False) -> AsyncIterator[Any]:
        yield reply(5)
        await asyncio.sleep(0)
        if fail:
            raise KeyError("broken")
        yield reply(6)

    assert len([item async for item in stream()]) == 2
    broken = stream()
    await anext(broken)
    await broken.aclose()
    with pytest.raises(KeyError):
        [item async for item in stream(fail=True)]
    assert [(m.service, m.input_tokens, m.partial) for m in metrics] == [
        ("anthropic", 6, False),
        ("anthropic", 5, True),
        ("anthropic", None, False),
    ]
    assert [m.error for m in metrics[:2]] == [None, None]
    assert str(metrics[2].error).startswith(f"KeyError at {__name__}.")


def test_a_parameter_named_is_batch_is_the_function_s(metrics: CapturedMetrics) -> None:
    """A function that names it gets it; the call is booked at batch prices all the same."""
    tracker = AIUsageTracker()

    @tracker.track_openai_completion
    def analyze(is_batch: bool = False) -> Any:
        return reply(5) if is_batch else None

    assert analyze(is_batch=True) is not None
    assert metrics[0].price_basis == "batch"


@pytest.mark.parametrize("decorator", [ai_usage_tracked, ai_usage_tracked("scan"), None])
def test_a_function_runs_in_a_context(
    decorator: Any, client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """Bare, called with a name, and called without: the name is the function's by default."""
    expected = "scan" if decorator not in (ai_usage_tracked, None) else "analyze"

    @(decorator or ai_usage_tracked())
    def analyze(text: str, tracker: Any = None) -> Any:
        assert tracker.current_context["operation_type"] == expected
        return client.chat.completions.create(**CHAT)

    analyze("x", job_id="j", user_id="anna")
    assert [(m.operation_type, m.job_id, m.user_id) for m in metrics] == [(expected, "j", "anna")]


def test_ids_that_the_function_takes_are_left_to_it() -> None:
    """They are read and passed on; ids that it does not take are taken out."""

    @ai_usage_tracked
    def takes_job(job_id: str, **others: Any) -> tuple[str, dict[str, Any]]:
        context = get_current_context()
        assert context is not None
        assert (context["job_id"], context["user_id"]) == ("j", "u")
        return job_id, others

    assert takes_job("j", user_id="u") == ("j", {"user_id": "u"})


def test_a_tracker_that_the_caller_passes_is_used() -> None:
    """The block is the given tracker's, and the function gets it."""
    given = AIUsageTracker()

    @ai_usage_tracked
    def analyze(tracker: Any = None) -> Any:
        assert given.current_context["operation_type"] == "analyze"
        return tracker

    assert analyze(tracker=given) is given
    assert analyze(given) is given


@pytest.mark.asyncio
async def test_an_async_function_runs_in_a_context() -> None:
    """And so does an async generator, at each step."""

    @ai_usage_tracked
    async def analyze() -> str | None:
        await asyncio.sleep(0)
        return operation()

    @ai_usage_tracked
    async def steps() -> AsyncIterator[str | None]:
        yield operation()
        yield operation()

    assert await analyze() == "analyze"
    async for seen in steps():
        assert seen == "steps"
        assert operation() is None
    assert operation() is None


def test_a_generator_s_context_never_leaks() -> None:
    """It holds during each step; the consumer keeps its own."""

    @ai_usage_tracked
    def steps() -> Iterator[str | None]:
        yield operation()
        yield operation()

    with ai_usage_context("consumer"):
        for seen in steps():
            assert seen == "steps"
            assert operation() == "consumer"
    first = steps()
    next(first)
    first.close()
    assert operation() is None


def test_a_block_inside_a_generator_is_open_over_its_steps() -> None:
    """Until it ends it is current at each step, and never for the consumer."""

    @ai_usage_tracked
    def steps() -> Iterator[str | None]:
        with ai_usage_context("inner"):
            yield operation()
            yield operation()
        yield operation()

    with ai_usage_context("consumer"):
        seen = []
        for step in steps():
            seen.append(step)
            assert operation() == "consumer"
        assert operation() == "consumer"
    assert seen == ["inner", "inner", "steps"]
    first = steps()
    next(first)
    first.close()
    assert operation() is None


@pytest.mark.asyncio
async def test_a_block_inside_an_async_generator_is_open_over_its_steps() -> None:
    """As in a plain one."""

    @ai_usage_tracked
    async def steps() -> AsyncIterator[str | None]:
        with ai_usage_context("inner"):
            yield operation()
            yield operation()
        yield operation()

    seen = []
    async for step in steps():
        seen.append(step)
        assert operation() is None
    assert seen == ["inner", "inner", "steps"]
    assert operation() is None


def test_a_partial_failure_is_summed_up(client: openai.OpenAI, metrics: CapturedMetrics) -> None:
    """Counts and at most ten errors, without their texts, are metadata of the block's calls."""
    with partial_failure_context("scan", job_id="j") as counts:
        assert counts["continue_on_error"] is True
        client.chat.completions.create(**CHAT)
        counts["success_count"] += 1
        for number in range(12):
            counts["errors"].append({"item": number, "error": "key sk-abcdefghijk"})
            counts["failure_count"] += 1
    summary = metrics[0].metadata["partial_failure_summary"]
    assert isinstance(summary, dict)
    assert (summary["total_operations"], summary["successful"], summary["failed"]) == (13, 1, 12)
    assert summary["error_count"] == 12
    assert len(summary["errors"]) == 10
    assert summary["errors"][0] == {"item": 0, "error": "<18 characters>"}
    assert metrics[0].job_id == "j"
