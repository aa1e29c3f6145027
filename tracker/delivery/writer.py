"""The writer: one thread that takes settled calls from a queue, prices them, and stores them.

The program only appends to the queue.  At the end of its outermost block it
waits until the writer has everything on disk, for a limited time, and never
while an event loop runs in its thread.
"""

from __future__ import annotations

import functools
import importlib
import os
import threading
from collections import deque
from contextlib import nullcontext
from itertools import repeat
from typing import TYPE_CHECKING

from tracker.config import settings
from tracker.delivery import counts, destinations, fork_registry, sender
from tracker.delivery.attempt import (
    is_ours,
    is_storing,
    must_not_wait,
    own_thread,
    store_at_once,
)
from tracker.delivery.backlog import WRITER, waiting
from tracker.delivery.event_loops import at_end, in_event_loop, in_thread, told
from tracker.delivery.fork_pause import working
from tracker.delivery.patience import Vain
from tracker.delivery.threads import start, works
from tracker.error_boundary import boundary, tolerated, unending
from tracker.records.clock import steady

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tracker.delivery.destinations import Destination
    from tracker.protocols import MetricOwner
    from tracker.records.metric import Metric
    from tracker.records.pending_record import PendingRecord

BATCH = 512
#: How long the writer may make no progress at the interpreter's exit, or the settings' flush
#: timeout, where that is longer.
EXIT_SECONDS = 10.0
#: How long the exit may take where store and spool fail.
FAILING_EXIT_SECONDS = 0.8
LOOK_SECONDS = 0.05
#: Being woken takes its time, and whoever only waits for the writer is told when it is done.
REST_SECONDS = 0.25
#: What the first record will need, and ``import tracker`` does without.
NEEDED = (
    "tracker.sinks.sqlite.sink",
    "tracker.delivery.spool.codec",
    "tracker.delivery.spool.outbox",
)
LAMBDA_VARIABLE = "AWS_LAMBDA_FUNCTION_NAME"


class _Queue:
    """What waits for the writer.  ``accepted`` and ``done`` count records since the start."""

    def __init__(self) -> None:
        # Held by itself: a condition's own way in is a call, and an interrupt that comes behind
        # it would leave the lock taken for ever.
        lock = self.lock = threading.RLock()
        self.changed = threading.Condition(lock)
        #: Who waits for a place is told of one, and nobody else: a thread that is woken in vain
        #: takes its time from the writer, and from the program.
        self.room = threading.Condition(lock)
        self.items: deque[tuple[MetricOwner, bool, PendingRecord | Metric]] = deque()
        self.accepted = 0
        self.done = 0
        self.thread: threading.Thread | None = None
        self.waiters: list[tuple[int, Callable[[], object]]] = []
        #: How many were accepted when somebody waited for them in vain.
        self.in_vain = 0
        self.vain = Vain()


_queue = _Queue()
#: What is done after a batch, when nobody waits for it.
_afterwards: list[Callable[[], object]] = []
_PREPARING = unending("metric", "Failed to prepare an AI usage metric")


def accept(
    owner: MetricOwner, items: list[PendingRecord | Metric], *, beside: bool = False
) -> None:
    """Take *items* out of their list: from here on they are stored, spooled, or counted as dropped.

    What an interrupt leaves in the list was not taken.  While the queue is full the caller waits,
    at most for the settings' flush timeout, and not where nothing may wait; what has no place then
    is dropped.
    """
    queue, limit = _queue, settings.current().queue_size
    deadline = None
    _start(queue)
    with queue.lock:
        while True:
            part = items[: max(limit - len(queue.items), 0)]
            number, taken = len(part), zip(repeat(owner), repeat(beside), part)
            # No call stands between these, behind which an interrupt could come.
            queue.items += taken
            del items[:number]
            queue.accepted += number
            counts.captured(number)
            if part:
                waiting.add(WRITER)
            queue.changed.notify_all()
            if not items or in_event_loop() or must_not_wait():
                break
            deadline = deadline or steady() + settings.current().flush_timeout
            left = deadline - steady()
            if not queue.room.wait_for(lambda: len(queue.items) < limit, left):
                break
    if items:
        _lose(items, "queue full")


