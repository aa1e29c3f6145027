"""Clients that are wrapped for a tracker, and variables that hold one."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.dataflow.tainted_values import last_name

if TYPE_CHECKING:
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.definitions import DataFlow
    from codemods.analysis.syntax.scopes import Binding


def wraps_client(call: ast.Call) -> bool:
    """Whether *call* gives a client that carries a tracker."""
    return last_name(call.func) in words.CLIENT_WRAPPERS


def wrapper_of(semantic: SemanticModel, node: ast.AST) -> ast.Call | None:
    """Return the call that made the wrapped client in the variable *node*, if it holds one."""
    if not isinstance(node, ast.Name) or node not in semantic.scopes.scope_of:
        return None
    return semantic.taint.once(_Wrappers).of(semantic.scopes.of(node))


class _Wrappers:
    """What made the wrapped clients in the variables of a module, each looked at once."""

    def __init__(self, taint: DataFlow) -> None:
        self._parents = taint.module.parents
        self._known: dict[Binding, ast.Call | None] = {}

    def of(self, binding: Binding) -> ast.Call | None:
        if binding not in self._known:
            values = (getattr(self._parents.get(b), "value", None) for b in binding.binders)
            calls = (v for v in values if isinstance(v, ast.Call))
            self._known[binding] = next(filter(wraps_client, calls), None)
        return self._known[binding]
