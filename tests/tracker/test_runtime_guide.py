"""The guide's own examples, on a project of the original layout.

``receipt_label.utils.X`` is one line that re-exports our module of the same
name: a plain star, or the documented line that makes both one module.  The two
test functions of the guide's section "Testing Your Migration" run as they are
written there.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from runtime_calls import CHAT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import openai

    from tracker.testing import CapturedMetrics

MODULES = ("ai_usage_tracker", "ai_usage_context", "environment_config")
STAR = "from tracker.{name} import *"
ONE_MODULE = STAR + "; from tracker.reexport import reexport; reexport(__name__)"
UNIT_TEST = """
def test_migrated_function():
    with ai_usage_context('test_operation', test_id='test-123') as tracker:
        # Verify context is set
        assert tracker.current_context['operation_type'] == 'test_operation'
        assert tracker.current_context['test_id'] == 'test-123'

        # Your test logic
        result = your_function(tracker)

        # Verify metrics were tracked
        assert len(tracker.pending_metrics) > 0
"""
INTEGRATION_TEST = """
def test_end_to_end_tracking():
    with patch('receipt_label.utils.ai_usage_tracker.AIUsageTracker._store_metric') as mock_store:
        with ai_usage_context('integration_test') as tracker:
            # Perform operations
            result = complex_workflow(tracker)

        # Verify flush was called
        assert mock_store.call_count > 0
"""


@pytest.fixture(params=[STAR, ONE_MODULE], ids=["star", "one-module"])
def original_layout(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """A package of the original names on the path, for the time of the test."""
    utils = tmp_path / "receipt_label" / "utils"
    utils.mkdir(parents=True)
    (utils.parent / "__init__.py").touch()
    (utils / "__init__.py").touch()
    for name in MODULES:
        (utils / f"{name}.py").write_text(request.param.format(name=name) + "\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "receipt_label"]:
        del sys.modules[name]


def run_guide_test(source: str, **names: Any) -> None:
    """Run the one test function in *source* with *names* defined."""
    context = importlib.import_module("receipt_label.utils.ai_usage_context")
    space = {"ai_usage_context": context.ai_usage_context, "patch": patch, **names}
    exec(compile(source, "guide", "exec"), space)
    (function,) = (value for name, value in space.items() if name.startswith("test_"))
    function()


@pytest.mark.usefixtures("original_layout")
def test_the_guide_s_unit_test(client: openai.OpenAI, metrics: CapturedMetrics) -> None:
    """A captured call inside the block is pending until it ends."""
    run_guide_test(UNIT_TEST, your_function=lambda _: client.chat.completions.create(**CHAT))
    assert len(metrics) == 1


@pytest.mark.usefixtures("original_layout")
def test_the_guide_s_integration_test(client: openai.OpenAI) -> None:
    """The patched ``_store_metric`` is called at the flush."""
    run_guide_test(
        INTEGRATION_TEST, complex_workflow=lambda _: client.chat.completions.create(**CHAT)
    )


@pytest.mark.usefixtures("original_layout")
def test_legacy_tests_patch_the_factory_where_they_know_it() -> None:
    """A context without a tracker asks the class that the module shows."""
    context = importlib.import_module("receipt_label.utils.ai_usage_context")
    target = "receipt_label.utils.ai_usage_context.AIUsageTracker.create_for_environment"
    with patch(target) as create, context.ai_usage_context("op", environment="staging") as tracker:
        assert tracker is create.return_value
    create.assert_called_once_with(environment="staging")


@pytest.mark.usefixtures("original_layout")
@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("ai_usage_tracker", "AIUsageTracker"),
        ("ai_usage_context", "ai_usage_context"),
        ("ai_usage_context", "batch_ai_usage_context"),
        ("ai_usage_context", "partial_failure_context"),
        ("ai_usage_context", "ai_usage_tracked"),
        ("ai_usage_context", "get_current_context"),
        ("ai_usage_context", "set_current_context"),
        ("environment_config", "Environment"),
        ("environment_config", "EnvironmentConfig"),
        ("environment_config", "AIUsageEnvironmentConfig"),
    ],
)
def test_one_line_is_enough(module: str, name: str) -> None:
    """``from tracker.X import *`` brings every public name of the original module."""
    assert hasattr(importlib.import_module(f"receipt_label.utils.{module}"), name)


@pytest.mark.usefixtures("original_layout")
def test_both_patterns_coexist(client: openai.OpenAI, metrics: CapturedMetrics) -> None:
    """The guide's rollback example: the old way and the new way in one program."""
    old = importlib.import_module("receipt_label.utils.ai_usage_tracker").AIUsageTracker
    new = importlib.import_module("receipt_label.utils.ai_usage_context").ai_usage_context
    tracker = old()
    tracker.set_tracking_context(job_id="old")
    result = client.chat.completions.create(**CHAT)
    tracker.track_openai_completion(lambda: result)()
    with new("op", job_id="new"):
        client.chat.completions.create(**CHAT)
    assert [metric.job_id for metric in metrics] == ["old", "new"]
