"""Which variables of a module hold, or lead to, a tracker: by their bindings and their uses."""

from __future__ import annotations

import ast
from functools import cached_property
from typing import TYPE_CHECKING

from codemods.analysis.external.api_aliases import api_name
from codemods.analysis.syntax.tree import walk
from codemods.vocabulary import SET_CALL, SET_PARAMETERS, TRACKER_CLASS, TRACKER_METHODS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.syntax.definitions import DataFlow, Resolved
    from codemods.analysis.syntax.parsed_module import ParsedModule
    from codemods.analysis.syntax.scopes import Binding, Scopes
    from codemods.analysis.trackers.constructs import Binder
    from codemods.analysis.trackers.lifetimes import Construct, Lifetimes


_ASSIGNMENTS = (ast.Assign, ast.AnnAssign)


def tracker_variables(
    module: ParsedModule, scopes: Scopes, taint: DataFlow, lifetimes: Lifetimes
) -> frozenset[Binding]:
    """Return the variables that are bound to a tracker, or of which a method of one is called."""
    asked = _Variables(module, taint, lifetimes)
    # Most of a module's variables have nothing to do with trackers: places first, then variables.
    binders, uses = set(asked.binders()), set(asked.uses())
    return frozenset(
        binding
        for binding in scopes.bindings.values()
        if not (binders.isdisjoint(binding.binders) and uses.isdisjoint(binding.loads))
    )


class _Variables:
    """Finds what binds trackers to variables, and what uses variables as trackers."""

    def __init__(self, module: ParsedModule, taint: DataFlow, lifetimes: Lifetimes) -> None:
        self._module = module
        self._taint = taint
        self._names = taint.names
        self._lifetimes = lifetimes
        #: Of each function that was asked about, whether its body names the class of trackers.
        self._naming: dict[ast.AST, bool] = {}

    def uses(self) -> Iterator[ast.AST]:
        """Yield the values that a method of trackers is called on."""
        called = (one for name in TRACKER_METHODS for one in self._module.called(name))
        for method in (one for one in called if isinstance(one, ast.Attribute)):
            call = self._module.parents[method]
            given = call.keywords if isinstance(call, ast.Call) and method.attr == SET_CALL else []
            # With parameters of its own it is another class's method of that name.
            if all(k.arg is None or k.arg in SET_PARAMETERS for k in given):
                yield method.value

    def binders(self) -> Iterator[ast.AST]:
        """Yield the names that are bound to a tracker, or to what visibly leads to one."""
        blocks: list[ast.With | ast.AsyncWith] = [*self._module.every(ast.With)]
        for item in (i for b in (*blocks, *self._module.every(ast.AsyncWith)) for i in b.items):
            call = item.context_expr
            if item.optional_vars is not None and isinstance(call, ast.Call):
                if self._names.context_manager(call.func) is not None:
                    yield item.optional_vars
        for statement, construct in self._constructs.items():
            yield from self._lifetimes.names_of(construct, statement)
        assigning: list[ast.Assign | ast.AnnAssign] = [*self._module.every(ast.Assign)]
        leading = self._leading()
        for one in (*assigning, *self._module.every(ast.AnnAssign)):
            if one not in leading or one in self._constructs:
                continue
            names = (n for n in walk(one) if isinstance(n, ast.Name))
            yield from (name for name in names if not isinstance(name.ctx, ast.Load))

    def _leading(self) -> set[ast.AST]:
        """Return the assignments of values in which a call builds a tracker, or may do so.

        It is of what names the class then.  Asked of the calls: most values have none.
        """
        found: set[ast.AST] = set()
        parents = self._module.parents
        # The outermost expression around each call. Those around come first: no way up is long.
        outermost: dict[ast.AST, ast.AST] = {}
        for call in self._module.every(ast.Call):
            part: ast.AST = call
            while part not in outermost and not isinstance(parents[part], ast.stmt | ast.Module):
                part = parents[part]
            outermost[call] = part = outermost.get(part, part)
            around = parents[part]
            if not isinstance(around, _ASSIGNMENTS) or around.value is not part or around in found:
                continue
            if call in self._lifetimes.by_call or self._builds_one(call):
                found.add(around)
        return found

    @cached_property
    def _constructs(self) -> dict[Binder, Construct]:
        """The first construction of each statement that binds one."""
        pairs = [(self._lifetimes.binding_of(c), c) for c in reversed(self._lifetimes.constructs)]
        return {statement: construct for statement, construct in pairs if statement is not None}

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
