"""Calls that were accepted and are not stored yet.

A ``Booking`` is opened when a request starts and filled when it ends.  From
then until it is stored it can be found here, whatever becomes of the block or
the tracker it belongs to, so that leaving the interpreter loses nothing.
"""

from __future__ import annotations

import itertools
import os
import threading
from time import perf_counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from tracker.context.scope import BLANK, is_inherited
from tracker.delivery import fork_registry
from tracker.error_boundary import guarded
from tracker.records import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tracker.context.scope import Node, State
    from tracker.records.metric import Call


# What makes ids unique over processes and their forks: 64 random bits each, and a count that
# goes on in a fork.
_process = os.urandom(8).hex()
_numbers = itertools.count()


class Bookkeeper(Protocol):
    """Who stores a booking in the end."""

    def settle(self, bookings: Iterable[Booking], *, wait: bool = True) -> None:
        """Store *bookings*; those that are stored already are passed over.

        Outside all blocks the caller waits until they are on disk, unless told not to.
        """


class Booking:
    """One physical call on its way to the store.

    ``at`` is the wall-clock start in seconds since the epoch, ``started`` the
    same moment on the monotonic clock.  ``state`` is the attribution when the
    call began, ``learned`` the block's state when the call was to be stored.
    ``extra`` is what outer observers know (the function's name), ``source``
    what the response came from, if no physical call was seen: a function, a batch.  ``after``
    is called once the booking has its call, if its block does not store it.
    ``spoken_for`` says that a program's own statement, and not a block, made it its owner's.
    ``process`` tells the process that made it from those that were forked from it.
    """

    # What every call has, has its place; what most never change is said here, and costs nothing.
    __slots__ = (
        "__dict__",
        "at",
        "call",
        "learned",
        "node",
        "number",
        "owner",
        "process",
        "started",
        "state",
        "stored",
    )
    extra: Mapping[str, object] = MappingProxyType({})
    source: object = None
    after: Callable[[Booking], None] | None = None
    batch = False
    late = False
    spoken_for = False
    _id: str | None = None

    def __init__(self, owner: Bookkeeper, node: Node, state: State) -> None:
        self.call: Call | None = None
        self.learned: State | None = None
        self.stored = False
        self.process = _process
        self.number = next(_numbers)
        self.at = clock.now()
        self.started = perf_counter()
        self.owner = owner
        self.node = node
        self.state = state

    @property
    def id(self) -> str:
        """The key of its metric in every store, unique over all processes."""
        return self._id or f"{self.process}{self.number:016x}"

    @id.setter
    def id(self, value: str) -> None:
        self._id = value

    def elapsed_ms(self) -> float:
        """Return the milliseconds since the call began."""
        return (perf_counter() - self.started) * 1000.0


_lock = threading.RLock()  # a finaliser or a signal handler may book while its thread does
_unsettled: dict[int, Booking] = {}
_finishers: list[Callable[[], None]] = []


def book(booking: Booking, call: Call) -> None:
    """Accept *call* as what *booking* turned out to be.

    A call whose block has ended meanwhile is marked late and stored at once.
    """
    booking.call = call
    node, number = booking.node, booking.number
    _unsettled[number] = node.pending[number] = booking
    # From here on the end of the block stores it, or it is late.
    if node.closed:
        booking.late = True
        booking.owner.settle([booking])
    elif booking.after is not None:
        booking.after(booking)


def is_kept(booking: Booking) -> bool:
    """Return whether the end of its block will store *booking*; else whoever made it must."""
    node = booking.node
    return node.is_block and not node.closed and not is_inherited(node)


