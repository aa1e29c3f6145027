"""Nested context: one in another block that does not take over the tracker of that block.

What it does    Reports the inner context; ``migrate --unsafe`` hands the tracker over.
Why             The inner block records through a tracker of its own.
Before          with ai_usage_context("receipt_reading") as tracker:
                    with ai_usage_context("line_check") as checker: ...
After           with ai_usage_context("receipt_reading") as tracker:
                    with ai_usage_context("line_check", tracker=tracker) as checker: ...
Safety          Reported here and never rewritten.
Leaves alone    contexts of the items of a batch, which have a rule of their own
Guide           Best Practices, 5
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codemods.rules.checks.nested_contexts import nested

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.model.finding import Finding

CODE = "AIU007"
MESSAGE = "nested context without tracker="


def find(semantic: SemanticModel, told: Collection[Finding]) -> Iterator[Finding]:
    """Yield the contexts inside others that are given no tracker."""
    del told
    for _, call in nested(semantic):
        yield semantic.finding(CODE, call, MESSAGE)
