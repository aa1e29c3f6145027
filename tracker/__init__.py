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
from tracker.config.configure import configure
from tracker.context.propagation import wrap
from tracker.delivery.counts import Stats, stats
from tracker.delivery.flush import flush, flush_on_sigterm
from tracker.environment_config import AIUsageEnvironmentConfig, Environment, EnvironmentConfig
from tracker.errors import AIUsageError, ConfigurationError
from tracker.records.batch_results import record_batch_results
from tracker.records.metric import Metric

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
