"""Trackers that contexts make for themselves: like the last one made, and each its own."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock, patch

import pytest
from runtime_calls import CHAT

from tracker import AIUsageTracker, Environment, ai_usage_context
from tracker.config import environment_variables
from tracker.environment_config import AIUsageEnvironmentConfig
from tracker.errors import UnknownEnvironmentError

if TYPE_CHECKING:
    import openai

    from tracker.testing import CapturedMetrics


def made(**arguments: Any) -> AIUsageTracker:
    """Return the tracker that a context makes."""
    with ai_usage_context("op", **arguments) as tracker:
        assert isinstance(tracker, AIUsageTracker)
        return tracker


def facts(tracker: AIUsageTracker) -> dict[str, Any]:
    """Return all attributes of *tracker* but its own node."""
    return {name: value for name, value in vars(tracker).items() if name[:1] != "_"}


def test_a_copy_is_as_if_made_anew() -> None:
    """It has every attribute of one that the constructor made, and shares no state with it."""
    first, second = made(), made()
    assert first is not second
    assert facts(first) == facts(second) == facts(AIUsageTracker())
    assert vars(first).keys() == vars(AIUsageTracker()).keys()
    first.set_tracking_context(job_id="j")
    assert second.current_job_id is None
    assert made().current_job_id is None


def test_each_keeps_its_own_calls(client: openai.OpenAI, metrics: CapturedMetrics) -> None:
    """Nested contexts that make trackers of their own book to their own blocks."""
    with ai_usage_context("outer", job_id="a"):
        with ai_usage_context("inner", job_id="b"):
            client.chat.completions.create(**CHAT)
        client.chat.completions.create(**CHAT)
    assert [(m.operation_type, m.job_id) for m in metrics] == [("inner", "b"), ("outer", "a")]


@pytest.mark.parametrize(
    ("name", "value", "attribute", "expected"),
    [
        ("ENVIRONMENT", "staging", "environment", Environment.STAGING),
        ("DYNAMODB_TABLE_NAME", "Other", "table_name", "Other-development"),
        ("USER_ID", "anna", "user_id", "anna"),
    ],
)
def test_a_changed_variable_is_seen(
    name: str, value: str, attribute: str, expected: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the next context, and no longer by the one after it is back."""
    monkeypatch.setenv("ENVIRONMENT", "development")
    before = getattr(made(), attribute)
    assert before != expected
    with monkeypatch.context() as changed:
        changed.setenv(name, value)
        assert getattr(made(), attribute) == expected
    assert getattr(made(), attribute) == before


@pytest.mark.parametrize("name", sorted(set(environment_variables.ALL) - {"ENVIRONMENT"}))
def test_every_variable_counts(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each that the configuration asks is part of what is compared."""
    before = environment_variables.seen()
    monkeypatch.setenv(name, "something else")
    assert environment_variables.seen() != before
    for environment in Environment:
        with patch.dict("os.environ", {"ENVIRONMENT": environment.value}):
            assert facts(made()) == facts(AIUsageTracker())


def test_the_variables_are_all_that_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Configuration and constructor read none that is not compared."""
    AIUsageTracker()  # the first one installs the capture, whose library has a variable of its own
    asked: set[str] = set()

    class Environ(dict[str, str]):
        def get(self, key: str, default: Any = None) -> Any:
            asked.add(key)
            return default

        def __getitem__(self, key: str) -> str:
            asked.add(key)
            raise KeyError(key)

    monkeypatch.setattr("os.environ", Environ())
    with patch.object(getpass, "getuser", return_value="x"):
        for environment in (None, *Environment):
            AIUsageTracker(environment=environment)
    settings = {name for name in asked if name.startswith("AI_USAGE_")}
    assert asked - settings <= set(environment_variables.ALL)


def test_a_test_s_own_environment_is_read() -> None:
    """Where ``os.environ`` was replaced by a plain dict, that dict holds."""
    with patch("os.environ", {"ENVIRONMENT": "staging"}):
        assert made().environment is Environment.STAGING


def test_a_misspelt_environment_is_told_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tracker that was made before it was misspelt does not hide it."""
    made()
    monkeypatch.setenv("ENVIRONMENT", "prod")
    for _ in range(2):
        with pytest.raises(UnknownEnvironmentError):
            made()


@pytest.mark.parametrize("method", ["get_config", "detect_environment"])
def test_a_patched_configuration_is_asked(method: str) -> None:
    """Tests that replace it are heard, although a tracker was made before."""
    made()
    staging = AIUsageEnvironmentConfig.get_config("staging")
    answer = staging if method == "get_config" else Environment.STAGING
    with patch.object(AIUsageEnvironmentConfig, method, Mock(return_value=answer)) as asked:
        assert made().environment is Environment.STAGING
        assert asked.called
    assert made().environment is not Environment.STAGING


def test_a_subclass_makes_its_own() -> None:
    """Its constructor runs each time; one without a constructor gets its own class."""
    ran: list[int] = []

    class Own(AIUsageTracker):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            ran.append(1)
            super().__init__(*args, **kwargs)

    class Plain(AIUsageTracker):
        pass

    assert type(Own.create_for_environment()) is Own
    assert type(Own.create_for_environment()) is Own
    assert len(ran) == 2
    assert type(Plain.create_for_environment()) is Plain
    assert type(made()) is AIUsageTracker
