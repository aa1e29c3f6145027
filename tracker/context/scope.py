"""Which block of the program is being attributed: nodes behind one ContextVar.

A node's facts are one immutable ``State``; a change replaces the whole state in
one store, so that a reader in another thread sees the old one or the new one.
"""

from __future__ import annotations

import functools
import itertools
import math
import sys
import threading
from contextvars import ContextVar
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from tracker.config import call_site
from tracker.context.opening import Opening, described_end
from tracker.delivery import fork_registry
from tracker.error_boundary import warn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tracker.context.opening import Outcome
    from tracker.records.recorder import Booking

# Later statements of who a call belongs to win over earlier ones; the stamp
# orders them across trackers and threads without asking a clock.
_stamps = itertools.count(1)
#: Nodes that are older were made before this process was forked; 0 where it was not.
forked = 0
_lock = threading.RLock()  # a signal handler may change a state while its thread does


class State(NamedTuple):
    """Who calls are attributed to.  ``None`` means that nobody said.

    ``given`` is the context (operation type, fields, ...) or what it is made of.  A
    tuple, because one is made at every change and a frozen dataclass takes four times as long.
    """

    given: Opening | Mapping[str, Any] = MappingProxyType({})
    job_id: str | None = None
    batch_id: str | None = None
    user_id: str | None = None
    github_pr: int | None = None
    batch_mode: bool = False
    stamp: int = 0

    @property
    def context(self) -> Mapping[str, Any]:
        """What the block was given, and what was added to it."""
        given = self.given
        return given.context() if isinstance(given, Opening) else given

    def with_ids(
        self,
        *,
        job_id: str | None = None,
        batch_id: str | None = None,
        user_id: str | None = None,
        github_pr: int | None = None,
    ) -> State:
        """Return this state with the ids that are given; ``None`` leaves one as it is."""
        return State(
            self.given,
            self.job_id if job_id is None else job_id,
            self.batch_id if batch_id is None else batch_id,
            self.user_id if user_id is None else user_id,
            self.github_pr if github_pr is None else github_pr,
            self.batch_mode,
            next(_stamps),
        )

    def with_context(self, context: Mapping[str, Any]) -> State:
        """Return this state with *context* in place of its own."""
        _, job_id, batch_id, user_id, github_pr, batch_mode, _ = self
        return State(context, job_id, batch_id, user_id, github_pr, batch_mode, next(_stamps))

    def inheriting(self, parent: State) -> State:
        """Return this state with the ids that only *parent* names, and its batch mode."""
        _, job_id, batch_id, user_id, github_pr, batch_mode, _ = parent
        says_who = job_id is not None or batch_id is not None or user_id is not None
        if not says_who and github_pr is None and not batch_mode:
            return self
        return State(
            self.given,
            job_id if self.job_id is None else self.job_id,
            batch_id if self.batch_id is None else self.batch_id,
            user_id if self.user_id is None else self.user_id,
            github_pr if self.github_pr is None else self.github_pr,
            self.batch_mode or batch_mode,
            self.stamp,
        )


#: Where nobody has said anything yet.
BLANK = State()
# A named tuple's own constructor takes twice as long.
_state_of = functools.partial(tuple.__new__, State)


def begun(given: Opening | Mapping[str, Any], fields: Mapping[str, Any], batch: bool) -> State:
    """Return the state of a block that begins now; its ids are taken from *fields*."""
    get = fields.get
    return _state_of(
        (
            given,
            get("job_id"),
            get("batch_id"),
            get("user_id"),
            get("github_pr"),
            batch,
            next(_stamps),
        )
    )


def change(node: Node, make: Callable[[State], State]) -> None:
    """Replace *node*'s state by what *make* makes of it; no change of another thread is lost."""
    with _lock:
        node.state = make(node.state)


def changed(state: State, **changes: Any) -> State:
    """Return *state* with *changes*, as the latest statement of who calls belong to."""
    return state._replace(**changes, stamp=next(_stamps))


class Node:
    """One block, or (without a parent and never current) a tracker's own standing state.

    ``tracker`` is whatever object the block was given; ``books`` says whether it
    is one that can record calls (a test double cannot).  ``began`` orders it among
    statements of who calls belong to.  ``pending`` are the calls that were booked to the
    block and are not stored yet, ``outcome`` how the block ended, as far as its context
    does not say so.  ``ending`` is set while the block's tracker is told of its end.
    """

    __slots__ = (
        "began",
        "books",
        "closed",
        "ending",
        "is_block",
        "outcome",
        "parent",
        "pending",
        "state",
        "tracker",
    )

    def __init__(
        self,
        state: State,
        tracker: Any,
        parent: Node | None = None,
        books: bool = True,
        is_block: bool = True,
    ) -> None:
        self.state = state
        self.began = state.stamp
        self.tracker = tracker
        self.parent = parent
        self.is_block = is_block
        self.books = books
        self.closed = False
        self.ending = False
        self.outcome: Outcome | None = None
        self.pending: dict[int, Booking] = {}

    def learned(self) -> State:
        """Return the state, whose context tells how the block ended if it has.

        It belongs to all calls of the block, also to those that ended before it was known.
        """
        if self.outcome is not None:
            with _lock:
                outcome, self.outcome = self.outcome, None
                if outcome is not None:
                    told = {**self.state.context, **described_end(outcome)}
                    self.state = self.state.with_context(told)
        return self.state

    def nearest_open(self) -> Node | None:
        """Return this node or its nearest ancestor that has not ended, if any."""
        node: Node | None = self
        while node is not None and node.closed:
            node = node.parent
        return node


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


def pending(tracker: Any, nodes: list[Node]) -> list[Booking]:
    """Return what is not stored yet in *nodes* and in the blocks of *tracker* around here."""
    node = current()
    while node is not None:
        if node.tracker is tracker:
            nodes.append(node)
        node = node.parent
    found = {number: booking for one in nodes for number, booking in list(one.pending.items())}
    return [found[number] for number in sorted(found)]


def leave(node: Node, *, broken_off: bool = False) -> Node | None:
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
    while here is not None and not here.is_block:
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
    forked = next(_stamps)


fork_registry.at_fork(in_child=_after_fork)
