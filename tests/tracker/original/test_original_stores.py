"""Where metrics go, and in which form."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock, patch

import pytest
from original_app.metric_store import AIUsageMetric, MetricStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tracker.testing import CapturedMetrics

TEXTS = {
    "PK": "AI_USAGE#openai#gpt-4o-mini",
    "GSI1PK": "AI_USAGE#openai",
    "GSI2PK": "AI_USAGE_COST",
    "GSI3PK": "JOB#job",
    "TYPE": "AIUsageMetric",
    "service": "openai",
    "model": "gpt-4o-mini",
    "operation": "completion",
    "userId": "anna",
    "jobId": "job",
    "batchId": "batch",
    "environment": "development",
}
NUMBERS = {
    "inputTokens": 1000,
    "outputTokens": 500,
    "totalTokens": 1500,
    "apiCalls": 1,
    "costUSD": 0.00045,
    "githubPR": 12,
}
MOMENTS = {
    "SK": "USAGE#2",
    "GSI1SK": "DATE#2",
    "GSI2SK": "COST#2",
    "GSI3SK": "AI_USAGE#2",
    "date": "2",
    "month": "2",
    "hour": "2",
    "timestamp": "2",
}


@pytest.fixture(params=["the application's class", "none"])
def has_class(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a class of metrics of the application's is loaded."""
    if request.param == "none":
        monkeypatch.setattr("tracker.original.client.class_for", lambda client: None)


@pytest.fixture
def put(app: Any, dynamo: Mock, response: Any, item: Callable[[], Any], has_class: None) -> Any:
    """The item of one call."""
    tracker = app.AIUsageTracker(dynamo_client=dynamo, user_id="anna")
    tracker.set_tracking_context(job_id="job", batch_id="batch", github_pr=12)
    tracker.track_openai_completion(lambda: response)()
    return item()


def test_a_plain_double_gets_items(app: Any, put: dict[str, Any], dynamo: Mock) -> None:
    """All keys of the table and its indexes, typed; and nothing else is asked of it."""
    assert [call[0] for call in dynamo.mock_calls] == ["put_item"]
    assert dynamo.put_item.call_args.kwargs["TableName"] == "AIUsageMetrics-development"
    assert {name: put[name]["S"] for name in TEXTS} == TEXTS
    numbers = {name: float(put[name]["N"]) for name in NUMBERS}
    assert numbers == pytest.approx(NUMBERS)
    assert {name: put[name]["S"].startswith(MOMENTS[name]) for name in MOMENTS} == dict.fromkeys(
        MOMENTS, True
    )
    assert put["latencyMs"]["N"].isdecimal()
    assert put["requestId"]["S"]
    assert put["metadata"]["M"]["environment"] == {"S": "development"}


@pytest.mark.parametrize(
    ("ids", "key"),
    [
        ({"batch_id": "b"}, "BATCH#b"),
        ({"user_id": "anna"}, "USER#anna"),
        ({"job_id": "j", "batch_id": "b"}, "JOB#j"),
    ],
)
def test_the_third_index(
    app: Any,
    ids: dict[str, str],
    key: str,
    dynamo: Mock,
    response: Any,
    item: Callable[[], Any],
    has_class: None,
) -> None:
    """It has the job, or the batch, or the user."""
    tracker = app.AIUsageTracker(dynamo_client=dynamo)
    tracker.set_tracking_context(**ids)
    tracker.track_openai_completion(lambda: response)()
    assert item()["GSI3PK"] == {"S": key}


def test_the_application_s_store(app: Any, store: MetricStore, response: Any) -> None:
    """It takes its own class only, and gets one for each call."""
    tracker = app.AIUsageTracker(dynamo_client=store, user_id="anna")
    tracker.set_tracking_context(job_id="job")
    tracker.track_openai_completion(lambda: response)()
    (metric,) = store.metrics
    assert type(metric) is AIUsageMetric
    assert (metric.service, metric.model, metric.operation) == (
        "openai",
        "gpt-4o-mini",
        "completion",
    )
    assert (metric.user_id, metric.job_id, metric.environment) == ("anna", "job", "development")
    assert (metric.input_tokens, metric.output_tokens, metric.total_tokens) == (1000, 500, 1500)
    assert metric.cost_usd == pytest.approx(0.00045)
    assert isinstance(metric.cost_usd, float)
    assert isinstance(metric.latency_ms, int)
    assert metric.request_id
    assert metric.timestamp.tzinfo is not None


def test_the_store_s_calls_of_a_block(app: Any, store: MetricStore, response: Any) -> None:
    """Those of a context as well, with what the context was given."""
    tracker = app.AIUsageTracker(dynamo_client=store)
    with app.ai_usage_context("scan", tracker=tracker, job_id="job", receipt="r-1"):
        tracker.track_openai_completion(lambda: response)()
        tracker.track_openai_embedding(lambda: response)()
    assert [one.operation for one in store.metrics] == ["completion", "embedding"]
    assert {one.job_id for one in store.metrics} == {"job"}
    assert {one.metadata["receipt"] for one in store.metrics} == {"r-1"}
    assert {one.metadata["operation_type"] for one in store.metrics} == {"scan"}


def test_a_subclass_of_the_store(app: Any, response: Any) -> None:
    """As the application's resilient client is: it asks by the same method."""

    class Resilient(MetricStore):
        def put_ai_usage_metric(self, metric: Any) -> None:
            super().put_ai_usage_metric(metric)

    store = Resilient()
    app.AIUsageTracker(dynamo_client=store).track_openai_completion(lambda: response)()
    assert len(store.metrics) == 1


