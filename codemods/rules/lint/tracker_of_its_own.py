"""Tracker of its own: a call in a block leads to a context that makes another tracker.

What it does    Reports the call; ``migrate --unsafe`` gives the function a parameter for one.
Why             Each call builds another tracker, and stores on its own.
Before          with ai_usage_context("receipt_reading") as tracker:
                    read_lines(text)
After           with ai_usage_context("receipt_reading") as tracker:
                    read_lines(text, tracker=tracker)
Safety          Reported here and never rewritten.
Leaves alone    functions of other packages, and methods that may be overridden
Guide           Common Issues, 1
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers import contexts as blocks
from codemods.rules.checks.tracker_names import called_function

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.model.finding import Finding

CODE = "AIU012"


def find(semantic: SemanticModel, told: Collection[Finding]) -> Iterator[Finding]:
    """Yield the calls in a block that lead to a block with a tracker of its own."""
    del told
    for node in walk(semantic.module.tree):
        if not isinstance(node, ast.Call) or blocks.in_its_block(semantic.taint, node) is None:
            continue
        callee = called_function(semantic, node)
        found = blocks.opening(callee.taint, callee.node) if callee is not None else None
        if found is not None:
            module = found.taint.module
            place = f"{module.source.display}:{module.span(found.header).line}"
            message = f"{found.function.name} opens a context with a tracker of its own ({place})"
            yield semantic.finding(CODE, node, message)
