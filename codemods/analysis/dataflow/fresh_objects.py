"""Whether what a local object holds is as new as the object itself."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.syntax.calls import arguments_of
from codemods.analysis.syntax.tree import children

if TYPE_CHECKING:
    from codemods.analysis.dataflow.protocols import Pass
    from codemods.analysis.syntax.scopes import Binding

_DISPLAYS = (ast.List, ast.Tuple, ast.Set, ast.Dict)
_TEXTS = (ast.Constant, ast.JoinedStr, ast.Compare)
_PUTS = frozenset("append add insert extend update setdefault appendleft put push".split())


class Insides:
    """Answers for the local objects of one pass."""

    def __init__(self, run: Pass) -> None:
        self._run = run
        self._parents = run.module.parents
        self._asked: set[Binding] = set()

    def are_new(self, binding: Binding) -> bool:
        """Whether all that is put into the objects of *binding* was made for them."""
        if binding in self._asked:
            return True
        self._asked.add(binding)
        try:
            statements = [self._run.module.statement(binder) for binder in binding.binders]
            values = [getattr(statement, "value", None) for statement in statements]
            made = all(value is not None and self._is_new(value) for value in values)
            return made and all(self._puts_new(load) for load in binding.loads)
        finally:
            self._asked.discard(binding)

    def _is_new(self, value: ast.expr) -> bool:
        if isinstance(value, _TEXTS) or self._run.tainted(value):
            return True
        if isinstance(value, _DISPLAYS):
            parts = (c for c in children(value) if isinstance(c, ast.expr))
            return all(self._is_new(part) for part in parts)
        if isinstance(value, ast.Call):
            return self._run.makes_new(value) and all(map(self._is_new, arguments_of(value)))
        if isinstance(value, ast.Name) and value in self._run.scopes.scope_of:
            binding = self._run.scopes.of(value)
            local = binding.scope is self._run.scope and not binding.scope.is_module
            return local and self._run.built_here(binding) and self.are_new(binding)
        return isinstance(value, ast.ListComp | ast.SetComp | ast.DictComp)

    def _puts_new(self, load: ast.Name) -> bool:
        """Whether the statement around *load* puts nothing older into the object."""
        node: ast.AST = load
        parent = self._parents.get(node)
        while isinstance(parent, ast.Attribute | ast.Subscript) and parent.value is node:
            if isinstance(parent.ctx, ast.Store):
                statement = self._run.module.statement(load)
                value = getattr(statement, "value", None)
                return value is None or self._is_new(value)
            node, parent = parent, self._parents.get(parent)
        if isinstance(parent, ast.Call) and parent.func is node:
            puts = isinstance(node, ast.Attribute) and node.attr in _PUTS
            return not puts or all(map(self._is_new, arguments_of(parent)))
        return True
