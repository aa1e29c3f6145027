"""The time of day, which tests may set; the time that passes, which they may not; and as text."""

from __future__ import annotations

import functools
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: Seconds since the epoch; ``tracker.testing`` puts another clock in its place.
now: Callable[[], float] = time.time
#: Seconds that pass, for whoever waits.  A program's test may stop ``time.monotonic``, where
#: a wait would never end: so it is asked in a form that is not put in its place.
steady: Callable[[], float] = (
    functools.partial(time.clock_gettime, time.CLOCK_MONOTONIC)
    if hasattr(time, "clock_gettime")
    else functools.partial(time.monotonic)
)


def text(moment: float) -> str:
    """Return *moment* in UTC as ISO 8601, as in 2026-11-05T09:30:00.250000+00:00."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="microseconds")
