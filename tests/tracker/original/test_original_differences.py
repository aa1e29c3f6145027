"""What our own names refuse, and the original's tell; and that what differs is counted."""

from __future__ import annotations

import importlib
import inspect
import json
import logging
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest.mock import Mock

import openai
import pytest
from many_cases import each_of
from original_app.expected import DIFFERENCES
from original_app.metric_store import AIUsageMetric, MetricStore
from original_app.on_ours import ai_usage_context as original_contexts
from original_app.on_ours.ai_usage_context import ai_usage_context as through_the_original
from original_app.on_ours.ai_usage_tracker import AIUsageTracker as OriginalTracker
from runtime_calls import CHAT

import tracker
from tracker.errors import UnknownEnvironmentError

#: The package hides the module by its function.
own_contexts = importlib.import_module("tracker.ai_usage_context")

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from loopback import LoopbackServer

    from tracker.testing import CapturedMetrics


def test_few_things_differ() -> None:
    """Five at most, each with its reason."""
    assert len(DIFFERENCES) <= 5
    assert all(DIFFERENCES.values())


def test_a_misspelt_environment_is_told_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Through the original's names it is development, and a warning; through ours an error."""
    monkeypatch.setenv("ENVIRONMENT", "prod")
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            with through_the_original("op") as it:
                assert it.environment.value == "development"
    (message,) = caplog.messages
    assert "'prod' is not a valid environment" in message
    with pytest.raises(UnknownEnvironmentError), tracker.ai_usage_context("op"):
        pass


def test_calls_of_the_real_client(client: openai.OpenAI) -> None:
    """A captured one reaches the application's store as one of its class, priced."""
    store = MetricStore()
    it = OriginalTracker(dynamo_client=store)
    with through_the_original("scan", tracker=it, job_id="job"):
        client.chat.completions.create(**CHAT)
    (metric,) = store.metrics
    assert type(metric) is AIUsageMetric
    assert (metric.job_id, metric.metadata["operation_type"]) == ("job", "scan")
    assert isinstance(metric.latency_ms, int)
    assert metric.cost_usd


def test_texts_of_errors(
    client: openai.OpenAI, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """The application's store has the exception's text; ours its type and what is known of it."""
    store = MetricStore()
    for dynamo in (store, None):
        server.failures = [401]
        it = OriginalTracker(dynamo_client=dynamo)
        wrapped = it.create_wrapped_openai_client(openai_client=client, tracker=it)
        with pytest.raises(openai.AuthenticationError) as raised:
            wrapped.chat.completions.create(**CHAT)
    assert store.metrics[0].error == str(raised.value)
    assert [metric.error for metric in metrics] == ["AuthenticationError: status 401"]


class Slotted(NamedTuple):
    """A metric of another application, which takes less and has room for nothing else."""

    service: str
    model: str
    operation: str
    timestamp: datetime
    cost_usd: Decimal | None = None
    latency_ms: float | None = None


class SlottedStore:
    """A store that says what it takes."""

    def __init__(self) -> None:
        self.metrics: list[Slotted] = []

    def put_ai_usage_metric(self, metric: Slotted) -> None:
        """Store *metric*."""
        self.metrics.append(metric)


class Passing:
    """A client that passes all on."""

    def __init__(self, client: object) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


def test_a_store_that_takes_another_class(response: Any, tmp_path: Path) -> None:
    """It gets what its method names, in the kinds of its annotations; our stores get all of it."""
    store, log = SlottedStore(), tmp_path / "usage.jsonl"

    class Mine(OriginalTracker):
        def _store_metric(self, metric: Any) -> None:
            super()._store_metric(metric)

    it = Mine(dynamo_client=store, track_to_file=True, log_file=str(log))
    it.track_openai_completion(lambda: response)()
    it.flush_metrics()
    (metric,) = store.metrics
    assert type(metric) is Slotted
    assert isinstance(metric.latency_ms, float)
    assert isinstance(metric.cost_usd, Decimal)
    assert json.loads(log.read_text())["input_tokens"] == 1000


def test_a_client_that_passes_all_on(response: Any) -> None:
    """It has the store's method by asking the store, and gets the class that is loaded."""
    store = MetricStore()
    OriginalTracker(Passing(store)).track_openai_completion(lambda: response)()
    assert [type(metric) for metric in store.metrics] == [AIUsageMetric]


def test_a_class_that_cannot_be_made(response: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store gets ours then, which has the item, too."""

    def refuse(self: AIUsageMetric) -> None:
        raise ValueError("no metric is good enough")

    monkeypatch.setattr(AIUsageMetric, "__post_init__", refuse)
    dynamo = Mock()
    OriginalTracker(dynamo).track_openai_completion(lambda: response)()
    assert dynamo.put_item.call_args.kwargs["Item"]["GSI1PK"] == {"S": "AI_USAGE#openai"}


@each_of(
    "name",
    ["ai_usage_context", "batch_ai_usage_context", "partial_failure_context", "ai_usage_tracked"],
)
def test_contexts_take_what_ours_take(name: str) -> None:
    """What is new for our names holds through the original's, too."""
    ours = inspect.signature(getattr(own_contexts, name))
    assert inspect.signature(getattr(original_contexts, name)) == ours


def test_one_runtime() -> None:
    """A tracker of the original's module is one of ours, and blocks of both kinds nest."""
    assert issubclass(OriginalTracker, tracker.AIUsageTracker)
    with through_the_original("outer", job_id="job"), tracker.ai_usage_context("inner") as it:
        assert type(it) is tracker.AIUsageTracker
        assert it.current_job_id == "job"
        context = tracker.get_current_context()
        assert context is not None
        assert context["parent_operation"] == "outer"
