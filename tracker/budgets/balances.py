"""How the budgets of a deployment stand: what its file allows beside what is spent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from tracker.budgets.limit import dollars
from tracker.budgets.plan import named_by, read
from tracker.budgets.shared import accounts
from tracker.config import settings

if TYPE_CHECKING:
    from datetime import datetime

    from tracker.budgets.accounts import Balance


class State(NamedTuple):
    """One budget in one period; amounts are in picodollars."""

    whose: str
    name: str
    period: str
    limit: int
    spent: int
    reserved: int

    @property
    def is_over(self) -> bool:
        """Whether nothing is left of it."""
        return self.spent >= self.limit

    @property
    def told(self) -> str:
        """Say so in a word or two."""
        if not self.is_over:
            return "within"
        return "used up" if self.spent == self.limit else "over"

    def cells(self) -> tuple[str, ...]:
        """Return what a table says of it, behind whose it is."""
        left = max(0, self.limit - self.spent - self.reserved)
        amounts = (self.limit, self.spent, self.reserved, left)
        return (self.period, *(f"{dollars(one):.6f}" for one in amounts), self.told)

    def as_json(self) -> dict[str, str]:
        """Return it for programs: amounts as texts, for no digit of money is to be lost."""
        return {
            "budget": self.whose,
            "period": self.period,
            "limit_usd": f"{dollars(self.limit):f}",
            "spent_usd": f"{dollars(self.spent):f}",
            "reserved_usd": f"{dollars(self.reserved):f}",
            "state": self.told,
        }


def states(at: datetime) -> list[State]:
    """Return how each budget of the file stands at *at*; of "*", each account that is known.

    Raises ConfigurationError, sqlite3.Error or OSError.
    """
    chosen = settings.current()
    if chosen.budgets is None:
        return []
    known = _known()
    found: dict[State, None] = {}
    for entry in read(chosen.budgets):
        names = [json.loads(one) for one, _ in known]
        own = [entry.names] if not entry.is_each else []
        for account in [*own, *(name for name in names if entry.fits(name))]:
            for place in entry.places(account, at, chosen.over_budget):
                balance = known.get((place.account, place.period))
                spent, reserved = (balance.spent, balance.reserved) if balance else (0, 0)
                whose = named_by(account)
                one = State(whose, place.name, place.period, place.limit, spent, reserved)
                found[one] = None
    return list(found)


def _known() -> dict[tuple[str, str], Balance]:
    file = accounts()
    if not file.file.path.exists():
        return {}  # and to look makes none
    return {(one.account, one.period): one for one in file.balances()}
