"""Batches whose items are bound between the set call and the loop: the block starts behind them.

Only where the statements in between record nothing, and the ids are the same later.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.dataflow.tainted_values import last_name
from codemods.analysis.syntax.effects import sized_value
from codemods.analysis.syntax.tree import walk

if TYPE_CHECKING:
    from codemods.analysis.dataflow.taint_records import Flow
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.lifetimes import Lifetime

# Calls that record nothing and give what they are given another form.
_HARMLESS = frozenset("list tuple set frozenset dict sorted len str int range".split())


def start_behind_items(
    semantic: SemanticModel, lifetime: Lifetime, flow: Flow, start: int
) -> int | None:
    """Return the index behind the statement that binds the batch's items, if it may begin there."""
    values = [a.value for site in lifetime.sets for a in site.arguments]
    batch = any(site.argument(words.BATCH) is not None for site in lifetime.sets)
    if not batch or not semantic.settings.batch_pricing:
        return None
    if not all(isinstance(v, ast.Constant | ast.Name) for v in values):
        return None
    bound = _binding_index(semantic, lifetime, flow, start)
    if bound is None:
        return None
    names = {v.id for v in values if isinstance(v, ast.Name)}
    tainted = {binding.name for binding in flow.tainted}
    between = lifetime.body[start : bound + 1]
    return bound + 1 if all(_is_harmless(s, names, tainted) for s in between) else None


def _binding_index(
    semantic: SemanticModel, lifetime: Lifetime, flow: Flow, start: int
) -> int | None:
    sending = semantic.sending(flow, ours=semantic.ours(lifetime.construct.home))
    loop = sending.batch(lifetime.body[start : lifetime.end])
    if loop is None or not isinstance(loop.items, ast.Name):
        return None
    binders = semantic.scopes.of(loop.items).binders
    statement = semantic.module.parents.get(binders[0]) if len(binders) == 1 else None
    if not isinstance(statement, ast.Assign) or statement not in lifetime.body:
        return None
    index = lifetime.body.index(statement)
    inside = start <= index < lifetime.body.index(loop.statement)
    return index if inside and sized_value(statement.value) else None


def _is_harmless(statement: ast.stmt, names: set[str], tainted: set[str]) -> bool:
    """Whether *statement* only binds names, none of the ids' own, and calls nothing unknown."""
    if not isinstance(statement, ast.Assign):
        return False
    for node in walk(statement):
        if isinstance(node, ast.Call) and last_name(node.func) not in _HARMLESS:
            return False
        if isinstance(node, ast.Await | ast.Yield | ast.YieldFrom | ast.NamedExpr):
            return False
        if isinstance(node, ast.Name) and node.id in tainted:
            return False
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in names:
            return False
    return all(isinstance(target, ast.Name) for target in statement.targets)
