"""Names of the modules that are replaced as a whole: what the star alone does not carry."""

from __future__ import annotations

import sys
from unittest.mock import MagicMock, patch

import pytest
from receipt_label.utils import ai_usage_context as module
from receipt_label.utils.ai_usage_context import ai_usage_context
from receipt_label.utils.environment_config import Environment

from tracker.reexport import reexport


def test_the_class_is_replaced_where_contexts_look_for_it() -> None:
    """The double's factory is asked."""
    with patch("receipt_label.utils.ai_usage_context.AIUsageTracker") as double:
        with ai_usage_context("op") as tracker:
            assert tracker is double.create_for_environment.return_value
        double.create_for_environment.assert_called_once_with(environment=None)
        tracker.flush_metrics.assert_called_once_with()


def test_what_contexts_use_inside_is_replaced() -> None:
    """The other modules' names too."""
    target = "receipt_label.utils.environment_config.AIUsageEnvironmentConfig.detect_environment"
    with patch(target, MagicMock(return_value=Environment.STAGING)) as detect:
        assert module.AIUsageTracker().environment == "staging"
    detect.assert_called()


def test_the_line_gives_our_module() -> None:
    """There is one module, under both names."""
    assert module is sys.modules["tracker.original.ai_usage_context"]
    with pytest.raises(ImportError, match="no_such_module"):
        reexport("receipt_label.utils.no_such_module")