def hand_over(owner: MetricOwner, items: list[PendingRecord | Metric]) -> None:
    """Store *items*: at once in what the program has in its own memory, else by the writer.

    They are taken out of their list; what an interrupt leaves there was not stored.
    """
    if is_storing():
        # A store that is observed while it stores would feed itself for ever.
        _lose(items, "made by a store")
        return
    at_once = owner.sinks_at_once()
    if not at_once:
        accept(owner, items)
        return
    begun: list[PendingRecord | Metric] = []
    try:
        while items:
            store_at_once(owner, at_once, items, begun)
    finally:
        if begun and owner.has_destinations():
            accept(owner, begun, beside=True)


def _lose(items: list[PendingRecord | Metric], reason: str) -> None:
    number = len(items)
    items.clear()
    counts.captured(number)
    counts.lost(reason, number)


def warm() -> None:
    """Start the writer: what it needs is loaded while the first request is under way."""
    _start(_queue)


def leave() -> None:
    """Wait until all that was accepted is on disk, at most for the settings' flush timeout.

    In an event loop nothing waits before the loop's own end.
    """
    if must_not_wait():
        return
    if in_event_loop():
        at_end(_catch_up, leave_async)
    else:
        _catch_up()


def _catch_up() -> None:
    if must_not_wait():
        return
    queue, timeout = _queue, settings.current().flush_timeout
    if queue.done < queue.accepted:
        _wait_at_most_once(queue, timeout)
    if LAMBDA_VARIABLE in os.environ:
        sender.wait(sender.patience(timeout))  # the machine is frozen between two events


def _wait_at_most_once(queue: _Queue, timeout: float) -> None:
    """Wait for the writer, but not again while what was waited for in vain is still not done."""
    target = queue.accepted
    patience = queue.vain.patience(timeout, in_vain=queue.done < queue.in_vain)
    if not _reach(queue, patience):
        queue.in_vain = target


async def leave_async() -> None:
    """As ``leave``, without blocking the event loop."""
    if not in_event_loop() or must_not_wait():
        return
    queue, timeout = _queue, settings.current().flush_timeout
    target = queue.accepted
    if queue.done < target:
        patience = queue.vain.patience(timeout, in_vain=queue.done < queue.in_vain)
        await told(functools.partial(_tell_when_done, queue), patience)
        if queue.done < target:
            queue.in_vain = target
    if LAMBDA_VARIABLE in os.environ:
        await in_thread(sender.wait, sender.patience(timeout))


def _tell_when_done(queue: _Queue, tell: Callable[[], object]) -> None:
    """Have *tell* called when all that was accepted is done."""
    with queue.lock:
        if queue.done < queue.accepted:
            queue.waiters.append((queue.accepted, tell))
            queue.changed.notify_all()  # who accepted them may have been interrupted before that
            return
    tell()


def flush(timeout: float) -> bool:
    """Wait until what was accepted is on disk and what is due was sent; return whether it is."""
    end = steady() + timeout
    done = _reach(_queue, timeout)
    return sender.wait(max(end - steady(), 0.0)) and done and not sender.is_holding()


def flush_here() -> None:
    """Wait because a program asks for it: inside blocks too, and in an event loop for the disk.

    It waits at most for the settings' flush timeout, and not where nothing may wait.
    """
    if must_not_wait():
        return
    timeout = settings.current().flush_timeout
    if in_event_loop():
        _reach(_queue, timeout)
    else:
        flush(timeout)


def finish() -> None:
    """Store what waits, send what can be sent soon, and close: for interpreter exit."""
    queue, began = _queue, steady()
    flush_timeout = settings.current().flush_timeout
    patience = max(EXIT_SECONDS, flush_timeout)
    before = -1
    while before < queue.done < queue.accepted:
        before, since = queue.done, steady()
        _reach(queue, patience, unless=functools.partial(_is_in_vain, queue, since))
    is_failing = sender.is_failing() or queue.done < queue.in_vain
    left = FAILING_EXIT_SECONDS - (steady() - began) if is_failing else flush_timeout
    sender.finish(max(left, 0.0))
    destinations.forget()
    counts.tell_losses()


def _is_in_vain(queue: _Queue, since: float) -> bool:
    """Whether the exit need not wait any longer: what fails got its time, and nothing was done.

    A store that is down is no reason: its records go to the spool, which may be slow where
    others need the machine.
    """
    is_stuck = sender.is_stuck() or queue.done < queue.in_vain
    return is_stuck and steady() > since + FAILING_EXIT_SECONDS / 2


def restart() -> None:
    """Finish, and begin anew with the environment's settings: between tests.

    Nothing of the old beginning goes on beside the new one: its threads get a minute to end.
    """
    finish()
    _reach(_queue, sender.ENDING_SECONDS)
    sender.reset()
    settings.reset()
    counts.reset()


