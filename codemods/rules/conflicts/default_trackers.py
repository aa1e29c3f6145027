"""Trackers that a function builds only if it is given none, and callers that surely give one."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.call_graph import named_by
from codemods.analysis.dataflow.deferred.callbacks import (
    called_by,
    calls_unknown,
    handed_on,
    unknown_calls,
)
from codemods.analysis.dataflow.holders import family
from codemods.analysis.syntax.definitions import Resolved, ResolvedClass
from codemods.analysis.syntax.scopes import Binding
from codemods.analysis.syntax.signatures import parameters
from codemods.analysis.syntax.tree import walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.definitions import DataFlow

#: Kinds of constructions whose objects are never false; those of a subclass may be.
_TRUE = ("plain", "arguments")
_MAKING = "__init__"
#: What a class that stands in it may be made objects of later.
_USING = (
    *(ast.Call, ast.keyword, ast.Dict, ast.List, ast.Tuple, ast.Set, ast.Assign, ast.AnnAssign),
    *(ast.Return, ast.Yield, ast.Lambda, ast.IfExp, ast.BoolOp, ast.NamedExpr, ast.Starred),
)
#: What else than a collection one is put into: by these it may become an attribute, too.
_COLLECTIONS = (ast.Dict, ast.List, ast.Tuple, ast.Set, ast.Starred)
_GIVING = tuple(kind for kind in _USING if kind not in _COLLECTIONS)


def defaults_of(function: Resolved) -> dict[ast.AST, str]:
    """Return what *function* evaluates only where it is not given a parameter, with that.

    The parameter is bound to nothing else than what is evaluated so.
    """
    found: dict[ast.AST, str] = {}
    choices = [n for n in walk(function.node) if isinstance(n, ast.BoolOp | ast.IfExp | ast.If)]
    for parameter in parameters(function.node.args) if choices else ():
        parts = [(choice, part) for choice in choices for part in _instead(choice, parameter.arg)]
        inside = {n for _, part in parts for n in walk(part)}
        if inside and _keeps(function, parameter, inside.union(choice for choice, _ in parts)):
            found.update((n, parameter.arg) for n in inside)
    return found


def _instead(choice: ast.BoolOp | ast.IfExp | ast.If, name: str) -> Sequence[ast.AST]:
    """Return the parts of *choice* that run only where the variable *name* has no tracker."""
    if isinstance(choice, ast.BoolOp):
        is_or = isinstance(choice.op, ast.Or)
        return choice.values[1:] if is_or and _is(choice.values[0], name) else ()
    test, negated = choice.test, False
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        test, negated = test.operand, True
    if isinstance(test, ast.Compare) and _is(test.left, name) and _with_none(test):
        negated ^= isinstance(test.ops[0], ast.Is)
    elif not _is(test, name):
        return ()
    missing = choice.body if negated else choice.orelse
    return missing if isinstance(missing, list) else [missing]


def _is(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _with_none(test: ast.Compare) -> bool:
    none = isinstance(test.comparators[0], ast.Constant) and test.comparators[0].value is None
    return none and len(test.ops) == 1 and isinstance(test.ops[0], ast.Is | ast.IsNot)


def _keeps(function: Resolved, parameter: ast.arg, allowed: set[ast.AST]) -> bool:
    """Whether *parameter* is bound to nothing but what stands in *allowed*."""
    scopes, parents = function.taint.scopes, function.taint.module.parents
    binding = scopes.binding(parameter.arg, scopes.inner[function.node])
    others = [b for b in binding.binders if b is not parameter]
    bound_by = [(b, parents[b]) for b in others]
    return not (binding.deletes or binding.declared) and all(
        b in allowed or (isinstance(by, ast.Assign | ast.AnnAssign) and by.value in allowed)
        for b, by in bound_by
    )


def is_given(
    semantic: SemanticModel,
    body: Sequence[ast.stmt],
    tracker: object,
    function: Resolved,
    parameter: str,
    reached: Iterable[Resolved],
) -> bool:
    """Whether all that *body* runs, with what is *reached*, gives *function* that *tracker*."""
    if not isinstance(tracker, Binding) or not _is_true(semantic, tracker, body):
        return False
    owner = function.taint.module.parents[function.node]
    if isinstance(owner, ast.ClassDef) and function.node.name != _MAKING:
        return False  # its name may be that of another's method
    handed = any(
        _is_handed_on(taint, owner, function) for taint in (function.taint, semantic.taint)
    )
    unnamed: list[ast.Call] = []
    if handed and calls_unknown(semantic.taint, body):  # some may be calls of it
        found = _unnamed_calls(semantic, function, owner, body)
        if found is None or not all(_is_told(semantic, c, parameter, tracker) for c in found):
            return False
        unnamed = found
    mentions = (n for s in body for n in walk(s) if isinstance(n, ast.Name | ast.Attribute))
    naming = [n for n in mentions if _names(semantic.taint, n, function.node)]
    if not all(_gives(semantic, n, function, parameter, tracker) for n in naming):
        return False
    others = (one for one in reached if one.node is not function.node)
    nodes = ((one.taint, n) for one in others for s in one.node.body for n in walk(s))
    return bool(naming or unnamed) and not any(_names(t, n, function.node) for t, n in nodes)


def _unnamed_calls(
    semantic: SemanticModel, function: Resolved, owner: ast.AST, body: Sequence[ast.stmt]
) -> list[ast.Call] | None:
    """Return the calls of *body* that may make an object of *owner* without naming it.

    They may be where all who hand it on put it into collections alone, of which no method call
    takes it out; a call that another function makes of it shows nothing: None.
    """
    for taint in (function.taint, semantic.taint):
        names = (*taint.module.every(ast.Name), *taint.module.every(ast.Attribute))
        named = (n for n in names if _names(taint, n, function.node))
        if not isinstance(owner, ast.ClassDef) or not all(_stays_in_sight(taint, n) for n in named):
            return None
    found = []
    for home, call in unknown_calls(semantic.taint, body):
        if isinstance(call.func, ast.Attribute):
            name = call.func.attr
            written = (t.module.written_fields for t in (home, function.taint, semantic.taint))
            if semantic.elsewhere.is_replaced(name) or any(name in fields for fields in written):
                return None
        elif home is semantic.taint and call.func in called_by(home, call):
            found.append(call)
        else:
            return None
    return found


def _stays_in_sight(taint: DataFlow, name: ast.AST) -> bool:
    """Whether *name*, of a class, is called or asked there, or is an element of a collection."""
    around = taint.module.parents[name]
    return getattr(around, "func", None) is name or not isinstance(around, _GIVING)


def _is_told(semantic: SemanticModel, call: ast.Call, parameter: str, tracker: Binding) -> bool:
    """Whether *call*, of whatever it is, is given the variable *tracker* as its *parameter*."""
    given = [k.value for k in call.keywords if k.arg == parameter]
    return len(given) == 1 and _is_variable(semantic, given[0], tracker)


def _is_handed_on(taint: DataFlow, owner: ast.AST, function: Resolved) -> bool:
    """Whether *function*, or the class that it is the constructor of, is more than called."""
    if not isinstance(owner, ast.ClassDef):
        return function.node in handed_on(function.taint)
    names = (*taint.module.every(ast.Name), *taint.module.every(ast.Attribute))
    return any(
        isinstance(around := taint.module.parents[name], _USING)
        and getattr(around, "func", None) is not name
        and _names(taint, name, function.node)
        for name in names
    )


def _is_true(semantic: SemanticModel, tracker: Binding, body: Sequence[ast.stmt]) -> bool:
    """Whether the variable *tracker* surely has one in *body*, and the same all the time."""
    inside = {n for s in body for n in walk(s)}
    makers = [semantic.module.parents.get(binder) for binder in tracker.binders]
    built = map(semantic.lifetimes.by_call.get, (getattr(one, "value", None) for one in makers))
    made = all(one is not None and one.certain and one.kind in _TRUE for one in built)
    once = len(tracker.binders) == 1 or inside.isdisjoint(tracker.binders)
    return made and once and not (tracker.deletes or tracker.declared)


def _names(taint: DataFlow, node: ast.AST, function: ast.AST) -> bool:
    """Whether *node* names *function*, or a class that it makes objects of, as heirs are."""
    if not isinstance(node, ast.Name | ast.Attribute):
        return False
    if any(one.node is function for one in named_by(taint, node)):
        return True
    made = taint.class_of(node)
    return made is not None and any(
        method.node is function for one in family(made).classes for method in one.methods()
    )


def _gives(
    semantic: SemanticModel, name: ast.AST, function: Resolved, parameter: str, tracker: Binding
) -> bool:
    """Whether *name* is called there, and given the variable *tracker* as *parameter*."""
    call = semantic.module.parents[name]
    if not isinstance(call, ast.Call) or call.func is not name:
        return False
    found = semantic.taint.definition(name) or semantic.taint.class_of(name)
    if isinstance(found, ResolvedClass):
        init = family(found).method(_MAKING)
        if init is None or init.node is not function.node:
            return False  # it takes something else
        found = Resolved(function.taint, function.node, bound=True)
    values = [*call.args, *(keyword.value for keyword in call.keywords)]
    given = [v for v in values if found is not None and found.parameter(call, v) == parameter]
    return len(given) == 1 and _is_variable(semantic, given[0], tracker)


def _is_variable(semantic: SemanticModel, value: ast.expr, variable: Binding) -> bool:
    known = isinstance(value, ast.Name) and value in semantic.scopes.scope_of
    return known and semantic.scopes.of(value) is variable  # type: ignore[arg-type]
