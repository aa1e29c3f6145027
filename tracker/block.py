"""One block: entering and leaving it, whatever happens in between."""

from __future__ import annotations

import time
from threading import get_ident
from typing import TYPE_CHECKING, Any

from tracker import delivery, instrumentation, scope
from tracker.ai_usage_tracker import AIUsageTracker
from tracker.clock import now_text
from tracker.errors import ContextFieldError
from tracker.guard import error_text, guarded, tolerated
from tracker.scope import Node

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from tracker.environment_config import Environment

# What only the tracker's constructor takes.
RESERVED_FIELDS = frozenset(
    {
        "dynamo_client",
        "environment_config",
        "log_file",
        "table_name",
        "track_to_dynamo",
        "track_to_file",
        "validate_table_environment",
    }
)
_FLUSHING = tolerated("flush", "Failed to flush metrics", interval=0.0)


class Block:
    """One block, for ``with`` and ``async with``; entering gives the tracker.

    Where *tracker* is None, *make_tracker* is asked for one for *environment*.  A context can be
    entered once at a time.  Raises ContextFieldError for fields that belong to
    the tracker's constructor.
    """

    __slots__ = (
        "_batch",
        "_environment",
        "_fields",
        "_make_tracker",
        "_node",
        "_operation",
        "_started",
        "_tracker",
    )

    def __init__(
        self,
        operation_type: str,
        tracker: Any,
        make_tracker: Callable[[Environment | str | None], Any],
        environment: Environment | str | None,
        fields: Mapping[str, Any],
        *,
        batch: bool = False,
    ) -> None:
        if not RESERVED_FIELDS.isdisjoint(fields):
            raise _collision(fields)
        self._operation = operation_type
        self._tracker = tracker
        self._make_tracker = make_tracker
        self._environment = environment
        self._fields = fields
        self._batch = batch
        self._node: Node | None = None
        self._started = 0

    def __enter__(self) -> Any:
        tracker = self._tracker
        if tracker is None:
            tracker = self._make_tracker(self._environment)
        books = issubclass(type(tracker), AIUsageTracker)
        if not books:
            instrumentation.install()  # a tracker did so when it was made
        parent = scope.current()
        context = self._context(parent)
        # The block's own ids, then those of its tracker, then its parent's.
        state = scope.begun(context, self._fields, batch=self._batch)
        if books:
            state = state.inheriting(tracker.inherited())
        if parent is not None:
            state = state.inheriting(parent.state)
        self._started = time.perf_counter_ns()
        self._node = node = Node(state, tracker, parent, books=books)
        scope.enter(node)
        try:
            if books:
                tracker.entered(node, only_here=self._tracker is None)
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
            with _FLUSHING:
                tracker.add_context_metadata(_outcome(self._started, error))
                tracker.flush_metrics()
        finally:
            scope.leave(node)
            if node.books:
                # Another thread may have booked a call between the flush and the end.
                if node.pending:
                    with guarded("leave"):
                        tracker.settle(list(node.pending.values()))
                if scope.last_entered() is None and delivery.is_behind():
                    with guarded("leave"):
                        delivery.leave()

    async def __aenter__(self) -> Any:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, tb)
        if scope.current() is None:
            await delivery.leave_async()

    def _context(self, parent: Node | None) -> dict[str, Any]:
        fields = self._fields
        context = {
            "operation_type": self._operation,
            "start_time": now_text(),
            "thread_id": get_ident(),
        }
        if parent is not None:
            context["parent_operation"] = parent.state.context.get("operation_type")
            context["parent_context"] = dict(parent.state.context)
        for name, value in fields.items():
            if value is not None:
                context[name] = value
        return context


def _collision(fields: Mapping[str, Any]) -> ContextFieldError:
    collisions = sorted(RESERVED_FIELDS & fields.keys())
    names = ", ".join(collisions)
    return ContextFieldError(
        f"{names}: not a field of a context. Arguments of the tracker belong to its constructor"
        f" (ai_usage_context(..., tracker=AIUsageTracker({collisions[0]}=...)));"
        " other metadata needs another name"
    )


def _outcome(started: int, error: BaseException | None) -> dict[str, Any]:
    outcome: dict[str, Any] = {
        "operation_duration_ms": (time.perf_counter_ns() - started) // 1000 / 1000,
        "error_occurred": error is not None,
    }
    if error is not None:
        outcome["error_message"] = error_text(error) or type(error).__name__
    return outcome
