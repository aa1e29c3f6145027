"""The sender: one thread that delivers what lies in the spool, this process's rows or another's.

A store that fails is asked again after a growing, random pause; meanwhile other
stores are served.  Sending a row twice is harmless: its id is the store's key.
"""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from typing import TYPE_CHECKING

from tracker import settings
from tracker.delivery import counts, destinations
from tracker.guard import guarded, logger, tolerated
from tracker.spool import Spool, SpoolFullError, default_spool
from tracker.spool.codec import decode, encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker.delivery.destinations import Destination
    from tracker.metric import Metric
    from tracker.spool import Leased

BATCH = 100
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 60.0
IDLE_SECONDS = 5.0


class _State:
    """The spool of this process and the thread that empties it."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.file: Spool | None = None
        self.thread: threading.Thread | None = None
        self.pauses: dict[str, tuple[int, float]] = {}
        self.busy = False
        self.news = False


_state = _State()


def spool(destination: Destination, metrics: Sequence[Metric]) -> bool:
    """Put *metrics* on disk for *destination*; return whether that worked."""
    rows = [(metric.id, encode(metric)) for metric in metrics]
    with tolerated("spool", "Failed to spool AI usage metrics"):
        try:
            file().put(destination.key, rows)
        except SpoolFullError as error:
            counts.dropped("spool full", len(rows))
            logger.warning("%s; %d AI usage metrics were dropped", error, len(rows))
            return True
        except (sqlite3.Error, OSError):
            _tell_set_aside()
            raise
        _tell_set_aside()
        counts.settled("spooled", len(rows))
        wake()
        return True
    return False


def file() -> Spool:
    """Return the spool that the settings name."""
    with _state.changed:
        if _state.file is None:
            chosen = settings.current()
            _state.file = Spool(chosen.spool or default_spool(), chosen.spool_bytes)
        return _state.file


def wake() -> None:
    """Have the sender look at the spool, starting it if need be."""
    with _state.changed:
        _state.news = True
        if _state.thread is None:
            thread = threading.Thread(
                target=_run, args=(_state,), name="ai-usage-sender", daemon=True
            )
            with tolerated("sender", "Cannot start the sender of AI usage metrics"):
                thread.start()
                _state.thread = thread
        _state.changed.notify_all()


def wait(timeout: float) -> None:
    """Wait until the sender has nothing left that is due, at most *timeout* seconds."""
    with _state.changed:
        if _state.thread is not None:
            _state.changed.wait_for(lambda: not (_state.busy or _state.news), timeout)


def finish(timeout: float) -> None:
    """Give the sender *timeout* seconds more, and close the spool."""
    wait(timeout)
    with _state.changed:
        opened, _state.file = _state.file, None
    if opened is not None and not _state.busy:
        opened.close()


def drain(destination: Destination) -> tuple[int, bool]:
    """Send what is due for *destination*; return how many rows, and whether it is still up."""
    total = 0
    while True:
        leased = file().lease(destination.key, BATCH)
        if not leased:
            return total, True
        number, is_up = _send(destination, leased)
        total += number
        if not is_up:
            return total, False


def _run(state: _State) -> None:
    while True:
        with state.changed:
            state.changed.wait_for(lambda: state.news, _next_pause(state))
            state.news, state.busy = False, True
        for destination in destinations.all_known():
            attempts, due = state.pauses.get(destination.key, (0, 0.0))
            if due > time.monotonic():
                continue
            is_up = False
            with guarded("sender"), tolerated("spool", "Failed to read spooled metrics"):
                _, is_up = drain(destination)
            if is_up:
                state.pauses.pop(destination.key, None)
            else:
                state.pauses[destination.key] = (attempts + 1, time.monotonic() + _pause(attempts))
        with state.changed:
            state.busy = False
            state.changed.notify_all()


def _next_pause(state: _State) -> float:
    now = time.monotonic()
    return max(0.01, min((due - now for _, due in state.pauses.values()), default=IDLE_SECONDS))


def _pause(attempts: int) -> float:
    """Return seconds until the next attempt: full jitter under a doubling limit."""
    return random.uniform(0, min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0**attempts))


def _send(destination: Destination, leased: Sequence[Leased]) -> tuple[int, bool]:
    metrics, broken = _decoded(leased)
    ids = [metric.id for metric in metrics]
    store = destination.key
    if broken:
        file().rejected(store, broken)
    delivery = None
    with tolerated(f"sink {store}", "Failed to send AI usage metrics"):
        delivery = destination.sink.write(metrics)
    if delivery is None:
        file().later(store, ids, time.time(), "the store failed")
        return 0, False
    if delivery.rejected:
        file().rejected(store, delivery.rejected)
        logger.warning("%s rejected %d AI usage metrics", store, len(delivery.rejected))
    if delivery.retry:
        file().later(store, list(delivery.retry), time.time(), "not taken")
    taken = [i for i in ids if i not in delivery.retry and i not in delivery.rejected]
    file().sent(store, taken)
    counts.sent(len(taken))
    return len(taken), not delivery.retry


def _decoded(leased: Sequence[Leased]) -> tuple[list[Metric], dict[str, str]]:
    metrics: list[Metric] = []
    broken: dict[str, str] = {}
    for row in leased:
        try:
            metrics.append(decode(row.payload))
        except ValueError as error:
            broken[row.id] = str(error)
    return metrics, broken


def _tell_set_aside() -> None:
    if _state.file is not None and _state.file.set_aside is not None:
        aside, _state.file.set_aside = _state.file.set_aside, None
        logger.warning("The spool was broken; it is kept as %s, and a new one was begun", aside)


def reset() -> None:
    """Forget the spool: between tests that name another one."""
    finish(0.0)
    after_fork()


def after_fork() -> None:
    """Start a child with no thread and no file."""
    global _state
    _inherited.append(_state)  # an inherited connection must not be closed here
    _state = _State()


_inherited: list[_State] = []
