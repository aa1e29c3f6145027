"""What a price list says: the same question to genai-prices and to litellm's price file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal

    from tracker.pricing.quantities import Quantities

#: Tiers at which a call costs what it usually does.
STANDARD_TIERS = frozenset(("auto", "default", "standard", "on_demand", "batch"))


class Listed(NamedTuple):
    """A price of one list: for tokens and the like, and for tools; which rule gave it."""

    cost: Decimal
    tools: Decimal
    rule: str

    @property
    def whole(self) -> Decimal:
        """What both cost together."""
        return self.cost + self.tools


@dataclass(frozen=True, slots=True)
class Asked:
    """What a list is asked for: *model* of *provider*, as it was served.

    ``tier`` is a service tier that is not the usual one, ``speed`` a mode that is billed
    differently; with ``batch`` only a rate for batches will do.  ``region`` is one that has prices
    of its own.
    """

    provider: str
    model: str
    quantities: Quantities
    at: datetime
    tier: str | None = None
    speed: str | None = None
    batch: bool = False
    conditions: Mapping[str, str] = field(default_factory=dict)
    region: str | None = None

    @property
    def modes(self) -> str:
        """The words by which a rule tells how the call was served."""
        told = (
            None if self.tier is None else f"service_tier={self.tier}",
            None if self.speed is None else f"speed={self.speed}",
            "batch" if self.batch else None,
        )
        return "".join(f" {one}" for one in told if one is not None)
