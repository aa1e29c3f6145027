"""The context managers with doubles of the tracker, as the project's tests use them."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Any
from unittest.mock import MagicMock, Mock, patch

import pytest
from receipt_label.utils.ai_usage_context import (
    ai_usage_context,
    ai_usage_tracked,
    batch_ai_usage_context,
    get_current_context,
    partial_failure_context,
    set_current_context,
)
from receipt_label.utils.ai_usage_tracker import AIUsageTracker
from receipt_label.utils.environment_config import Environment

FACTORY = "receipt_label.utils.ai_usage_context.AIUsageTracker.create_for_environment"
STORE = "receipt_label.utils.ai_usage_tracker.AIUsageTracker._store_metric"


@pytest.fixture
def double() -> MagicMock:
    """The double that the project's tests hand to contexts."""
    return MagicMock(spec=AIUsageTracker)


def test_the_double_has_the_state() -> None:
    """Attributes that tests set up and read are on the class."""
    double = MagicMock(spec=AIUsageTracker)
    for name in (
        "current_job_id current_batch_id github_pr current_context pending_metrics batch_mode"
        " environment_config environment user_id table_name dynamo_client log_file"
        " track_to_dynamo track_to_file"
    ).split():
        setattr(double, name, "value")
        assert getattr(double, name) == "value"


def test_the_factory_is_patched() -> None:
    """A context without a tracker asks the factory, once, for the environment that was named."""
    with patch(FACTORY) as factory, ai_usage_context("op", environment=Environment.STAGING) as it:
        assert it is factory.return_value
    factory.assert_called_once_with(environment=Environment.STAGING)


def test_what_a_tracker_sees(double: MagicMock) -> None:
    """The context once at the start; metadata and a flush once at the end, in this order."""
    with ai_usage_context("op", tracker=double, job_id="job", user_id="anna", page=None) as it:
        assert it is double
        double.flush_metrics.assert_not_called()
    names = [call[0] for call in double.method_calls]
    assert names == ["set_context", "add_context_metadata", "flush_metrics"]
    context = double.set_context.call_args[0][0]
    assert (context["operation_type"], context["job_id"], context["user_id"]) == (
        "op",
        "job",
        "anna",
    )
    assert context["thread_id"] == threading.get_ident()
    assert "start_time" in context
    assert "page" not in context
    outcome = double.add_context_metadata.call_args[0][0]
    assert outcome["operation_duration_ms"] >= 0
    assert outcome["error_occurred"] is False


def test_an_error_is_noted_and_raised(double: MagicMock) -> None:
    """The flush happens on errors too."""
    with pytest.raises(ValueError, match="boom"), ai_usage_context("op", tracker=double):
        raise ValueError("boom")
    outcome = double.add_context_metadata.call_args[0][0]
    assert (outcome["error_occurred"], outcome["error_message"]) == (True, "boom")
    double.flush_metrics.assert_called_once_with()


def test_a_flush_that_fails_is_logged(double: MagicMock, caplog: pytest.LogCaptureFixture) -> None:
    """It is not the program's error."""
    double.flush_metrics.side_effect = RuntimeError("no network")
    with caplog.at_level(logging.WARNING), ai_usage_context("op", tracker=double):
        pass
    assert "Failed to flush metrics: no network" in caplog.text


def test_nested_contexts(double: MagicMock) -> None:
    """The inner one knows its parent; afterwards the outer one is current again."""
    with ai_usage_context("outer", tracker=double, job_id="job"):
        with ai_usage_context("inner", tracker=double):
            inner = get_current_context()
        outer = get_current_context()
    assert inner is not None
    assert outer is not None
    assert (inner["operation_type"], inner["parent_operation"]) == ("inner", "outer")
    assert inner["parent_context"]["job_id"] == "job"
    assert outer["operation_type"] == "outer"
    assert "parent_operation" not in outer
    assert get_current_context() is None


def test_the_current_context_by_hand() -> None:
    """What is set is what is read, until it is set back."""
    set_current_context({"operation_type": "by_hand"})
    assert get_current_context() == {"operation_type": "by_hand"}
    set_current_context(None)
    assert get_current_context() is None


def test_fields_that_belong_to_the_constructor(caplog: pytest.LogCaptureFixture) -> None:
    """They stay metadata, as they were; the warning names the field."""
    with (
        caplog.at_level(logging.WARNING),
        ai_usage_context("op", table_name="Mine", operation_type="other") as tracker,  # type: ignore[misc]
    ):
        assert tracker.current_context["table_name"] == "Mine"
        assert tracker.current_context["operation_type"] == "op"
    assert "'operation_type' was given twice" in caplog.text


def test_threads_have_their_own(double: MagicMock) -> None:
    """A context of one thread is not another's."""
    seen: list[Any] = []
    with ai_usage_context("op", tracker=double):
        thread = threading.Thread(target=lambda: seen.append(get_current_context()))
        thread.start()
        thread.join()
    assert seen == [None]


