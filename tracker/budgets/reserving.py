"""Before and after each call: what it may cost is reserved, and what it did cost is spent.

A call is bound by the budgets of all blocks around it, inner and outer, and by those of the
file of budgets that hold for its record.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, cast

from tracker.budgets import limit
from tracker.budgets.expected import Expected, expect, learn
from tracker.budgets.limit import PICODOLLARS, Budget, Taken, dollars
from tracker.budgets.plan import read
from tracker.budgets.shared import accounts
from tracker.config import settings
from tracker.context import scope
from tracker.error_boundary import warn
from tracker.errors import BudgetExceededError
from tracker.records import pending_record
from tracker.records.arithmetic import default_arithmetic

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal
    from typing import Any

    from tracker.budgets.plan import Place
    from tracker.protocols import MetricOwner
    from tracker.records.metric import Metric
    from tracker.records.pending_record import PendingRecord

WHAT_TO_DO = (
    "Raise the budget, or ask for less (max_tokens); AI_USAGE_OVER_BUDGET=warn makes this a warning"
)


class Reservation:
    """What one call holds of its budgets until it has ended; it is settled once.

    ``places`` are those of its budgets that processes share.
    """

    __slots__ = ("budgets", "expected", "is_settled", "key", "places")

    def __init__(
        self,
        key: str,
        budgets: tuple[Budget, ...],
        places: Sequence[Place],
        expected: Expected | None,
    ) -> None:
        self.key = key
        self.budgets = budgets
        self.places = places
        self.expected = expected
        self.is_settled = False

    @property
    def amount(self) -> int:
        """What is reserved, in picodollars."""
        return 0 if self.expected is None else self.expected.amount

    def spend(self, cost: int, once: str | None = None) -> None:
        """Let go of what is reserved, and spend *cost*; of the same *once* a single time."""
        self.is_settled = True
        limit.settle(self.budgets, self.amount, cost, once)
        if self.places:
            accounts().settle(self.key, cost, once)


def reserve(
    record: PendingRecord, service: str, operation: str, model: object, options: Any
) -> BudgetExceededError | None:
    """Reserve what the call of *record* may cost; return the error of a budget without room."""
    budgets = _around(record)
    file = settings.current().budgets
    if not budgets and file is None:
        return None
    expected = expect(record, service, operation, model, options)
    if expected.is_free:
        return None
    places = _places(expected.metric)
    amount = expected.amount
    only_warns = settings.current().over_budget == "warn"
    full = limit.reserve(budgets, amount, anyhow=only_warns)
    if full is not None:
        error = _error(full, amount)
        if not only_warns:
            return error
        warn(f"budget: {full.name}", str(error))
    reservation = Reservation(record.id, budgets, places, expected)
    refused = _share(reservation)
    if refused is not None:
        limit.settle(budgets, amount, 0)
        return _error(refused, amount)
    record.reservation = reservation
    return None


def settle(record: PendingRecord) -> None:
    """Spend what the call of *record* cost: what it was expected to, where nobody knows.

    A call that was not asked for (a framework's own, or one that is told later) is spent, too.
    """
    reservation = record.reservation
    if record.process != pending_record.process or (reservation and reservation.is_settled):
        return  # its parent's, or one that was told before
    budgets = _around(record)
    if reservation is None and not budgets and settings.current().budgets is None:
        return
    if reservation is None:
        metric = cast("MetricOwner", record.owner).priced(record)
        reservation = Reservation(record.id, budgets, _places(metric), None)
        _share(reservation, anyhow=True)
        record.reservation = reservation
    cost = None
    try:
        cost = _told(record, reservation)
    finally:  # also where it cannot be priced by a mistake of ours
        reservation.spend(reservation.amount if cost is None else cost, record.spent_as)


def _told(record: PendingRecord, reservation: Reservation) -> int | None:
    """Return what the call of *record* cost, if that is known, and learn from it."""
    metric = cast("MetricOwner", record.owner).priced(record)
    # The results of a batch API are billed at its price; what is sent one by one is not.
    is_result = record.batch and record.source is not None
    cost = _amount(metric.cost_usd if is_result else metric.list_cost_usd)
    if reservation.expected is not None:
        learn(reservation.expected.kind, metric.output_tokens, cost)
    if cost is None and not reservation.amount and metric.error is None:
        _tell_of_unpriced(metric)
    return cost


def withdraw(record: PendingRecord, *, may_be_billed: bool) -> None:
    """Let go of what is reserved for *record*; or spend it, if the call may have been sent."""
    reservation = record.reservation
    if reservation is not None and not reservation.is_settled:
        reservation.spend(reservation.amount if may_be_billed else 0)


def _share(reservation: Reservation, *, anyhow: bool = False) -> Taken | None:
    """Reserve in the budgets that processes share; return the one that has no room.

    Where their file cannot be used the call goes on: a full disk is no reason to end a program.
    """
    if not reservation.places:
        return None
    try:
        answer = accounts().reserve(
            reservation.key, reservation.places, reservation.amount, anyhow=anyhow
        )
    except (sqlite3.Error, OSError) as error:
        warn("budget accounts", f"AI usage tracking: budgets cannot be looked at: {error}")
        return None
    for over in answer.over:
        if not anyhow:
            warn(f"budget: {over.name}", str(_error(over, reservation.amount)))
    return answer.full


def _places(metric: Metric) -> list[Place]:
    """Return the budgets of the deployment's file that bind the call of *metric*."""
    chosen = settings.current()
    if chosen.budgets is None:
        return []
    found: dict[tuple[str, str], Place] = {}
    for entry in read(chosen.budgets):
        account = entry.account_of(metric)
        if account is None:
            continue
        for place in entry.places(account, metric.timestamp, chosen.over_budget):
            known = found.get(place[:2])
            # Of two limits of one account the stricter one is met first.
            if known is None or (place.only_warns, place.limit) < (known.only_warns, known.limit):
                found[place[:2]] = place
    return list(found.values())


def _around(record: PendingRecord) -> tuple[Budget, ...]:
    """Return the budgets of the blocks that *record* is booked to, and that it is made in."""
    found = {id(budget): budget for budget in limit.everywhere}
    for start in (cast("scope.Node", record.node), scope.responsible()):
        node: scope.Node | None = start
        while node is not None:
            if node.budget is not None:
                found[id(node.budget)] = node.budget
            node = node.parent
    return tuple(found.values())


def _amount(usd: Decimal | None) -> int | None:
    return None if usd is None else int(default_arithmetic().multiply(usd, PICODOLLARS))


def _error(full: Taken, needed: int) -> BudgetExceededError:
    return BudgetExceededError(
        full.name,
        dollars(full.limit),
        dollars(full.spent),
        dollars(full.reserved),
        dollars(needed),
        WHAT_TO_DO,
    )


def _tell_of_unpriced(metric: Metric) -> None:
    name = f"{metric.service} {metric.model}"
    warn(
        f"budget: unpriced {name}",
        f"AI usage tracking: a call of {name} has no price, so its budget does not count it;"
        " name one in AI_USAGE_PRICES",
    )
