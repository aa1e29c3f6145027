"""A tracker that others have when its block is over: a person may say that they need no ids of it.

That is asked, with ``--unsafe``, of the tracker alone.  What works with it later, as a function or
an object of the project does that is given it, needs the ids: it is refused in any case.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words

if TYPE_CHECKING:
    from codemods.analysis.dataflow.taint_records import Escape, Flow
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.lifetimes import Lifetime

_TEXT = "who gets the tracker in line {} does nothing with it in the block, nor needs its ids later"


def escape_conditions(semantic: SemanticModel, lifetime: Lifetime, flow: Flow) -> tuple[str, ...]:
    """Return what must be confirmed for each way out of *lifetime*; nothing where it may not be.

    There must be work left for the block.
    """
    if not semantic.settings.unsafe or lifetime.owned or not flow.escapes:
        return ()
    if not all(_is_the_tracker(semantic, lifetime, escape) for escape in flow.escapes):
        return ()
    attributes = (semantic.module.parents[load] for load in lifetime.loads)
    if any(getattr(one, "attr", "") == words.BATCH_MODE_CALL for one in attributes):
        return ()  # it would be in batch mode no longer
    leaving = {semantic.module.statement(escape.node) for escape in flow.escapes}
    leaving.update(site.statement for site in lifetime.sets)
    if all(semantic.module.statement(load) in leaving for load in lifetime.loads):
        return ()
    lines = (escape.node.lineno for escape in flow.escapes)  # type: ignore[attr-defined]
    return tuple(_TEXT.format(line) for line in dict.fromkeys(lines))


def _is_the_tracker(semantic: SemanticModel, lifetime: Lifetime, escape: Escape) -> bool:
    """Whether what gets out by *escape* is the variable's tracker, with nothing that uses it."""
    node = escape.node
    if isinstance(node, ast.Expr):
        node = node.value
    if isinstance(node, ast.Return | ast.Assign) and node.value is not None:
        parts = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
        own = [part for part in parts if _is_own(semantic, lifetime, part)]
        named = [n for n in lifetime.loads if semantic.module.statement(n) is node]
        return bool(own) and len(own) == len(named)
    if not isinstance(node, ast.Call) or len(node.args) != 1 or node.keywords:
        return False
    known = semantic.taint.definition(node.func) or semantic.taint.class_of(node.func)
    return known is None and _is_own(semantic, lifetime, node.args[0])


def _is_own(semantic: SemanticModel, lifetime: Lifetime, value: ast.expr) -> bool:
    if not isinstance(value, ast.Name) or value not in semantic.scopes.scope_of:
        return False
    return semantic.scopes.of(value) is lifetime.binding
