"""Where calls ask for budgets, which most processes have none of.

``armed`` is all that a call pays where there is none.  The first budget that a program sets, or
a file of budgets among its settings, arms the gate for good: then each call is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracker.error_boundary import boundary

if TYPE_CHECKING:
    from tracker.records.pending_record import PendingRecord

armed = False
_BUDGETING = boundary("budget")


def arm() -> None:
    """Have calls ask for budgets from now on."""
    global armed
    armed = True


def reserve(begun: tuple[Any, ...], options: Any) -> None:
    """Reserve what the call *begun* of a client's request method, with *options*, may cost.

    Raises BudgetExceededError where a budget has not that much left, and nothing else.
    """
    refusal = None
    with _BUDGETING:
        from tracker.budgets import reserving

        service, operation, model, record = begun[:4]
        if record is None:
            return  # it reads what others used, and costs nothing itself
        refusal = reserving.reserve(record, service, operation, model, options)
    if refusal is not None:
        raise refusal


def settle(record: PendingRecord) -> None:
    """Have the call of *record*, which has ended, spend what it cost."""
    with _BUDGETING:
        from tracker.budgets import reserving

        reserving.settle(record)


def withdraw(record: PendingRecord | None, *, may_be_billed: bool) -> None:
    """Let go of what was reserved for a call that has no end of its own; None for a mere read.

    It is spent where the call may be billed: one that was cancelled may have been sent.
    """
    if record is None:
        return
    with _BUDGETING:
        from tracker.budgets import reserving

        reserving.withdraw(record, may_be_billed=may_be_billed)
