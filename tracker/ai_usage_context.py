"""Contexts: blocks of a program whose AI calls are attributed, and stored when they end.

::

    with ai_usage_context("receipt_analysis", job_id="job-123") as tracker:
        client.chat.completions.create(...)     # recorded; no further code is needed
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from tracker.ai_usage_tracker import AIUsageTracker
from tracker.budgets.limit import picodollars
from tracker.config.misuse import forgiven, forgiving, tell
from tracker.context import scope
from tracker.context.block import NOT_GIVEN, Block, plainly
from tracker.context.budgeted import made_block
from tracker.context.decorator import tracked
from tracker.context.partial_failure import PartialFailureBlock
from tracker.context.scope import Stated
from tracker.context.state import begun, next_stamp
from tracker.errors import ContextFieldError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tracker.context.block import MakeTracker
    from tracker.environment_config import Environment

Decorated = TypeVar("Decorated", bound="Callable[..., Any]")


def at_once(make_tracker: MakeTracker) -> Callable[[Decorated], Decorated]:
    """Decorate a context's function so that its usual form is without a call in between.

    Whatever else is given goes the way of all other functions that forgive.
    """

    def decorate(described: Decorated) -> Decorated:
        forgives = forgiving(described)

        def otherwise(
            operation: Any,
            others: tuple[Any, ...],
            tracker: Any,
            environment: Environment | str | None,
            budget_usd: Any,
            fields: Mapping[str, Any],
        ) -> Block:
            if others or operation is NOT_GIVEN or "operation_type" in fields:
                given = (*(() if operation is NOT_GIVEN else (operation,)), *others)
                named = {
                    "tracker": tracker,
                    "environment": environment,
                    "budget_usd": budget_usd,
                }
                named = {name: value for name, value in named.items() if value is not None}
                made: Block = forgives(*given, **named, **fields)
                return made
            return made_block(operation, tracker, make_tracker, environment, fields, budget_usd)

        return cast("Decorated", functools.wraps(described)(plainly(make_tracker, otherwise)))

    return decorate


def _new_tracker(environment: Environment | str | None) -> AIUsageTracker:
    # Looked up when called: programs' tests replace it in this module.
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
    """Return a context that attributes the AI calls of its block to *operation_type*.

    ``with`` and ``async with`` give *tracker* itself, or a new one made for
    *environment*.  The fields ``job_id``, ``batch_id``, ``user_id`` and
    ``github_pr`` are booked with each call; all others are metadata.  A field
    that is ``None`` counts as not given; ids that are not given come from the
    enclosing block.  When the block ends, also by an exception, metrics are flushed and
    the outer block's attribution is back.

    The calls of the block, and of blocks inside it, cost *budget_usd* US dollars at most: one
    that may cost more than is left raises BudgetExceededError before it is sent.

    A field with the name of an argument of the tracker's constructor is metadata like any
    other; that it configures nothing is told once for each line (ContextFieldError, a
    TypeError and a ValueError, with ``AI_USAGE_STRICT=1``).
    """
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
    """Return a context like ``ai_usage_context`` whose calls are booked at batch prices.

    ``item_count`` and other fields are metadata.  Batch mode ends with the block.
    """
    given = of_batch(batch_id, fields)
    return made_block(
        operation_type, tracker, _new_tracker, environment, given, budget_usd, batch=True
    )


def of_batch(batch_id: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the fields of the context of a batch that was given *fields*."""
    if "is_batch" in fields:
        tell(ContextFieldError("batch_ai_usage_context sets is_batch itself; leave it out"))
    return {**fields, "batch_id": batch_id, "is_batch": True}


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
    """Return a context for work on many items of which some may fail.

    It gives a dict with ``tracker``, ``errors`` (a list to append to),
    ``success_count``, ``failure_count`` (to count up) and
    ``continue_on_error``.  Their summary is booked with the block's calls under
    ``partial_failure_summary``.
    """
    block = made_block(operation_type, tracker, _new_tracker, environment, fields, budget_usd)
    return PartialFailureBlock(block, continue_on_error=continue_on_error)


@overload
def ai_usage_tracked(operation_type: Decorated, /) -> Decorated: ...


@overload
def ai_usage_tracked(
    operation_type: str | None = None,
    tracker: Any = None,
    environment: Environment | str | None = None,
    *,
    budget_usd: Any = None,
    **fields: Any,
) -> Callable[[Decorated], Decorated]: ...


@forgiving
def ai_usage_tracked(
    operation_type: Any = None,
    tracker: Any = None,
    environment: Environment | str | None = None,
    *,
    budget_usd: Any = None,
    **fields: Any,
) -> Any:
    """Run each call of a function in a context; ``@ai_usage_tracked``, bare or called.

    The operation is by default the function's name.  ``job_id``, ``batch_id``,
    ``user_id`` and ``github_pr`` are taken from the call; the tracker is handed to a
    parameter named ``tracker``, unless the caller passed one, which is then
    used.  Works for sync and async functions and generators; a generator's
    context holds during its steps only.
    """
    return tracking(_new_tracker, operation_type, tracker, environment, fields, budget_usd)


def tracking(
    make_tracker: MakeTracker,
    operation_type: Any,
    tracker: Any,
    environment: Environment | str | None,
    fields: Mapping[str, Any],
    budget_usd: Any = None,
) -> Any:
    """Return what ``ai_usage_tracked`` does, of which *make_tracker* makes the trackers."""
    if callable(operation_type) or isinstance(operation_type, classmethod):
        decorated = tracking(make_tracker, None, tracker, environment, fields, budget_usd)
        return decorated(operation_type)
    if budget_usd is not None:
        picodollars(budget_usd, "budget_usd")  # a mistake is told here, and not at each call

    def decorate(function: Decorated) -> Decorated:
        name = operation_type
        if name is None or (isinstance(name, str) and not name):
            name = getattr(function, "__name__", "anonymous")

        def block(given: Any, ids: Mapping[str, Any]) -> Block:
            chosen = tracker if given is None else given
            return made_block(
                name, chosen, make_tracker, environment, {**fields, **ids}, budget_usd
            )

        with forgiven("ai_usage_tracked"):
            return tracked(function, block)
        return function

    return decorate


@forgiving
def get_current_context() -> dict[str, Any] | None:
    """Return a copy of the current block's context, or None outside any block."""
    node = scope.current()
    return None if node is None else dict(node.state.context)


@forgiving
def set_current_context(context: Mapping[str, Any] | None) -> None:
    """Make *context* what ``get_current_context`` returns here, until the block ends.

    Calls are still booked by the block around, under the ids that *context*
    names.  A context that was set before is replaced.  ``None`` ends attribution here.
    """
    if context is None:
        scope.hide()
        return
    with forgiven("set_current_context"):
        _set_current(dict(context))


def _set_current(context: dict[str, Any]) -> None:
    block = scope.current()
    while block is not None and not block.is_block:
        block = block.parent
    state = begun(context, context, batch=False, stamp=next_stamp())
    if block is not None:
        state = state.inheriting(block.state)
    scope.enter(Stated(state, block, False))
