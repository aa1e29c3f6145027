"""Contexts: blocks of a program whose AI calls are attributed, and stored when they end.

::

    with ai_usage_context("receipt_analysis", job_id="job-123") as tracker:
        client.chat.completions.create(...)     # recorded; no further code is needed
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tracker import instrumentation, scope
from tracker.ai_usage_tracker import ID_FIELDS, AIUsageTracker
from tracker.errors import ContextFieldError
from tracker.guard import guarded, tolerated
from tracker.plain import scrub
from tracker.scope import EMPTY, Node, State

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from tracker.environment_config import Environment

# What only the tracker's constructor takes, or the context itself fills in.
RESERVED_FIELDS = frozenset(
    {
        "dynamo_client",
        "environment_config",
        "log_file",
        "operation_type",
        "parent_context",
        "parent_operation",
        "start_time",
        "table_name",
        "thread_id",
        "track_to_dynamo",
        "track_to_file",
        "validate_table_environment",
    }
)
MAX_ERRORS = 10


class UsageContext:
    """One block, for ``with`` and ``async with``; entering gives the tracker.

    A context can be entered once at a time.
    """

    __slots__ = ("_batch", "_environment", "_fields", "_node", "_operation", "_started", "_tracker")

    def __init__(
        self,
        operation_type: str,
        tracker: Any,
        environment: Environment | str | None,
        fields: Mapping[str, Any],
        *,
        batch: bool = False,
    ) -> None:
        _check_fields(fields)
        self._operation = operation_type
        self._tracker = tracker
        self._environment = environment
        self._fields = fields
        self._batch = batch
        self._node: Node | None = None
        self._started = 0.0

    def __enter__(self) -> Any:
        tracker = self._tracker
        if tracker is None:
            tracker = AIUsageTracker.create_for_environment(environment=self._environment)
        instrumentation.install()
        books = issubclass(type(tracker), AIUsageTracker)
        parent = scope.current()
        context = self._context(parent)
        state = self._state(context, parent, tracker if books else None)
        self._started = time.perf_counter()
        self._node = node = Node(state, tracker, parent, books=books)
        scope.enter(node)
        try:
            if books:
                tracker.entered(node)
            tracker.set_context(context)
            if self._batch:
                tracker.set_batch_mode(True)
        except BaseException:
            scope.leave(node)
            raise
        return tracker

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _tb: TracebackType | None,
    ) -> None:
        node, self._node = self._node, None
        if node is None:
            return
        tracker = node.tracker
        try:
            with tolerated("flush", "Failed to flush metrics", interval=0.0):
                tracker.add_context_metadata(_outcome(self._started, error))
                tracker.flush_metrics()
        finally:
            scope.leave(node)
            if node.books:
                # Another thread may have booked a call between the flush and the end.
                with guarded("leave"):
                    tracker.settle(list(node.pending.values()))

    async def __aenter__(self) -> Any:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, tb)

    def _context(self, parent: Node | None) -> dict[str, Any]:
        context: dict[str, Any] = {
            "operation_type": self._operation,
            "start_time": datetime.now(UTC).isoformat(),
            "thread_id": threading.get_ident(),
        }
        if parent is not None:
            context["parent_operation"] = parent.state.context.get("operation_type")
            context["parent_context"] = dict(parent.state.context)
        context.update((name, value) for name, value in self._fields.items() if value is not None)
        return context

    def _state(self, context: Mapping[str, Any], parent: Node | None, tracker: Any) -> State:
        """Return the block's state: its own ids, then those set on its tracker, then its parent's."""
        state = scope.changed(
            EMPTY,
            context=context,
            batch_mode=self._batch,
            **{name: self._fields.get(name) for name in ID_FIELDS},
        )
        if tracker is not None:
            state = state.inheriting(tracker.node().state)
        return state if parent is None else state.inheriting(parent.state)


def ai_usage_context(
    operation_type: str,
    tracker: Any = None,
    environment: Environment | str | None = None,
    **fields: Any,
) -> UsageContext:
    """Return a context that attributes the AI calls of its block to *operation_type*.

    ``with`` and ``async with`` give *tracker* itself, or a new one made for
    *environment*.  The fields ``job_id``, ``batch_id``, ``user_id`` and
    ``github_pr`` are booked with each call; all others are metadata.  A field
    that is ``None`` counts as not given; ids that are not given come from the
    enclosing block.  When the block ends, also by an exception, metrics are flushed and
    the outer block's attribution is back.

    Raises ContextFieldError (a TypeError and a ValueError) for a field that is
    an argument of the tracker's constructor or that the context fills in itself.
    """
    return UsageContext(operation_type, tracker, environment, fields)


def batch_ai_usage_context(
    batch_id: str,
    operation_type: str = "batch_processing",
    tracker: Any = None,
    environment: Environment | str | None = None,
    **fields: Any,
) -> UsageContext:
    """Return a context like ``ai_usage_context`` whose calls are booked at batch prices.

    ``item_count`` and other fields are metadata.  Batch mode ends with the block.
    """
    if "is_batch" in fields:
        raise ContextFieldError("batch_ai_usage_context sets is_batch itself; leave it out")
    merged = {**fields, "batch_id": batch_id, "is_batch": True}
    return UsageContext(operation_type, tracker, environment, merged, batch=True)


def get_current_context() -> dict[str, Any] | None:
    """Return a copy of the current block's context, or None outside any block."""
    node = scope.current()
    return None if node is None else dict(node.state.context)


def set_current_context(context: Mapping[str, Any] | None) -> None:
    """Make *context* what ``get_current_context`` returns here; None ends any block here.

    Calls are booked as in the block around, whose tracker stays in charge.
    """
    if context is None:
        scope.replace_current(None)
        return
    parent = scope.current()
    tracker = None if parent is None else parent.tracker
    books = parent is not None and parent.books
    scope.replace_current(Node(State(context=dict(context)), tracker, parent, books=books))


def _check_fields(fields: Mapping[str, Any]) -> None:
    collisions = sorted(RESERVED_FIELDS & fields.keys())
    if not collisions:
        return
    names = ", ".join(collisions)
    raise ContextFieldError(
        f"{names}: not a field of a context. Arguments of the tracker belong to its constructor"
        f" (ai_usage_context(..., tracker=AIUsageTracker({collisions[0]}=...)));"
        " other metadata needs another name"
    )


def _outcome(started: float, error: BaseException | None) -> dict[str, Any]:
    outcome: dict[str, Any] = {
        "operation_duration_ms": round((time.perf_counter() - started) * 1000.0, 3),
        "error_occurred": error is not None,
    }
    if error is not None:
        outcome["error_message"] = scrub(str(error) or type(error).__name__)
    return outcome
