"""Constructor argument: a context is given what only the tracker's constructor takes.

What it does    Reports the context, once for each such argument.
Why             The context stores it as metadata, and the tracker is built without it.
Before          with ai_usage_context("receipt_reading", user_id="anna", table_name="usage"): ...
After           tracker = AIUsageTracker(table_name="usage")
                with ai_usage_context("receipt_reading", tracker=tracker, user_id="anna"): ...
Safety          Reported and never rewritten: how the tracker is to be built is for a person.
Guide           Best Practices
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codemods import vocabulary as words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.model.finding import Finding

CODE = "AIU010"


def find(semantic: SemanticModel, told: Collection[Finding]) -> Iterator[Finding]:
    """Yield the contexts that are given arguments of the constructor."""
    del told
    for _, _, call, _ in semantic.context_calls:
        for keyword in call.keywords:
            if keyword.arg in words.CONSTRUCTOR_ONLY:
                message = f"{keyword.arg} belongs to the tracker's constructor"
                yield semantic.finding(CODE, call, message)
