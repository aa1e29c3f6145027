"""Waiting for what runs beside a test: the writer and the sender of this process."""

from __future__ import annotations

from tests.patience import PATIENCE, until
from tracker.delivery import counts, sender, writer


def spooled() -> None:
    """Wait until nothing waits in memory any more."""

    def is_empty() -> bool:
        writer.leave()
        return not counts.stats().waiting

    assert until(is_empty)


def asked() -> None:
    """Have each store asked once to take what is due."""
    sender.wake()
    assert sender.wait(PATIENCE)


def drained() -> bool:
    """Wait until the spool has nothing to send; return whether that came about."""
    spooled()
    return until(_has_sent)


def _has_sent() -> bool:
    rows = sender.file().counts().values()
    if not any(states.get("pending") or states.get("leased") for states in rows):
        return True
    asked()
    return False
