"""Construction, attributes, and what is set by hand."""

from __future__ import annotations

import os
from typing import Any
from unittest.mock import Mock, patch

import pytest
from receipt_label.utils.ai_usage_tracker import AIUsageTracker
from receipt_label.utils.environment_config import AIUsageEnvironmentConfig, Environment


def test_every_argument_by_position() -> None:
    """The constructor's nine arguments come in the order in which they always came."""
    dynamo = Mock()
    config = AIUsageEnvironmentConfig.get_config("staging")
    tracker = AIUsageTracker(
        dynamo, "Mine-staging", "anna", False, True, "log.jsonl", "staging", config, True
    )
    assert tracker.dynamo_client is dynamo
    assert (tracker.table_name, tracker.user_id) == ("Mine-staging", "anna")
    assert (tracker.track_to_dynamo, tracker.track_to_file) == (False, True)
    assert tracker.log_file == "log.jsonl"
    assert tracker.environment_config is config
    assert tracker.environment == Environment.STAGING


def test_defaults() -> None:
    """Nobody is attributed to anything, and nothing is pending."""
    tracker = AIUsageTracker()
    assert tracker.dynamo_client is None
    assert tracker.table_name == "AIUsageMetrics-development"
    assert tracker.user_id == "default"
    assert tracker.log_file == "/tmp/ai_usage.jsonl"
    assert tracker.current_job_id is None
    assert tracker.current_batch_id is None
    assert tracker.github_pr is None
    assert tracker.current_context == {}
    assert tracker.pending_metrics == []
    assert tracker.batch_mode is False


@patch.dict(os.environ, {"USER_ID": "anna", "DYNAMODB_TABLE_NAME": "Usage"})
def test_variables_are_defaults() -> None:
    """User and table come from the environment where no argument names them."""
    tracker = AIUsageTracker()
    assert (tracker.user_id, tracker.table_name) == ("anna", "Usage-development")
    given = AIUsageTracker(table_name="Other", user_id="bob")
    assert (given.user_id, given.table_name) == ("bob", "Other")


@pytest.mark.parametrize(
    ("environment", "table"),
    [
        ("production", "AIUsageMetrics"),
        ("staging", "AIUsageMetrics-staging"),
        ("cicd", "AIUsageMetrics-cicd"),
        ("development", "AIUsageMetrics-development"),
    ],
)
def test_each_environment_has_its_table(environment: str, table: str) -> None:
    """The suffix is the environment's name, and production has none."""
    with patch.dict(os.environ, {"ENVIRONMENT": environment}):
        assert AIUsageTracker().table_name == table
        assert AIUsageTracker.create_for_environment().table_name == table
    chosen = AIUsageTracker.create_for_environment(environment=Environment(environment))
    assert (chosen.table_name, chosen.environment.value) == (table, environment)


def test_a_table_of_another_environment_is_refused() -> None:
    """A ValueError says so; the last argument switches the check off."""
    with pytest.raises(ValueError, match="does not match environment"):
        AIUsageTracker(table_name="AIUsageMetrics-staging", environment=Environment.PRODUCTION)
    unchecked = AIUsageTracker(
        table_name="AIUsageMetrics-staging",
        environment=Environment.PRODUCTION,
        validate_table_environment=False,
    )
    assert unchecked.table_name == "AIUsageMetrics-staging"


def test_ids_are_set_by_hand_and_none_is_ignored() -> None:
    """Job, batch, pull request and user, by position or by name."""
    tracker = AIUsageTracker()
    tracker.set_tracking_context("job", "batch", 12, "anna")
    tracker.set_tracking_context(job_id=None, batch_id="other")
    assert tracker.current_job_id == "job"
    assert tracker.current_batch_id == "other"
    assert (tracker.github_pr, tracker.user_id) == (12, "anna")


def test_a_context_by_hand() -> None:
    """``set_context`` takes a dict, copies it, and ``add_context_metadata`` adds to it."""
    tracker = AIUsageTracker()
    context: dict[str, Any] = {"operation_type": "op", "job_id": "job"}
    tracker.set_context(context)
    tracker.add_context_metadata({"pages": 3})
    assert tracker.current_context == {"operation_type": "op", "job_id": "job", "pages": 3}
    assert context == {"operation_type": "op", "job_id": "job"}
    assert tracker.current_job_id == "job"


def test_base_metadata_is_tags_then_context() -> None:
    """The context's own keys win over those of the environment."""
    with patch.dict(os.environ, {"ENVIRONMENT": "staging", "SERVICE_NAME": "labels"}):
        tracker = AIUsageTracker()
    tracker.set_context({"operation_type": "op", "version": "mine"})
    metadata = tracker._create_base_metadata()
    assert metadata["environment"] == "staging"
    assert metadata["service"] == "labels"
    assert (metadata["version"], metadata["operation_type"]) == ("mine", "op")


def test_batch_mode_by_hand(dynamo: Mock, completion: Any, stored: Any) -> None:
    """It halves the price until it is switched off."""
    tracker = AIUsageTracker(dynamo)
    tracker.set_batch_mode(True)
    assert tracker.batch_mode is True
    tracker.track_openai_completion(completion)()
    tracker.set_batch_mode(False)
    tracker.track_openai_completion(completion)()
    batch, full = stored()
    assert batch.cost_usd * 2 == full.cost_usd


def test_a_subclass_that_stores_its_own_way(completion: Any) -> None:
    """``_store_metric`` is called once a metric."""
    kept: list[Any] = []

    class Mine(AIUsageTracker):
        def _store_metric(self, metric: Any) -> None:
            kept.append(metric)

    tracker = Mine(user_id="anna")
    tracker.track_openai_completion(completion)()
    tracker.flush_metrics()
    assert [(metric.model, metric.user_id) for metric in kept] == [("gpt-4o-mini", "anna")]


def test_a_metric_can_be_stored_by_hand(dynamo: Mock) -> None:
    """Whatever object the program hands to ``_store_metric`` reaches its client as it is."""
    metric = Mock()
    AIUsageTracker(dynamo)._store_metric(metric)
    dynamo.put_ai_usage_metric.assert_called_once_with(metric)
