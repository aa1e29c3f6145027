"""Where metrics go: the application's own client, and the log file."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest
from receipt_label.utils.ai_usage_tracker import AIUsageTracker

if TYPE_CHECKING:
    from pathlib import Path

ITEM_KEYS = (
    "service model operation timestamp requestId inputTokens outputTokens totalTokens apiCalls"
    " costUSD latencyMs userId jobId batchId githubPR environment date month hour metadata"
).split()
ROW_KEYS = (
    "service model operation timestamp request_id input_tokens output_tokens total_tokens"
    " cost_usd latency_ms user_id job_id batch_id environment error"
).split()


def only_put_item() -> Mock:
    """Return a double of boto3's client, as the tests always made it."""
    client = Mock()
    del client.put_ai_usage_metric
    return client


def test_a_client_that_takes_metrics(dynamo: Mock, completion: Any) -> None:
    """What has the method of its own is given the metric."""
    AIUsageTracker(dynamo_client=dynamo).track_openai_completion(completion)()
    dynamo.put_ai_usage_metric.assert_called_once()


def test_items_are_typed() -> None:
    """Strings are S, numbers are N as text, metadata is M; every key is camelCase."""
    client = only_put_item()
    tracker = AIUsageTracker(dynamo_client=client, table_name="Mine", user_id="anna")
    tracker.set_tracking_context(job_id="job", batch_id="batch", github_pr=12)
    usage = Mock(prompt_tokens=1000, completion_tokens=500, total_tokens=1500)
    response = Mock(model="gpt-4o-mini", usage=usage)
    tracker.track_openai_completion(lambda: response)()
    client.put_item.assert_called_once()
    arguments = client.put_item.call_args[1]
    assert arguments["TableName"] == "Mine"
    item = arguments["Item"]
    assert set(ITEM_KEYS) <= item.keys()
    assert item["service"] == {"S": "openai"}
    assert item["inputTokens"] == {"N": "1000"}
    assert item["apiCalls"] == {"N": "1"}
    assert float(item["costUSD"]["N"]) == pytest.approx(0.00045)
    assert (item["jobId"], item["batchId"]) == ({"S": "job"}, {"S": "batch"})
    assert (item["userId"], item["githubPR"]) == ({"S": "anna"}, {"N": "12"})
    assert item["environment"] == {"S": "development"}
    day, hour = item["date"]["S"], item["hour"]["S"]
    assert day.startswith(item["month"]["S"])
    assert hour.startswith(day)
    assert item["timestamp"]["S"].startswith(day)
    assert item["metadata"]["M"]["environment"] == {"S": "development"}


def test_an_error_is_in_the_item() -> None:
    """A call that failed has its text, and neither tokens nor a price."""
    client = only_put_item()
    tracker = AIUsageTracker(dynamo_client=client)
    with pytest.raises(TimeoutError):
        tracker.track_openai_completion(Mock(side_effect=TimeoutError("too slow")))()
    item = client.put_item.call_args[1]["Item"]
    assert "too slow" in item["error"]["S"]
    assert not {"inputTokens", "costUSD"} & item.keys()


def test_the_log_file(tmp_path: Path, dynamo: Mock, completion: Any) -> None:
    """One JSON object a call, with exactly the keys that its readers know."""
    log = tmp_path / "usage.jsonl"
    tracker = AIUsageTracker(
        dynamo_client=dynamo, track_to_file=True, log_file=str(log), user_id="anna"
    )
    tracker.set_tracking_context(job_id="job")
    tracker.track_openai_completion(completion)()
    with pytest.raises(KeyError):
        tracker.track_openai_completion(Mock(side_effect=KeyError("x")))()
    good, bad = (json.loads(line) for line in log.read_text().splitlines())
    assert list(good) == ROW_KEYS
    assert list(bad) == ROW_KEYS
    assert good["cost_usd"] == pytest.approx(0.00045)
    assert (good["user_id"], good["job_id"], good["batch_id"]) == ("anna", "job", None)
    assert (good["total_tokens"], good["error"]) == (1500, None)
    assert (bad["cost_usd"], "KeyError" in bad["error"]) == (None, True)


def test_a_store_that_fails_disturbs_nobody(
    tmp_path: Path, dynamo: Mock, completion: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The caller gets its result, the file its row, and the log says what went wrong."""
    dynamo.put_ai_usage_metric.side_effect = RuntimeError("no such table")
    log = tmp_path / "usage.jsonl"
    tracker = AIUsageTracker(dynamo_client=dynamo, track_to_file=True, log_file=str(log))
    with caplog.at_level(logging.WARNING):
        assert tracker.track_openai_completion(completion)().model == "gpt-4o-mini"
    assert len(log.read_text().splitlines()) == 1
    assert "no such table" in caplog.text


def test_a_client_that_is_switched_off(tmp_path: Path, dynamo: Mock, completion: Any) -> None:
    """``track_to_dynamo=False`` leaves it alone."""
    tracker = AIUsageTracker(
        dynamo_client=dynamo,
        track_to_dynamo=False,
        track_to_file=True,
        log_file=str(tmp_path / "usage.jsonl"),
    )
    tracker.track_openai_completion(completion)()
    assert dynamo.mock_calls == []
