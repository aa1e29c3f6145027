"""Waiting for what runs beside a test: the writer and the sender of this process."""

from __future__ import annotations

from tracker import delivery
from tracker.delivery import sender

ATTEMPTS = 2_000


def spooled() -> None:
    """Wait until nothing waits in memory any more."""
    while delivery.stats().waiting:
        delivery.leave()


def asked() -> None:
    """Have each store asked once to take what is due."""
    sender.wake()
    sender.wait(60)


def drained() -> bool:
    """Wait until the spool has nothing to send; return whether that came about."""
    spooled()
    for _ in range(ATTEMPTS):
        rows = sender.file().counts().values()
        if not any(states.get("pending") or states.get("leased") for states in rows):
            return True
        asked()
    return False
