"""Calls outside any context, where a deployment requires one: recorded, with where they were made.

Legacy code hands its response to a tracker later, and that tracker knows whom
it belongs to.  So such a call waits until the program has let go of the
response; then, or when the interpreter exits, it is stored as nobody's.
"""

from __future__ import annotations

import functools
import math
import os
import queue
import sys
import threading
from collections import OrderedDict
from threading import get_ident
from typing import TYPE_CHECKING

from tracker.config import call_site, interpreter, settings
from tracker.context.state import next_stamp
from tracker.delivery import fork_registry
from tracker.delivery.backlog import OUTSIDE, waiting
from tracker.delivery.event_loops import asyncio_loop
from tracker.environment_config import AIUsageEnvironmentConfig, Environment
from tracker.error_boundary import boundary, log, tolerated, warn
from tracker.errors import UnknownEnvironmentError
from tracker.instrumentation.providers import SDKS
from tracker.records.pending_record import PendingRecord, opened

if TYPE_CHECKING:
    from collections.abc import Callable
    from queue import SimpleQueue

    from tracker.protocols import CallOwner

#: Calls that may wait for a replay; a program that keeps more responses has the oldest stored.
MAX_WAITING = 1000
MAX_PLACES = 1000
# Packages whose frames stand between the program's line and us.
BETWEEN = call_site.OURS | SDKS | {"anyio", "asyncio", "trio", "wrapt"}

MISSED = (
    "While the block at %s was open, an AI call was made in an event loop of its thread, in a"
    " context that is older than the block, as a Runner of asyncio keeps one: it is nobody's, and"
    " not recorded. Hand the block's context over, see docs/recipes.md"
)
#: When a call was last made in a thread's event loop that no block knew, by thread.
_missed: dict[int, int] = {}
_lock = threading.RLock()  # a dropped stream may end, and come here, while it is held
_settling = threading.RLock()
_waiting: OrderedDict[int, PendingRecord] = OrderedDict()
_released: SimpleQueue[PendingRecord] | None = None
_settler: threading.Thread | None = None
_production = False
_UNREAD = object()
_told: set[str] = set()
_make_tracker: Callable[[], CallOwner]  # the tracker's own module says so, before any call


def is_required() -> bool:
    """Return whether calls belong inside a context: by the settings, else in production.

    Every call of a client asks this, so the environment is not looked at here.
    """
    chosen = settings.current().require_context
    return _production if chosen is None else chosen


def made_by(make_tracker: Callable[[], CallOwner]) -> None:
    """Have *make_tracker* asked for the tracker to which such calls belong."""
    global _make_tracker
    _make_tracker = make_tracker


def notice_environment(variable: object = _UNREAD) -> None:
    """Look whether this is production: whenever a tracker is made.

    *variable* is ``ENVIRONMENT``, if it was read already.
    """
    global _production
    if variable is _UNREAD:
        variable = os.environ.get("ENVIRONMENT")
    _production = _is_production(variable)


def open_unattributed() -> PendingRecord | None:
    """Return a record for a call that no context attributes, if such calls are recorded."""
    if not is_required():
        return None
    tracker = _standing(os.environ.get("ENVIRONMENT"))
    node = tracker.node()
    record = opened(tracker, node, node.state)
    file, line = call_site.place(sys._getframe(1), BETWEEN)
    record.extra = {"caller_file": file, "caller_line": line}
    record.after = wait_for_replay
    return record


def miss() -> None:
    """Note a call in an event loop that is nobody's, and is not recorded.

    The end of a block around it tells of it.
    """
    with _lock:
        _missed[get_ident()] = next_stamp()
        waiting.add(OUTSIDE)


def tell_of_missed(began: int) -> None:
    """Tell of a call that was missed in the block which *began* then, and ends here.

    In an event loop the block may have waited while other tasks made theirs.
    """
    if not _missed:
        return
    with _lock:
        stamp = _missed.pop(get_ident(), 0)
        if not _missed:
            waiting.discard(OUTSIDE)
    if stamp > began and asyncio_loop() is None:
        file, line = call_site.place(sys._getframe(1), BETWEEN)
        place = f"{file}:{line}"
        warn(f"missed in the block at {place}", MISSED % place, interval=math.inf)


def wait_for_replay(record: PendingRecord) -> None:
    """Keep *record* until its response is gone, and tell where it was made."""
    _tell(f"{record.extra['caller_file']}:{record.extra['caller_line']}")
    oldest = None
    with _lock:
        _waiting[record.number] = record
        if len(_waiting) > MAX_WAITING:
            _, oldest = _waiting.popitem(last=False)
        _start_settler()
    if oldest is not None:
        oldest.owner.settle([oldest])


def release(record: PendingRecord) -> None:
    """Note that the response of *record* is gone.

    This is called while an object is collected, when any lock may be held: so
    another thread does the work.
    """
    if record.after is wait_for_replay and _released is not None:
        _released.put(record)


def settle_waiting() -> None:
    """Store all that waits, also what another thread just stores: for whoever looks at it then."""
    with _settling:
        waiting = []
        with _lock:
            while _waiting:  # one by one: a finaliser may add to them meanwhile
                waiting.append(_waiting.popitem(last=False)[1])
        for record in waiting:
            record.owner.settle([record])


def _start_settler() -> None:
    global _released, _settler
    if _settler is not None:
        return
    if _released is None:
        # Found by its name, and now: where threads became greenlets, queues did with them.
        _released = queue.SimpleQueue()
    thread = interpreter.thread_of_ours(_settle, "ai-usage-outside", _released)
    if _settler is not None:
        return  # a finaliser came here meanwhile
    _settler = thread
    with tolerated("outside", "Cannot start a thread; calls outside contexts wait for the exit"):
        interpreter.begin(thread)
        return
    _settler = None


def _settle(released: SimpleQueue[PendingRecord]) -> None:
    while True:
        record = released.get()
        with boundary("outside"), _settling:
            with _lock:
                _waiting.pop(record.number, None)
            record.owner.settle([record])


@functools.cache
def _is_production(_variable: object) -> bool:
    try:
        return AIUsageEnvironmentConfig.detect_environment() is Environment.PRODUCTION
    except UnknownEnvironmentError:
        return False  # whoever makes a tracker is told


@functools.cache
def _standing(_variable: str | None) -> CallOwner:
    return _make_tracker()


def _tell(place: str) -> None:
    with _lock:
        if place in _told or len(_told) >= MAX_PLACES:
            return
        _told.add(place)
    log(
        "An AI call outside any context, at %s, is recorded as nobody's; make it inside"
        " ai_usage_context(...)",
        place,
    )


def reset() -> None:
    """Forget the places that were told, and what the environment said: between tests."""
    global _production
    settle_waiting()
    _production = False
    _told.clear()
    _is_production.cache_clear()
    _standing.cache_clear()


def _after_fork() -> None:
    """Start a child with nothing that waits and no thread."""
    global _lock, _released, _settler, _settling
    _lock = threading.RLock()
    _settling = threading.RLock()
    _released = _settler = None
    _waiting.clear()
    _missed.clear()


fork_registry.at_fork(in_child=_after_fork)
