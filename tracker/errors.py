"""Every exception that this package raises on purpose.

::

    AIUsageError
    ├── ConfigurationError (ValueError)
    │   ├── UnknownEnvironmentError      ENVIRONMENT holds a value we do not know
    │   ├── TableEnvironmentError        a table's name contradicts the environment
    │   └── ContextFieldError (TypeError)  a context field collides with an argument
    ├── BudgetExceededError              a call would cost more than a budget has left
    └── SinkError                        a store could not take a metric

Configuration errors reach the caller, early and with what to write instead; but for a
``ContextFieldError``, which is one when strict (``AI_USAGE_STRICT=1``) and else a warning.
A ``BudgetExceededError`` reaches who makes a call under a budget, before anything is sent.
A ``SinkError`` never does: the error boundary logs it and the program goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal


class AIUsageError(Exception):
    """The root of this package's exceptions."""


class ConfigurationError(AIUsageError, ValueError):
    """A setting cannot be used; the message says what to write instead."""


class UnknownEnvironmentError(ConfigurationError):
    """``ENVIRONMENT`` (or an ``environment`` argument) is none of the valid names."""


class TableEnvironmentError(ConfigurationError):
    """A table's name contradicts the environment that would write to it."""


class ContextFieldError(ConfigurationError, TypeError):
    """A field given to a context has the name of an argument, or of the tracker's constructor."""


class BudgetExceededError(AIUsageError):
    """A call was not made: it may cost more than its budget has left.

    ``budget`` names the budget; ``limit_usd`` is what it allows, ``spent_usd`` what calls have
    cost, ``reserved_usd`` what those under way may cost, ``needed_usd`` what this one may, and
    ``advice`` says what to do.
    """

    def __init__(
        self,
        budget: str,
        limit_usd: Decimal,
        spent_usd: Decimal,
        reserved_usd: Decimal,
        needed_usd: Decimal,
        advice: str = "",
    ) -> None:
        # All arguments, so that a pickle has them.
        super().__init__(budget, limit_usd, spent_usd, reserved_usd, needed_usd, advice)
        self.budget = budget
        self.limit_usd = limit_usd
        self.spent_usd = spent_usd
        self.reserved_usd = reserved_usd
        self.needed_usd = needed_usd
        self.advice = advice

    def __str__(self) -> str:
        told = (
            f"{self.budget} is {self.limit_usd:f} USD: {self.spent_usd:f} spent,"
            f" {self.reserved_usd:f} reserved by calls under way, and this call may cost"
            f" {self.needed_usd:f}"
        )
        return f"{told}. {self.advice}" if self.advice else told


class SinkError(AIUsageError):
    """A store could not take a metric."""
