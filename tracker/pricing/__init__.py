"""What calls cost: pure functions from usage to money."""

from tracker.pricing.quote import UNPRICED, quote, warm

__all__ = ["UNPRICED", "quote", "warm"]
