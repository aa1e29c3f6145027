"""Which variables of a module hold, or lead to, a tracker: by their bindings and their uses."""

from __future__ import annotations

import ast
from functools import cached_property
from typing import TYPE_CHECKING

from codemods.analysis.external.api_aliases import api_name
from codemods.analysis.syntax.tree import walk
from codemods.vocabulary import SET_CALL, SET_PARAMETERS, TRACKER_CLASS, TRACKER_METHODS

if TYPE_CHECKING:
    from codemods.analysis.syntax.definitions import DataFlow, Resolved
    from codemods.analysis.syntax.parsed_module import ParsedModule
    from codemods.analysis.syntax.scopes import Binding, Scopes
    from codemods.analysis.trackers.lifetimes import Construct, Lifetimes


def tracker_variables(
    module: ParsedModule, scopes: Scopes, taint: DataFlow, lifetimes: Lifetimes
) -> frozenset[Binding]:
    """Return the variables that are bound to a tracker, or of which a method of one is called."""
    asked = _Variables(module, taint, lifetimes)
    return frozenset(
        binding
        for binding in scopes.bindings.values()
        if any(asked.is_bound_to_one(binder) for binder in binding.binders)
        or any(asked.is_used_as_one(load) for load in binding.loads)
    )


class _Variables:
    """Answers for one binder, or one use, of a variable."""

    def __init__(self, module: ParsedModule, taint: DataFlow, lifetimes: Lifetimes) -> None:
        self._module = module
        self._taint = taint
        self._names = taint.names
        self._lifetimes = lifetimes
        #: Of each function that was asked about, whether its body names the class of trackers.
        self._naming: dict[ast.AST, bool] = {}

    def is_used_as_one(self, load: ast.Name) -> bool:
        """Whether a method of trackers is called on *load*."""
        parent = self._module.parents[load]
        if not isinstance(parent, ast.Attribute) or parent.attr not in TRACKER_METHODS:
            return False
        call = self._module.parents[parent]
        given = call.keywords if isinstance(call, ast.Call) and parent.attr == SET_CALL else []
        # With parameters of its own it is another class's method of that name.
        return all(k.arg is None or k.arg in SET_PARAMETERS for k in given)

    def is_bound_to_one(self, binder: ast.AST) -> bool:
        """Whether *binder* binds a tracker, or what visibly leads to one."""
        parent = self._module.parents.get(binder)
        if isinstance(parent, ast.withitem) and isinstance(parent.context_expr, ast.Call):
            return self._names.context_manager(parent.context_expr.func) is not None
        if not isinstance(binder, ast.Name):
            return False
        statement = self._module.statement(binder)
        if not isinstance(statement, (ast.Assign, ast.AnnAssign, ast.Expr)):
            return False
        construct = self._constructs.get(statement)
        if construct is not None:
            return binder in self._lifetimes.names_of(construct, statement)
        if isinstance(statement, ast.Expr) or statement.value is None:
            return False
        return any(
            isinstance(node, ast.Call) and (node in self._construct_calls or self._builds_one(node))
            for node in walk(statement.value)
        )

    @cached_property
    def _constructs(self) -> dict[ast.stmt, Construct]:
        """The first construction of each statement that binds one."""
        pairs = [(self._lifetimes.binding_of(c), c) for c in reversed(self._lifetimes.constructs)]
        return {statement: construct for statement, construct in pairs if statement is not None}

    @cached_property
    def _construct_calls(self) -> set[ast.AST]:
        return {construct.call for construct in self._lifetimes.constructs}

    def _builds_one(self, call: ast.Call) -> bool:
        definition = self._taint.definition(call.func)
        owner = self._taint.class_of(call.func)
        found = owner.methods() if owner is not None else [definition] if definition else []
        return any(self._names_one(one) for one in found)

    def _names_one(self, function: Resolved) -> bool:
        """Whether the body of *function* names the class: its signature builds nothing."""
        known = self._naming
        if function.node not in known:
            inside = (n for statement in function.node.body for n in walk(statement))
            named = (n for n in inside if isinstance(n, ast.Name | ast.Attribute))
            known[function.node] = any(api_name(function.taint, n) == TRACKER_CLASS for n in named)
        return known[function.node]
