"""Waiting in tests for what is meant.

``PATIENCE`` decides nothing: it turns what would stand still for ever into a failure, and
what is right stays far below it on the busiest machine.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

PATIENCE = 300.0


def reached(event: threading.Event) -> None:
    """Wait until *event* is set."""
    assert event.wait(PATIENCE), "it never came about"


def joined(*threads: threading.Thread) -> None:
    """Wait until all of *threads* have ended."""
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive(), f"{thread.name} never ended"


def until(holds: Callable[[], bool]) -> bool:
    """Ask until *holds* says so; return whether it did, for a condition that nothing signals."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True
