"""The contexts as programs reach them through the original's module.

They are ours.  Where one makes a tracker, it is of the class that this module names: programs'
tests replace it here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracker.ai_usage_context import (
    at_once,
    get_current_context,
    of_batch,
    set_current_context,
    tracking,
)
from tracker.config.misuse import forgiving
from tracker.context.budgeted import made_block
from tracker.context.partial_failure import PartialFailureBlock
from tracker.original.ai_usage_tracker import AIUsageTracker

if TYPE_CHECKING:
    from tracker.context.block import Block
    from tracker.environment_config import Environment

__all__ = [
    "AIUsageTracker",
    "ai_usage_context",
    "ai_usage_tracked",
    "batch_ai_usage_context",
    "get_current_context",
    "partial_failure_context",
    "set_current_context",
]


def _new_tracker(environment: Environment | str | None) -> AIUsageTracker:
    return AIUsageTracker.create_for_environment(environment=environment)


@at_once(_new_tracker)
def ai_usage_context(
    operation_type: str,
    tracker: Any = None,
    environment: Environment | str | None = None,
    *,
    budget_usd: Any = None,
    **fields: Any,
) -> Block:
    """Return a context as ``tracker.ai_usage_context`` does."""
    return made_block(operation_type, tracker, _new_tracker, environment, fields, budget_usd)


@forgiving
def batch_ai_usage_context(
    batch_id: str,
    operation_type: str = "batch_processing",
    tracker: Any = None,
    environment: Environment | str | None = None,
    *,
    budget_usd: Any = None,
    **fields: Any,
) -> Block:
    """Return a context as ``tracker.batch_ai_usage_context`` does."""
    given = of_batch(batch_id, fields)
    return made_block(
        operation_type, tracker, _new_tracker, environment, given, budget_usd, batch=True
    )


@forgiving
def partial_failure_context(
    operation_type: str,
    tracker: Any = None,
    continue_on_error: bool = True,
    environment: Environment | str | None = None,
    *,
    budget_usd: Any = None,
    **fields: Any,
) -> PartialFailureBlock:
    """Return a context as ``tracker.partial_failure_context`` does."""
    block = made_block(operation_type, tracker, _new_tracker, environment, fields, budget_usd)
    return PartialFailureBlock(block, continue_on_error=continue_on_error)


@forgiving
def ai_usage_tracked(
    operation_type: Any = None,
    tracker: Any = None,
    environment: Environment | str | None = None,
    *,
    budget_usd: Any = None,
    **fields: Any,
) -> Any:
    """Run each call of a function in a context, as ``tracker.ai_usage_tracked`` does."""
    return tracking(_new_tracker, operation_type, tracker, environment, fields, budget_usd)
