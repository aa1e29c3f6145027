"""Storing at once what a program has recorded: when it asks, is told to end, and ends."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from tracker import delivery, ledger, lifecycle, settings
from tracker.guard import guarded, tolerated

if TYPE_CHECKING:
    from types import FrameType

_former: object = None
_installed = False


def flush(timeout: float | None = None) -> bool:
    """Store all calls that have ended, also those of open blocks, and send what can be sent.

    Waits at most *timeout* seconds (by default the settings' flush timeout) and
    returns whether everything was on disk, and every store asked, by then.  In
    an event loop it only begins, and does not wait.
    """
    ledger.settle_booked()
    wait = 0.0 if delivery.in_event_loop() else _seconds(timeout)
    return delivery.flush(wait)


def flush_on_sigterm(timeout: float | None = None) -> None:
    """Have SIGTERM flush for at most *timeout* seconds, and then do what it did before.

    For the main thread of a program whose SIGTERM has no handler that unwinds it.
    No handler is installed unless this is called.  Raises ValueError elsewhere
    than in the main thread.
    """
    global _former, _installed
    if _installed:
        return

    def handler(signum: int, frame: FrameType | None) -> None:
        with guarded("sigterm"):
            ledger.settle_booked()
            # The program is about to end: waiting here is the point, in an event loop too.
            delivery.flush(_seconds(timeout))
        _proceed(signum, frame)

    _former = signal.signal(signal.SIGTERM, handler)
    _installed = True


def _proceed(signum: int, frame: FrameType | None) -> None:
    """Let the signal have the effect that it had before our handler."""
    if callable(_former):
        _former(signum, frame)
    elif _former != signal.SIG_IGN:
        signal.signal(signum, signal.SIG_DFL)
        os.kill(os.getpid(), signum)


def _seconds(timeout: float | None) -> float:
    return settings.current().flush_timeout if timeout is None else timeout


def _finish() -> None:
    """Lose nothing where the process ends: store what is left, then close the files."""
    with tolerated("exit", "Failed to finish AI usage tracking"):
        ledger.settle_all()
        delivery.finish()


lifecycle.at_exit(_finish)
