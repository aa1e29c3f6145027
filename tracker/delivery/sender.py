"""The sender: one thread that delivers what lies in the spool, this process's rows or another's.

A store that fails is asked again after a growing, random pause; meanwhile other
stores are served.  Sending a row twice is harmless: its id is the store's key.
"""

from __future__ import annotations

import math
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from tracker.config import settings
from tracker.delivery import counts, destinations
from tracker.delivery.attempt import attempt, direct, own_thread
from tracker.delivery.backlog import SENDER, waiting
from tracker.delivery.fork_pause import working
from tracker.delivery.patience import LONGEST_PAUSE_SECONDS, Vain
from tracker.delivery.patience import pause as _pause
from tracker.delivery.threads import start, works
from tracker.error_boundary import boundary, tolerated, warn
from tracker.records.clock import steady

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tracker.delivery.destinations import Destination
    from tracker.delivery.spool.outbox import Leased, Spool
    from tracker.records.metric import Metric

BATCH = 100
IDLE_SECONDS = 5.0
ENDING_SECONDS = 60.0  # that a new beginning gives the thread of the old one
#: A place that takes longer to fail is not tried while a program waits.
SLOW_SECONDS = 0.05
#: The spool, where stores are named by their keys.
SPOOL = ""
HELD_BATCH = 500


class _State:
    """The spool of this process and the thread that empties it.

    ``pauses`` has, by store, how often it failed and when (on the monotonic
    clock) it is asked again; ``slow`` has those stores, and the spool, that a program must
    not wait for; ``held`` what neither took, by store.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()  # held by itself, as the writer's is
        self.changed = threading.Condition(self.lock)
        self.file: Spool | None = None
        self.thread: threading.Thread | None = None
        self.pauses: dict[str, tuple[int, float]] = {}
        self.slow: set[str] = set()
        self.held: dict[str, tuple[Destination, list[Metric]]] = {}
        self.busy = False
        self.news = False
        self.looked = False
        self.ended = False
        self.full_until = -math.inf
        self.full_for = 0.0
        self.hurry = False
        self.vain = Vain()
        self.in_vain = False

    def number_held(self) -> int:
        """Return how many records have no place but memory."""
        return sum(len(metrics) for _, metrics in self.held.values())

    def begins(self) -> None:
        """Note, under the lock, that the thread does what it was woken for, or what is due."""
        self.news, self.busy = False, not self.ended
        if self.busy and self is _state:
            waiting.add(SENDER)

    def rests(self) -> None:
        """Note, under the lock, that the thread is through with what it was woken for."""
        self.busy = False
        if not self.news and self is _state:  # nobody waits for the thread of an old beginning
            waiting.discard(SENDER)


_state = _State()


def directly(destination: Destination, metrics: Sequence[Metric]) -> Sequence[Metric]:
    """Write *metrics* to their store; return those that have no place yet.

    A store that took long to fail is not asked again before the sender has seen it work.
    """
    if destination.key in _state.slow:
        return metrics
    began = steady()
    rest = direct(destination, metrics)
    if rest and steady() > began + SLOW_SECONDS:
        _state.slow.add(destination.key)
    return rest


def spool(destination: Destination, metrics: Sequence[Metric]) -> Sequence[Metric]:
    """Put *metrics* on disk for *destination*; return those that have no place yet.

    A spool that took long to fail is left alone before the sender has seen it work.
    """
    if SPOOL in _state.slow:
        return metrics
    if steady() < _state.full_until:  # unless rows were sent
        counts.lost("spool full", len(metrics))
        return ()
    began = steady()
    rest = _spooled(destination, metrics)
    if rest and steady() > began + SLOW_SECONDS:
        _state.slow.add(SPOOL)
    if not rest:
        wake()
    return rest


def _spooled(destination: Destination, metrics: Sequence[Metric]) -> Sequence[Metric]:
    from tracker.delivery.spool.codec import encode
    from tracker.delivery.spool.outbox import SpoolFullError

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
            _state.full_for = min(2 * _state.full_for or 1.0, LONGEST_PAUSE_SECONDS)
            _state.full_until = steady() + _state.full_for
            counts.lost("spool full", len(rows), str(error))
            return ()
        _state.full_for = 0.0
        counts.settled("spooled", len(rows))
        return ()
    return placed


def hold(destination: Destination, metrics: Sequence[Metric]) -> None:
    """Keep in memory what neither store nor spool took, as many as the queue may have.

    The sender tries both again, after growing pauses; at the end what is left is dropped.
    """
    state = _state
    with state.lock:
        room = max(settings.current().queue_size - state.number_held(), 0)
        fitting = metrics[:room]
        if fitting:
            state.held.setdefault(destination.key, (destination, []))[1].extend(fitting)
    leave_alone(destination)
    if len(metrics) > len(fitting):
        counts.lost("no spool", len(metrics) - len(fitting))
    if fitting:
        wake()


def file() -> Spool:
    """Return the spool that the settings name."""
    from tracker.delivery.spool.outbox import Spool, default_spool

    chosen = settings.current()
    path, limit = chosen.spool or default_spool(), chosen.spool_bytes
    with _state.lock:
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
    with _state.lock:
        _state.news = True
        waiting.add(SENDER)
        _state.changed.notify_all()
    start(_state, _run, "ai-usage-sender")


def is_holding() -> bool:
    """Whether there are records that have no place but memory."""
    return bool(_state.held)


def is_failing() -> bool:
    """Whether a store or the spool failed when it was tried last."""
    return bool(_state.held or _state.slow or _state.pauses)


def is_stuck() -> bool:
    """Whether the spool takes nothing: then no patience finds a place for a record."""
    return bool(_state.held) or SPOOL in _state.slow


def leave_alone(destination: Destination) -> None:
    """Have the sender alone try *destination* and the spool, until it has seen them work."""
    _state.slow.update((destination.key, SPOOL))


def patience(timeout: float) -> float:
    """Return how long a program may wait for the sender, which it may have done in vain."""
    return _state.vain.patience(timeout, in_vain=_state.in_vain and is_failing())


def wait(timeout: float) -> bool:
    """Wait until all stores were asked to take what is due; return whether they were in time."""
    state = _state
    with state.lock:
        in_time = state.changed.wait_for(
            lambda: not works(state) or not (state.busy or state.news), timeout
        )
    state.in_vain = not in_time
    return in_time


def finish(timeout: float) -> None:
    """Give the sender *timeout* seconds more, close the spool, and drop what has no place."""
    if _state.held:
        _state.hurry = True
        wake()
    wait(timeout)
    with _state.lock:
        opened, _state.file = _state.file, None
        left, _state.held = _state.number_held(), {}
    if left:
        counts.lost("no spool", left)
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
            with state.lock:
                state.changed.wait_for(lambda: state.news or state.ended, _next_pause(state))
                state.begins()
            if state.busy:
                _load()
                with working("sender"):
                    _round(state)
            with state.lock:
                state.rests()
                state.changed.notify_all()
    finally:
        # However this thread ended, the next spooled record starts another.
        with state.lock:
            state.thread = None
            state.rests()
            state.changed.notify_all()


def _load() -> None:
    """Import what the stores need; a fork waits longer for that than for a store's answer."""
    for destination in destinations.all_known():
        load = getattr(destination.sink, "load", None)
        if load is not None:
            # What is missing is told when the store is written to.
            with working("loading"), boundary("sender"), suppress(ImportError):
                load()


