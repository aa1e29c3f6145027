"""The original application, on a stand-in of the original and on our runtime.

Each test runs on both.  Where the original is known to be wrong, the test says what is right, and
fails on the stand-in: ``DIFFERENCES`` names these tests, and why.
"""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest
from original_app.expected import DIFFERENCES, completion
from original_app.metric_store import AIUsageMetric, MetricStore

from tracker.config.environment_variables import ORIGINAL

if TYPE_CHECKING:
    from collections.abc import Callable

MODULES = ("ai_usage_tracker", "ai_usage_context", "environment_config")


@pytest.fixture(params=["stand_in", "on_ours"])
def app(request: pytest.FixtureRequest) -> Any:
    """The application's three modules, each with all of its names."""
    name = request.node.originalname
    if request.param == "stand_in" and name in DIFFERENCES:
        request.applymarker(pytest.mark.xfail(reason=DIFFERENCES[name], strict=True))
    package = f"original_app.{request.param}"
    modules = {one: importlib.import_module(f"{package}.{one}") for one in MODULES}
    names = {name: value for module in modules.values() for name, value in vars(module).items()}
    return SimpleNamespace(**names, package=package)


@pytest.fixture(autouse=True)
def as_programs_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not strict: programs are told, and go on; and on no machine in particular."""
    monkeypatch.delenv("AI_USAGE_STRICT")
    for name in (*ORIGINAL, "DEPLOYMENT_ID", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def store() -> MetricStore:
    """The application's store."""
    return MetricStore()


@pytest.fixture
def dynamo() -> Mock:
    """The plain double that the application's tests hand to a tracker."""
    return Mock()


@pytest.fixture
def item(dynamo: Mock) -> Callable[[], dict[str, Any]]:
    """Return the one item that the double was given."""

    def one() -> dict[str, Any]:
        dynamo.put_item.assert_called_once()
        found: dict[str, Any] = dynamo.put_item.call_args.kwargs["Item"]
        return found

    return one


@pytest.fixture
def response() -> Any:
    """A response like OpenAI's."""
    return completion()


@pytest.fixture
def entity() -> AIUsageMetric:
    """A metric that the application made itself."""
    from datetime import UTC, datetime

    return AIUsageMetric(
        "openai",
        "gpt-4o-mini",
        "completion",
        datetime(2026, 11, 30, 8, 15, tzinfo=UTC),
        "request-1",
        input_tokens=10,
        cost_usd=0.25,
        latency_ms=12,
        job_id="by-hand",
        metadata={"note": "mine"},
    )
