"""Functions that are handed on as values, and calls that may be calls of such a function."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.reach import reachable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codemods.analysis.taint import Taint


def may_call_back(taint: Taint, statements: Iterable[ast.AST], targets: set[ast.AST]) -> bool:
    """Whether *statements* call something unknown while one of *targets* is handed on."""
    listed = list(statements)
    reached = reachable(taint, listed)
    if not any(_calls_unknown(taint, node) for node in listed) and not any(
        _calls_unknown(one.taint, node) for one in reached for node in one.node.body
    ):
        return False
    handed = [n for n in ast.walk(taint.module.tree) if _is_handed(taint, n)]
    return any(found.node in targets for found in reachable(taint, handed))


def _is_handed(taint: Taint, node: ast.AST) -> bool:
    """Whether *node* is a lambda, or a mention of a function that is no call of it."""
    if isinstance(node, ast.Lambda):
        return True
    if not isinstance(node, ast.Name | ast.Attribute) or taint.definition(node) is None:
        return False
    parent = taint.module.parents[node]
    return not (isinstance(parent, ast.Call) and parent.func is node)


def _calls_unknown(taint: Taint, root: ast.AST) -> bool:
    return any(isinstance(n, ast.Call) and _is_unknown(taint, n.func) for n in ast.walk(root))


def _is_unknown(taint: Taint, function: ast.expr) -> bool:
    """Whether *function* is a parameter, or comes from one, a collection or another call."""
    if isinstance(function, ast.Name | ast.Attribute) and taint.definition(function) is not None:
        return False
    root: ast.expr = function
    while isinstance(root, ast.Attribute | ast.Subscript):
        root = root.value
    if not isinstance(root, ast.Name) or root not in taint.scopes.scope_of:
        return True
    return any(isinstance(b, ast.arg | ast.Name) for b in taint.scopes.of(root).binders)
