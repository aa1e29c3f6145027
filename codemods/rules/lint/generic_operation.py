"""Generic operation type: a name that says nothing of what the block does.

What it does    Reports the context.
Why             ``process`` groups all costs together, and none can be told from the others.
Before          with ai_usage_context("process") as tracker: ...
After           with ai_usage_context("receipt_reading") as tracker: ...
Safety          Reported and never rewritten: only a person knows the better name.
Guide           Best Practices
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.rules.planning.operation_types import GENERIC

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.model.finding import Finding

CODE = "AIU009"


def find(semantic: SemanticModel, told: Collection[Finding]) -> Iterator[Finding]:
    """Yield the contexts whose operation type is one of the generic words."""
    del told
    for _, _, call, _ in semantic.context_calls:
        operation = call.args[0] if call.args else None
        if isinstance(operation, ast.Constant) and str(operation.value) in GENERIC:
            message = f"the operation type {operation.value!r} says nothing"
            yield semantic.finding(CODE, call, message)
