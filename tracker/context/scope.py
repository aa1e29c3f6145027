"""Which block of the program is being attributed: nodes behind one ContextVar.

A node has one immutable ``State``; a change replaces the whole state in one store, so that a
reader in another thread sees the old one or the new one.
"""

from __future__ import annotations

import math
import sys
import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from tracker.config import call_site
from tracker.context.opening import described_end
from tracker.context.state import next_stamp
from tracker.delivery import fork_registry
from tracker.error_boundary import warn

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracker.budgets.limit import Budget
    from tracker.context.opening import Outcome
    from tracker.context.state import State
    from tracker.records.pending_record import PendingRecord

#: Nodes that are older were made before this process was forked; 0 where it was not.
forked = 0
_lock = threading.RLock()  # a signal handler may change a state while its thread does


def change(node: Node, make: Callable[[State], State]) -> None:
    """Replace *node*'s state by what *make* makes of it; no change of another thread is lost.

    Nor is one of a signal handler or a finaliser that comes in between.
    """
    with _lock:
        while True:
            before = node._state
            made = make(node.state if before is None else before)
            if node._state is before:
                node._state = made
                return


def exclusive() -> threading.RLock:
    """Return what to hold while something that threads share is replaced."""
    return _lock


class Node:
    """One block, or (without a parent and never current) a tracker's own standing state.

    ``tracker`` is whatever object the block was given; ``can_record`` says whether it
    is one that can record calls (a test double cannot).  ``began`` orders it among
    statements of who calls belong to.  ``pending`` are the calls that were booked to the
    block and are not stored yet, ``outcome`` how the block ended, as far as its context
    does not say so.
    """

    __slots__ = (
        "_first",
        "_state",
        "began",
        "can_record",
        "closed",
        "outcome",
        "parent",
        "pending",
        "tracker",
    )
    #: What the calls of a block may cost.  Most have none, and then it takes no slot.
    budget: Budget | None = None
    is_block: bool = True
    # Whoever makes a block fills these: calling a constructor costs as much as they do.
    _state: State | None
    _first: State | None
    began: int
    tracker: Any
    parent: Node | None
    can_record: bool
    closed: bool
    outcome: Outcome | None
    pending: dict[int, PendingRecord]

    @property
    def ending(self) -> bool:
        """Whether it is a block whose tracker is told of its end just now."""
        return False

    @property
    def state(self) -> State:
        """Who calls here belong to.

        Reading takes no lock: programs read in fork hooks, log handlers and finalisers, while
        whoever has the lock may wait for them.
        """
        return self._state or self._first or self._first_state()

    def _first_state(self) -> State:
        """Return what the block began with, where it was not changed yet."""
        raise NotImplementedError

    def learned(self) -> State:
        """Return the state, whose context tells how the block ended if it has.

        It belongs to all calls of the block, also to those that ended before it was known.
        """
        if self.outcome is not None:
            with _lock:
                if (outcome := self.outcome) is not None:
                    told = described_end(outcome)
                    change(self, lambda state: state.with_context({**state.context, **told}))
                    self.outcome = None  # now that an interrupt could not take it away
        return self.state

    def nearest_open(self) -> Node | None:
        """Return this node or its nearest ancestor that has not ended, if any."""
        node: Node | None = self
        while node is not None and node.closed:
            node = node.parent
        return node


class Stated(Node):
    """What no block began: a state that somebody set by hand, or a tracker's own."""

    __slots__ = ()
    is_block = False

    def __init__(self, state: State, parent: Node | None = None, can_record: bool = True) -> None:
        self._state = state
        self._first = None
        self.began = state.stamp
        self.tracker = None
        self.parent = parent
        self.can_record = can_record
        self.closed = False
        self.outcome = None
        self.pending = {}


_current: ContextVar[Node | None] = ContextVar("ai_usage_node", default=None)
# The block that the program took away by hand, which nobody need be told of.
_hidden: ContextVar[Node | None] = ContextVar("ai_usage_hidden", default=None)
# Packages whose frames stand between the block and us where they take it apart.
BETWEEN = call_site.OURS | {"anyio", "asyncio", "concurrent", "fastapi", "starlette", "threading"}
STRAYED = (
    "The block at %s was entered in one context and left in another, as where a framework runs"
    " each step of a generator in a thread: AI calls in between may be nobody's."
    " Decorate the generator with ai_usage_tracked, or see docs/recipes.md"
)
#: The block that was entered last in this thread or task; it may have ended.
last_entered = _current.get
#: Makes a node the current block.
enter = _current.set


def current() -> Node | None:
    """Return the innermost open block of this thread or task."""
    node = _current.get()
    return node.nearest_open() if node is not None and node.closed else node


def responsible() -> Node | None:
    """Return the block that a call made now belongs to.

    That is the current one; or, in a task that outlives the block it was
    started in, that ended block: a late record is better than none.
    """
    node = _current.get()
    return node.nearest_open() or node if node is not None and node.closed else node


def is_inherited(node: Node) -> bool:
    """Whether *node* began in the process from which this one was forked: it ends there, not here.

    Its calls are stored one by one: a worker of a pool leaves no block, and is ended by a signal.
    """
    return node.began < forked


def is_outside() -> bool:
    """Whether no block is open here that this process will leave: what ends now is waited for."""
    node = current()
    while node is not None and not node.is_block:
        node = None if node.parent is None else node.parent.nearest_open()
    return node is None or is_inherited(node)


def leave(node: Node, broken_off: bool = False) -> Node | None:
    """End *node*, wherever it stands, and return the block that is current then.

    Blocks of interleaved generators end in any order, and an async generator
    may be closed in another task, where resetting a token would raise: so the
    node is marked, and only where it is current its nearest open ancestor takes over.
    A block that was never known here is told of: whatever ran in between did not know it
    either.  *broken_off* says that nothing ran, for the generator is only closed.
    """
    node.closed = True
    here = _current.get()
    # A context that was set by hand inside the block ends with it.
    while here is not node and here is not None and not here.is_block:
        here = here.parent
    if here is node:
        parent = node.parent
        here = parent.nearest_open() if parent is not None and parent.closed else parent
        _current.set(here)
        return here
    if not broken_off and not _is_in(here, node) and not _is_in(_hidden.get(), node):
        file, line = call_site.place(sys._getframe(1), BETWEEN)
        warn(f"stray block at {file}:{line}", STRAYED % f"{file}:{line}", interval=math.inf)
    return _current.get()


def hide() -> None:
    """Make no block the current one here, because the program says so."""
    _hidden.set(_current.get())
    _current.set(None)


def _is_in(here: Node | None, node: Node) -> bool:
    """Whether *node* is *here* or one of the blocks around it."""
    while here is not None and here is not node:
        here = here.parent
    return here is node


def replace_current(node: Node | None) -> Node | None:
    """Make *node* current and return what was."""
    before = _current.get()
    _current.set(node)
    return before


def _after_fork() -> None:
    """Start a child with a free lock, and with blocks that are not its own."""
    global _lock, forked
    _lock = threading.RLock()
    forked = next_stamp()


fork_registry.at_fork(in_child=_after_fork)
