"""One block: entering and leaving it, whatever happens in between."""

from __future__ import annotations

from threading import get_ident
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, TypeVar

from tracker.ai_usage_tracker import (
    ADD_CONTEXT_METADATA,
    FLUSH_METRICS,
    SET_BATCH_MODE,
    SET_CONTEXT,
    AIUsageTracker,
)
from tracker.config.misuse import forgiven, has_methods, kind_of, tell
from tracker.context import scope, unattributed
from tracker.context.decorator import surrounded
from tracker.context.opening import RESERVED_FIELDS, Opening, collision, described_end
from tracker.context.scope import Node, enter, last_entered
from tracker.context.state import BLANK, begun, next_stamp
from tracker.delivery import writer
from tracker.delivery.backlog import waiting
from tracker.error_boundary import boundary, tolerated
from tracker.errors import UnknownEnvironmentError
from tracker.instrumentation import installation
from tracker.records import clock
from tracker.records.error_text import for_program

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Self

    from tracker.context.standing import Standing
    from tracker.context.state import State
    from tracker.environment_config import Environment

    MakeTracker = Callable[[Environment | str | None], Any]

Decorated = TypeVar("Decorated", bound="Callable[..., Any]")
#: What a context's function looks at before it makes a block of its fields.
_TOLD_OF = RESERVED_FIELDS | {"operation_type"}
NOT_GIVEN: Any = object()
#: What the class has itself: also what a test put in the place of an inherited method.
REPLACED = vars(AIUsageTracker)
_FLUSHING = tolerated("flush", "Failed to flush metrics", interval=0.0)


