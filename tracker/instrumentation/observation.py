"""Who observes here and now, and to whom a call that starts now belongs.

Observers stand in a row, each inside another; a physical call reports to the innermost.
"""

from __future__ import annotations

import functools
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from tracker.budgets import gate
from tracker.context import scope, unattributed
from tracker.context.state import merge
from tracker.delivery.event_loops import asyncio_loop
from tracker.records.pending_record import PendingRecord, opened

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracker.context.scope import Node
    from tracker.protocols import CallOwner


class Observation:
    """What an observer is to the calls inside: whose they are, and where they are noted.

    ``block`` is the block in which it was begun, ``parent`` the observer around it, and
    ``by_client`` says that it is a method of a client which carries the tracker.
    """

    __slots__ = ("block", "by_client", "parent", "records", "tracker")

    def __init__(self, tracker: CallOwner, *, by_client: bool) -> None:
        self.tracker = tracker
        self.by_client = by_client
        self.block = scope.current()
        self.records: list[PendingRecord] = []
        self.parent = current.get()


_entered = scope.last_entered
current: ContextVar[Observation | None] = ContextVar("ai_usage_observer", default=None)


def is_quiet() -> bool:
    """Return whether nobody can be observing here: no block and no observer was entered.

    Where contexts are required, calls outside them are recorded too.
    """
    return _entered() is None and current.get() is None and not unattributed.is_required()


def goes_unseen() -> bool:
    """Return whether nobody can be observing the call that is made here, and note it if so."""
    if _entered() is not None or current.get() is not None or unattributed.is_required():
        return False
    if asyncio_loop() is not None:  # nowhere else is its context another than that of its caller
        unattributed.miss()
    return True


def open_record() -> PendingRecord | None:
    """Return a record for a physical call that starts now, or None if nobody observes.

    The nearer of the current block and the current observer owns it.
    """
    observer = current.get()
    node = scope.responsible()
    if observer is not None and (node is None or node.closed or node is observer.block):
        record = open_for(observer.tracker, observer.block, by_client=observer.by_client)
        observer.records.append(record)
        return record
    if node is None:
        return unattributed.open_unattributed()
    block: Node | None = node
    while block is not None and not block.is_block:
        block = block.parent  # a context that was set by hand has no tracker of its own
    if block is None or not block.can_record:
        return None
    if observer is None:
        return _of_block(block, node)
    record = opened(block.tracker, block, node.state)
    observer.records.append(record)
    return record


def _of_block(block: Node, node: Node) -> PendingRecord:
    """Return the record of a call in *block*, which nobody observes, for whom *node* names."""
    record = opened(block.tracker, block, node.state)
    if block.began < scope.forked:
        record.after = _settle  # the block ends in another process
    return record


def open_for(tracker: CallOwner, block: Node | None, *, by_client: bool = False) -> PendingRecord:
    """Return a record that *tracker* owns, made inside *block*."""
    node = tracker.node()
    state = node.state
    if block is not None and block is not node and tracker.borrows(block, by_client=by_client):
        state = merge(block.state, state)
    record = opened(tracker, node, state)
    record.spoken_for = True
    return record


def failed(record: PendingRecord, error: BaseException | None = None) -> None:
    """Withdraw a record whose request was not sent: outer observers tell what happened.

    *error* is what ended it.
    """
    if gate.armed:
        gate.withdraw(record, may_be_billed=not isinstance(error, Exception | None))
    observer = current.get()
    while observer is not None:
        if record in observer.records:
            observer.records.remove(record)
        observer = observer.parent


def is_observed(record: PendingRecord) -> bool:
    """Return whether an observer that has not ended will enrich *record*, and settle it."""
    observer = current.get()
    while observer is not None:
        if record in observer.records:
            return True
        observer = observer.parent
    return False


def propagated(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return *function* for another thread: as if it ran here, in the same block and observed."""
    node, observer = _entered(), current.get()

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        before, before_it = scope.replace_current(node), current.get()
        current.set(observer)
        try:
            return function(*args, **kwargs)
        finally:
            scope.replace_current(before)
            current.set(before_it)

    return run


def is_made_by_client_of(tracker: CallOwner) -> bool:
    """Return whether a client that carries *tracker* makes the call that is being made."""
    observer = current.get()
    return observer is not None and observer.by_client and observer.tracker is tracker


def _settle(record: PendingRecord) -> None:
    record.owner.settle([record])
