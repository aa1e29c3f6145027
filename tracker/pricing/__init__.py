"""What calls cost: pure functions from usage to money."""

from tracker.pricing.quote import UNPRICED, quote

__all__ = ["UNPRICED", "quote"]
