"""Which block of the program is being attributed: nodes behind one ContextVar.

A node's facts are one frozen ``State``; a change replaces the whole state in
one store, so that a reader in another thread sees the old one or the new one.
"""

from __future__ import annotations

import itertools
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tracker.ledger import Booking

# Later statements of who a call belongs to win over earlier ones; the stamp
# orders them across trackers and threads without asking a clock.
_stamps = itertools.count(1)


@dataclass(frozen=True, slots=True)
class State:
    """Who calls are attributed to.  ``None`` means that nobody said.

    ``context`` is what the block was given (operation type, fields, ...).
    """

    context: Mapping[str, Any] = field(default_factory=dict)
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
        return replace(
            self,
            job_id=self.job_id if job_id is None else job_id,
            batch_id=self.batch_id if batch_id is None else batch_id,
            user_id=self.user_id if user_id is None else user_id,
            github_pr=self.github_pr if github_pr is None else github_pr,
            stamp=next(_stamps),
        )

    def inheriting(self, parent: State) -> State:
        """Return this state with the ids that only *parent* names, and its batch mode."""
        return State(
            self.context,
            self.job_id if self.job_id is not None else parent.job_id,
            self.batch_id if self.batch_id is not None else parent.batch_id,
            self.user_id if self.user_id is not None else parent.user_id,
            self.github_pr if self.github_pr is not None else parent.github_pr,
            self.batch_mode or parent.batch_mode,
            self.stamp,
        )


def begun(context: Mapping[str, Any], fields: Mapping[str, Any], *, batch: bool) -> State:
    """Return the state of a block that begins now with *context*; ids are taken from *fields*."""
    return State(
        context,
        fields.get("job_id"),
        fields.get("batch_id"),
        fields.get("user_id"),
        fields.get("github_pr"),
        batch,
        next(_stamps),
    )


def changed(state: State, **changes: Any) -> State:
    """Return *state* with *changes*, as the latest statement of who calls belong to."""
    return replace(state, **changes, stamp=next(_stamps))


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


def is_quiet() -> bool:
    """Return whether no block was entered in this thread or task: the fast, common answer."""
    return _current.get() is None


def current() -> Node | None:
    """Return the innermost open block of this thread or task."""
    node = _current.get()
    return None if node is None else node.nearest_open()


def responsible() -> Node | None:
    """Return the block that a call made now belongs to.

    That is the current one; or, in a task that outlives the block it was
    started in, that ended block: a late record is better than none.
    """
    node = _current.get()
    return None if node is None else node.nearest_open() or node


def enter(node: Node) -> None:
    """Make *node* the current block."""
    _current.set(node)


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
        _current.set(node.nearest_open())


def replace_current(node: Node | None) -> Node | None:
    """Make *node* current and return what was."""
    before = _current.get()
    _current.set(node)
    return before
