"""The terms of the table of foreign functions: effects, and rows of names that have one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Effect(StrEnum):
    """What becomes of an argument."""

    COMPARE = "compare"  # it is looked at, and not called
    NOW = "call now"  # it may be called, and is let go before the call returns
    AWAIT = "call until awaited"  # let go when what the call returns has been awaited
    HOLD = "hold"  # what the call returns holds it, or will use it
    COPY = "copy"  # what the call returns is made of what it is made of
    KEEP = "keep"  # the receiver, or the first argument, holds it from now on
    LATER = "call later"  # it may be used after the call has returned


@dataclass(frozen=True, slots=True)
class Row:
    """One row: an effect of ``names``, as ``source`` tells.

    Arguments for the keywords ``now`` are called at once, and not held, whatever the effect.
    """

    effect: Effect
    source: str
    names: str
    now: str = ""


@dataclass(frozen=True, slots=True)
class Model:
    """What one function does with its arguments, and where that is written."""

    effect: Effect
    source: str
    now: frozenset[str] = frozenset()
    by_name: bool = False
