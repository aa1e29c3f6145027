"""Before and after each call: what it may cost is reserved, and what it did cost is spent.

A call is bound by the budgets of all blocks around it, inner and outer, and by those of the
file of budgets that hold for its record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from tracker.budgets import limit
from tracker.budgets.expected import Expected, expect, learn
from tracker.budgets.limit import PICODOLLARS, Budget, Taken, dollars
from tracker.config import settings
from tracker.context import scope
from tracker.error_boundary import warn
from tracker.errors import BudgetExceededError
from tracker.records import pending_record

if TYPE_CHECKING:
    from decimal import Decimal
    from typing import Any

    from tracker.protocols import MetricOwner
    from tracker.records.metric import Metric
    from tracker.records.pending_record import PendingRecord

WHAT_TO_DO = (
    "Raise the budget, or ask for less (max_tokens); AI_USAGE_OVER_BUDGET=warn makes this a warning"
)


class Reservation:
    """What one call holds of its budgets until it has ended; it is settled once."""

    __slots__ = ("budgets", "expected", "is_settled")

    def __init__(self, budgets: tuple[Budget, ...], expected: Expected | None) -> None:
        self.budgets = budgets
        self.expected = expected
        self.is_settled = False


def reserve(
    record: PendingRecord, service: str, operation: str, model: object, options: Any
) -> BudgetExceededError | None:
    """Reserve what the call of *record* may cost; return the error of a budget without room."""
    budgets = _around(record)
    if not budgets:
        return None
    expected = expect(record, service, operation, model, options)
    if expected.is_free:
        return None
    only_warns = settings.current().over_budget == "warn"
    full = limit.reserve(budgets, expected.amount, anyhow=only_warns)
    if full is not None:
        error = _error(full, expected.amount)
        if not only_warns:
            return error
        warn(f"budget: {full.name}", str(error))
    record.reservation = Reservation(budgets, expected)
    return None


def settle(record: PendingRecord) -> None:
    """Spend what the call of *record* cost: what it was expected to, where nobody knows.

    A call that was not asked for (a framework's own, or one that is told later) is spent, too.
    """
    reservation = record.reservation
    if record.process != pending_record.process:
        return  # its parent's
    if reservation is None:
        budgets = _around(record)
        if not budgets:
            return
        record.reservation = reservation = Reservation(budgets, None)
    if reservation.is_settled:
        return
    reservation.is_settled = True
    expected = reservation.expected
    reserved = 0 if expected is None else expected.amount
    metric = cast("MetricOwner", record.owner).priced(record)
    cost = _cost(metric)
    if expected is not None:
        learn(expected.kind, metric.output_tokens, cost)
    if cost is None:
        cost = reserved
        if not reserved and metric.error is None:
            _tell_of_unpriced(metric)
    limit.settle(reservation.budgets, reserved, cost)


def withdraw(record: PendingRecord, *, may_be_billed: bool) -> None:
    """Let go of what is reserved for *record*; or spend it, if the call may have been sent."""
    reservation = record.reservation
    if reservation is None or reservation.is_settled:
        return
    reservation.is_settled = True
    reserved = 0 if reservation.expected is None else reservation.expected.amount
    limit.settle(reservation.budgets, reserved, reserved if may_be_billed else 0)


def _around(record: PendingRecord) -> tuple[Budget, ...]:
    """Return the budgets of the blocks that *record* is booked to, and that it is made in."""
    found: dict[int, Budget] = {}
    for start in (cast("scope.Node", record.node), scope.responsible()):
        node: scope.Node | None = start
        while node is not None:
            if node.budget is not None:
                found[id(node.budget)] = node.budget
            node = node.parent
    return tuple(found.values())


def _cost(metric: Metric) -> int | None:
    """Return what the provider takes: calls that are made one by one cost the list's price."""
    cost: Decimal | None = metric.list_cost_usd
    if cost is None:
        cost = metric.cost_usd
    return None if cost is None else int(cost * PICODOLLARS)


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
