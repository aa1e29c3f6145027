"""The contexts, as programs and their tests use them."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any
from unittest.mock import MagicMock, patch

import pytest

if TYPE_CHECKING:
    from original_app.metric_store import MetricStore

FORMS = ("ai_usage_context", "batch_ai_usage_context", "partial_failure_context")


@pytest.fixture
def double(app: Any) -> MagicMock:
    """A double of the tracker."""
    return MagicMock(spec=app.AIUsageTracker)


def told(double: MagicMock) -> dict[str, Any]:
    """Return all that was added to the context of *double*."""
    added: dict[str, Any] = {}
    for call in double.add_context_metadata.call_args_list:
        added.update(call.args[0])
    return added


def test_what_a_tracker_sees(app: Any, double: MagicMock) -> None:
    """The context at the start; how it went, and a flush, at the end."""
    with app.ai_usage_context("op", tracker=double, job_id="job", page=None) as tracker:
        assert tracker is double
        double.flush_metrics.assert_not_called()
    names = [call[0] for call in double.method_calls]
    assert names == ["set_context", "add_context_metadata", "flush_metrics"]
    context = double.set_context.call_args.args[0]
    assert (context["operation_type"], context["job_id"]) == ("op", "job")
    assert context["thread_id"] == threading.get_ident()
    assert "start_time" in context
    assert "page" not in context
    assert told(double)["operation_duration_ms"] >= 0
    assert told(double)["error_occurred"] is False


@pytest.mark.parametrize("kind", [ValueError, KeyError, RuntimeError])
def test_an_error_is_noted(app: Any, kind: type[Exception], double: MagicMock) -> None:
    """With its text; it is raised, and metrics are flushed."""
    error = kind("boom")
    with pytest.raises(kind), app.ai_usage_context("op", tracker=double):
        raise error
    assert (told(double)["error_occurred"], told(double)["error_message"]) == (True, str(error))
    double.flush_metrics.assert_called_once_with()


@pytest.mark.parametrize("form", FORMS)
def test_a_context_decorates_a_function(
    app: Any, form: str, store: MetricStore, response: Any
) -> None:
    """Each call is a block of its own; the function hears nothing of it."""
    kept: list[Any] = []

    @getattr(app, form)("scan", receipt="r-1", job_id="job")
    def scan(number: int, *, job_id: str = "mine") -> int:
        kept.append((app.get_current_context(), job_id))
        return number + 1

    assert (scan(1), scan(2, job_id="given"), scan.__name__) == (2, 3, "scan")
    contexts = [context for context, _ in kept]
    assert [context["receipt"] for context in contexts] == ["r-1", "r-1"]
    assert [context["job_id"] for context in contexts] == ["job", "job"]
    assert [given for _, given in kept] == ["mine", "given"]
    assert app.get_current_context() is None


def test_a_decorating_context_has_its_tracker(app: Any, store: MetricStore, response: Any) -> None:
    """Calls are booked to the one that it was given."""
    tracker = app.AIUsageTracker(dynamo_client=store)

    @app.ai_usage_context("scan", tracker=tracker, job_id="job")
    def scan() -> None:
        tracker.track_openai_completion(lambda: response)()

    scan()
    scan()
    assert [(one.job_id, one.metadata["operation_type"]) for one in store.metrics] == [
        ("job", "scan")
    ] * 2


def test_a_decorated_function_that_fails(app: Any, double: MagicMock) -> None:
    """Its exception is its caller's, and noted."""

    @app.ai_usage_context("scan", tracker=double)
    def scan() -> None:
        raise ValueError("boom")

    with pytest.raises(ValueError, match="boom"):
        scan()
    assert told(double)["error_message"] == "boom"


@pytest.mark.parametrize(
    "name", ["track_to_dynamo", "table_name", "log_file", "environment_config"]
)
def test_fields_with_names_of_the_constructor(app: Any, name: str) -> None:
    """They are metadata, as any other."""
    with app.ai_usage_context("op", **{name: "told"}) as tracker:
        assert tracker.current_context[name] == "told"


def test_the_factory_is_replaced(app: Any) -> None:
    """Where the contexts look for it: by the application's name of it."""
    target = f"{app.package}.ai_usage_context.AIUsageTracker.create_for_environment"
    with patch(target) as factory, app.ai_usage_context("op") as tracker:
        assert tracker is factory.return_value
    factory.assert_called_once_with(environment=None)


def test_the_class_is_replaced(app: Any) -> None:
    """By the application's name of it."""
    with patch(f"{app.package}.ai_usage_context.AIUsageTracker") as double:
        with app.ai_usage_context("op") as tracker:
            assert tracker is double.create_for_environment.return_value
        tracker.flush_metrics.assert_called_once_with()


def test_detection_is_replaced(app: Any) -> None:
    """What trackers ask is asked by the application's name of it."""
    target = f"{app.package}.environment_config.AIUsageEnvironmentConfig.detect_environment"
    with patch(target, MagicMock(return_value=app.Environment.STAGING)):
        assert app.AIUsageTracker().environment == app.Environment.STAGING
        with app.ai_usage_context("op") as tracker:
            assert tracker.table_name == "AIUsageMetrics-staging"
    assert app.AIUsageTracker().environment == app.Environment.DEVELOPMENT


