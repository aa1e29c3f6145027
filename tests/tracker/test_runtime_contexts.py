"""Contexts: attribution, nesting, restoring, flushing."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from unittest.mock import MagicMock

import openai
import pytest
from interleaving import turns_of
from many_cases import each_of
from runtime_calls import CHAT

from tests.patience import PATIENCE, joined
from tracker import (
    AIUsageTracker,
    ai_usage_context,
    batch_ai_usage_context,
    get_current_context,
    set_current_context,
)
from tracker.context import scope
from tracker.errors import ConfigurationError, ContextFieldError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from loopback import LoopbackServer

    from tracker.testing import CapturedMetrics


def ids(tracker: AIUsageTracker) -> tuple[Any, ...]:
    """Return who a call of *tracker* would be booked to."""
    return (
        tracker.current_job_id,
        tracker.current_batch_id,
        tracker.user_id,
        tracker.github_pr,
        tracker.batch_mode,
    )


def test_a_block_tells_its_operation_and_fields() -> None:
    """The tracker shows the block's context: operation type, fields, when and in which thread."""
    with ai_usage_context("receipt_analysis", job_id="j", stage="ocr") as tracker:
        context = tracker.current_context
    assert context["operation_type"] == "receipt_analysis"
    assert (context["job_id"], context["stage"]) == ("j", "ocr")
    assert context["thread_id"] == threading.get_ident()
    assert "start_time" in context


def test_ids_are_honoured() -> None:
    """Job, batch, user and pull request of a context are the tracker's for the block."""
    with ai_usage_context("op", job_id="j", batch_id="b", user_id="anna", github_pr=7) as tracker:
        assert ids(tracker) == ("j", "b", "anna", 7, False)


def test_none_counts_as_not_given() -> None:
    """A field that is None neither erases an id nor appears in the context."""
    tracker = AIUsageTracker(user_id="anna")
    tracker.set_tracking_context(job_id="j")
    with ai_usage_context("op", tracker=tracker, job_id=None, user_id=None, note=None):
        assert ids(tracker) == ("j", None, "anna", None, False)
        assert "note" not in tracker.current_context


def test_the_given_tracker_is_handed_back() -> None:
    """``with ai_usage_context(op, tracker=t) as u`` gives t itself."""
    tracker = AIUsageTracker()
    with ai_usage_context("op", tracker=tracker) as handed:
        assert handed is tracker


def test_the_outer_block_is_back_after_the_inner_one() -> None:
    """An inner block with the same tracker leaves nothing of itself behind."""
    with ai_usage_context("outer", job_id="j1", user_id="anna") as tracker:
        before = (ids(tracker), tracker.current_context)
        with ai_usage_context("inner", tracker=tracker, job_id="j2", batch_id="b", user_id="bob"):
            assert ids(tracker) == ("j2", "b", "bob", None, False)
        assert (ids(tracker), tracker.current_context) == before


def test_a_tracker_is_as_before_after_its_block() -> None:
    """Ids, context and batch mode that a block gave to a tracker end with the block."""
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="standing")
    with batch_ai_usage_context("b", tracker=tracker, job_id="j", user_id="anna"):
        tracker.set_tracking_context(github_pr=3)
    assert ids(tracker) == ("standing", None, "default", None, False)
    assert tracker.current_context == {}


def test_a_child_inherits_what_it_does_not_name() -> None:
    """Job, batch, user and pull request come from the parent, metadata does not."""
    outer = ai_usage_context("outer", job_id="j", batch_id="b", user_id="u", github_pr=1, extra=1)
    with outer, ai_usage_context("inner", batch_id="own") as tracker:
        assert ids(tracker) == ("j", "own", "u", 1, False)
        assert "extra" not in tracker.current_context


def test_a_tracker_s_own_ids_are_nearer_than_the_parent_s() -> None:
    """A block keeps what was set on its own tracker, and inherits the rest."""
    own = AIUsageTracker(user_id="bob")
    own.set_tracking_context(job_id="own")
    outer = ai_usage_context("outer", job_id="outer", batch_id="b")
    with outer, ai_usage_context("inner", tracker=own):
        assert ids(own) == ("own", "b", "bob", None, False)


def test_nesting_is_told() -> None:
    """A nested block knows its parent's operation and context."""
    with ai_usage_context("outer", job_id="j"), ai_usage_context("inner") as tracker:
        assert tracker.current_context["parent_operation"] == "outer"
        assert tracker.current_context["parent_context"]["job_id"] == "j"


