"""The legacy surface of AIUsageTracker, as existing programs and their tests use it."""

from __future__ import annotations

import json
import logging
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import MagicMock, Mock, patch

import pytest
from many_cases import each_of
from runtime_calls import CHAT

from tracker import AIUsageTracker, ai_usage_context

if TYPE_CHECKING:
    from pathlib import Path

    import openai

    from tracker.testing import CapturedMetrics

ATTRIBUTES = [
    "dynamo_client",
    "table_name",
    "user_id",
    "track_to_dynamo",
    "track_to_file",
    "log_file",
    "environment",
    "environment_config",
    "current_job_id",
    "current_batch_id",
    "github_pr",
    "current_context",
    "pending_metrics",
    "batch_mode",
    "set_tracking_context",
    "set_context",
    "add_context_metadata",
    "set_batch_mode",
    "flush_metrics",
    "_store_metric",
    "_create_base_metadata",
    "track_openai_completion",
    "track_openai_embedding",
    "track_anthropic_completion",
    "track_google_places",
    "track_github_claude_review",
    "create_for_environment",
    "create_wrapped_openai_client",
    "create_wrapped_places_client",
]


def reply() -> SimpleNamespace:
    """Return a fake completion."""
    usage = SimpleNamespace(prompt_tokens=100, completion_tokens=50, total_tokens=150)
    return SimpleNamespace(model="gpt-4o-mini", usage=usage, id="chatcmpl-1")


@each_of("name", ATTRIBUTES)
def test_a_double_of_the_class_has_every_attribute(name: str) -> None:
    """``MagicMock(spec=AIUsageTracker)`` knows the whole surface."""
    assert hasattr(MagicMock(spec=AIUsageTracker), name)


def test_a_double_of_the_tracker_works_in_a_context() -> None:
    """Its block runs, and it is handed back."""
    double = MagicMock(spec=AIUsageTracker)
    created = patch("tracker.ai_usage_tracker.AIUsageTracker.create_for_environment")
    with created as create, ai_usage_context("op") as tracker:
        assert tracker is create.return_value
    with ai_usage_context("op", tracker=double) as tracker:
        assert tracker is double


def test_defaults() -> None:
    """Nothing is set, the user is "default", and everything can be read."""
    tracker = AIUsageTracker()
    assert (tracker.current_job_id, tracker.current_batch_id, tracker.github_pr) == (None,) * 3
    assert (tracker.user_id, tracker.batch_mode) == ("default", False)
    assert (tracker.current_context, tracker.pending_metrics) == ({}, [])
    assert (tracker.track_to_dynamo, tracker.track_to_file) == (True, False)
    assert tracker.log_file == "/tmp/ai_usage.jsonl"
    assert tracker.table_name == "AIUsageMetrics-development"


def test_the_user_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """``USER_ID`` is the default; the argument wins."""
    monkeypatch.setenv("USER_ID", "anna")
    assert AIUsageTracker().user_id == "anna"
    assert AIUsageTracker(user_id="bob").user_id == "bob"


def test_set_tracking_context_ignores_none() -> None:
    """Positional order is job, batch, pull request, user; None leaves an id as it is."""
    tracker = AIUsageTracker()
    tracker.set_tracking_context("j", "b", 12, "anna")
    tracker.set_tracking_context(job_id=None, user_id="bob")
    found = (tracker.current_job_id, tracker.current_batch_id, tracker.github_pr, tracker.user_id)
    assert found == ("j", "b", 12, "bob")


def test_attributes_can_be_assigned() -> None:
    """Programs set the ids directly too."""
    tracker = AIUsageTracker()
    tracker.current_job_id = "j"
    tracker.current_batch_id = "b"
    tracker.github_pr = 3
    tracker.user_id = "anna"
    tracker.batch_mode = True
    tracker.current_context = {"operation_type": "by_hand"}
    assert (tracker.current_job_id, tracker.current_batch_id, tracker.github_pr) == ("j", "b", 3)
    assert (tracker.user_id, tracker.batch_mode) == ("anna", True)
    tracker.current_job_id = None
    assert tracker.current_job_id is None


def test_set_context_takes_a_dict_or_keywords() -> None:
    """A dict replaces the context and names ids; keywords are the older form."""
    tracker = AIUsageTracker()
    tracker.set_context({"operation_type": "op", "job_id": "j", "note": 1})
    assert (tracker.current_job_id, tracker.current_context["note"]) == ("j", 1)
    tracker.set_context(job_id="k", pages=2)
    assert tracker.current_job_id == "k"
    assert tracker.current_context["pages"] == 2
    tracker.set_context({})
    assert (tracker.current_context, tracker.current_job_id) == ({}, "k")


