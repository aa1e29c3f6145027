"""The one boundary between this package and the program it observes.

Whatever goes wrong in here, the observed program keeps its results and its
exceptions.  Two kinds of trouble pass through, and they are told apart:

- *internal*: a mistake of ours.  Counted, logged, and re-raised when strict, so
  that tests see it.
- *foreign*: something that we called and do not own (a store, a table, a caller's
  test double) failed.  Counted and logged, never re-raised.

Only ``Exception`` is held back: KeyboardInterrupt, CancelledError and the like pass,
except in threads of our own.
"""

from __future__ import annotations

import logging
import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from tracker.delivery import fork_registry
from tracker.records.clock import steady
from tracker.records.error_text import logged

if TYPE_CHECKING:
    from types import TracebackType

logger = logging.getLogger("tracker")

LOG_INTERVAL_SECONDS = 60.0

_lock = threading.RLock()  # a finaliser or a signal handler may note something, too
_counts: dict[str, int] = {}
_last_logged: dict[str, float] = {}


def is_strict() -> bool:
    """Return whether internal errors are re-raised: ``AI_USAGE_STRICT=1`` in the environment."""
    return os.environ.get("AI_USAGE_STRICT") == "1"


def counts() -> dict[str, int]:
    """Return how many errors were held back so far, by place."""
    with _lock:
        return dict(_counts)


def _after_fork() -> None:
    """Start a child with a free lock: its parent may have held it."""
    global _lock
    _lock = threading.RLock()


fork_registry.at_fork(in_child=_after_fork)


def reset() -> None:
    """Forget all counts, and when each place last logged."""
    with _lock:
        _counts.clear()
        _last_logged.clear()


def _note(place: str, message: str, error: BaseException, interval: float) -> None:
    warn(place, f"{message}: {logged(error)}", interval=interval)


def warn(place: str, message: str, *, interval: float = LOG_INTERVAL_SECONDS) -> None:
    """Count something that went wrong at *place*, and log it at most once in *interval* seconds."""
    now = steady()
    with _lock:
        _counts[place] = _counts.get(place, 0) + 1
        last = _last_logged.get(place)
        if last is not None and now - last < interval:
            return
        _last_logged[place] = now
    log("%s", message)


def log(message: str, *args: object) -> None:
    """Log a warning.

    What a handler or a filter of the program raises stays with the line: the program asked for
    none, and would have seen nothing of it without us.
    """
    with suppress(Exception):
        logger.warning(message, *args)


class boundary:
    """Hold back internal errors of the block: count them, log once a minute a place."""

    __slots__ = ("_place",)

    def __init__(self, place: str) -> None:
        self._place = place

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _tb: TracebackType | None,
    ) -> bool:
        if error is None or not isinstance(error, Exception):
            return False
        self._note(error)
        return not is_strict()

    def hold(self, error: Exception) -> None:
        """Hold back *error* as the block does: for the few places where a block costs too much."""
        self._note(error)
        if is_strict():
            raise error

    def _note(self, error: Exception) -> None:
        message = f"AI usage tracking: internal error in {self._place}"
        _note(self._place, message, error, LOG_INTERVAL_SECONDS)


class tolerated:
    """Hold back errors of code that we call and do not own.

    *message* starts the log line; *interval* is the least number of seconds
    between two lines of one place.
    """

    __slots__ = ("_interval", "_message", "_place")
    _held: type[BaseException] = Exception
    _passed: tuple[type[BaseException], ...] = ()

    def __init__(self, place: str, message: str, *, interval: float = LOG_INTERVAL_SECONDS) -> None:
        self._place = place
        self._message = message
        self._interval = interval

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _tb: TracebackType | None,
    ) -> bool:
        if error is None or not isinstance(error, self._held) or isinstance(error, self._passed):
            return False
        _note(self._place, self._message, error, self._interval)
        return True


class contained(tolerated):
    """As ``tolerated``, in a thread of ours: there a SystemExit has nobody to end but us."""

    __slots__ = ()
    _held = BaseException


class unreadable(tolerated):
    """As ``tolerated``, for what the program's own objects raise because we read them.

    The program would not have seen it without us, whatever it is: a SystemExit, a panic of an
    extension.  Only a KeyboardInterrupt may be somebody's at the keyboard.
    """

    __slots__ = ()
    _held = BaseException
    _passed = (KeyboardInterrupt,)


class unending(contained):
    """As ``contained``, for what would end the thread and nothing else: the rest is told inside."""

    __slots__ = ()
    _passed = (Exception,)
