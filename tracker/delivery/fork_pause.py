"""Forking while our threads work: a fork waits until they pause, and they wait until it is over.

A child has none of its parent's threads, but all the locks that they held:
those of SQLite, of logging, of modules that were just being imported.  Between
two pieces of work our threads hold none.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tracker.config import interpreter
from tracker.delivery import fork_registry

# What is registered first is done last before a fork: our threads pause, then files are closed.
from tracker.records.clock import steady
from tracker.sinks.sqlite import shared_file  # noqa: F401 - for its part in forking

if TYPE_CHECKING:
    from collections.abc import Iterator

#: How long a fork waits for each kind of our work.  A store may be slow to answer; modules that
#: are being imported are there in the end, and a child that got their locks taken would stand
#: still at its own first import of them.
PATIENCE_SECONDS = {"loading": 60.0, "writer": 3.0, "sender": 0.5}
#: How often a fork looks whether an import has ended.
LOOK_SECONDS = 0.05


class _Turns:
    """Whose turn it is.  Whoever works passes the gate, which a fork closes."""

    def __init__(self) -> None:
        self.gate = threading.RLock()
        self.work = {name: threading.RLock() for name in PATIENCE_SECONDS}
        self.held: list[threading.RLock] = []
        self.workers: dict[str, int] = {}


_turns = _Turns()


@contextmanager
def working(name: str) -> Iterator[None]:
    """Do a piece of work of the kind *name*, in which no fork may fall."""
    turns = _turns
    with turns.gate:
        turn = turns.work[name]
        turn.acquire()
        turns.workers[name] = threading.get_ident()
    try:
        yield
    finally:
        turn.release()


def _before() -> None:
    _turns.gate.acquire()
    for name, turn in _turns.work.items():
        if _acquired(name, turn):
            _turns.held.append(turn)


def _acquired(name: str, turn: threading.RLock) -> bool:
    """Wait for *turn* as long as its work is worth; longer where that imports something just now.

    A store's library may import the rest of itself at its first requests.
    """
    if turn.acquire(timeout=PATIENCE_SECONDS[name]):
        return True
    deadline = steady() + PATIENCE_SECONDS["loading"]
    while interpreter.is_importing(_turns.workers.get(name, 0)) and steady() < deadline:
        if turn.acquire(timeout=LOOK_SECONDS):
            return True
    return False


def _after_in_parent() -> None:
    while _turns.held:
        _turns.held.pop().release()
    _turns.gate.release()


def _after_in_child() -> None:
    global _turns
    _turns = _Turns()


fork_registry.at_fork(before=_before, in_parent=_after_in_parent, in_child=_after_in_child)