def test_base_metadata_is_tags_then_context() -> None:
    """The context overlays the environment's tags."""
    tracker = AIUsageTracker()
    tracker.set_context({"service": "mine", "note": 1})
    metadata = tracker._create_base_metadata()
    assert (metadata["environment"], metadata["service"], metadata["note"]) == (
        "development",
        "mine",
        1,
    )


def test_legacy_code_is_recorded_at_once(client: openai.OpenAI, metrics: CapturedMetrics) -> None:
    """Construct, set, call, replay: stored with its ids, without any flush."""
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="job-123")
    result = client.chat.completions.create(**CHAT)
    assert tracker.track_openai_completion(lambda: result)() is result
    assert [(m.job_id, m.operation_type) for m in metrics] == [("job-123", None)]
    tracker.flush_metrics()
    assert len(metrics) == 1


def test_batch_mode_halves_the_price(metrics: CapturedMetrics) -> None:
    """``set_batch_mode(True)`` holds until it is set back."""
    tracker = AIUsageTracker()
    tracker.set_batch_mode(True)
    tracker.track_openai_completion(reply)()
    tracker.set_batch_mode(False)
    tracker.track_openai_completion(reply)()
    assert [m.price_basis for m in metrics] == ["batch", "standard"]


def test_a_client_that_takes_metrics_gets_them() -> None:
    """An object with ``put_ai_usage_metric`` gets the metric, and nothing else is stored."""
    dynamo = Mock()
    tracker = AIUsageTracker(dynamo_client=dynamo, table_name="Mine")
    tracker.set_tracking_context(job_id="j")
    tracker.track_openai_completion(reply)()
    metric = dynamo.put_ai_usage_metric.call_args.args[0]
    assert (metric.job_id, metric.input_tokens) == ("j", 100)
    dynamo.put_item.assert_not_called()


def test_a_client_that_takes_items_gets_typed_ones(metrics: CapturedMetrics) -> None:
    """``put_item`` gets the table and a DynamoDB-typed camelCase item; the default store is out."""
    dynamo = Mock(spec=["put_item"])
    tracker = AIUsageTracker(dynamo_client=dynamo, user_id="anna")
    tracker.set_tracking_context(job_id="j", batch_id="b", github_pr=4)
    tracker.track_openai_completion(reply)()
    arguments = dynamo.put_item.call_args.kwargs
    item = arguments["Item"]
    assert arguments["TableName"] == "AIUsageMetrics-development"
    assert item["inputTokens"] == {"N": "100"}
    assert item["totalTokens"] == {"N": "150"}
    assert item["costUSD"] == {"N": "0.000045"}
    assert (item["userId"], item["jobId"]) == ({"S": "anna"}, {"S": "j"})
    assert (item["batchId"], item["githubPR"]) == ({"S": "b"}, {"N": "4"})
    assert item["environment"] == {"S": "development"}
    assert {"date", "month", "hour", "requestId", "latencyMs", "apiCalls"} <= item.keys()
    assert item["metadata"]["M"]["environment"] == {"S": "development"}
    assert "error" not in item
    assert len(metrics) == 0


def test_a_client_that_is_not_tracked_to_is_left_alone(metrics: CapturedMetrics) -> None:
    """``track_to_dynamo=False`` stores in the default store instead."""
    dynamo = Mock()
    AIUsageTracker(dynamo_client=dynamo, track_to_dynamo=False).track_openai_completion(reply)()
    assert dynamo.mock_calls == []
    assert len(metrics) == 1


def test_the_log_file_gets_rows(tmp_path: Path, metrics: CapturedMetrics) -> None:
    """``track_to_file`` writes one JSON row a call, with the legacy names, beside the store."""
    log = tmp_path / "logs" / "usage.jsonl"
    tracker = AIUsageTracker(track_to_file=True, log_file=str(log))
    tracker.track_openai_completion(reply)()
    tracker.track_openai_embedding(reply)()
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    assert [row["operation"] for row in rows] == ["completion", "embedding"]
    assert rows[0]["cost_usd"] == pytest.approx(0.000045)
    names = "service model operation timestamp request_id input_tokens output_tokens total_tokens"
    names += " cost_usd latency_ms user_id job_id batch_id environment error"
    assert set(names.split()) <= rows[0].keys()
    assert len(metrics) == 2


