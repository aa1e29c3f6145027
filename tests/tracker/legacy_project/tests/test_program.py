"""The program itself, against a double of the provider's client."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock, patch

from receipt_label import labeling

STORE = "receipt_label.utils.ai_usage_tracker.AIUsageTracker._store_metric"


def provider(response: Any) -> Mock:
    """Return a client that answers with *response*."""
    client = Mock()
    client.chat.completions.create.return_value = response
    return client


def test_the_old_way(completion: Any) -> None:
    """Set ids, call, replay: one metric with its job."""
    with patch(STORE) as store:
        assert labeling.label(provider(completion()), "text", "job-1").model == "gpt-4o-mini"
    (metric,) = (call.args[0] for call in store.call_args_list)
    assert (metric.job_id, metric.input_tokens) == ("job-1", 1000)


def test_the_new_way(completion: Any) -> None:
    """A context and a wrapped client: one metric with its operation."""
    with patch(STORE) as store:
        labeling.summarise(provider(completion()), "text")
    (metric,) = (call.args[0] for call in store.call_args_list)
    assert (metric.operation_type, metric.metadata["receipt_id"]) == ("summarise", "r-1")
