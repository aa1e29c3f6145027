"""Tracker behind its block: the tracker of a context is used when the context has ended.

What it does    Reports each use.
Why             A closed block stores late, and what is recorded then belongs to no block.
Before          with ai_usage_context("receipt_reading") as tracker:
                    read(tracker)
                check(tracker)
After           with ai_usage_context("receipt_reading") as tracker:
                    read(tracker)
                    check(tracker)
Safety          Reported and never rewritten: how far the block was meant to go is not written.
Leaves alone    a tracker that another context takes over, a name that is bound more than once
Guide           Best Practices
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.scopes import Binding
    from codemods.model.finding import Finding

CODE = "AIU008"


def find(semantic: SemanticModel, told: Collection[Finding]) -> Iterator[Finding]:
    """Yield the uses of each block's tracker behind the block."""
    del told
    for statement, item, _, _ in semantic.context_calls:
        yield from _behind(semantic, statement, statement.items[item].optional_vars)


def _behind(
    semantic: SemanticModel, statement: ast.stmt, target: ast.expr | None
) -> Iterator[Finding]:
    """Find uses of the block's tracker after the block, where only this block binds it."""
    if not isinstance(target, ast.Name):
        return
    binding = semantic.scopes.of(target)
    if len(binding.binders) != 1:
        return
    end = statement.end_lineno or statement.lineno
    for load in binding.loads:
        if load.lineno > end and not _adopted_again(semantic, load, binding):
            yield semantic.finding(CODE, load, f"{target.id} is used after its block has ended")


def _adopted_again(semantic: SemanticModel, load: ast.Name, binding: Binding) -> bool:
    """Whether *load* stands in the header or the body of another context with that tracker."""
    around = set(semantic.module.ancestors(load))
    for statement, _, call, _ in semantic.context_calls:
        given = next((k.value for k in call.keywords if k.arg == words.TRACKER_ARGUMENT), None)
        if statement in around and isinstance(given, ast.Name):
            if semantic.scopes.of(given) is binding:
                return True
    return False
