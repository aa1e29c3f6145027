"""From settled calls to stores, off the program's path: a writer, a spool, and a sender.

::

    block ends -> accept -> [queue] -> writer: price, build -> SQLite, or the spool
                                                               spool -> sender -> remote store
"""

from tracker.delivery.attempt import finalising, is_storing
from tracker.delivery.counts import Stats, stats
from tracker.delivery.destinations import Destination
from tracker.delivery.loops import in_event_loop
from tracker.delivery.writer import (
    finish,
    flush,
    flush_here,
    hand_over,
    is_behind,
    leave,
    leave_async,
    restart,
    warm,
)

__all__ = [
    "Destination",
    "Stats",
    "finalising",
    "finish",
    "flush",
    "flush_here",
    "hand_over",
    "in_event_loop",
    "is_behind",
    "is_storing",
    "leave",
    "leave_async",
    "restart",
    "stats",
    "warm",
]
