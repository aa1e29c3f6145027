"""Records what each AI call used and cost, for the operation that made it.

Importing this package imports the standard library only and patches nothing.
"""

from tracker.ai_usage_context import (
    ai_usage_context,
    ai_usage_tracked,
    batch_ai_usage_context,
    get_current_context,
    partial_failure_context,
    set_current_context,
)
from tracker.ai_usage_tracker import AIUsageTracker
from tracker.batch_results import record_batch_results
from tracker.carrying import wrap
from tracker.configuring import configure
from tracker.delivery import Stats, stats
from tracker.environment_config import AIUsageEnvironmentConfig, Environment, EnvironmentConfig
from tracker.errors import AIUsageError, ConfigurationError
from tracker.flushing import flush, flush_on_sigterm
from tracker.metric import Metric

__all__ = [
    "AIUsageEnvironmentConfig",
    "AIUsageError",
    "AIUsageTracker",
    "ConfigurationError",
    "Environment",
    "EnvironmentConfig",
    "Metric",
    "Stats",
    "ai_usage_context",
    "ai_usage_tracked",
    "batch_ai_usage_context",
    "configure",
    "flush",
    "flush_on_sigterm",
    "get_current_context",
    "partial_failure_context",
    "record_batch_results",
    "set_current_context",
    "stats",
    "wrap",
]
