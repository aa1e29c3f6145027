"""What our own names refuse, and the original's tell; and that what differs is counted."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import openai
import pytest
from original_app.expected import DIFFERENCES
from original_app.metric_store import AIUsageMetric, MetricStore
from original_app.on_ours.ai_usage_context import ai_usage_context as through_the_original
from original_app.on_ours.ai_usage_tracker import AIUsageTracker as OriginalTracker
from runtime_calls import CHAT

import tracker
from tracker.errors import UnknownEnvironmentError

if TYPE_CHECKING:
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


def test_one_runtime() -> None:
    """A tracker of the original's module is one of ours, and blocks of both kinds nest."""
    assert issubclass(OriginalTracker, tracker.AIUsageTracker)
    with through_the_original("outer", job_id="job"), tracker.ai_usage_context("inner") as it:
        assert type(it) is tracker.AIUsageTracker
        assert it.current_job_id == "job"
        context = tracker.get_current_context()
        assert context is not None
        assert context["parent_operation"] == "outer"
