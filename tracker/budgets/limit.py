"""Budgets of blocks: they live in the process, and all of its threads and tasks share them.

Amounts are whole picodollars, as in the stores.
"""

from __future__ import annotations

import threading
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from tracker.delivery import fork_registry
from tracker.errors import ConfigurationError
from tracker.records import pending_record
from tracker.records.arithmetic import default_arithmetic

if TYPE_CHECKING:
    from collections.abc import Sequence

PICODOLLARS = 10**12
#: More than any store has; a budget of more is a mistake.
MOST_DOLLARS = 9_000_000
# A signal handler or a finaliser may settle a call while its thread reserves.
_lock = threading.RLock()
#: Budgets of all calls of the process, wherever they are made.
everywhere: tuple[Budget, ...] = ()


class Taken:
    """What is taken of a budget at one moment: *spent*, and *reserved* by calls under way."""

    __slots__ = ("limit", "name", "reserved", "spent")

    def __init__(self, name: str, limit: int, spent: int = 0, reserved: int = 0) -> None:
        self.name = name
        self.limit = limit
        self.spent = spent
        self.reserved = reserved

    def has_room(self, amount: int) -> bool:
        """Whether *amount* is left; of a budget that is used up, nothing is."""
        taken = self.spent + self.reserved
        return taken < self.limit and taken + amount <= self.limit


class Budget(Taken):
    """What the calls of a block, and of all blocks inside it, may cost together."""

    __slots__ = ("_once", "_process")

    def __init__(self, name: str, limit: int) -> None:
        super().__init__(name, limit)
        self._process = pending_record.process
        self._once: set[str] = set()

    def is_first(self, once: str | None) -> bool:
        """Return whether *once* was not spent before, and note that it is; None always is."""
        if once is None:
            return True
        known = len(self._once)
        self._once.add(once)
        return len(self._once) > known

    def own(self) -> None:
        """Forget what was reserved before a fork: those calls are the parent's."""
        if self._process != pending_record.process:
            self._process = pending_record.process
            self.reserved = 0


def reserve(budgets: Sequence[Budget], amount: int, *, anyhow: bool) -> Taken | None:
    """Reserve *amount* in all of *budgets*, or in none; return the first that has no room.

    With *anyhow* it is reserved all the same.
    """
    with _lock:
        full = None
        for budget in budgets:
            budget.own()
            if full is None and not budget.has_room(amount):
                full = Taken(budget.name, budget.limit, budget.spent, budget.reserved)
        if full is None or anyhow:
            for budget in budgets:
                budget.reserved += amount
    return full


def settle(budgets: Sequence[Budget], reserved: int, cost: int, once: str | None = None) -> None:
    """Let go of what was *reserved* in each of *budgets*, and spend *cost*.

    *once* is the id of what more than one call may read: it is spent once.
    """
    with _lock:
        for budget in budgets:
            budget.own()
            budget.reserved = max(0, budget.reserved - reserved)
            budget.spent += cost if budget.is_first(once) else 0


def bind(budget: Budget, *, binds: bool) -> None:
    """Have *budget* bind all calls of the process, or no longer."""
    global everywhere
    with _lock:
        others = tuple(one for one in everywhere if one is not budget)
        everywhere = (*others, budget) if binds else others


def picodollars(usd: object, place: str) -> int:
    """Return *usd*, which a program or a file says at *place*.  Raises ConfigurationError."""
    if isinstance(usd, int | float | Decimal) and not isinstance(usd, bool):
        try:
            dollars = Decimal(str(usd))
            if dollars.is_finite() and 0 <= dollars <= MOST_DOLLARS:
                return int(default_arithmetic().multiply(dollars, PICODOLLARS))
        except InvalidOperation:
            pass
    raise ConfigurationError(f"{place} is a number of US dollars of 0 or more, as in 0.50")


def dollars(amount: int) -> Decimal:
    """Return *amount* in US dollars."""
    return default_arithmetic().divide(Decimal(amount), PICODOLLARS)


def _after_fork() -> None:
    """Start a child with a free lock."""
    global _lock
    _lock = threading.RLock()


fork_registry.at_fork(in_child=_after_fork)
