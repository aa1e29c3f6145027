"""Storing at once what a program has recorded: when it asks, is told to end, and ends."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

from tracker.config import settings
from tracker.config.misuse import forgiving, tell
from tracker.delivery import event_loops, fork_registry, writer
from tracker.error_boundary import boundary, tolerated
from tracker.records import recorder

if TYPE_CHECKING:
    from types import FrameType

_former: object = None
_installed = False


@forgiving
def flush(timeout: float | None = None) -> bool:
    """Store all calls that have ended, also those of open blocks, and send what can be sent.

    Waits at most *timeout* seconds (by default the settings' flush timeout) and
    returns whether everything was on disk, and every store asked, by then.  In
    an event loop it only begins, and does not wait.
    """
    recorder.settle_ended()
    wait = 0.0 if event_loops.in_event_loop() else _seconds(timeout)
    return writer.flush(wait)


@forgiving
def flush_on_sigterm(timeout: float | None = None) -> None:
    """Have SIGTERM flush for at most *timeout* seconds, and then do what it did before.

    For the main thread of a program whose SIGTERM has no handler that unwinds it.
    No handler is installed unless this is called.  Elsewhere than in the main thread there
    can be none: that is told (ValueError with ``AI_USAGE_STRICT=1``).
    """
    global _former, _installed
    if _installed:
        return

    def handler(signum: int, frame: FrameType | None) -> None:
        with boundary("sigterm"):
            recorder.settle_ended()
            # The program is about to end: waiting here is the point, in an event loop too.
            writer.flush(_seconds(timeout))
        _proceed(signum, frame)

    try:
        _former = signal.signal(signal.SIGTERM, handler)
    except ValueError as error:
        tell(error)
    else:
        _installed = True


def _proceed(signum: int, frame: FrameType | None) -> None:
    """Let the signal have the effect that it had before our handler."""
    if callable(_former):
        _former(signum, frame)
    elif _former != signal.SIG_IGN:
        signal.signal(signum, signal.SIG_DFL)
        os.kill(os.getpid(), signum)


def _seconds(timeout: float | None) -> float:
    if timeout is None:
        return settings.current().flush_timeout
    # Neither a number of days nor one that is none.
    if isinstance(timeout, int | float) and timeout <= threading.TIMEOUT_MAX:
        return max(float(timeout), 0.0)
    tell(TypeError("timeout is a number of seconds"))
    return settings.current().flush_timeout


def _finish() -> None:
    """Lose nothing where the process ends: store what is left, then close the files."""
    with tolerated("exit", "Failed to finish AI usage tracking"):
        recorder.settle_all()
        writer.finish()


def _task_ended() -> None:
    """Store what a task made in blocks that it left open: nobody may come to leave them."""
    with tolerated("exit", "Failed to store the AI usage of a task"):
        recorder.settle_ended()
        writer.leave()


fork_registry.at_exit(_finish)
fork_registry.at_task_end(_task_ended)