def enrich(
    booking: Booking,
    state: State | None = None,
    *,
    batch: bool = False,
    error: str | None = None,
    **extra: object,
) -> None:
    """Add what an outer observer knows; once the booking is stored, nothing happens.

    Ids that nobody named are filled from *state*.  Where both name one, the
    statement that was made last wins: an id set on a tracker inside the block
    is nearer than the block's own, one set long before is not.
    """
    with _lock:
        if booking.stored:
            return
        # Observers report from the inside out, and the nearest knows best.
        booking.extra = {**extra, **booking.extra}
        booking.batch = booking.batch or batch
        if error is not None:
            booking.extra.setdefault("function_error", error)
        if state is not None and state is not booking.state:
            booking.state = merge(booking.state, state)


def take_over(booking: Booking, owner: Bookkeeper, node: Node) -> bool:
    """Make *booking* one of *owner*'s, in *node*, unless it is stored or somebody spoke for it."""
    with _lock:
        if booking.stored or booking.spoken_for:
            return False
        booking.spoken_for = True
        is_pending = booking.node.pending.pop(booking.number, None) is not None
        booking.owner, booking.node, booking.state = owner, node, node.state
        if is_pending:
            node.pending[booking.number] = booking
    return True


def merge(inner: State, outer: State) -> State:
    """Return *inner* with ids of both; where both name one, the later statement's."""
    first, second = (outer, inner) if outer.stamp > inner.stamp else (inner, outer)
    return inner.with_ids(
        job_id=first.job_id or second.job_id,
        batch_id=first.batch_id or second.batch_id,
        user_id=first.user_id or second.user_id,
        github_pr=first.github_pr if first.github_pr is not None else second.github_pr,
    )


def take(bookings: Iterable[Booking]) -> list[Booking]:
    """Return those of *bookings* that are still to be stored, and mark them stored.

    Each booking is handed out once.  A copy that a forked child inherited is
    its parent's to store, so it is dropped here.
    """
    taken = []
    with _lock:
        for booking in list(bookings):
            _unsettled.pop(booking.number, None)
            booking.node.pending.pop(booking.number, None)
            if booking.stored or booking.call is None:
                continue
            booking.stored = True
            if booking.process == _process:
                taken.append(booking)
    # Not under the lock: whoever changes a state may come here, by a finaliser, and wait for it.
    node, learned = None, BLANK
    for booking in taken:
        if booking.node is not node:
            node = booking.node
            # What the block learned until now belongs to its calls; what comes is later.
            learned = node.learned() if node.is_block else BLANK
        booking.learned = learned
    return taken


def each(taken: Iterable[Booking], store: Callable[[Booking], None]) -> None:
    """Call *store* with each of *taken*, also where it fails for one; raise the first failure.

    Where the program is to end meanwhile, the others are to be stored again.
    """
    left = list(taken)
    first: Exception | None = None
    try:
        while left:
            try:
                store(left.pop(0))
            except Exception as error:  # noqa: BLE001 - the program's own, raised below
                first = first or error
        if first is not None:
            raise first
    finally:
        with _lock:
            for booking in left:
                booking.stored = False
                _unsettled[booking.number] = booking
                booking.node.pending[booking.number] = booking


def at_exit(finish: Callable[[], None]) -> None:
    """Have *finish* called at interpreter exit, before the last bookings are stored."""
    _finishers.append(finish)


def settle_all() -> None:
    """Finish what is open and store everything that is unsettled; for interpreter exit."""
    for finish in _finishers:
        with guarded("exit"):
            finish()
    settle_booked()


def settle_booked() -> None:
    """Have every call that has ended stored, also of blocks that have not; wait for none."""
    by_owner: dict[int, list[Booking]] = {}
    with _lock:
        for booking in list(_unsettled.values()):
            by_owner.setdefault(id(booking.owner), []).append(booking)
    for bookings in by_owner.values():
        with guarded("exit"):
            bookings[0].owner.settle(bookings, wait=False)


def _after_fork() -> None:
    """Start a child with a free lock and nothing to store: what was open is its parent's."""
    global _lock, _process
    _lock = threading.RLock()
    _process = os.urandom(8).hex()
    _unsettled.clear()


fork_registry.at_fork(in_child=_after_fork)
