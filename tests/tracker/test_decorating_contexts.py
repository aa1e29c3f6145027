"""Contexts as decorators: each call of a function of any kind in a block of its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from runtime_calls import CHAT

from tracker import (
    AIUsageTracker,
    ai_usage_context,
    batch_ai_usage_context,
    get_current_context,
    partial_failure_context,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    import openai

    from tracker.testing import CapturedMetrics


def operation() -> str | None:
    """Return the operation of the block that is current."""
    context = get_current_context()
    return None if context is None else context["operation_type"]


def test_calls_are_booked_to_it(client: openai.OpenAI, metrics: CapturedMetrics) -> None:
    """One block a call, with the fields that the context was given."""

    @ai_usage_context("scan", job_id="job", user_id="anna", stage="ocr")
    def scan(text: str) -> str:
        client.chat.completions.create(**CHAT)
        return text

    assert (scan("one"), scan(text="two")) == ("one", "two")
    assert [(m.operation_type, m.job_id, m.user_id) for m in metrics] == [
        ("scan", "job", "anna")
    ] * 2
    starts = [metric.metadata["start_time"] for metric in metrics]
    assert starts[0] != starts[1]
    assert scan.__name__ == "scan"
    assert operation() is None


def test_arguments_are_the_function_s(metrics: CapturedMetrics) -> None:
    """Also those that are called like ids, and a parameter called ``tracker``."""

    @ai_usage_context("scan", job_id="context")
    def scan(job_id: str, tracker: Any = "default", **others: Any) -> Any:
        return job_id, tracker, others

    assert scan("mine", batch_id="b") == ("mine", "default", {"batch_id": "b"})
    with pytest.raises(TypeError):
        scan()  # type: ignore[call-arg]


def test_a_coroutine_function() -> None:
    """Its block lasts as long as the coroutine runs, and not when it was made."""

    @ai_usage_context("scan")
    async def scan() -> str | None:
        await asyncio.sleep(0)
        return operation()

    async def both() -> list[str | None]:
        made = scan()
        assert operation() is None
        return [*await asyncio.gather(made, scan()), operation()]

    assert asyncio.run(both()) == ["scan", "scan", None]


def test_generators() -> None:
    """The block is current during steps, and never in their consumer."""

    @ai_usage_context("scan")
    def steps() -> Iterator[str | None]:
        yield operation()
        yield operation()

    @ai_usage_context("scan")
    async def async_steps() -> AsyncIterator[str | None]:
        yield operation()
        yield operation()

    async def consumed() -> list[str | None]:
        return [step async for step in async_steps() if operation() is None]

    assert [step for step in steps() if operation() is None] == ["scan"] * 2
    assert asyncio.run(consumed()) == ["scan"] * 2


class Reader:
    """Has methods of every kind."""

    @ai_usage_context("method")
    def method(self) -> tuple[Any, str | None]:
        """Return what it is bound to."""
        return self, operation()

    @ai_usage_context("class method")
    @classmethod
    def of_class(cls) -> tuple[Any, str | None]:
        """Return what it is bound to."""
        return cls, operation()

    @staticmethod
    @ai_usage_context("static method")
    def static() -> tuple[Any, str | None]:
        """Return what it is bound to."""
        return None, operation()


def test_methods() -> None:
    """They are bound as they were."""
    reader = Reader()
    assert reader.method() == (reader, "method")
    assert reader.of_class() == (Reader, "class method")
    assert reader.static() == (None, "static method")


def test_calls_within_calls() -> None:
    """A function that calls itself is in a block in its block."""

    @ai_usage_context("scan")
    def scan(depth: int) -> list[Any]:
        context = get_current_context() or {}
        return [context.get("parent_operation"), *(scan(depth - 1) if depth else [])]

    assert scan(2) == [None, "scan", "scan"]


def test_a_batch_and_one_of_which_some_may_fail() -> None:
    """Batch mode ends with each call; what is counted, nobody but the block sees."""
    tracker = AIUsageTracker()

    @batch_ai_usage_context("b", tracker=tracker)
    def batch() -> tuple[bool, str | None]:
        return tracker.batch_mode, tracker.current_batch_id

    @partial_failure_context("some", tracker=tracker)
    def some() -> str | None:
        return operation()

    assert batch() == batch() == (True, "b")
    assert (tracker.batch_mode, tracker.current_batch_id) == (False, None)
    assert some() == "some"


def test_one_context_both_ways() -> None:
    """Decorating takes nothing from ``with``; what raises is raised."""
    context = ai_usage_context("scan")

    @context
    def fail() -> None:
        raise ValueError("boom")

    with pytest.raises(ValueError, match="boom"):
        fail()
    with context:
        assert operation() == "scan"
    assert operation() is None