def test_a_batch(double: MagicMock) -> None:
    """``set_batch_mode(True)`` exactly once inside; the context says so."""
    with batch_ai_usage_context("batch", item_count=3, tracker=double) as it:
        assert it is double
        double.set_batch_mode.assert_called_once_with(True)
        context = double.set_context.call_args[0][0]
    assert (context["operation_type"], context["batch_id"]) == ("batch_processing", "batch")
    assert (context["is_batch"], context["item_count"]) == (True, 3)
    assert double.set_batch_mode.call_count == 1


def test_batch_mode_ends_with_the_batch(completion: Any) -> None:
    """Price and ids are what they were."""
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="mine")
    with patch(STORE) as store:
        with batch_ai_usage_context("batch", tracker=tracker):
            assert tracker.batch_mode is True
            tracker.track_openai_completion(completion)()
        tracker.track_openai_completion(completion)()
    batch, full = (call.args[0] for call in store.call_args_list)
    assert (batch.batch_id, batch.job_id, full.batch_id) == ("batch", "mine", None)
    assert batch.cost_usd * 2 == full.cost_usd
    assert (tracker.batch_mode, tracker.current_batch_id) == (False, None)


def test_some_may_fail(double: MagicMock) -> None:
    """The dict is counted in, and its summary, ten errors at most, is metadata."""
    with partial_failure_context("op", tracker=double, job_id="job") as counts:
        assert counts["tracker"] is double
        assert counts["continue_on_error"] is True
        assert (counts["success_count"], counts["failure_count"], counts["errors"]) == (0, 0, [])
        counts["success_count"] += 2
        for number in range(12):
            counts["failure_count"] += 1
            counts["errors"].append({"item": number, "error": "bad"})
    added: dict[str, Any] = {}
    for call in double.add_context_metadata.call_args_list:
        added.update(call.args[0])
    summary = added["partial_failure_summary"]
    assert (summary["total_operations"], summary["successful"], summary["failed"]) == (14, 2, 12)
    assert (summary["error_count"], len(summary["errors"])) == (12, 10)
    double.flush_metrics.assert_called_once_with()


def test_the_decorator_bare() -> None:
    """The operation is the function's name; the tracker is handed in."""

    @ai_usage_tracked
    def analyse(text: str, tracker: Any = None) -> Any:
        assert get_current_context()["operation_type"] == "analyse"  # type: ignore[index]
        return text, tracker

    with patch(FACTORY) as factory:
        assert analyse("x") == ("x", factory.return_value)
        own = MagicMock(spec=AIUsageTracker)
        assert analyse("x", tracker=own) == ("x", own)


def test_the_decorator_called(double: MagicMock) -> None:
    """Ids are taken from the call, also where the function does not name them."""

    @ai_usage_tracked(operation_type="op", tracker=double, stage="ocr")
    def analyse(text: str) -> str:
        return text

    assert analyse("x", job_id="job", github_pr=4) == "x"
    context = double.set_context.call_args[0][0]
    assert (context["operation_type"], context["stage"]) == ("op", "ocr")
    assert (context["job_id"], context["github_pr"]) == ("job", 4)


def test_the_decorator_on_async_functions_and_generators(double: MagicMock) -> None:
    """A coroutine function and a generator stay what they are."""

    @ai_usage_tracked(tracker=double)
    async def ask() -> str:
        return get_current_context()["operation_type"]  # type: ignore[index,no-any-return]

    @ai_usage_tracked(tracker=double)
    def steps() -> Any:
        yield get_current_context()["operation_type"]  # type: ignore[index]

    assert asyncio.run(ask()) == "ask"
    for step in steps():
        assert step == "steps"
        assert get_current_context() is None
    assert double.flush_metrics.call_count == 2


def test_metrics_are_pending_until_the_end(completion: Any) -> None:
    """``_store_metric`` is called once a metric, at the flush."""
    with patch(STORE) as store:
        with ai_usage_context("op", job_id="job") as tracker:
            tracker.track_openai_completion(completion)()
            tracker.track_openai_completion(completion)()
            assert len(tracker.pending_metrics) == 2
            store.assert_not_called()
        assert store.call_count == 2
        assert tracker.pending_metrics == []


def test_metadata_reaches_the_metric(dynamo: Mock, completion: Any, stored: Any) -> None:
    """Tags, fields, what was added, and how the block ended."""
    with ai_usage_context("op", tracker=AIUsageTracker(dynamo), receipt="r-1") as tracker:
        tracker.track_openai_completion(completion)()
        tracker.add_context_metadata({"pages": 2})
    (metric,) = stored()
    assert metric.metadata["environment"] == "development"
    assert (metric.metadata["receipt"], metric.metadata["pages"]) == ("r-1", 2)
    assert metric.metadata["error_occurred"] is False
