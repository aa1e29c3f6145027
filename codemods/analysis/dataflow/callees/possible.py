"""Which functions in sight a call may be one of, where it is not certain which is called.

A name that is bound more than once, a choice, a table of functions, a field: such a call is
trusted by name like one of foreign code, and what is in sight of it is looked into all the same.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.callees.fields import VALUE, held_in_field, is_enum, members
from codemods.analysis.dataflow.callees.given import given_to, home_of, is_of, parameter_of
from codemods.analysis.dataflow.callees.heirs import heirs_of, in_place_of_none
from codemods.analysis.dataflow.deferred.held_code import HeldCode, of_object, returned
from codemods.analysis.dataflow.holders import family
from codemods.analysis.external.computed_names import IMPORTING, beginning
from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.definitions import Function, Resolved, ResolvedClass, method_of
from codemods.analysis.syntax.signatures import parameters

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from codemods.analysis.dataflow.deferred.held_code import Code, Place
    from codemods.analysis.dataflow.taint_records import Flow
    from codemods.analysis.syntax.definitions import DataFlow
    from codemods.analysis.syntax.scopes import Scope

#: What a module is asked by for names that it does not have.
MODULE_GETATTR = "__getattr__"
_CALLED = "__call__"
_HEIRS = "__subclasses__"


def possible(taint: DataFlow, called: ast.expr, scope: Scope | None = None) -> list[Code]:
    """Return the functions, classes and lambdas in sight that a call of *called* may run.

    A parameter of the function of *scope* may be what its module calls that with.
    """
    if isinstance(called, ast.Attribute) and not taint.names.meaning(called).paths:
        return _attributes(taint, called)
    parameter = parameter_of(taint, called)
    values: list[Code] = [(taint, called)]
    if parameter is not None:
        values = list(given_to(taint, parameter)) if is_of(taint, parameter, scope) else []
    codes = [code for home, value in values for code in _behind(home, value)]
    codes += _looked_up(taint, called)
    return list(dict.fromkeys(_called_as_they_are(codes)))


def _behind(taint: DataFlow, value: ast.AST) -> list[Code]:
    return taint.once(WideCode).behind(value) if isinstance(value, ast.expr) else [(taint, value)]


def _called_as_they_are(codes: Iterable[Code]) -> Iterator[Code]:
    """Yield what a call of one of *codes* runs: of an object that can be called just that."""
    listed = list(codes)
    callable_ones = {home for t, n in listed if _name(n) == _CALLED and (home := home_of(t, n))}
    for taint, node in listed:
        owner = ResolvedClass(taint, node) if isinstance(node, ast.ClassDef) else None
        if owner is not None and is_enum(owner):
            called = family(owner).method(_CALLED)
            yield from ((one.taint, one.node) for one in (called,) if one is not None)
        elif _name(node) == _CALLED or home_of(taint, node) not in callable_ones:
            yield taint, node


def _attributes(taint: DataFlow, called: ast.Attribute) -> list[Code]:
    """Return what *called*, a method or a field of an object, may be."""
    computed = _of_computed_module(taint, called.value, called.attr)
    if computed is not None:
        return computed
    owners = _held(taint, called.value)
    held = [code for one in owners for code in _of_class(*one, called.attr)]
    named = [(t, n) for t, n in held if home_of(t, n) is not None and _name(n) == called.attr]
    named += [code for one in owners for code in _of_member(*one, called.attr)]
    named += _called_as_they_are(_in_field(taint, called))
    named += [(one.taint, one.node) for one in in_place_of_none(taint, called)]
    return list(dict.fromkeys(named or [(t, n) for t, n in held if home_of(t, n) is None]))


def _of_computed_module(taint: DataFlow, module: ast.expr, name: str) -> list[Code] | None:
    """Return the functions *name* of all modules that *module* may be; None for other values."""
    known = _beginning(taint, module)
    if known is None:
        return None
    return [(one.taint, one.node) for one in taint.registry.functions(name, known)]


def _beginning(taint: DataFlow, module: ast.expr) -> str | None:
    """Return what is certain of the name of a module that is found by a text."""
    found = taint.followed(module)
    if isinstance(found, ast.Call) and last_name(found.func) in IMPORTING and found.args:
        return beginning(found.args[0])
    if isinstance(found, ast.Subscript) and last_name(found.value) == "modules":
        return beginning(found.slice)
    return None


def _held(taint: DataFlow, value: ast.expr) -> list[Code]:
    """Return the code that the object *value* has, a field or not."""
    in_field = isinstance(value, ast.Attribute) and not taint.names.meaning(value).paths
    return _in_field(taint, value) if in_field else _behind(taint, value)  # type: ignore[arg-type]


def _in_field(taint: DataFlow, field: ast.Attribute) -> list[Code]:
    """Return the code in what the class of its object gives to *field*."""
    return [code for home, value in held_in_field(taint, field) for code in _behind(home, value)]


def _of_class(taint: DataFlow, node: ast.AST, name: str) -> Iterator[Code]:
    """Yield the method *name* of a class, where *node* is one; else itself."""
    if not isinstance(node, ast.ClassDef):
        yield taint, node
        return
    owner = ResolvedClass(taint, node)
    method = family(owner).method(name)
    if method is not None:
        yield method.taint, method.node


def _of_member(taint: DataFlow, node: ast.AST, name: str) -> Iterator[Code]:
    """Yield what *name* is of an enumeration *node*, or of its members, where it is called."""
    owner = ResolvedClass(taint, node) if isinstance(node, ast.ClassDef) else None
    if owner is None or not is_enum(owner) or family(owner).method(name) is not None:
        return
    values = members(owner) if name in VALUE else [(owner.taint, owner.node)]
    yield from _called_as_they_are(code for one in values for code in _behind(*one))


def _name(node: ast.AST) -> str:
    return node.name if isinstance(node, Function) else ""


def _looked_up(taint: DataFlow, called: ast.expr) -> Iterator[Code]:
    """Yield the functions of a module or an object that ``getattr`` may find."""
    called = taint.followed(called)
    if not isinstance(called, ast.Call) or not isinstance(called.func, ast.Name):
        return
    if last_name(called.func) != "getattr" or len(called.args) < 2:
        return
    where, name = called.args[:2]
    if isinstance(name, ast.Constant) and isinstance(name.value, str):
        yield from _of_computed_module(taint, where, name.value) or ()
    owner = taint.object_class(where) or taint.class_of(where)
    found = taint.functions_behind(where)
    kin = [owner, *heirs_of(owner)] if owner is not None else []
    methods = [m for each in kin for one in family(each).classes for m in one.methods()]
    others = [f for f in found if isinstance(f.taint.module.parents[f.node], ast.Module)]
    for function in (*others, *methods):
        if _may_spell(name, function.node.name):
            yield function.taint, function.node


def _may_spell(text: ast.expr, name: str) -> bool:
    """Whether *text* may come to *name*."""
    if isinstance(text, ast.JoinedStr) and text.values:
        first = text.values[0]
        return not isinstance(first, ast.Constant) or name.startswith(str(first.value))
    return not isinstance(text, ast.Constant) or name == text.value


class WideCode(HeldCode):
    """What names have with them, through fields of objects and parameters of functions, too."""

    def __init__(self, taint: DataFlow) -> None:
        super().__init__(taint)
        self.further = _further
        self.results = self._results
        self._asked: set[ast.Call] = set()

    def _results(self, taint: DataFlow, call: ast.Call) -> Iterator[Place]:
        """Yield what *call* gives, by the classes and functions that it may be a call of."""
        if call in self._asked:
            return
        self._asked.add(call)
        owner = taint.class_of(call.func.value) if isinstance(call.func, ast.Attribute) else None
        if owner is not None and last_name(call.func) == _HEIRS:
            yield from ((one.taint, one.node) for one in heirs_of(owner))
        for home, node in _behind(taint, call.func):
            if isinstance(node, ast.ClassDef):
                yield from of_object(ResolvedClass(home, node))
            elif isinstance(node, Function):
                yield from returned(Resolved(home, node))
        self._asked.discard(call)


def _further(taint: DataFlow, node: ast.arg | ast.Attribute) -> Iterable[Code]:
    return given_to(taint, node) if isinstance(node, ast.arg) else held_in_field(taint, node)


def as_called(
    taint: DataFlow, node: Function, call: ast.Call, given: Iterable[ast.expr], *, bound: bool
) -> Resolved:
    """Return *node*, which *call* may be a call of, with or without an object before *given*.

    A plain function of a class body, which a table has, is called without, *bound* or not.
    """
    in_class = bound or isinstance(taint.module.parents[node], ast.ClassDef)
    function = method_of(taint, node) if in_class else Resolved(taint, node)
    taken = any(function.receivers(call, value) for value in given)
    return function if taken else Resolved(taint, node)


def lambda_flows(taint: DataFlow, node: ast.Lambda) -> list[Flow]:
    """Return where each parameter of *node* goes."""
    return taint.once(_Lambdas).flows(node)


class _Lambdas:
    """The lambdas of a module; each is followed once."""

    def __init__(self, taint: DataFlow) -> None:
        self._taint = taint
        self._flows: dict[ast.Lambda, list[Flow]] = {}

    def flows(self, node: ast.Lambda) -> list[Flow]:
        if node not in self._flows:
            # One that calls itself meets this while it is being followed.
            self._flows[node] = []
            scope = self._taint.scopes.inner[node]
            roots = [self._taint.scopes.binding(p.arg, scope) for p in parameters(node.args)]
            around = [self._taint.module.statement(node)]
            self._flows[node] = [self._taint.follow(root, around, scope) for root in roots]
        return self._flows[node]
