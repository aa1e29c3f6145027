"""The sender: one thread that delivers what lies in the spool, this process's rows or another's.

A store that fails is asked again after a growing, random pause; meanwhile other
stores are served.  Sending a row twice is harmless: its id is the store's key.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from tracker import settings
from tracker.delivery import counts, destinations
from tracker.delivery.attempt import attempt, own_thread
from tracker.delivery.forking import working
from tracker.delivery.threads import start, works
from tracker.guard import guarded, tolerated, warn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tracker.delivery.destinations import Destination
    from tracker.metric import Metric
    from tracker.spool import Leased, Spool

BATCH = 100
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 60.0
IDLE_SECONDS = 5.0


class _State:
    """The spool of this process and the thread that empties it.

    ``pauses`` has, by store, how often it failed and when (on the monotonic
    clock) it is asked again.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.file: Spool | None = None
        self.thread: threading.Thread | None = None
        self.pauses: dict[str, tuple[int, float]] = {}
        self.busy = False
        self.news = False
        self.looked = False
        self.ended = False


_state = _State()


def spool(destination: Destination, metrics: Sequence[Metric]) -> Sequence[Metric]:
    """Put *metrics* on disk for *destination*; return those that have no place yet."""
    from tracker.spool import SpoolFullError
    from tracker.spool.codec import encode

    rows: list[tuple[str, str]] = []
    placed: list[Metric] = []
    for metric in metrics:
        try:
            rows.append((metric.id, encode(metric)))
            placed.append(metric)
        except (TypeError, ValueError, AttributeError, RecursionError) as error:
            counts.lost("has no JSON form", 1, type(error).__name__)
    with tolerated("spool", "Failed to spool AI usage metrics"):
        try:
            file().put(destination.key, rows)
        except SpoolFullError as error:
            counts.lost("spool full", len(rows), str(error))
            return ()
        counts.settled("spooled", len(rows))
        wake()
        return ()
    return placed


def file() -> Spool:
    """Return the spool that the settings name."""
    from tracker.spool import Spool, default_spool

    chosen = settings.current()
    path, limit = chosen.spool or default_spool(), chosen.spool_bytes
    with _state.changed:
        if _state.file is None or (_state.file.path, _state.file.max_bytes) != (path, limit):
            _state.file = Spool(path, limit)
        return _state.file


def look() -> None:
    """Start the sender, once, if there is a spool: a process that ended may have left rows."""
    if _state.looked:
        return
    _state.looked = True
    with tolerated("spool", "Failed to look for a spool"):
        if file().path.exists():
            wake()


def wake() -> None:
    """Have the sender look at the spool, starting it if need be."""
    with _state.changed:
        _state.news = True
        _state.changed.notify_all()
    start(_state, _run, "ai-usage-sender")


def is_busy() -> bool:
    """Whether there are rows that a store is still to be asked to take."""
    return _state.busy or _state.news


def wait(timeout: float) -> bool:
    """Wait until all stores were asked to take what is due; return whether they were in time."""
    state = _state
    with state.changed:
        return state.changed.wait_for(
            lambda: not works(state) or not (state.busy or state.news), timeout
        )


def finish(timeout: float) -> None:
    """Give the sender *timeout* seconds more, and close the spool."""
    wait(timeout)
    with _state.changed:
        opened, _state.file = _state.file, None
    if opened is not None and not _state.busy:
        opened.close()


def drain(
    destination: Destination, seen: Callable[[int], object] = lambda _number: None
) -> tuple[int, bool]:
    """Send what is due for *destination*; return how many rows, and whether it is still up.

    *seen* is told of each batch how many rows of it are settled.
    """
    total = 0
    while leased := file().lease(destination.key, BATCH):
        number, is_up = _send(destination, leased)
        total += number
        seen(number)
        if not is_up:
            return total, False
    return total, True


@own_thread()
def _run(state: _State) -> None:
    try:
        while not state.ended:
            with state.changed:
                state.changed.wait_for(lambda: state.news or state.ended, _next_pause(state))
                state.news, state.busy = False, not state.ended
            if state.busy:
                _load()
                with working("sender"):
                    _round(state)
            with state.changed:
                state.busy = False
                state.changed.notify_all()
    finally:
        # However this thread ended, the next spooled record starts another.
        with state.changed:
            state.thread, state.busy = None, False
            state.changed.notify_all()


def _load() -> None:
    """Import what the stores need; a fork waits longer for that than for a store's answer."""
    for destination in destinations.all_known():
        load = getattr(destination.sink, "load", None)
        if load is not None:
            # What is missing is told when the store is written to.
            with working("loading"), guarded("sender"), suppress(ImportError):
                load()


def _round(state: _State) -> None:
    """Ask each store that is not in a pause to take what is due."""
    for destination in destinations.all_known():
        attempts, due = state.pauses.get(destination.key, (0, 0.0))
        if due > time.monotonic():
            continue
        is_up = False
        with guarded("sender"), tolerated("spool", "Failed to read spooled AI usage metrics"):
            _, is_up = drain(destination)
        if is_up:
            state.pauses.pop(destination.key, None)
        else:
            state.pauses[destination.key] = (attempts + 1, time.monotonic() + _pause(attempts))


def _next_pause(state: _State) -> float:
    now = time.monotonic()
    known = {destination.key for destination in destinations.all_known()}
    dues = [due - now for key, (_, due) in state.pauses.items() if key in known]
    return max(0.01, min(dues, default=IDLE_SECONDS))


def _pause(attempts: int) -> float:
    """Return seconds until the next attempt: full jitter under a doubling limit."""
    import random

    doublings = min(attempts, 16)
    # Dice of our own: the program may have seeded those of the module, and count on them.
    dice = random.Random()
    return dice.uniform(0, min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0**doublings))


def _send(destination: Destination, leased: Sequence[Leased]) -> tuple[int, bool]:
    """Return how many of the rows are settled, and whether the store takes more."""
    store = destination.key
    metrics, rejected = _decoded(leased)
    outcome = attempt(destination, metrics)
    rejected.update(outcome.rejected)
    if outcome.taken:
        file().sent(store, [metric.id for metric in outcome.taken])
        counts.sent(len(outcome.taken))
    if rejected:
        file().rejected(store, rejected)
        reason = next(iter(rejected.values()))
        warn(f"rejected: {store}", f"{store} rejected {len(rejected)} AI usage metrics ({reason})")
    if outcome.retry:
        file().later(store, [metric.id for metric in outcome.retry], "not taken")
    return len(outcome.taken) + len(rejected), not outcome.retry and outcome.is_up


def _decoded(leased: Sequence[Leased]) -> tuple[list[Metric], dict[str, str]]:
    from tracker.spool.codec import decode

    metrics: list[Metric] = []
    broken: dict[str, str] = {}
    for row in leased:
        try:
            metrics.append(decode(row.payload, row.id))
        except ValueError as error:
            broken[row.id] = str(error)
    return metrics, broken


def reset() -> None:
    """Forget the spool and end the thread: between tests that name another one."""
    finish(0.0)
    with _state.changed:
        _state.ended = True
        _state.changed.notify_all()
    after_fork()


def after_fork() -> None:
    """Start a child with no thread and no file; the parent's are left as they are."""
    global _state
    _state = _State()