def test_a_double_of_the_store(app: Any, response: Any) -> None:
    """One that has the store's methods is asked as the store is."""
    double = Mock(spec=MetricStore)
    app.AIUsageTracker(dynamo_client=double).track_openai_completion(lambda: response)()
    (metric,) = double.put_ai_usage_metric.call_args.args
    assert isinstance(metric, AIUsageMetric)


@pytest.mark.parametrize("where", ["store", "double", "file"])
def test_a_metric_of_the_application_s_own(
    app: Any,
    where: str,
    store: MetricStore,
    dynamo: Mock,
    entity: AIUsageMetric,
    tmp_path: Path,
) -> None:
    """``_store_metric`` takes it, and what is stored is it."""
    log = tmp_path / "usage.jsonl"
    client = {"store": store, "double": dynamo, "file": None}[where]
    tracker = app.AIUsageTracker(
        dynamo_client=client, track_to_file=where == "file", log_file=str(log)
    )
    tracker._store_metric(entity)
    tracker.flush_metrics()
    if where == "store":
        assert store.metrics == [entity]
        assert store.metrics[0] is entity
    elif where == "double":
        assert dynamo.put_item.call_args.kwargs["Item"] == entity.to_dynamodb_item()
    else:
        (row,) = map(json.loads, log.read_text().splitlines())
        assert (row["job_id"], row["input_tokens"], row["cost_usd"]) == ("by-hand", 10, 0.25)
        assert (row["request_id"], row["timestamp"][:10]) == ("request-1", "2026-11-30")


@pytest.mark.parametrize("how", ["patched", "subclass", "wrapped"])
def test_who_stores_metrics_himself_gets_the_application_s(
    app: Any, how: str, response: Any
) -> None:
    """A test that replaces ``_store_metric``, and a subclass that overrides it."""
    kept: list[Any] = []
    if how == "subclass":

        class Mine(app.AIUsageTracker):  # type: ignore[misc,name-defined]
            def _store_metric(self, metric: Any) -> None:
                kept.append(metric)

        Mine().track_openai_completion(lambda: response)()
    else:
        tracker = app.AIUsageTracker()
        target = tracker if how == "wrapped" else app.AIUsageTracker
        with patch.object(target, "_store_metric") as replaced:
            tracker.track_openai_completion(lambda: response)()
        kept += [call.args[0] for call in replaced.call_args_list]
    (metric,) = kept
    assert isinstance(metric, AIUsageMetric)
    assert (metric.input_tokens, metric.to_dynamodb_item()["costUSD"]["N"][:3]) == (1000, "0.0")


def test_what_was_handed_out_comes_back(
    app: Any, store: MetricStore, response: Any, tmp_path: Path
) -> None:
    """A subclass that adds to storing, and then has it stored, changes nothing."""
    log = tmp_path / "usage.jsonl"

    class Mine(app.AIUsageTracker):  # type: ignore[misc,name-defined]
        def _store_metric(self, metric: Any) -> None:
            super()._store_metric(metric)

    tracker = Mine(dynamo_client=store, track_to_file=True, log_file=str(log))
    tracker.track_openai_completion(lambda: response)()
    tracker.flush_metrics()
    assert [one.model for one in store.metrics] == ["gpt-4o-mini"]
    (row,) = map(json.loads, log.read_text().splitlines())
    assert (row["model"], row["input_tokens"]) == ("gpt-4o-mini", 1000)


def test_the_log_file(app: Any, response: Any, tmp_path: Path) -> None:
    """One JSON object a call, with exactly the original's keys."""
    log = tmp_path / "usage.jsonl"
    tracker = app.AIUsageTracker(track_to_file=True, log_file=str(log), user_id="anna")
    tracker.set_tracking_context(job_id="job")
    tracker.track_openai_completion(lambda: response)()
    tracker.flush_metrics()
    (row,) = map(json.loads, log.read_text().splitlines())
    expected = {
        "service": "openai",
        "model": "gpt-4o-mini",
        "operation": "completion",
        "input_tokens": 1000,
        "output_tokens": 500,
        "total_tokens": 1500,
        "user_id": "anna",
        "job_id": "job",
        "batch_id": None,
        "environment": "development",
        "error": None,
    }
    assert {name: row[name] for name in expected} == expected
    assert row.keys() - expected.keys() == {"timestamp", "request_id", "cost_usd", "latency_ms"}
    assert isinstance(row["latency_ms"], int)


def test_a_client_that_is_switched_off(app: Any, dynamo: Mock, response: Any) -> None:
    """``track_to_dynamo=False`` leaves it alone."""
    tracker = app.AIUsageTracker(dynamo_client=dynamo, track_to_dynamo=False)
    assert tracker.track_openai_completion(lambda: response)() is response
    assert dynamo.mock_calls == []


@pytest.mark.parametrize("kind", [ValueError, KeyError, ConnectionError])
def test_a_store_that_fails_disturbs_nobody(
    app: Any, kind: type[Exception], dynamo: Mock, response: Any, tmp_path: Path
) -> None:
    """The caller has its result, and the file its row."""
    dynamo.put_item.side_effect = kind("no such table")
    log = tmp_path / "usage.jsonl"
    tracker = app.AIUsageTracker(dynamo_client=dynamo, track_to_file=True, log_file=str(log))
    assert tracker.track_openai_completion(lambda: response)() is response
    tracker.flush_metrics()
    assert len(log.read_text().splitlines()) == 1


def test_without_a_client_nothing_is_lost(
    app: Any, response: Any, metrics: CapturedMetrics
) -> None:
    """Whoever configured nothing has the metrics in the default store."""
    app.AIUsageTracker().track_openai_completion(lambda: response)()
    assert [metric.input_tokens for metric in metrics] == [1000]
