"""Calls that were accepted and are not stored yet.

A ``PendingRecord`` is opened when a request starts and filled when it ends.  From
then until it is stored it can be found here, whatever becomes of the block or
the tracker it belongs to, so that leaving the interpreter loses nothing.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from tracker.budgets import gate
from tracker.context import scope
from tracker.context.state import BLANK, merge
from tracker.delivery import fork_registry
from tracker.error_boundary import boundary
from tracker.records import pending_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tracker.context.scope import Node
    from tracker.context.state import State
    from tracker.records.metric import Call
    from tracker.records.pending_record import PendingRecord, RecordOwner

_lock = threading.RLock()  # a finaliser or a signal handler may book while its thread does
_unsettled: dict[int, PendingRecord] = {}
_finishers: list[Callable[[], None]] = []


def accept(record: PendingRecord, call: Call | tuple[Any, ...]) -> None:
    """Accept *call*, or what is kept of it, as what *record* turned out to be.

    A call whose block has ended meanwhile is marked late and stored at once.
    """
    record.told = call
    if gate.armed:
        gate.settle(record)
    node, number = record.node, record.number
    _unsettled[number] = node.pending[number] = record
    # From here on the end of the block stores it, or it is late.
    if node.closed:
        record.late = True
        record.owner.settle([record])
    elif record.after is not None:
        record.after(record)


def is_kept(record: PendingRecord) -> bool:
    """Return whether the end of its block will store *record*; else whoever made it must."""
    node = record.node
    return node.is_block and not node.closed and node.began >= scope.forked


def enrich(
    record: PendingRecord,
    state: State | None = None,
    *,
    batch: bool = False,
    error: str | None = None,
    **extra: object,
) -> None:
    """Add what an outer observer knows; once the record is stored, nothing happens.

    Ids that nobody named are filled from *state*.  Where both name one, the
    statement that was made last wins: an id set on a tracker inside the block
    is nearer than the block's own, one set long before is not.
    """
    with _lock:
        if record.stored:
            return
        # Observers report from the inside out, and the nearest knows best.
        record.extra = {**extra, **record.extra}
        record.batch = record.batch or batch
        if error is not None and not (record.call is not None and record.call.error == error):
            record.extra.setdefault("function_error", error)
        if state is not None and state is not record.state:
            record.state = merge(record.state, state)


def take_over(record: PendingRecord, owner: RecordOwner, node: Node) -> bool:
    """Make *record* one of *owner*'s, in *node*, unless it is stored or somebody spoke for it."""
    with _lock:
        if record.stored or record.spoken_for:
            return False
        record.spoken_for = True
        is_pending = record.node.pending.pop(record.number, None) is not None
        record.owner, record.node, record.state = owner, node, node.state
        if is_pending:
            node.pending[record.number] = record
    return True


def pending(tracker: Any, nodes: list[Node]) -> list[PendingRecord]:
    """Return what is not stored yet in *nodes* and in the blocks of *tracker* around here."""
    node = scope.current()
    while node is not None:
        if node.tracker is tracker:
            nodes.append(node)
        node = node.parent
    found = {number: record for one in nodes for number, record in list(one.pending.items())}
    return [found[number] for number in sorted(found)]


def take(records: Iterable[PendingRecord], taken: list[PendingRecord]) -> None:
    """Add those of *records* to *taken* that are still to be stored, and mark them stored.

    Each record is handed out once; what is not stored then, because of an interrupt, is given back.
    A copy that a forked child inherited is its parent's to store, so it is dropped here.
    """
    add, unsettled, process = taken.append, _unsettled, pending_record.process
    with _lock:
        for record in list(records):
            number, pending_there = record.number, record.node.pending
            try:
                del unsettled[number], pending_there[number]
            except KeyError:  # it has not ended, or somebody stored it
                unsettled.pop(number, None)
                pending_there.pop(number, None)
            if record.stored or record.told is None:
                continue
            record.stored = True
            if record.process == process:
                add(record)
    # Not under the lock: whoever changes a state may come here, by a finaliser, and wait for it.
    node, learned = None, BLANK
    for record in taken:
        if record.node is not node:
            node = record.node
            # What the block learned until now belongs to its calls; what comes is later.
            learned = node.learned() if node.is_block else BLANK
        record.learned = learned


def give_back(records: Iterable[PendingRecord]) -> None:
    """Have *records*, which were taken and did not get to a store, stored by whoever takes them."""
    with _lock:
        for record in records:
            record.stored = False
            _unsettled[record.number] = record
            record.node.pending[record.number] = record


def each(taken: list[PendingRecord], store: Callable[[PendingRecord], None]) -> None:
    """Call *store* with each of *taken*, also where it fails for one; raise the first failure.

    They are taken out of their list: what is left where the program is to end was not stored.
    """
    first: Exception | None = None
    while taken:
        try:
            store(taken.pop(0))
        except Exception as error:  # noqa: BLE001 - the program's own, raised below
            first = first or error
    if first is not None:
        raise first


def at_exit(finish: Callable[[], None]) -> None:
    """Have *finish* called at interpreter exit, before the last records are stored."""
    _finishers.append(finish)


def settle_all() -> None:
    """Finish what is open and store everything that is unsettled; for interpreter exit."""
    for finish in _finishers:
        with boundary("exit"):
            finish()
    settle_ended()


def settle_ended() -> None:
    """Have every call that has ended stored, also of blocks that have not; wait for none."""
    by_owner: dict[int, list[PendingRecord]] = {}
    with _lock:
        for record in list(_unsettled.values()):
            by_owner.setdefault(id(record.owner), []).append(record)
    for records in by_owner.values():
        with boundary("exit"):
            records[0].owner.settle(records, wait=False)


def _after_fork() -> None:
    """Start a child with a free lock and nothing to store: what was open is its parent's."""
    global _lock
    _lock = threading.RLock()
    _unsettled.clear()


fork_registry.at_fork(in_child=_after_fork)
