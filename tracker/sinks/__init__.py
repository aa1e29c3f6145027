"""Stores for metrics.  They know neither context nor tracker."""

from tracker.sinks.memory import MemorySink

__all__ = ["MemorySink"]