def test_a_store_that_fails_is_logged_and_the_other_still_runs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The program gets its result; the log names the trouble and no text of it."""
    dynamo = Mock()
    dynamo.put_ai_usage_metric.side_effect = RuntimeError("denied for AKIAABCDEFGHIJKLMNOP")
    log = tmp_path / "usage.jsonl"
    tracker = AIUsageTracker(dynamo_client=dynamo, track_to_file=True, log_file=str(log))
    with caplog.at_level(logging.WARNING):
        assert tracker.track_openai_completion(reply)() is not None
    assert log.read_text().count("\n") == 1
    (message,) = caplog.messages
    assert message.startswith("Failed to store an AI usage metric: RuntimeError at ")


def test_store_metric_is_called_once_a_metric() -> None:
    """At the flush, not before."""
    with patch.object(AIUsageTracker, "_store_metric") as store:
        with ai_usage_context("op") as tracker:
            tracker.track_openai_completion(reply)()
            tracker.track_openai_completion(reply)()
            store.assert_not_called()
        assert store.call_count == 2


def test_flushing_inside_a_block_empties_it(metrics: CapturedMetrics) -> None:
    """What was flushed by hand is not flushed again."""
    with ai_usage_context("op") as tracker:
        tracker.track_openai_completion(reply)()
        tracker.flush_metrics()
        assert (len(metrics), tracker.pending_metrics) == (1, [])
    assert len(metrics) == 1


def test_the_claude_review(metrics: CapturedMetrics) -> None:
    """A review is booked by estimate: 70 % input, 30 % output, user ``github-actions``."""
    AIUsageTracker().track_github_claude_review(pr_number=9, estimated_tokens=1000)
    metric = metrics[0]
    assert (metric.service, metric.operation, metric.github_pr) == ("anthropic", "code_review", 9)
    assert (metric.input_tokens, metric.output_tokens) == (700, 300)
    assert metric.user_id == "github-actions"


def test_google_places(metrics: CapturedMetrics) -> None:
    """Decorated functions and wrapped clients record one call each, without tokens or price."""
    tracker = AIUsageTracker()
    places = SimpleNamespace(place=lambda place_id, fields=None: {"status": "OK"}, key="k")
    wrapped = AIUsageTracker.create_wrapped_places_client(places, tracker)
    assert wrapped.place("id", fields=["name"]) == {"status": "OK"}
    assert wrapped.key == "k"
    assert tracker.track_google_places("place_details")(lambda: {"status": "OK"})()
    assert [(m.service, m.operation) for m in metrics] == [
        ("google_places", "place_details"),
    ] * 2
    assert metrics[0].cost_usd is None


def test_places_photos_and_queries(metrics: CapturedMetrics) -> None:
    """They are billed as well."""
    client = SimpleNamespace(
        places_photo=lambda ref: [b"x"], places_autocomplete_query=lambda q: []
    )
    wrapped = AIUsageTracker.create_wrapped_places_client(client, AIUsageTracker())
    assert wrapped.places_photo("r") == [b"x"]
    assert wrapped.places_autocomplete_query("pizza") == []
    assert [m.operation for m in metrics] == ["place_photo", "autocomplete"]


def test_image_variations(metrics: CapturedMetrics) -> None:
    """A wrapped client's are recorded as images."""
    images = SimpleNamespace(create_variation=lambda: {"created": 1})
    tracker = AIUsageTracker()
    client = SimpleNamespace(images=images)
    wrapped = AIUsageTracker.create_wrapped_openai_client(client, tracker)
    assert wrapped.images.create_variation() == {"created": 1}
    assert [(m.service, m.operation) for m in metrics] == [("openai", "image")]


def test_create_for_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes the constructor's arguments and makes a tracker of the subclass it is called on."""

    class Resilient(AIUsageTracker):
        pass

    tracker = Resilient.create_for_environment(environment="staging", user_id="anna")
    assert type(tracker) is Resilient
    assert tracker.table_name == "AIUsageMetrics-staging"
    assert tracker.environment == "staging"
    assert tracker.user_id == "anna"


def test_a_subclass_may_store_its_own_way(client: openai.OpenAI) -> None:
    """An overridden ``_store_metric`` gets the metrics of captured calls too."""
    stored: list[Any] = []

    class Mine(AIUsageTracker):
        def _store_metric(self, metric: Any) -> None:
            stored.append(metric)

    with ai_usage_context("op", tracker=Mine()):
        client.chat.completions.create(**CHAT)
    assert [metric.operation_type for metric in stored] == ["op"]
