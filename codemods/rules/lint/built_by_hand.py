"""Tracker built by hand: a construction that no context manager makes or takes.

What it does    Reports each construction that the patterns have not told of already.
Why             Nothing flushes the tracker when an exception comes before its manual flush.
Before          tracker = AIUsageTracker()
After           with ai_usage_context("receipt_analysis") as tracker: ...
Safety          Reported here; the patterns decide whether migrate rewrites it.
Leaves alone    trackers that are handed to contexts, and those that are only looked at
Guide           section 3
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codemods.analysis.trackers.unrecorded import is_only_looked_at
from codemods.rules.checks.nested_contexts import is_managed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.model.finding import Finding

CODE = "AIU001"
MESSAGE = "tracker built by hand"


def find(semantic: SemanticModel, told: Collection[Finding]) -> Iterator[Finding]:
    """Yield the constructions of trackers that no context manages."""
    del told
    for construct in semantic.lifetimes.constructs:
        if not is_managed(semantic, construct) and not is_only_looked_at(semantic, construct):
            yield semantic.finding(CODE, construct.call, MESSAGE)
