"""How long to wait for what fails: a program hardly at all, and rarely; the sender ever longer."""

from __future__ import annotations

import math

from tracker.records.clock import steady

#: After a wait in vain the program waits so long ...
AGAIN_SECONDS = 0.05
#: ... and that so often.
INTERVAL_SECONDS = 60.0
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 60.0


class Vain:
    """Remembers when something was waited for in vain."""

    def __init__(self) -> None:
        self._last = -math.inf

    def patience(self, timeout: float, *, in_vain: bool) -> float:
        """Return how long to wait: *timeout*, or hardly at all while it is *in_vain*."""
        now = steady()
        if not in_vain:
            self._last = now  # the wait that comes may be the one in vain
            return timeout
        if now < self._last + INTERVAL_SECONDS:
            return 0.0
        self._last = now
        return min(timeout, AGAIN_SECONDS)


def pause(attempts: int) -> float:
    """Return seconds until the next attempt: full jitter under a doubling limit."""
    import random

    doublings = min(attempts, 16)
    # Dice of our own: the program may have seeded those of the module, and count on them.
    dice = random.Random()
    return dice.uniform(0, min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0**doublings))