class Block(Node):
    """One block, for ``with`` and ``async with``; entering gives the tracker.

    Where *tracker* is None, *make_tracker* is asked for one for *environment*.  What a program
    gives wrongly is told and made good: fields that belong to the tracker's constructor stay
    metadata (ContextFieldError when strict), something that is no tracker is as none, and a
    context that is entered while it is in use is a block inside itself (RuntimeError when strict).

    Entering notes what the block begins with and makes no more of it: most blocks end before
    anybody asks whose their calls are.
    """

    __slots__ = (
        "_again",
        "_at",
        "_batch",
        "_environment",
        "_fields",
        "_inherited",
        "_make_tracker",
        "_makes",
        "_operation",
        "_outer",
        "_standing",
        "_started",
        "_thread",
    )
    #: What its tracker stands for outside of it, if that can record.
    _standing: Any

    def given(
        self,
        operation_type: str,
        tracker: Any,
        make_tracker: MakeTracker,
        environment: Environment | str | None,
        fields: Mapping[str, Any],
        batch: bool = False,
    ) -> Self:
        """Return this new block, made what it is: a constructor would take twice as long."""
        if not RESERVED_FIELDS.isdisjoint(fields):
            tell(collision(fields))
        self._operation = operation_type
        self.tracker = tracker
        self._make_tracker = make_tracker
        self._environment = environment
        self._fields = fields
        self._batch = batch
        self._again: tuple[Block, ...] = ()
        self.began = self._started = 0
        self.closed = self._makes = False
        self._state = self._first = self.outcome = None
        return self

    @property
    def ending(self) -> bool:
        """Whether its tracker is told of its end just now."""
        return self._started < 0

    def __enter__(self) -> Any:
        if self.began:
            return self._enter_again()
        self.began = 1  # it is taken: no other thread comes between the question and this
        try:
            self.pending = {}  # here, for a context may be copied before
            tracker = self.tracker
            if tracker is None:
                self._makes = True
                tracker = self.tracker = self._made()
            kind = type(tracker)
            is_usual = kind is AIUsageTracker
            can_record = is_usual or issubclass(kind, AIUsageTracker)
            if not can_record and not self._makes:
                tracker, can_record = self._checked(tracker)
                kind = type(tracker)
            self.can_record = can_record
            parent = last_entered()
            standing: Standing | None = tracker._standing if can_record else None
            self._standing = standing
            if parent is None and standing is not None and standing.birthplace is None:
                # As most blocks are entered.
                self.parent = self._outer = None
                self._inherited = standing._state or BLANK
            else:
                if parent is not None and parent.closed:
                    parent = parent.nearest_open()
                self.parent = parent
                self._outer = None if parent is None else parent.state
                self._inherited = tracker.inherited() if can_record else BLANK
            self._at = clock.now()
            self._thread = get_ident()
            self.began = next_stamp()
            told = None
            if (
                not is_usual
                or self._batch
                or "set_context" in REPLACED
                or "set_context" in tracker.__dict__
            ) and self._hears_of_beginning(tracker, kind):
                told = dict(self._opening().context())
                self._first = self._begun(told)
            self._started = perf_counter_ns()
            enter(self)
            if standing is not None:
                if standing.latest is None:
                    writer.warm()
                standing.latest = self
                if self._makes:
                    standing.birthplace = self
                    standing.is_of_block = True
            if told is not None:
                self._tell(told)
            return tracker
        except BaseException:
            # Whoever enters next gets another: this one may have been seen.
            self._started = 0
            scope.leave(self, True)
            raise

    def __call__(self, function: Decorated) -> Decorated:
        """Run each call of *function* in a block like this one; it hears nothing of it."""
        return surrounded(function, self.like_it)

    def like_it(self) -> Self:
        """Return a block like this one, which nobody has entered."""
        tracker = None if self._makes else self.tracker
        made = type(self)().given(
            self._operation, tracker, self._make_tracker, self._environment, {}, self._batch
        )
        made._fields = self._fields  # what is wrong with them was told
        return made

    def _opening(self) -> Opening:
        outer = None if self._outer is None else self._outer.given
        return Opening(self._operation, self._fields, self._at, self._thread, outer, [])

    def _first_state(self) -> State:
        state = self._first
        if state is None:
            made = self._begun(self._opening())
            # Who asks at the same moment gets the same one: nothing comes between these two.
            state = self._first = self._first or made
        return state

    def _begun(self, given: Opening | Mapping[str, Any]) -> State:
        # The block's own ids, then those of its tracker, then its parent's.
        state = begun(given, self._fields, batch=self._batch, stamp=self.began)
        state = state.inheriting(self._inherited)
        return state if self._outer is None else state.inheriting(self._outer)

    def _checked(self, tracker: Any) -> tuple[Any, bool]:
        """Return *tracker*, somebody else's, or a new one if it is none; whether it can record."""
        if has_methods(tracker, "set_context"):
            return tracker, False
        tell(TypeError(f"tracker: {kind_of(tracker)} is no tracker; a new one books the calls"))
        self._makes = True
        made = self.tracker = self._made()
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
        """Enter a block like this one: behind it, inside it, or beside it in another thread."""
        if self._started or self._again:
            tell(RuntimeError("this context is in use; make another for a block inside it"))
        block = self.like_it()
        given = block.__enter__()
        with scope.exclusive():
            self._again = (*self._again, block)
        return given

    def _innermost(self) -> Block:
        """Return which block of this context ends: the one that was entered last here."""
        with scope.exclusive():
            again = self._again
            blocks: dict[int, Block] = {id(block): block for block in again}
            if self._started or not again:
                blocks[id(self)] = self
            node = scope.last_entered()
            while node is not None and id(node) not in blocks:
                node = node.parent
            last = again[-1] if again else self
            ending = last if node is None else blocks[id(node)]
            self._again = tuple(block for block in again if block is not ending)
        return ending

    def _hears_of_beginning(self, tracker: Any, kind: Any) -> bool:
        """Whether *tracker* is not ours, or a test or a subclass has a say in what it hears."""
        if not self.can_record:
            return True
        own = tracker.__dict__
        return (
            kind.set_context is not SET_CONTEXT
            or kind.set_batch_mode is not SET_BATCH_MODE
            or "set_context" in own
            or "set_batch_mode" in own
        )

    def _hears_of_end(self, tracker: Any) -> bool:
        if not self.can_record:
            return True
        kind, own = type(tracker), tracker.__dict__
        return (
            kind.flush_metrics is not FLUSH_METRICS
            or kind.add_context_metadata is not ADD_CONTEXT_METADATA
            or "flush_metrics" in own
            or "add_context_metadata" in own
        )

    def _tell(self, context: Mapping[str, Any]) -> None:
        """Have a tracker that is not quite ours set up as ours are; it may refuse."""
        installation.install()  # one of ours did so when it was made
        with forgiven("set_context"):
            self.tracker.set_context(context)
            if self._batch:
                self.tracker.set_batch_mode(True)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _tb: TracebackType | None,
    ) -> None:
        if self._again and (ending := self._innermost()) is not self:
            ending.__exit__(kind, error, _tb)
            return
        # Its end is told once, also where another thread, or the tracker meanwhile, ends it too.
        if (started := self._started) <= 0:
            return
        try:  # an interrupt comes behind any call, of which there is none before
            self._started, tracker = 0, self.tracker
            failure = None if error is None else for_program(error)
            outcome = (started, perf_counter_ns(), failure)
            if (
                type(tracker) is not AIUsageTracker
                or "add_context_metadata" in REPLACED
                or "flush_metrics" in (own := tracker.__dict__)
                or "add_context_metadata" in own
                or REPLACED["flush_metrics"] is not FLUSH_METRICS
            ) and self._hears_of_end(tracker):
                with _FLUSHING:
                    tracker.add_context_metadata(described_end(outcome))
                self._started = -1
                try:
                    with _FLUSHING:
                        tracker.flush_metrics()
                finally:
                    self._started = 0
            else:
                self.outcome = outcome
                if self.pending or self._standing.pending:
                    with _FLUSHING:
                        tracker._flush(self)
        finally:
            try:
                if last_entered() is self:  # as nearly all blocks are left
                    self.closed = True
                    after = self.parent
                    if after is not None and after.closed:
                        after = after.nearest_open()
                    enter(after)
                else:
                    after = scope.leave(self, kind is GeneratorExit)
                # Another thread may have booked a call between the flush and the end.
                if self.pending:
                    self._settle()
                if self._makes and self._standing is not None:
                    self._standing.left(self)
                if waiting and self.can_record:
                    with boundary("leave"):
                        unattributed.tell_of_missed(self.began)
                        if after is None or after.began < scope.forked:
                            writer.leave()
            except BaseException:
                scope.leave(self, True)
                self._settle()
                raise

    def _settle(self) -> None:
        """Store what is still pending, now that nobody else will."""
        if self.pending:
            with boundary("leave"):
                self.tracker.settle(list(self.pending.values()))

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


def plainly(make_tracker: MakeTracker, otherwise: Callable[..., Block]) -> Callable[..., Block]:
    """Return a context's function, which makes blocks as nearly all are made without another call.

    A context costs so little that ``given`` would be a twentieth of it, and a decorator an eighth.
    Whatever else it is given is for *otherwise*.
    """

    def call(
        operation: Any = NOT_GIVEN,
        /,
        *others: Any,
        tracker: Any = None,
        environment: Environment | str | None = None,
        budget_usd: Any = None,
        **fields: Any,
    ) -> Block:
        is_usual = operation is not NOT_GIVEN and _TOLD_OF.isdisjoint(fields)
        if not is_usual or others or budget_usd is not None:
            return otherwise(operation, others, tracker, environment, budget_usd, fields)
        block = Block()
        block._operation = operation
        block.tracker = tracker
        block._make_tracker = make_tracker
        block._environment = environment
        block._fields = fields
        block._again = ()
        block.began = block._started = 0
        block._batch = block.closed = block._makes = False
        block._state = block._first = block.outcome = None
        return block

    return call
