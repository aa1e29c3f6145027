"""Which block of the program is being attributed: nodes behind one ContextVar.

A node's facts are one immutable ``State``; a change replaces the whole state in
one store, so that a reader in another thread sees the old one or the new one.
"""

from __future__ import annotations

import itertools
from contextvars import ContextVar
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tracker.ledger import Booking

# Later statements of who a call belongs to win over earlier ones; the stamp
# orders them across trackers and threads without asking a clock.
_stamps = itertools.count(1)


class State(NamedTuple):
    """Who calls are attributed to.  ``None`` means that nobody said.

    ``context`` is what the block was given (operation type, fields, ...).  A
    tuple, because one is made at every change and a frozen dataclass takes four times as long.
    """

    context: Mapping[str, Any] = MappingProxyType({})
    job_id: str | None = None
    batch_id: str | None = None
    user_id: str | None = None
    github_pr: int | None = None
    batch_mode: bool = False
    stamp: int = 0

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
            self.context,
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
            self.context,
            job_id if self.job_id is None else self.job_id,
            batch_id if self.batch_id is None else self.batch_id,
            user_id if self.user_id is None else self.user_id,
            github_pr if self.github_pr is None else self.github_pr,
            self.batch_mode or batch_mode,
            self.stamp,
        )


def begun(context: Mapping[str, Any], fields: Mapping[str, Any], *, batch: bool) -> State:
    """Return the state of a block that begins now with *context*; ids are taken from *fields*."""
    get = fields.get
    return State(
        context,
        get("job_id"),
        get("batch_id"),
        get("user_id"),
        get("github_pr"),
        batch,
        next(_stamps),
    )


def changed(state: State, **changes: Any) -> State:
    """Return *state* with *changes*, as the latest statement of who calls belong to."""
    return state._replace(**changes, stamp=next(_stamps))


class Node:
    """One block, or (without a parent and never current) a tracker's own standing state.

    ``tracker`` is whatever object the block was given; ``books`` says whether it
    is one that can record calls (a test double cannot).  ``pending`` are the
    calls that were booked to the block and are not stored yet.
    """

    __slots__ = ("books", "closed", "is_block", "parent", "pending", "state", "tracker")

    def __init__(
        self,
        state: State,
        tracker: Any,
        parent: Node | None = None,
        *,
        is_block: bool = True,
        books: bool = True,
    ) -> None:
        self.state = state
        self.tracker = tracker
        self.parent = parent
        self.is_block = is_block
        self.books = books
        self.closed = False
        self.pending: dict[str, Booking] = {}

    def nearest_open(self) -> Node | None:
        """Return this node or its nearest ancestor that has not ended, if any."""
        node: Node | None = self
        while node is not None and node.closed:
            node = node.parent
        return node


_current: ContextVar[Node | None] = ContextVar("ai_usage_node", default=None)
#: The block that was entered last in this thread or task; it may have ended.
last_entered = _current.get
#: Makes a node the current block.
enter = _current.set


def is_quiet() -> bool:
    """Return whether no block was entered in this thread or task: the fast, common answer."""
    return _current.get() is None


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


def leave(node: Node) -> None:
    """End *node*, wherever it stands.

    Blocks of interleaved generators end in any order, and an async generator
    may be closed in another task, where resetting a token would raise: so the
    node is marked, and only where it is current its nearest open ancestor takes over.
    """
    node.closed = True
    here = _current.get()
    # A context that was set by hand inside the block ends with it.
    while here is not None and not here.is_block:
        here = here.parent
    if here is node:
        parent = node.parent
        _current.set(parent.nearest_open() if parent is not None and parent.closed else parent)


def replace_current(node: Node | None) -> Node | None:
    """Make *node* current and return what was."""
    before = _current.get()
    _current.set(node)
    return before
