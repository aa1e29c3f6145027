"""The arithmetic of amounts, whatever the program has chosen for figures of its own."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Context


@functools.cache
def default_arithmetic() -> Context:
    """Return the arithmetic that Python begins with, which a program may have changed."""
    from decimal import ROUND_HALF_EVEN, Context, DivisionByZero, InvalidOperation, Overflow

    traps = [DivisionByZero, InvalidOperation, Overflow]
    return Context(prec=28, rounding=ROUND_HALF_EVEN, Emin=-999999, Emax=999999, traps=traps)
