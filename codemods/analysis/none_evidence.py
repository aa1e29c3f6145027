"""Evidence that a value may be None: what visibly shows it, and where.

What shows nothing may be None all the same; ``nullness`` has the proof of the contrary.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.none_guards import is_guarded
from codemods.analysis.syntax.calls import arguments_of, last_name
from codemods.analysis.syntax.definitions import method_of
from codemods.analysis.syntax.effects import may_be_none, walk_here
from codemods.analysis.syntax.signatures import default_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.syntax.definitions import DataFlow, Resolved
    from codemods.analysis.syntax.scopes import Binding

_DEEPEST = 4
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def none_evidence(taint: DataFlow, value: ast.expr, depth: int = _DEEPEST) -> ast.AST | None:
    """Return the place that shows that *value* may be None, followed through assignments."""
    doubt = may_be_none(value, [])
    if doubt is not None:
        return doubt
    if isinstance(value, ast.Call):
        return _returns_none(taint, value)
    if not isinstance(value, ast.Name) or value not in taint.scopes.scope_of:
        return None
    doubt = binding_evidence(taint, taint.scopes.of(value), depth)
    return None if doubt is None or is_guarded(taint, value) else doubt


def binding_evidence(taint: DataFlow, binding: Binding, depth: int = _DEEPEST) -> ast.AST | None:
    """Return the place that shows that the variable *binding* may be None."""
    if not depth:
        return None
    for binder in binding.binders:
        doubt = may_be_none(ast.Name(binding.name, ast.Load()), [binder])
        doubt = doubt or _default_none(taint, binder) or _passed(taint, binder, depth)
        statement = taint.module.parents.get(binder)
        if doubt is None and isinstance(statement, ast.Assign | ast.AnnAssign | ast.NamedExpr):
            bound = statement.value
            doubt = none_evidence(taint, bound, depth - 1) if bound is not None else statement
        if doubt is None and isinstance(statement, ast.For):
            doubt = may_be_none(statement.iter, [])
        if doubt is not None:
            return doubt
    return None


def parameter_evidence(taint: DataFlow, parameter: ast.arg) -> ast.AST | None:
    """Return what its own function shows: that *parameter* may be None."""
    name = ast.Name(parameter.arg, ast.Load())
    return may_be_none(name, [parameter]) or _default_none(taint, parameter)


def _local(taint: DataFlow, function: ast.expr) -> _Function | None:
    found = taint.definition(function) if isinstance(function, ast.Name) else None
    return found.node if found is not None and found.taint is taint else None


def _returns_none(taint: DataFlow, call: ast.Call) -> ast.AST | None:
    """Return where the called function of this file gives None, if it visibly may."""
    definition = _local(taint, call.func)
    if definition is None:
        return None
    if not isinstance(definition.body[-1], ast.Return | ast.Raise | ast.If | ast.Match | ast.With):
        return definition
    for node in walk_here(definition.body):
        if isinstance(node, ast.Return) and (node.value is None or may_be_none(node.value, [])):
            return node
    return None


def _default_none(taint: DataFlow, binder: ast.AST) -> ast.AST | None:
    arguments = taint.module.parents.get(binder)
    if not isinstance(binder, ast.arg) or not isinstance(arguments, ast.arguments):
        return None
    default = default_of(arguments, binder)
    literal = isinstance(default, ast.Constant) and default.value is None
    return default if literal else None


class _Calls:
    """The calls of a module by the last name of what they call, and doubts that they raise."""

    def __init__(self, taint: DataFlow) -> None:
        self.of: dict[str, list[ast.Call]] = {}
        self.passed: dict[tuple[ast.arg, int], ast.AST | None] = {}
        for call in taint.module.every(ast.Call):
            self.of.setdefault(last_name(call.func), []).append(call)


def _passed(taint: DataFlow, binder: ast.AST, depth: int) -> ast.AST | None:
    """Return where a call of this file passes what may be None, if *binder* is a parameter."""
    arguments = taint.module.parents.get(binder)
    function = taint.module.parents.get(arguments) if arguments is not None else None
    if not isinstance(binder, ast.arg) or not isinstance(function, _Function):
        return None
    calls = taint.once(_Calls)
    if (binder, depth) not in calls.passed:
        calls.passed[binder, depth] = None  # what a recursive call hands on shows nothing
        values = (v for c in calls.of.get(function.name, ()) for v in _given(taint, c, binder))
        doubts = (none_evidence(taint, value, depth - 1) for value in values)
        calls.passed[binder, depth] = next((d for d in doubts if d is not None), None)
    return calls.passed[binder, depth]


def _given(taint: DataFlow, call: ast.Call, parameter: ast.arg) -> Iterator[ast.expr]:
    """Yield what *call* gives *parameter*, if it may be a call of its function, by that name."""
    function = taint.scopes.scope_of[parameter].node
    resolved = taint.definition(call.func)
    if resolved is None and isinstance(call.func, ast.Attribute):
        resolved = _as_method(taint, function)
    if resolved is not None and resolved.node is function:
        for value in arguments_of(call):
            if resolved.parameter(call, value) == parameter.arg:
                yield value


def _as_method(taint: DataFlow, function: ast.AST) -> Resolved | None:
    if not isinstance(function, _Function):
        return None
    is_one = isinstance(taint.module.parents.get(function), ast.ClassDef)
    return method_of(taint, function) if is_one else None
