"""Trackers of which a test or a subclass replaced a method that blocks call."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock, patch

import pytest
from many_cases import each_of
from runtime_calls import CHAT

from tests.patience import PATIENCE
from tracker import AIUsageTracker, ai_usage_context, batch_ai_usage_context
from tracker.context.scope import Node
from tracker.records import recorder

if TYPE_CHECKING:
    from collections.abc import Callable

    import openai

    from tracker.context.state import State
    from tracker.testing import CapturedMetrics

METHODS = ("set_context", "add_context_metadata", "flush_metrics")
Replaced = tuple[AIUsageTracker, Any]


def on_the_object(name: str) -> Replaced:
    """A tracker whose own attribute is a mock that does what the method does."""
    tracker = AIUsageTracker()
    mock = Mock(side_effect=getattr(tracker, name))
    setattr(tracker, name, mock)
    return tracker, mock


def in_a_subclass(name: str) -> Replaced:
    """A tracker of a class that overrides the method and calls it."""
    mock = Mock()

    def method(self: AIUsageTracker, *args: Any) -> None:
        mock(*args)
        getattr(AIUsageTracker, name)(self, *args)

    kind = type("Own", (AIUsageTracker,), {name: method})
    return kind(), mock


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("replaced", [on_the_object, in_a_subclass])
def test_a_replaced_method_is_called_once(
    name: str,
    replaced: Callable[[str], Replaced],
    client: openai.OpenAI,
    metrics: CapturedMetrics,
) -> None:
    """With what a double gets; the record is as it would be."""
    tracker, mock = replaced(name)
    with ai_usage_context("op", tracker=tracker, job_id="j", note="n"):
        client.chat.completions.create(**CHAT)
        assert tracker.current_job_id == "j"
    assert mock.call_count == 1
    if name == "set_context":
        given = mock.call_args.args[0]
        assert type(given) is dict
        assert (given["operation_type"], given["job_id"], given["note"]) == ("op", "j", "n")
    if name == "add_context_metadata":
        assert mock.call_args.args[0]["error_occurred"] is False
    (metric,) = metrics
    assert (metric.operation_type, metric.job_id, metric.metadata["note"]) == ("op", "j", "n")
    assert metric.metadata["error_occurred"] is False


@each_of("name", [*METHODS, "set_batch_mode"])
def test_a_patched_class_is_heard(name: str) -> None:
    """``patch.object(AIUsageTracker, ...)`` counts one call a block, and none when it is over."""
    with patch.object(AIUsageTracker, name) as mock:
        with batch_ai_usage_context("b"):
            pass
        assert mock.call_count == 1
    with batch_ai_usage_context("b"):
        pass
    assert mock.call_count == 1


@pytest.mark.parametrize("name", ["add_context_metadata", "flush_metrics"])
def test_a_method_that_is_replaced_inside_the_block(
    name: str, client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """It is called when the block ends; a flush that does nothing leaves the call to the block."""
    with ai_usage_context("op") as tracker:
        client.chat.completions.create(**CHAT)
        mock = Mock()
        setattr(tracker, name, mock)
    assert mock.call_count == 1
    assert len(metrics) == 1


@pytest.mark.parametrize("name", ["add_context_metadata", "flush_metrics"])
def test_a_class_that_is_patched_inside_the_block(
    name: str, client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """Its tracker, which is like all others, is told of the end in that way."""
    with ai_usage_context("op", tracker=AIUsageTracker()):
        client.chat.completions.create(**CHAT)
        patched = patch.object(AIUsageTracker, name)
        mock = patched.start()
    patched.stop()
    assert mock.call_count == 1
    assert len(metrics) == 1


def test_a_set_context_that_raises_leaves_no_block() -> None:
    """Also on a tracker of ours: the block was never entered, and the tracker is as before."""
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="standing")
    with (
        patch.object(tracker, "set_context", side_effect=RuntimeError("no")),
        pytest.raises(RuntimeError, match="no"),
        ai_usage_context("op", tracker=tracker, job_id="j"),
    ):
        pytest.fail("the block ran")
    assert (tracker.current_job_id, tracker.current_context) == ("standing", {})


def test_both_ways_end_alike(client: openai.OpenAI, metrics: CapturedMetrics) -> None:
    """A block that calls the methods and one that need not leave the same records."""

    class Own(AIUsageTracker):
        def set_context(self, *args: Any, **kwargs: Any) -> None:
            super().set_context(*args, **kwargs)

        def flush_metrics(self) -> None:
            super().flush_metrics()

    def run(tracker: AIUsageTracker) -> None:
        with batch_ai_usage_context("b", tracker=tracker, user_id="u", stage=1):
            client.chat.completions.create(**CHAT)
            with ai_usage_context("inner", tracker=tracker, job_id="j"):
                client.chat.completions.create(**CHAT)
                tracker.add_context_metadata({"pages": 2})
        tracker.set_tracking_context(job_id="after")
        client.chat.completions.create(**CHAT)  # nobody's: no block, and it is not handed in

    run(AIUsageTracker())
    run(Own())
    seen = [
        (
            metric.operation_type,
            metric.job_id,
            metric.batch_id,
            metric.user_id,
            metric.price_basis,
            sorted(metric.metadata),
        )
        for metric in metrics
    ]
    assert len(seen) == 4
    assert seen[:2] == seen[2:]


def test_a_subclass_may_change_what_set_context_gets(
    client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """Ids that it adds to the dict before it calls ours are booked."""

    class Own(AIUsageTracker):
        def set_context(self, context: Any = None, **ids: Any) -> None:
            context["user_id"] = "team-42"
            super().set_context(context, **ids)

    with ai_usage_context("op", tracker=Own(), job_id="j"):
        client.chat.completions.create(**CHAT)
    assert [(metric.user_id, metric.job_id) for metric in metrics] == [("team-42", "j")]


def test_a_subclass_has_names_of_its_own(client: openai.OpenAI, metrics: CapturedMetrics) -> None:
    """``flush`` and ``standing`` are the program's to use."""

    class Own(AIUsageTracker):
        def __init__(self) -> None:
            super().__init__()
            self.standing = "gold"

        def flush(self) -> None:
            raise AssertionError("nobody called this")

    with ai_usage_context("op", tracker=Own()):
        client.chat.completions.create(**CHAT)
    assert len(metrics) == 1


