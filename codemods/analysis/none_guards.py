"""Variables that a test has shown to be there: ``if value is None: continue``, and what follows.

Only tests of the variable itself count, and only while nothing can bind it anew.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codemods.analysis.syntax.definitions import DataFlow
    from codemods.analysis.syntax.scopes import Binding

_LEAVING = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_BLOCKS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Module)


def is_guarded(taint: DataFlow, name: ast.Name) -> bool:
    """Whether a test before *name*, on every way to it, shows that it is not None there."""
    if name not in taint.scopes.scope_of:
        return False
    binding = taint.scopes.of(name)
    scope = taint.scopes.scope_of[name]
    return not binding.declared and binding.scope is scope and _Search(taint, binding).at(name)


class _Search:
    """Goes backwards, and outwards, from a use of one variable."""

    def __init__(self, taint: DataFlow, binding: Binding) -> None:
        self._module = taint.module
        self._name = binding.name
        self._binders = [binder for binder in binding.binders if not isinstance(binder, ast.arg)]

    def at(self, name: ast.Name) -> bool:
        statement: ast.stmt = self._module.statement(name)
        while True:
            beside = self._module.statements_around(statement)
            for before in reversed(beside[: beside.index(statement)]):
                if self._leaves_none_behind(before):
                    return True
                if self._is_bound_in(before):
                    return False
            around = self._module.parents[statement]
            while not isinstance(around, ast.stmt | ast.Module):
                around = self._module.parents[around]
            if isinstance(around, _BLOCKS):
                return False
            if self._is_tested(around, statement):
                return True
            if self._is_bound_in(around):
                return False
            statement = around

    def _is_bound_in(self, statement: ast.AST) -> bool:
        return any(
            binder is statement or statement in self._module.ancestors(binder)
            for binder in self._binders
        )

    def _leaves_none_behind(self, statement: ast.stmt) -> bool:
        """Whether nothing gets past *statement* with None in the variable."""
        if isinstance(statement, ast.Assert):
            return self._shows(statement.test, truth=True)
        if not isinstance(statement, ast.If) or not isinstance(statement.body[-1], _LEAVING):
            return False
        inner = [*statement.body, *statement.orelse]
        bound = any(map(self._is_bound_in, inner))
        return not bound and self._shows(statement.test, truth=False)

    def _is_tested(self, around: ast.AST, statement: ast.stmt) -> bool:
        """Whether *around* runs *statement*, in one of its suites, only where it is there."""
        if not isinstance(around, ast.If | ast.While):
            return False
        if statement in around.body:
            return self._shows(around.test, truth=True)
        return isinstance(around, ast.If) and self._shows(around.test, truth=False)

    def _shows(self, test: ast.expr, *, truth: bool) -> bool:
        """Whether the variable is not None where *test* comes to *truth*."""
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            return self._shows(test.operand, truth=not truth)
        if isinstance(test, ast.BoolOp):
            each = (self._shows(part, truth=truth) for part in test.values)
            certain = isinstance(test.op, ast.And) is truth
            return any(each) if certain else all(each)
        if isinstance(test, ast.Compare) and len(test.ops) == 1 and self._is_it(test.left):
            right, unequal = test.comparators[0], isinstance(test.ops[0], ast.IsNot | ast.NotEq)
            none = isinstance(right, ast.Constant) and right.value is None
            known = isinstance(test.ops[0], ast.Is | ast.Eq | ast.IsNot | ast.NotEq)
            return none and known and unequal is truth
        return truth and self._is_it(test)

    def _is_it(self, value: ast.expr) -> bool:
        if isinstance(value, ast.NamedExpr):
            value = value.target
        return isinstance(value, ast.Name) and value.id == self._name
