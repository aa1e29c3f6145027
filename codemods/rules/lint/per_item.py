"""Context for each item of a batch: a block a call, inside the block of the batch.

What it does    Reports the inner context.
Why             One block a call hides the batch, and each stores on its own.
Before          with batch_ai_usage_context("batch-1", len(items)) as tracker:
                    for item in items:
                        with ai_usage_context("read_item"): read(item)
After           with batch_ai_usage_context("batch-1", len(items)) as tracker:
                    for item in items:
                        read(item, tracker)
Safety          Reported and never rewritten.
Guide           Best Practices
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codemods.rules.checks.nested_contexts import per_item

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.model.finding import Finding

CODE = "AIU011"


def find(semantic: SemanticModel, told: Collection[Finding]) -> Iterator[Finding]:
    """Yield the contexts in a loop of a batch's block."""
    del told
    for _, call in per_item(semantic):
        yield semantic.finding(CODE, call, "a context of its own for each item of a batch")
