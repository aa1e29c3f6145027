"""Processes that stand still for a while: one of them, or the whole machine as it were.

A process that is not given a processor for seconds looks the same to all others, as does a laptop
that was closed.  It is what a limit of time in a test does not expect.
"""

from __future__ import annotations

import os
import random
import signal
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Seconds between two of them, on average.
PAUSE = 2.0
#: How often, out of how often, all stand still, and of these how often for very long.
ALL, LONG, OF = 15, 1, 100
SHORTEST, LONGEST, VERY_LONG = 0.1, 3.0, 20.0
_PROCESSES = Path("/proc")


@contextmanager
def standing_still(seed: str) -> Iterator[None]:
    """Stop and continue processes that this one started, and theirs, for the time of the block.

    Linux tells which they are; elsewhere none is stopped.
    """
    over = threading.Event()
    dice = random.Random(seed)

    def work() -> None:
        while not over.wait(dice.expovariate(1 / PAUSE)):
            found = below(os.getpid())
            throw = dice.randrange(OF)
            if throw >= ALL and found:
                found = [dice.choice(found)]
            seconds = VERY_LONG if throw < LONG else dice.uniform(SHORTEST, LONGEST)
            _send(found, signal.SIGSTOP)
            try:
                over.wait(seconds)
            finally:
                _send(found, signal.SIGCONT)

    thread = threading.Thread(target=work, name="standstill")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def below(number: int) -> list[int]:
    """Return the processes that the process *number* started, and those that these did."""
    children: dict[int, list[int]] = {}
    for place in _PROCESSES.glob("[0-9]*/stat"):
        with suppress(OSError, ValueError):  # it has ended
            parent = int(place.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(place.parent.name))
    found, todo = [], [number]
    while todo:
        more = children.get(todo.pop(), [])
        found += more
        todo += more
    return sorted(found)


def _send(processes: list[int], number: int) -> None:
    for process in processes:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(process, number)