def _round(state: _State) -> None:
    """Ask each store that is not in a pause to take what is due."""
    hurry, state.hurry = state.hurry, False
    known = {found.key: found for found in destinations.all_known()}
    with state.lock:
        held = {key: destination for key, (destination, _) in state.held.items()}
    for key, destination in (known | held).items():
        attempts, due = state.pauses.get(key, (0, 0.0))
        if due > steady() and not (hurry and key in held):
            continue
        is_up = False
        with boundary("sender"), tolerated("spool", "Failed to read spooled AI usage metrics"):
            if _placed(state, destination):
                is_up = key in held  # then the store works, whatever the spool does
                sent, is_up = drain(destination)
                state.slow.discard(SPOOL)
                if sent:
                    state.full_until = -math.inf
                    state.slow.discard(key)
        if is_up:
            state.pauses.pop(key, None)
        else:
            state.pauses[key] = (attempts + 1, steady() + _pause(attempts))


def _placed(state: _State, destination: Destination) -> bool:
    """Find a place for what is held for *destination*; return whether all of it has one."""
    ways = (direct, _spooled) if destination.durable else (_spooled, direct)
    with state.lock:
        _, waiting = state.held.pop(destination.key, (destination, []))
    rest: Sequence[Metric] = ()
    try:
        while waiting and not rest:
            rest = waiting[:HELD_BATCH]
            for put in ways:
                rest = rest and _placed_by(put, state, destination, rest)
            waiting = [*rest, *waiting[HELD_BATCH:]]
    finally:
        if waiting:
            with state.lock:
                newer = state.held.pop(destination.key, (destination, []))[1]
                state.held[destination.key] = (destination, [*waiting, *newer])
    return not waiting


def _placed_by(
    put: Callable[[Destination, Sequence[Metric]], Sequence[Metric]],
    state: _State,
    destination: Destination,
    metrics: Sequence[Metric],
) -> Sequence[Metric]:
    """Return what *put* has no place for; where it has one, it may be tried by others again."""
    rest = put(destination, metrics)
    if not rest:
        state.slow.discard(SPOOL if put is _spooled else destination.key)
    return rest


def _next_pause(state: _State) -> float:
    now = steady()
    known = {destination.key for destination in destinations.all_known()} | state.held.keys()
    dues = [due - now for key, (_, due) in state.pauses.items() if key in known]
    return max(0.01, min(dues, default=IDLE_SECONDS))


def _send(destination: Destination, leased: Sequence[Leased]) -> tuple[int, bool]:
    """Return how many of the rows are settled, and whether the store takes more."""
    store = destination.key
    from tracker.delivery.spool.codec import decoded

    metrics, rejected = decoded((row.id, row.payload) for row in leased)
    again = {row.id for row in leased if row.attempts > 1}
    outcome = attempt(destination, metrics, again)
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


def reset() -> None:
    """Forget the spool, and see the thread end: between tests that name another one."""
    finish(0.0)
    with _state.lock:
        _state.ended = True
        _state.changed.notify_all()
        _state.changed.wait_for(lambda: not works(_state), ENDING_SECONDS)
    after_fork()


def after_fork() -> None:
    """Start a child with no thread and no file; the parent's are left as they are."""
    global _state
    _state = _State()
    waiting.discard(SENDER)
