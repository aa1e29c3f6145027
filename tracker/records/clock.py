"""The time of day, which tests may set; and as text."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: Seconds since the epoch; ``tracker.testing`` puts another clock in its place.
now: Callable[[], float] = time.time


def text(moment: float) -> str:
    """Return *moment* in UTC as ISO 8601, as in 2026-11-05T09:30:00.250000+00:00."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="microseconds")
