"""The writer: one thread that takes settled calls from a queue, prices them, and stores them.

The program only appends to the queue.  At the end of its outermost block it
waits until the writer has everything on disk, for a limited time, and never
while an event loop runs in its thread.
"""

from __future__ import annotations

import functools
import os
import sys
import threading
from collections import deque
from typing import TYPE_CHECKING, Protocol

from tracker import settings
from tracker.delivery import counts, destinations, sender
from tracker.guard import guarded, logger, tolerated

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tracker.delivery.destinations import Destination
    from tracker.ledger import Booking
    from tracker.metric import Metric
    from tracker.typing import Sink

BATCH = 512
#: How long the writer may make no progress at the interpreter's exit.
EXIT_SECONDS = 10.0


class Owner(Protocol):
    """What the writer needs of a tracker."""

    def priced(self, item: Booking | Metric) -> Metric:
        """Return the metric of a booking, with its price."""

    def sinks_at_once(self) -> Sequence[Sink]:
        """Return the stores in the program's own memory, which are called where a block ends."""

    def has_destinations(self) -> bool:
        """Whether there are other stores, too."""

    def destinations(self) -> Sequence[Destination]:
        """Return those other stores."""


class _Queue:
    """What waits for the writer.  ``accepted`` and ``done`` count records since the start."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.items: deque[tuple[Owner, Booking | Metric]] = deque()
        self.accepted = 0
        self.done = 0
        self.thread: threading.Thread | None = None
        self.waiters: list[tuple[int, Callable[[], object]]] = []


_queue = _Queue()


def accept(owner: Owner, items: Sequence[Booking | Metric]) -> None:
    """Take over *items*: from here on they are stored, spooled, or counted as dropped."""
    queue = _queue
    counts.captured(len(items))
    with queue.changed:
        room = settings.current().queue_size - len(queue.items)
        if len(items) > room and not in_event_loop():
            queue.changed.wait_for(
                lambda: len(queue.items) + len(items) <= settings.current().queue_size,
                settings.current().flush_timeout,
            )
            room = settings.current().queue_size - len(queue.items)
        taken = items[: max(room, 0)]
        queue.items.extend((owner, item) for item in taken)
        queue.accepted += len(taken)
        _start(queue)
        queue.changed.notify_all()
    if len(taken) < len(items):
        _drop("queue full", len(items) - len(taken))


def hand_over(owner: Owner, items: Sequence[Booking | Metric]) -> None:
    """Store *items*: at once in what the program has in its own memory, else by the writer."""
    at_once = owner.sinks_at_once()
    if at_once:
        counts.captured(len(items) * len(at_once))
        for item in items:
            with guarded("metric"):
                metric = owner.priced(item)
                for sink in at_once:
                    _hand_to(sink, metric)
    if owner.has_destinations():
        accept(owner, items)


def _hand_to(sink: Sink, metric: Metric) -> None:
    outcome = "failed"
    with tolerated(f"sink {type(sink).__name__}", "Failed to store an AI usage metric"):
        sink.write([metric])
        outcome = "stored"
    if outcome == "stored":
        counts.settled("stored", 1)
    else:
        counts.dropped(f"{type(sink).__name__} failed", 1)


def warm() -> None:
    """Start the writer, so that its price list is loaded while the first request is under way."""
    if _queue.thread is None:
        with _queue.changed:
            _start(_queue)


def leave() -> None:
    """Wait until all that was accepted is on disk, at most for the settings' flush timeout."""
    queue = _queue
    if queue.done == queue.accepted or in_event_loop():
        return
    timeout = settings.current().flush_timeout
    with queue.changed:
        target = queue.accepted
        queue.changed.wait_for(lambda: queue.done >= target, timeout)
    if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
        sender.wait(timeout)  # the machine is frozen between two invocations


async def leave_async() -> None:
    """As ``leave``, without blocking the event loop."""
    queue = _queue
    if queue.done == queue.accepted or not in_event_loop():
        return
    import asyncio

    loop = asyncio.get_running_loop()
    reached = loop.create_future()

    def end() -> None:
        if not reached.done():
            reached.set_result(None)

    with queue.changed:
        if queue.done >= queue.accepted:
            return
        queue.waiters.append((queue.accepted, functools.partial(loop.call_soon_threadsafe, end)))
    await asyncio.wait([reached], timeout=settings.current().flush_timeout)


def in_event_loop() -> bool:
    """Whether an event loop runs in this thread: then nothing may wait here."""
    asyncio = sys.modules.get("asyncio.events")
    return asyncio is not None and asyncio._get_running_loop() is not None


