"""Clients that are wrapped for a tracker, and variables that hold one."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.dataflow.tainted_values import last_name

if TYPE_CHECKING:
    from codemods.analysis.semantic_model import SemanticModel


def wraps_client(call: ast.Call) -> bool:
    """Whether *call* gives a client that carries a tracker."""
    return last_name(call.func) in words.CLIENT_WRAPPERS


def wrapper_of(semantic: SemanticModel, node: ast.AST) -> ast.Call | None:
    """Return the call that made the wrapped client in the variable *node*, if it holds one."""
    if not isinstance(node, ast.Name) or node not in semantic.scopes.scope_of:
        return None
    values = (
        getattr(semantic.module.parents.get(b), "value", None) for b in _binders(semantic, node)
    )
    calls = (v for v in values if isinstance(v, ast.Call))
    return next(filter(wraps_client, calls), None)


def _binders(semantic: SemanticModel, name: ast.Name) -> list[ast.AST]:
    return semantic.scopes.of(name).binders