def test_a_flush_that_fails(
    app: Any, double: MagicMock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is logged, and nobody's error."""
    monkeypatch.setenv("AI_USAGE_ERROR_MESSAGES", "1")
    double.flush_metrics.side_effect = RuntimeError("no network")
    with caplog.at_level(logging.WARNING), app.ai_usage_context("op", tracker=double):
        pass
    assert "Failed to flush metrics: " in caplog.text


def test_nested_contexts(app: Any, double: MagicMock) -> None:
    """The inner one knows the outer one, which is current again behind it."""
    with app.ai_usage_context("outer", tracker=double, job_id="job"):
        with app.ai_usage_context("inner", tracker=double):
            inner = app.get_current_context()
        outer = app.get_current_context()
    assert (inner["operation_type"], inner["parent_operation"]) == ("inner", "outer")
    assert inner["parent_context"]["job_id"] == "job"
    assert outer["operation_type"] == "outer"
    assert app.get_current_context() is None


def test_the_current_context_by_hand(app: Any) -> None:
    """What is set is what is read."""
    app.set_current_context({"operation_type": "by_hand"})
    assert app.get_current_context()["operation_type"] == "by_hand"
    app.set_current_context(None)
    assert app.get_current_context() is None


def test_threads_have_their_own(app: Any, double: MagicMock) -> None:
    """A context of one is not another's."""
    seen: list[Any] = []
    with app.ai_usage_context("op", tracker=double):
        thread = threading.Thread(target=lambda: seen.append(app.get_current_context()))
        thread.start()
        thread.join()
    assert seen == [None]


@pytest.mark.parametrize("operation", ["batch_processing", "nightly"])
def test_a_batch(app: Any, operation: str, double: MagicMock) -> None:
    """``set_batch_mode(True)`` exactly once; the context says so."""
    named = {} if operation == "batch_processing" else {"operation_type": operation}
    with app.batch_ai_usage_context("batch", item_count=3, tracker=double, **named):
        double.set_batch_mode.assert_called_once_with(True)
    context = double.set_context.call_args.args[0]
    assert (context["operation_type"], context["batch_id"]) == (operation, "batch")
    assert (context["is_batch"], context["item_count"]) == (True, 3)


@pytest.mark.parametrize("continue_on_error", [True, False])
def test_some_may_fail(app: Any, continue_on_error: bool, double: MagicMock) -> None:
    """What was counted is metadata, with ten errors at most."""
    with app.partial_failure_context(
        "op", tracker=double, continue_on_error=continue_on_error
    ) as counts:
        assert (counts["tracker"], counts["continue_on_error"]) == (double, continue_on_error)
        counts["success_count"] += 2
        counts["failure_count"] += 12
        counts["errors"] += [{"item": number} for number in range(12)]
    summary = told(double)["partial_failure_summary"]
    assert (summary["total_operations"], summary["successful"], summary["failed"]) == (14, 2, 12)
    assert (summary["error_count"], len(summary["errors"])) == (12, 10)


@pytest.mark.parametrize("form", ["bare", "called", "named"])
def test_the_tracking_decorator(app: Any, form: str, double: MagicMock) -> None:
    """The operation is the function's name, or the one that is given; the tracker is handed in."""
    named = {"operation_type": "op"} if form == "named" else {}

    def analyse(text: str, tracker: Any = None) -> Any:
        return text, tracker, app.get_current_context()["operation_type"]

    decorate = app.ai_usage_tracked
    decorated = decorate(analyse) if form == "bare" else decorate(**named)(analyse)
    text, tracker, operation = decorated("x", tracker=double)
    assert (text, tracker) == ("x", double)
    assert operation == ("op" if form == "named" else "analyse")


@pytest.mark.parametrize("name", ["job_id", "batch_id", "user_id", "github_pr"])
def test_ids_of_a_call(app: Any, name: str, double: MagicMock) -> None:
    """They are taken from the call, also where the function does not name them."""

    @app.ai_usage_tracked(tracker=double, stage="ocr")
    def analyse(text: str) -> str:
        return text

    assert analyse("x", **{name: 7}) == "x"
    context = double.set_context.call_args.args[0]
    assert (context["stage"], context[name]) == ("ocr", 7)


def test_calls_are_pending_in_their_block(app: Any, response: Any) -> None:
    """Until it ends, as the guide's own test has it."""
    with app.ai_usage_context("op") as tracker:
        tracker.track_openai_completion(lambda: response)()
        assert len(tracker.pending_metrics) == 1


def test_an_inner_block_leaves_nothing_behind(app: Any) -> None:
    """Neither its ids nor its prices are the outer one's."""
    tracker = app.AIUsageTracker()
    with app.ai_usage_context("outer", tracker=tracker, job_id="outer"):
        with app.batch_ai_usage_context("batch", tracker=tracker, job_id="inner"):
            pass
        found = (tracker.current_job_id, tracker.current_batch_id, tracker.batch_mode)
        assert found == ("outer", None, False)