def test_a_double_that_takes_no_metadata_is_flushed() -> None:
    """One failing method does not keep the next from being called."""
    double = Mock(spec=AIUsageTracker)
    double.add_context_metadata.side_effect = RuntimeError("no")
    with ai_usage_context("op", tracker=double):
        pass
    double.flush_metrics.assert_called_once_with()


def test_a_replaced_store_that_fails_for_one(client: openai.OpenAI) -> None:
    """The others are stored all the same, and what it raised first is raised in the end."""
    tracker = AIUsageTracker()
    results = [RuntimeError("first"), None, RuntimeError("second")]
    with ai_usage_context("op", tracker=tracker):
        for _ in results:
            client.chat.completions.create(**CHAT)
        with (
            patch.object(tracker, "_store_metric", side_effect=results) as store,
            pytest.raises(RuntimeError, match="first"),
        ):
            tracker.flush_metrics()
    assert store.call_count == 3


def test_a_replaced_store_that_is_interrupted(client: openai.OpenAI) -> None:
    """What was not tried yet is stored later."""
    tracker = AIUsageTracker()
    with ai_usage_context("op", tracker=tracker):
        for _ in range(2):
            client.chat.completions.create(**CHAT)
        with (
            patch.object(tracker, "_store_metric", side_effect=KeyboardInterrupt),
            pytest.raises(KeyboardInterrupt),
        ):
            tracker.flush_metrics()
        with patch.object(tracker, "_store_metric") as store:
            tracker.flush_metrics()
    assert store.call_count == 1


def test_what_a_block_learned_is_asked_without_the_recorder_s_lock(
    client: openai.OpenAI, metrics: CapturedMetrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who changes a state and ends up settling a call waits for nobody that waits for it."""
    is_free: list[bool] = []
    learned = Node.learned

    def settle_elsewhere(node: Node) -> State:
        thread = threading.Thread(target=recorder.take, args=([], []), daemon=True)
        thread.start()
        thread.join(PATIENCE)
        is_free.append(not thread.is_alive())
        return learned(node)

    monkeypatch.setattr(Node, "learned", settle_elsewhere)
    with ai_usage_context("op"):
        client.chat.completions.create(**CHAT)
    assert is_free == [True]
    assert len(metrics) == 1