def _reach(queue: _Queue, timeout: float, unless: Callable[[], bool] | None = None) -> bool:
    """Wait until all that was accepted is done; where no writer can run, do its work here.

    *unless* is asked from time to time whether there is no more to wait for.
    """
    target = queue.accepted
    if queue.done < target:
        _start(queue)
    deadline = steady() + timeout
    # A condition, interrupted while it begins to wait, fails to give up a lock that it has not.
    bell = threading.Lock()
    bell.acquire()
    _tell_when_done(queue, bell.release)
    while queue.done < target and works(queue) and not (unless is not None and unless()):
        left = deadline - steady()
        if left <= 0:
            break
        bell.acquire(timeout=min(left, REST_SECONDS if unless is None else LOOK_SECONDS))
    if queue.done < target:
        with queue.lock:
            queue.waiters = [one for one in queue.waiters if one[1] != bell.release]
    while queue.items and not works(queue):
        with working("writer"):
            _work(queue)
    return queue.done >= target


def _start(queue: _Queue) -> None:
    if queue.thread is None:
        start(queue, _run, "ai-usage-writer")


@own_thread()
def _run(queue: _Queue) -> None:
    try:
        with working("loading"), boundary("prices"):
            from tracker.pricing.quote import warm as load_prices

            for name in NEEDED:
                importlib.import_module(name)
            load_prices()
        while True:
            with queue.lock:
                queue.changed.wait_for(lambda: bool(queue.items))
            with working("writer"):
                _work(queue)
    finally:
        # However this thread ended, the next record starts another.
        with queue.lock:
            queue.thread = None
            queue.changed.notify_all()


def _work(queue: _Queue) -> None:
    """Store the next batch."""
    with queue.lock:
        batch = [queue.items.popleft() for _ in range(min(BATCH, len(queue.items)))]
        queue.room.notify_all()
    try:
        for destination, metrics in _sorted(batch):
            _store(destination, metrics)
        sender.look()  # another process may have left something
    finally:
        with queue.lock:
            queue.done += len(batch)
            if queue.done == queue.accepted:
                waiting.discard(WRITER)
                if queue.done != queue.accepted:  # a finaliser came in between, in this thread
                    waiting.add(WRITER)
            reached = [tell for target, tell in queue.waiters if target <= queue.done]
            queue.waiters = [waiter for waiter in queue.waiters if waiter[0] > queue.done]
            queue.changed.notify_all()
        for tell in reached:
            with tolerated("waiter", "A waiting event loop is gone"):
                tell()
    for tidy in _afterwards:
        with boundary("afterwards"):
            tidy()


def afterwards(tidy: Callable[[], object]) -> None:
    """Have *tidy* called after each batch: what need not be done on the program's path."""
    _afterwards.append(tidy)


def _sorted(
    batch: Sequence[tuple[MetricOwner, bool, PendingRecord | Metric]],
) -> list[tuple[Destination, list[Metric]]]:
    """Return the metrics of *batch* by destination, each counted."""
    groups: dict[str, tuple[Destination, list[Metric]]] = {}
    for owner, beside, item in batch:
        metric = None
        found: Sequence[Destination] = ()
        # Nothing may end a thread of ours here: the other records of the batch are somebody's, too.
        with _PREPARING if is_ours() else nullcontext(), boundary("metric"):
            metric = owner.priced(item)
        with tolerated("destinations", "There is no store for AI usage metrics"):
            found = owner.destinations(beside=beside)
        if metric is None or not found:
            counts.lost("no store" if metric else "internal error", 1)
            continue
        counts.captured(len(found) - 1)
        for destination in found:
            groups.setdefault(destination.key, (destination, []))[1].append(metric)
    return list(groups.values())


def _store(destination: Destination, metrics: Sequence[Metric]) -> None:
    """Write to a durable store; whatever that does not take, and all else, is spooled.

    What neither takes is held in memory and tried again by the sender: nobody waits for it.
    """
    rest = sender.directly(destination, metrics) if destination.durable else metrics
    if rest:
        rest = sender.spool(destination, rest)
    if rest:
        sender.hold(destination, rest)


def _after_fork() -> None:
    """Start a child with an empty queue and no thread: what waited is its parent's."""
    global _queue
    _queue = _Queue()
    counts.reset()
    destinations.after_fork()
    sender.after_fork()


fork_registry.at_fork(in_child=_after_fork)
