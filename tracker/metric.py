"""``Metric`` and what it is made of, under the name that programs import them by."""

from tracker.records.metric import OTHER, Basis, Call, Metric, Price, Usage

__all__ = ["OTHER", "Basis", "Call", "Metric", "Price", "Usage"]
