"""Blocks that may cost so much and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracker.budgets import gate
from tracker.budgets.limit import Budget, picodollars
from tracker.context.block import Block

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Self

    from tracker.environment_config import Environment


class BudgetBlock(Block):
    """A block whose calls, and those of blocks inside it, cost its budget at most.

    A block like it (of a function that it decorates, say) has a budget of its own.
    """

    # Blocks without one have the class's None: they pay nothing for this.
    __slots__ = ("budget",)

    def limited(self, limit: int) -> Self:
        """Return this block, which gets a budget of *limit*."""
        self.budget: Budget | None = Budget(f"budget_usd of the block {self._operation!r}", limit)
        return self

    def like_it(self) -> Self:
        """Return a block like this one, which nobody has entered."""
        made = super().like_it()
        return made.limited(0 if self.budget is None else self.budget.limit)


def made_block(
    operation_type: Any,
    tracker: Any,
    make_tracker: Callable[[Environment | str | None], Any],
    environment: Environment | str | None,
    fields: Mapping[str, Any],
    budget_usd: Any,
    *,
    batch: bool = False,
) -> Block:
    """Return a block, with a budget if *budget_usd* is given.

    Raises ConfigurationError for what is no amount: who asks for a budget is to have one.
    """
    given = (operation_type, tracker, make_tracker, environment, fields, batch)
    if budget_usd is None:
        return Block().given(*given)
    limit = picodollars(budget_usd, "budget_usd")
    gate.arm()
    return BudgetBlock().given(*given).limited(limit)