def test_batch_mode_ends_with_its_block() -> None:
    """A batch context books at batch prices, marks its calls, and then stops."""
    tracker = AIUsageTracker()
    with batch_ai_usage_context("batch-456", tracker=tracker, item_count=2):
        assert tracker.batch_mode
        assert tracker.current_batch_id == "batch-456"
        assert tracker.current_context["is_batch"] is True
        assert tracker.current_context["operation_type"] == "batch_processing"
    assert not tracker.batch_mode


def test_a_step_inside_a_batch_is_batch_too() -> None:
    """Batch mode holds for blocks inside the batch block."""
    with batch_ai_usage_context("b"), ai_usage_context("step") as tracker:
        assert tracker.batch_mode


def test_metrics_are_stored_when_the_block_ends(
    client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """Until then they are pending on the tracker."""
    with ai_usage_context("op") as tracker:
        client.chat.completions.create(**CHAT)
        assert len(tracker.pending_metrics) == 1
        assert len(metrics) == 0
    assert len(metrics) == 1
    assert tracker.pending_metrics == []


def test_metrics_are_stored_when_the_block_raises(
    client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """The exception passes unchanged and the metric says that the operation failed."""
    error = RuntimeError("broken sk-abcdefghijk")

    def fail_after_a_call() -> None:
        with ai_usage_context("op"):
            client.chat.completions.create(**CHAT)
            raise error

    with pytest.raises(RuntimeError) as raised:
        fail_after_a_call()
    assert raised.value is error
    assert metrics[0].metadata["error_occurred"] is True
    assert metrics[0].metadata["error_message"] == (
        f"RuntimeError at {__name__}.test_metrics_are_stored_when_the_block_raises.<locals>"
        f".fail_after_a_call:{fail_after_a_call.__code__.co_firstlineno + 3}"
    )


def test_the_outcome_is_part_of_the_metadata(
    client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """Metrics carry the block's fields, its duration, and metadata that was added in it."""
    with ai_usage_context("op", stage="ocr") as tracker:
        client.chat.completions.create(**CHAT)
        tracker.add_context_metadata({"pages": 3})
    metadata = metrics[0].metadata
    assert (metadata["stage"], metadata["pages"]) == ("ocr", 3)
    assert metadata["error_occurred"] is False
    assert isinstance(metadata["operation_duration_ms"], float)


def test_a_foreign_tracker_gets_each_call_once() -> None:
    """A double sees set_context once, then add_context_metadata and flush_metrics once."""
    double = MagicMock(spec=AIUsageTracker)
    with ai_usage_context("op", tracker=double, job_id="j") as handed:
        assert handed is double
    double.set_context.assert_called_once()
    assert double.set_context.call_args.args[0]["job_id"] == "j"
    double.add_context_metadata.assert_called_once()
    double.flush_metrics.assert_called_once_with()
    double.set_batch_mode.assert_not_called()


def test_a_foreign_tracker_is_put_into_batch_mode_once() -> None:
    """A batch context sets batch mode exactly once inside, and never switches it on a double."""
    double = MagicMock(spec=AIUsageTracker)
    with batch_ai_usage_context("b", tracker=double):
        pass
    double.set_batch_mode.assert_called_once_with(True)


def test_calls_in_a_double_s_block_pass_through(
    client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """A block whose tracker is a test double records nothing and breaks nothing."""
    with ai_usage_context("op", tracker=MagicMock(spec=AIUsageTracker)):
        assert client.chat.completions.create(**CHAT).model == "gpt-4o-mini"
    assert len(metrics) == 0


def test_a_failing_flush_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """It is not raised, each time it happens."""
    double = MagicMock(spec=AIUsageTracker)
    double.flush_metrics.side_effect = RuntimeError("table is gone")
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            with ai_usage_context("op", tracker=double):
                pass
    (message,) = set(caplog.messages)
    assert message.startswith("Failed to flush metrics: RuntimeError at ")
    assert len(caplog.messages) == 2


def test_a_failing_flush_does_not_hide_the_program_s_exception() -> None:
    """The block's own exception comes out."""
    double = MagicMock(spec=AIUsageTracker)
    double.flush_metrics.side_effect = RuntimeError("table is gone")
    with pytest.raises(KeyError), ai_usage_context("op", tracker=double):
        raise KeyError("mine")


@each_of("field", ["dynamo_client", "table_name", "log_file", "track_to_file"])
def test_constructor_arguments_are_not_fields(field: str) -> None:
    """They raise an error that names the field and where it belongs."""
    with pytest.raises(ContextFieldError, match=field) as raised:
        ai_usage_context("op", **{field: "x"})
    assert "AIUsageTracker(" in str(raised.value)
    assert isinstance(raised.value, TypeError)
    assert isinstance(raised.value, ConfigurationError)


def test_a_batch_context_sets_is_batch_itself() -> None:
    """Passing it is an error."""
    with pytest.raises(ContextFieldError, match="is_batch"):
        batch_ai_usage_context("b", is_batch=False)


def test_a_failing_set_context_leaves_no_block_behind() -> None:
    """When the tracker refuses the context, the block was never entered."""
    double = MagicMock(spec=AIUsageTracker)
    double.set_context.side_effect = RuntimeError("no")
    with pytest.raises(RuntimeError, match="no"), ai_usage_context("op", tracker=double):
        pytest.fail("the block ran")
    assert get_current_context() is None


def test_set_tracking_context_inside_a_block_holds_until_its_end(
    client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """The mixed pattern works: calls after it have the new id, those before the old one."""
    with ai_usage_context("op", job_id="a") as tracker:
        client.chat.completions.create(**CHAT)
        tracker.set_tracking_context(job_id="b")
        client.chat.completions.create(**CHAT)
    assert [metric.job_id for metric in metrics] == ["a", "b"]


def test_current_context_functions() -> None:
    """They show a copy of the innermost block's context, and None outside."""
    assert get_current_context() is None
    with ai_usage_context("op", job_id="j"):
        shown = get_current_context()
        assert shown is not None
        shown["job_id"] = "changed"
        again = get_current_context()
        assert again is not None
        assert again["job_id"] == "j"
    assert get_current_context() is None


def test_a_context_set_by_hand_books_to_the_block_around(
    client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """It names operation and ids, and ends with that block."""
    with ai_usage_context("op", job_id="j", user_id="u"):
        set_current_context({"operation_type": "by_hand", "job_id": "k"})
        client.chat.completions.create(**CHAT)
    assert get_current_context() is None
    metric = metrics[0]
    assert (metric.operation_type, metric.job_id, metric.user_id) == ("by_hand", "k", "u")


def test_no_context_by_hand() -> None:
    """``set_current_context(None)`` after a context set by hand leaves none."""
    set_current_context({"operation_type": "x"})
    assert get_current_context() == {"operation_type": "x"}
    set_current_context(None)
    assert get_current_context() is None


def test_blocks_may_end_in_any_order() -> None:
    """Interleaved generators close their blocks out of order; the others stay right."""

    def steps(name: str) -> Iterator[str]:
        with ai_usage_context(name):
            yield name

    first, second = steps("first"), steps("second")
    next(first)
    next(second)
    first.close()
    current = get_current_context()
    assert current is not None
    assert current["operation_type"] == "second"
    second.close()
    assert get_current_context() is None


@pytest.mark.asyncio
async def test_an_async_generator_may_be_closed_in_another_task() -> None:
    """Its block ends without an error there."""

    async def steps() -> AsyncIterator[int]:
        with ai_usage_context("op"):
            yield 1

    generator = steps()
    await anext(generator)
    await asyncio.create_task(generator.aclose())
    assert get_current_context() is None


@pytest.mark.asyncio
async def test_tasks_do_not_mix(server: LoopbackServer, metrics: CapturedMetrics) -> None:
    """Tasks that interleave on one tracker keep their calls apart."""
    tracker = AIUsageTracker()

    async def work(client: openai.AsyncOpenAI, job: str) -> None:
        async with ai_usage_context("op", tracker=tracker, job_id=job, marker=job):
            for _ in range(3):
                await client.chat.completions.create(**CHAT)
                await asyncio.sleep(0)

    async with openai.AsyncOpenAI(base_url=server.base_url, api_key="x") as client:
        await asyncio.gather(*(work(client, f"job-{n}") for n in range(8)))
    assert len(metrics) == 24
    assert all(metric.job_id == metric.metadata["marker"] for metric in metrics)


def test_threads_do_not_mix(client: openai.OpenAI, metrics: CapturedMetrics) -> None:
    """Blocks of several threads on one tracker keep their calls and inheritance apart."""
    tracker = AIUsageTracker()
    barrier = threading.Barrier(6, timeout=PATIENCE)

    def work(number: int) -> None:
        # Every other thread names no job: it must not pick up a neighbour's.
        job = f"job-{number}" if number % 2 else None
        barrier.wait()
        with ai_usage_context("op", tracker=tracker, job_id=job, marker=job or "nobody"):
            for _ in range(3):
                client.chat.completions.create(**CHAT)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    assert len(metrics) == 18
    assert all((metric.job_id or "nobody") == metric.metadata["marker"] for metric in metrics)


def test_a_tracker_handed_to_a_thread_keeps_its_attribution(
    client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """A replay, and a block, in a plain thread are booked to the block that the tracker is of."""

    def work(tracker: AIUsageTracker) -> None:
        result = client.chat.completions.create(**CHAT)
        tracker.track_openai_completion(lambda: result)()
        with ai_usage_context("step", tracker=tracker):
            client.chat.completions.create(**CHAT)

    with ai_usage_context("op", job_id="j") as tracker:
        thread = threading.Thread(target=work, args=(tracker,))
        thread.start()
        joined(thread)
    found = [(metric.operation_type, metric.job_id) for metric in metrics]
    assert sorted(found) == [("op", "j"), ("step", "j")]  # type: ignore[type-var]


def test_a_call_after_the_end_of_its_block_is_late(
    client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """Work that carries the context on is booked to the ended block, and marked."""
    with ai_usage_context("op", job_id="j"):
        carried = contextvars.copy_context()
    carried.run(client.chat.completions.create, **CHAT)
    assert [(metric.job_id, metric.late) for metric in metrics] == [("j", True)]


@pytest.mark.asyncio
async def test_async_with(server: LoopbackServer, metrics: CapturedMetrics) -> None:
    """``async with`` does the same as ``with``."""
    client = openai.AsyncOpenAI(base_url=server.base_url, api_key="x")
    async with client, ai_usage_context("op", job_id="j") as tracker:
        await client.chat.completions.create(**CHAT)
        assert len(tracker.pending_metrics) == 1
    assert [(metric.operation_type, metric.job_id) for metric in metrics] == [("op", "j")]


def test_entering_many_blocks_leaves_nothing_open() -> None:
    """Deep nesting unwinds completely."""
    blocks = [ai_usage_context(f"op-{n}") for n in range(200)]
    for block in blocks:
        block.__enter__()
    for block in reversed(blocks):
        block.__exit__(None, None, None)
    assert get_current_context() is None


def test_a_context_set_by_hand_replaces_the_one_before(
    client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """Of an earlier one no id is left; ids of the block around hold where none is named."""
    with ai_usage_context("op", job_id="j") as tracker:
        for _ in range(1000):
            set_current_context({"operation_type": "first", "job_id": "k", "batch_id": "b"})
        set_current_context({"operation_type": "second", "user_id": "anna"})
        client.chat.completions.create(**CHAT)
        node = scope.current()
        assert node is not None
        assert node.parent is tracker.node()  # and no chain of all that were set
    (metric,) = metrics
    assert (metric.operation_type, metric.job_id, metric.batch_id, metric.user_id) == (
        "second",
        "j",
        None,
        "anna",
    )


def test_a_context_is_entered_once_at_a_time() -> None:
    """Inside itself it raises, and leaves nothing behind; afterwards it may be entered again."""
    context = ai_usage_context("op", job_id="j")
    with context, pytest.raises(RuntimeError, match="in use"), context:
        pytest.fail("the block ran")
    assert get_current_context() is None
    with context as tracker:
        assert tracker.current_job_id == "j"
    assert get_current_context() is None


def test_a_long_chain_of_blocks(client: openai.OpenAI, metrics: CapturedMetrics) -> None:
    """Each block knows the one around it, however many there are: nothing here recurses."""
    depth = 5000
    with contextlib.ExitStack() as stack:
        for number in range(depth):
            stack.enter_context(ai_usage_context(f"op {number}", job_id="j"))
        client.chat.completions.create(**CHAT)
        context = get_current_context()
    levels = 0
    while context is not None:
        context = context.get("parent_context")
        levels += 1
    assert levels == depth
    assert [metric.operation_type for metric in metrics] == [f"op {depth - 1}"]
    assert metrics[0].metadata["parent_operation"] == f"op {depth - 2}"


def test_metadata_of_several_threads(client: openai.OpenAI, metrics: CapturedMetrics) -> None:
    """Each that is added arrives, however the threads take turns."""
    with ai_usage_context("op") as tracker:
        client.chat.completions.create(**CHAT)

        def add(thread: int) -> None:
            for number in range(20):
                tracker.add_context_metadata({f"{thread}/{number}": number})

        with turns_of(1e-6), ThreadPoolExecutor(4) as pool:
            list(pool.map(add, range(4)))
        assert {f"{thread}/{n}" for thread in range(4) for n in range(20)} <= set(
            tracker.current_context
        )
