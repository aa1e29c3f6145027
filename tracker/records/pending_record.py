"""One physical call on its way to the store."""

from __future__ import annotations

import itertools
import os
from time import perf_counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from tracker.delivery import fork_registry
from tracker.records import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tracker.context.state import State
    from tracker.records.metric import Call

# What makes ids unique over processes and their forks: 64 random bits each, and a count that
# goes on in a fork.
process = os.urandom(8).hex()
_next_number = itertools.count().__next__


class RecordOwner(Protocol):
    """Who stores a record in the end."""

    def settle(self, records: Iterable[PendingRecord], *, wait: bool = True) -> None:
        """Store *records*; those that are stored already are passed over.

        Outside all blocks the caller waits until they are on disk, unless told not to.
        """


class Home(Protocol):
    """Where a call is pending: a block, or a tracker's standing state.

    ``began`` orders it among statements of who calls belong to; ``closed`` says that it ended.
    """

    began: int
    closed: bool
    is_block: bool
    pending: dict[int, PendingRecord]

    @property
    def state(self) -> State:
        """Who its calls belong to."""

    def learned(self) -> State:
        """Return the state, with what was learned since its calls began."""


class PendingRecord:
    """One physical call on its way to the store.

    ``at`` is the wall-clock start in seconds since the epoch, ``started`` the
    same moment on the monotonic clock.  ``state`` is the attribution when the
    call began, ``learned`` the block's state when the call was to be stored.
    ``extra`` is what outer observers know (the function's name), ``source``
    what the response came from, if no physical call was seen: a function, a batch.  ``after``
    is called once the record has its call, if its block does not store it.
    ``told`` is the call as it ended; or what was kept of its answer, in a tuple that begins with
    the function which makes a call of it, for whoever asks first.
    ``spoken_for`` says that a program's own statement, and not a block, made it its owner's.
    ``counts`` and ``conditions`` are what the request tells of a service that is billed by the
    piece, and ``unknown`` why its answer may tell no usage.
    ``answer_id`` is what the record of its answer will be called that another process may make: one
    of the two is spent of a budget.
    ``unbilled`` says that the provider takes nothing for it.
    ``reservation`` is what it holds of budgets, or held.
    ``base_url`` is where its client sends requests to, as that client has it.
    ``process`` tells the process that made it from those that were forked from it.
    """

    # What every call has, has its place; what most never change is said here, and costs nothing.
    __slots__ = (
        "__dict__",
        "after",
        "at",
        "base_url",
        "learned",
        "node",
        "number",
        "owner",
        "process",
        "started",
        "state",
        "stored",
        "told",
    )
    extra: Mapping[str, object] = MappingProxyType({})
    source: object = None
    counts: Mapping[str, float] | None = None
    conditions: Mapping[str, str] | None = None
    unknown: str | None = None
    batch = False
    late = False
    unbilled = False
    spoken_for = False
    reservation: Any = None
    answer_id: str | None = None
    _id: str | None = None

    after: Callable[[PendingRecord], None] | None
    at: float
    base_url: object
    learned: State | None
    node: Home
    number: int
    owner: RecordOwner
    process: str
    started: float
    state: State
    stored: bool
    told: Call | tuple[Any, ...] | None

    @property
    def id(self) -> str:
        """The key of its metric in every store, unique over all processes."""
        return self._id or f"{self.process}{self.number:016x}"

    @id.setter
    def id(self, value: str) -> None:
        self._id = value

    @property
    def spent_as(self) -> str | None:
        """An id that follows from what was answered: whoever reads that again has the same."""
        return self._id or self.answer_id

    @property
    def call(self) -> Call | None:
        """What it turned out to be, once it has ended."""
        told = self.told
        if type(told) is tuple:
            told = self.told = told[0](told)
        return told  # type: ignore[return-value]

    @call.setter
    def call(self, call: Call | None) -> None:
        self.told = call

    def elapsed_ms(self) -> float:
        """Return the milliseconds since the call began."""
        return (perf_counter() - self.started) * 1000.0


def opened(owner: RecordOwner, node: Home, state: State) -> PendingRecord:
    """Return the record of a call that begins now: a constructor would take half as long again."""
    record = PendingRecord()
    record.told = record.base_url = record.learned = record.after = None
    record.stored = False
    record.process = process
    record.number = _next_number()
    record.at = clock.now()
    record.started = perf_counter()
    record.owner = owner
    record.node = node
    record.state = state
    return record


def _after_fork() -> None:
    """Have a child make ids of its own, that tell its records from those of its parent."""
    global process
    process = os.urandom(8).hex()


fork_registry.at_fork(in_child=_after_fork)
