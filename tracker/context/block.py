"""One block: entering and leaving it, whatever happens in between."""

from __future__ import annotations

import functools
from threading import get_ident
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from tracker.ai_usage_tracker import AIUsageTracker, hears_of_begins, hears_of_ends
from tracker.config.misuse import forgiven, has_methods, kind_of, tell
from tracker.context import scope
from tracker.context.opening import Opening, described_end
from tracker.context.scope import Node
from tracker.context.state import BLANK, begun
from tracker.delivery import writer
from tracker.error_boundary import boundary, tolerated
from tracker.errors import ContextFieldError, UnknownEnvironmentError
from tracker.instrumentation import installation
from tracker.records import clock
from tracker.records.error_text import for_program

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
# A named tuple's own constructor takes twice as long.
_opening = functools.partial(tuple.__new__, Opening)
_FLUSHING = tolerated("flush", "Failed to flush metrics", interval=0.0)


class Block:
    """One block, for ``with`` and ``async with``; entering gives the tracker.

    Where *tracker* is None, *make_tracker* is asked for one for *environment*.  What a program
    gives wrongly is told and made good: fields that belong to the tracker's constructor stay
    metadata (ContextFieldError when strict), something that is no tracker is as none, and a
    context that is entered while it is in use is a block inside itself (RuntimeError when strict).
    """

    __slots__ = (
        "_again",
        "_batch",
        "_environment",
        "_fields",
        "_make_tracker",
        "_makes",
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
            tell(_collision(fields))
        self._operation = operation_type
        self._tracker = tracker
        self._makes = tracker is None
        self._make_tracker = make_tracker
        self._environment = environment
        self._fields = fields
        self._batch = batch
        self._node: Node | None = None
        self._started = 0
        self._again: tuple[Block, ...] = ()

    def __enter__(self) -> Any:
        if self._node is not None:
            return self._enter_again()
        tracker = self._tracker
        if tracker is None:
            tracker = self._made()
        can_record = issubclass(type(tracker), AIUsageTracker)
        if not can_record and not self._makes:
            tracker, can_record = self._checked(tracker)
        parent = scope.current()
        outer = None if parent is None else parent.state
        opening = _opening(
            (
                self._operation,
                self._fields,
                clock.now(),
                get_ident(),
                None if outer is None else outer.given,
                [],
            )
        )
        told = dict(opening.context()) if not can_record or hears_of_begins(tracker) else None
        # The block's own ids, then those of its tracker, then its parent's.
        state = begun(opening if told is None else told, self._fields, self._batch)
        if can_record and (standing := tracker.inherited()) is not BLANK:
            state = state.inheriting(standing)
        if outer is not None:
            state = state.inheriting(outer)
        self._started = perf_counter_ns()
        self._node = node = Node(state, tracker, parent, can_record)
        scope.enter(node)
        if can_record:
            tracker.entered(node, only_here=self._makes)
        if told is not None:
            self._tell(node, told)
        return tracker

    def _checked(self, tracker: Any) -> tuple[Any, bool]:
        """Return *tracker*, somebody else's, or a new one if it is none; whether it can record."""
        if has_methods(tracker, "set_context"):
            return tracker, False
        tell(TypeError(f"tracker: {kind_of(tracker)} is no tracker; a new one books the calls"))
        self._makes = True
        made = self._made()
        return made, issubclass(type(made), AIUsageTracker)

    def _made(self) -> Any:
        """Return a new tracker for the environment that was given, or else the detected one."""
        try:
            return self._make_tracker(self._environment)
        except UnknownEnvironmentError as error:
            if self._environment is None:
                raise  # the deployment's own is wrong
            tell(error)
        return self._make_tracker(None)

    def _enter_again(self) -> Any:
        """Enter a block like this one, inside it or beside it in another thread."""
        tell(RuntimeError("this context is in use; make another for a block inside it"))
        block = Block(
            self._operation,
            self._tracker,
            self._make_tracker,
            self._environment,
            {},
            batch=self._batch,
        )
        block._fields = self._fields
        given = block.__enter__()
        self._again = (*self._again, block)
        return given

    def _innermost(self) -> Block:
        """Return which block of this context ends: the one that was entered last here."""
        again = self._again
        blocks = {id(block._node): block for block in (self, *again)}
        node = scope.last_entered()
        while node is not None and id(node) not in blocks:
            node = node.parent
        ending = again[-1] if node is None else blocks[id(node)]
        self._again = tuple(block for block in again if block is not ending)
        return ending

    def _tell(self, node: Node, context: Mapping[str, Any]) -> None:
        """Have a tracker that is not quite ours set up as ours are; it may refuse."""
        installation.install()  # one of ours did so when it was made
        try:
            with forgiven("set_context"):
                node.tracker.set_context(context)
                if self._batch:
                    node.tracker.set_batch_mode(True)
        except BaseException:
            self._node = None
            scope.leave(node)
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _tb: TracebackType | None,
    ) -> None:
        if self._again and (ending := self._innermost()) is not self:
            ending.__exit__(kind, error, _tb)
            return
        node, self._node = self._node, None
        if node is None:
            return
        tracker = node.tracker
        try:
            failure = None if error is None else for_program(error)
            outcome = (self._started, perf_counter_ns(), failure)
            if not node.can_record or hears_of_ends(tracker):
                with _FLUSHING:
                    tracker.add_context_metadata(described_end(outcome))
                node.ending = True
                with _FLUSHING:
                    tracker.flush_metrics()
            else:
                node.outcome = outcome
                if node.pending or tracker._standing.pending:
                    with _FLUSHING:
                        tracker._flush(node)
        finally:
            after = scope.leave(node, broken_off=kind is GeneratorExit)
            # Another thread may have booked a call between the flush and the end.
            if node.pending:
                with boundary("leave"):
                    tracker.settle(list(node.pending.values()))
            if self._makes and node.can_record:
                tracker.left(node)
            outside = after is None or after.began < scope.forked
            if outside and node.can_record and writer.is_behind():
                with boundary("leave"):
                    writer.leave()

    async def __aenter__(self) -> Any:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, tb)
        if scope.is_outside():
            await writer.leave_async()


def _collision(fields: Mapping[str, Any]) -> ContextFieldError:
    collisions = sorted(RESERVED_FIELDS & fields.keys())
    names = ", ".join(collisions)
    return ContextFieldError(
        f"{names}: not a field of a context. Arguments of the tracker belong to its constructor"
        f" (ai_usage_context(..., tracker=AIUsageTracker({collisions[0]}=...)));"
        " other metadata needs another name"
    )
