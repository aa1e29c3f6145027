"""How trackers are made, and what is set on them by hand."""

from __future__ import annotations

from typing import Any
from unittest.mock import MagicMock, Mock

import pytest

ATTRIBUTES = {
    "dynamo_client": None,
    "table_name": "AIUsageMetrics-development",
    "user_id": "default",
    "track_to_file": False,
    "log_file": "/tmp/ai_usage.jsonl",
    "current_job_id": None,
    "current_batch_id": None,
    "github_pr": None,
    "current_context": {},
    "pending_metrics": [],
    "batch_mode": False,
}
TABLES = {
    "production": "AIUsageMetrics",
    "staging": "AIUsageMetrics-staging",
    "cicd": "AIUsageMetrics-cicd",
    "development": "AIUsageMetrics-development",
}


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_defaults(app: Any, name: str) -> None:
    """Nobody is attributed to anything."""
    assert getattr(app.AIUsageTracker(), name) == ATTRIBUTES[name]


def test_every_argument_by_position(app: Any, dynamo: Mock) -> None:
    """The constructor's nine arguments come in the original's order."""
    config = app.AIUsageEnvironmentConfig.get_config(app.Environment.STAGING)
    tracker = app.AIUsageTracker(
        dynamo, "Mine-staging", "anna", True, True, "log.jsonl", None, config, True
    )
    assert (tracker.dynamo_client, tracker.table_name, tracker.user_id) == (
        dynamo,
        "Mine-staging",
        "anna",
    )
    assert (tracker.track_to_dynamo, tracker.track_to_file) == (True, True)
    assert (tracker.log_file, tracker.environment_config) == ("log.jsonl", config)


@pytest.mark.parametrize(
    ("has_client", "wanted", "tracks"),
    [(False, True, False), (True, True, True), (True, False, False), (False, False, False)],
)
def test_a_client_is_tracked_to_if_there_is_one(
    app: Any, has_client: bool, wanted: bool, tracks: bool
) -> None:
    """Without a client ``track_to_dynamo`` is false, whatever was asked for."""
    client = Mock() if has_client else None
    tracker = app.AIUsageTracker(dynamo_client=client, track_to_dynamo=wanted)
    assert tracker.track_to_dynamo is tracks


@pytest.mark.parametrize("environment", TABLES)
@pytest.mark.parametrize("how", ["variable", "constructor", "factory"])
def test_each_environment_has_its_table(
    app: Any, environment: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the variable, by the constructor, by the factory."""
    chosen = app.Environment(environment)
    if how == "variable":
        monkeypatch.setenv("ENVIRONMENT", environment)
        tracker = app.AIUsageTracker()
    elif how == "constructor":
        tracker = app.AIUsageTracker(environment=chosen)
    else:
        tracker = app.AIUsageTracker.create_for_environment(environment=chosen)
    assert (tracker.table_name, tracker.environment) == (TABLES[environment], chosen)


@pytest.mark.parametrize(
    "arguments",
    [
        {"user_id": "anna"},
        {"table_name": "AIUsageMetrics-development"},
        {"validate_table_environment": True},
        {"track_to_file": True, "log_file": "usage.jsonl"},
    ],
    ids=lambda arguments: next(iter(arguments)),
)
def test_the_factory_takes_the_constructor_s_arguments(app: Any, arguments: dict[str, Any]) -> None:
    """As the application's client manager gives them."""
    client = Mock()
    tracker = app.AIUsageTracker.create_for_environment(dynamo_client=client, **arguments)
    assert tracker.dynamo_client is client
    for name in arguments.keys() - {"validate_table_environment"}:
        assert getattr(tracker, name) == arguments[name]


@pytest.mark.parametrize("given", ["AIUsageMetrics-staging", "AIUsageMetrics-production"])
def test_a_table_of_another_environment_is_refused(app: Any, given: str) -> None:
    """A ValueError says so; it is not one if nobody is to look."""
    chosen = app.Environment.DEVELOPMENT
    with pytest.raises(ValueError, match="does not match environment"):
        app.AIUsageTracker(table_name=given, environment=chosen)
    unchecked = app.AIUsageTracker(
        table_name=given, environment=chosen, validate_table_environment=False
    )
    assert unchecked.table_name == given


@pytest.mark.parametrize(
    ("variable", "attribute", "value", "expected"),
    [
        ("USER_ID", "user_id", "anna", "anna"),
        ("DYNAMODB_TABLE_NAME", "table_name", "Usage", "Usage-development"),
    ],
)
def test_variables_are_defaults(
    app: Any,
    variable: str,
    attribute: str,
    value: str,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """User and table come from the environment."""
    monkeypatch.setenv(variable, value)
    assert getattr(app.AIUsageTracker(), attribute) == expected


IDS = {
    "job_id": "current_job_id",
    "batch_id": "current_batch_id",
    "github_pr": "github_pr",
    "user_id": "user_id",
}


@pytest.mark.parametrize("name", IDS)
def test_an_id_is_set_by_hand(app: Any, name: str) -> None:
    """By its keyword; the others stay, and None leaves it as it is."""
    tracker = app.AIUsageTracker()
    tracker.set_tracking_context("job", "batch", 7, "anna")
    tracker.set_tracking_context(**{name: 12})
    tracker.set_tracking_context(**{name: None})
    expected = {"job_id": "job", "batch_id": "batch", "github_pr": 7, "user_id": "anna", name: 12}
    assert {one: getattr(tracker, IDS[one]) for one in IDS} == expected


@pytest.mark.parametrize("name", IDS)
def test_a_context_names_ids(app: Any, name: str) -> None:
    """``set_context`` takes over those that it has."""
    tracker = app.AIUsageTracker()
    tracker.set_context({"operation_type": "op", name: 12})
    assert getattr(tracker, IDS[name]) == 12


def test_a_context_is_copied(app: Any) -> None:
    """What is added to it later is not the caller's."""
    tracker, given = app.AIUsageTracker(), {"operation_type": "op"}
    tracker.set_context(given)
    tracker.add_context_metadata({"pages": 3})
    assert tracker.current_context == {"operation_type": "op", "pages": 3}
    assert given == {"operation_type": "op"}


@pytest.mark.parametrize("enabled", [True, False])
def test_batch_mode(app: Any, enabled: bool) -> None:
    """It is what it was set to."""
    tracker = app.AIUsageTracker()
    tracker.set_batch_mode(enabled)
    assert tracker.batch_mode is enabled


def test_base_metadata(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tags, overlaid by the context."""
    monkeypatch.setenv("SERVICE_NAME", "labels")
    tracker = app.AIUsageTracker()
    tracker.set_context({"operation_type": "op", "version": "mine"})
    metadata = tracker._create_base_metadata()
    found = [metadata[name] for name in ("environment", "service", "version", "operation_type")]
    assert found == ["development", "labels", "mine", "op"]


def test_a_double_of_the_class(app: Any) -> None:
    """The application's tests make one, and give it to contexts."""
    double = MagicMock(spec=app.AIUsageTracker)
    with app.ai_usage_context("op", tracker=double) as tracker:
        assert tracker is double
    double.flush_metrics.assert_called_once_with()
