"""What became of the records of this process: every one of them is somewhere."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tracker.error_boundary import log, warn

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Stats:
    """Counts of this process; a record for two stores counts twice.

    ``captured`` = ``waiting`` (in memory) + ``stored`` + ``spooled`` + the sum of
    ``dropped`` by reason.  ``spooled`` are those that were put on disk for another
    store; ``sent`` says how many rows of the spool this process has delivered, its
    own or those of others.
    """

    captured: int = 0
    waiting: int = 0
    stored: int = 0
    spooled: int = 0
    sent: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)


_lock = threading.RLock()  # a signal handler may count while its thread does
_counts: Counter[str] = Counter()
_dropped: Counter[str] = Counter()
_told: dict[str, int] = {}


def captured(number: int) -> None:
    """Count records that wait in memory from now on."""
    with _lock:
        _counts["captured"] += number
        _counts["waiting"] += number


def settled(outcome: str, number: int) -> None:
    """Count waiting records as *outcome*: stored or spooled."""
    with _lock:
        _counts[outcome] += number
        _counts["waiting"] -= number


def dropped(reason: str, number: int) -> None:
    """Count waiting records that no store will ever have."""
    with _lock:
        _dropped[reason] += number
        _counts["waiting"] -= number


def lost(reason: str, number: int, detail: str = "") -> None:
    """As ``dropped``, and log it."""
    dropped(reason, number)
    told = f"{reason}: {detail}" if detail else reason
    warn(f"dropped: {reason}", f"{number} AI usage metrics were dropped ({told})")


def sent(number: int) -> None:
    """Count rows of the spool that a store has taken."""
    with _lock:
        _counts["sent"] += number


def stats() -> Stats:
    """Return the counts so far."""
    with _lock:
        return Stats(
            _counts["captured"],
            _counts["waiting"],
            _counts["stored"],
            _counts["spooled"],
            _counts["sent"],
            dict(_dropped),
        )


def tell_losses() -> None:
    """Log what was dropped, or waits still, at the process's end."""
    global _told
    found = stats()
    reasons = dict(found.dropped)
    if found.waiting > 0:
        reasons["not stored in time"] = found.waiting
    # A process may end in more than one way that finishes: it tells of each loss once.
    if reasons and reasons != _told:
        _told = reasons
        told = ", ".join(f"{number} ({reason})" for reason, number in reasons.items())
        log("AI usage metrics that were dropped: %s", told)


def reset() -> None:
    """Start at zero, with a free lock: in a forked child, and between tests."""
    global _lock, _told
    _told = {}
    _lock = threading.RLock()
    _counts.clear()
    _dropped.clear()
