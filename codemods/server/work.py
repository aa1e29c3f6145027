"""One thread that does what takes long, the most urgent first; what is outdated is not begun."""

from __future__ import annotations

import asyncio
import itertools
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import IntEnum
from queue import PriorityQueue
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Urgency(IntEnum):
    """What is done first."""

    TYPED = 0
    ASKED = 1
    BESIDE = 2


class Superseded(BaseException):
    """Nobody waits for the result any more.

    It is no Exception: one that a file's analysis raises becomes the failure of that file.
    """


@dataclass(frozen=True)
class Ticket:
    """What a piece of work asks whether it is still wanted."""

    _ended: threading.Event = field(default_factory=threading.Event)

    def end(self) -> None:
        """Say that nobody waits for it."""
        self._ended.set()

    def check(self) -> None:
        """Raise Superseded where nobody waits any more."""
        if self._ended.is_set():
            raise Superseded


class Worker:
    """The thread, which lives as long as the process."""

    def __init__(self) -> None:
        self._waiting: PriorityQueue[tuple[int, int, Callable[[], None]]] = PriorityQueue()
        self._numbers = itertools.count()
        self._thread = threading.Thread(target=self._run, name="analysis", daemon=True)
        self._thread.start()

    async def done(self, urgency: Urgency, ticket: Ticket, work: Callable[[], T]) -> T:
        """Return the result of *work*; raises Superseded if *ticket* has ended.

        Who stops waiting ends it.
        """
        future: Future[T] = Future()

        def piece() -> None:
            _do(future, ticket, work)

        self._waiting.put((urgency, next(self._numbers), piece))
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            ticket.end()
            raise

    def _run(self) -> None:
        while True:
            self._waiting.get()[2]()


def _do(future: Future[Any], ticket: Ticket, work: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        ticket.check()
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001 - who asked is told; the thread goes on
        future.set_exception(error)