def finish() -> None:
    """Store what waits, send what can be sent soon, and close: for interpreter exit."""
    queue = _queue
    with queue.changed:
        before = -1
        while queue.thread is not None and queue.done < queue.accepted and queue.done > before:
            before = queue.done
            queue.changed.wait_for(lambda: queue.done >= queue.accepted, EXIT_SECONDS)
    while queue.done < queue.accepted and queue.thread is None:
        _handle(queue, _next(queue))  # no thread could be started
    sender.finish(settings.current().flush_timeout)
    destinations.forget()
    _tell_losses()


def restart() -> None:
    """Finish, and begin anew with the environment's settings: between tests."""
    finish()
    sender.reset()
    settings.reset()
    counts.reset()


def _start(queue: _Queue) -> None:
    if queue.thread is not None:
        return
    thread = threading.Thread(target=_run, args=(queue,), name="ai-usage-writer", daemon=True)
    with tolerated("writer", "Cannot start the writer of AI usage metrics"):
        thread.start()
        queue.thread = thread


def _run(queue: _Queue) -> None:
    with guarded("prices"):
        from tracker.pricing import warm as load_prices

        load_prices()
    while True:
        with queue.changed:
            queue.changed.wait_for(lambda: bool(queue.items))
        _handle(queue, _next(queue))


def _next(queue: _Queue) -> list[tuple[Owner, Booking | Metric]]:
    with queue.changed:
        count = min(BATCH, len(queue.items))
        batch = [queue.items.popleft() for _ in range(count)]
        queue.changed.notify_all()  # there is room again
    return batch


def _handle(queue: _Queue, batch: Sequence[tuple[Owner, Booking | Metric]]) -> None:
    with guarded("writer"):
        for destination, metrics in _sorted(batch):
            _store(destination, metrics)
    with queue.changed:
        queue.done += len(batch)
        reached = [tell for target, tell in queue.waiters if target <= queue.done]
        queue.waiters = [waiter for waiter in queue.waiters if waiter[0] > queue.done]
        queue.changed.notify_all()
    for tell in reached:
        with tolerated("waiter", "A waiting event loop is gone"):
            tell()


def _sorted(
    batch: Sequence[tuple[Owner, Booking | Metric]],
) -> list[tuple[Destination, list[Metric]]]:
    """Return the metrics of *batch* by destination, each counted."""
    groups: dict[str, tuple[Destination, list[Metric]]] = {}
    for owner, item in batch:
        metric = None
        with guarded("metric"):
            metric = owner.priced(item)
            found = owner.destinations()
        if metric is None:
            _drop("internal error", 1)
            continue
        counts.captured(len(found) - 1)
        for destination in found:
            groups.setdefault(destination.key, (destination, []))[1].append(metric)
    return list(groups.values())


def _store(destination: Destination, metrics: list[Metric]) -> None:
    """Write to a durable store; whatever that does not take, and all else, is spooled."""
    rest = metrics
    if destination.durable:
        rest = _write(destination, metrics, by_id={metric.id: metric for metric in metrics})
    if rest and not sender.spool(destination, rest):
        # Without a spool the store itself is the last resort.
        left = rest if destination.durable else _write(destination, rest, {m.id: m for m in rest})
        if left:
            _drop("no spool", len(left))


def _write(
    destination: Destination, metrics: list[Metric], by_id: dict[str, Metric]
) -> list[Metric]:
    """Return the metrics that the store did not take and may take later."""
    name = type(destination.sink).__name__
    with tolerated(f"sink {name}", "Failed to store an AI usage metric"):
        delivery = destination.sink.write(metrics)
        for reason in delivery.rejected.values():
            _drop(f"rejected by {destination.key}: {reason}", 1)
        retry = [by_id[row_id] for row_id in delivery.retry]
        counts.settled("stored", len(metrics) - len(retry) - len(delivery.rejected))
        return retry
    return metrics


def _drop(reason: str, number: int) -> None:
    counts.dropped(reason, number)
    with tolerated("dropped", "AI usage metrics were dropped"):
        raise RuntimeError(f"{number} of them: {reason}")


def _tell_losses() -> None:
    lost = counts.stats().dropped
    if lost:
        reasons = ", ".join(f"{number} ({reason})" for reason, number in lost.items())
        logger.warning("AI usage metrics that were dropped: %s", reasons)


def _after_fork() -> None:
    """Start a child with an empty queue and no thread: what waited is its parent's."""
    global _queue
    _queue = _Queue()
    counts.reset()
    destinations.after_fork()
    sender.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
