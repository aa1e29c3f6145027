"""Which functions in sight a call may be one of, where it is not certain which is called.

A name that is bound more than once, a choice, a table of functions, a field: such a call is
trusted by name like one of foreign code, and what is in sight of it is looked into all the same.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.deferred.held_code import HeldCode
from codemods.analysis.dataflow.held_values import held_elsewhere
from codemods.analysis.dataflow.holders import family
from codemods.analysis.syntax.calls import arguments_of, last_name
from codemods.analysis.syntax.definitions import Function, Resolved, ResolvedClass, method_of
from codemods.analysis.syntax.signatures import default_of, parameters

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from codemods.analysis.dataflow.deferred.held_code import Code
    from codemods.analysis.dataflow.taint_records import Flow
    from codemods.analysis.syntax.definitions import DataFlow
    from codemods.analysis.syntax.scopes import Scope

#: What a module is asked by for names that it does not have.
MODULE_GETATTR = "__getattr__"
_CALLED = "__call__"
_MAKING = "__init__"


def possible(taint: DataFlow, called: ast.expr, scope: Scope | None = None) -> list[Code]:
    """Return the functions, classes and lambdas in sight that a call of *called* may run.

    A parameter of the function of *scope* may be what its module calls that with.
    """
    if isinstance(called, ast.Attribute) and not taint.names.meaning(called).paths:
        return _attributes(taint, called)
    values: list[tuple[DataFlow, ast.AST]] = [(taint, called)]
    if isinstance(called, ast.Name):
        values += _given_to_parameter(taint, called, scope)
    codes = [code for home, value in values for code in _behind(home, value)]
    codes += _looked_up(taint, called)
    return list(dict.fromkeys(_called_as_they_are(codes)))


def _behind(taint: DataFlow, value: ast.AST) -> list[Code]:
    return taint.once(HeldCode).behind(value) if isinstance(value, ast.expr) else [(taint, value)]


def _called_as_they_are(codes: Iterable[Code]) -> Iterator[Code]:
    """Yield what a call of one of *codes* runs: of an object that can be called just that."""
    listed = list(codes)
    callable_ones = {home for t, n in listed if _name(n) == _CALLED and (home := _home(t, n))}
    for taint, node in listed:
        if _name(node) == _CALLED or _home(taint, node) not in callable_ones:
            yield taint, node


def _attributes(taint: DataFlow, called: ast.Attribute) -> list[Code]:
    """Return what *called*, a method or a field of an object, may be."""
    codes = [*_held(taint, called.value), *_in_field(taint, called)]
    codes = [code for one in codes for code in _of_class(*one, called.attr)]
    named = [(t, n) for t, n in codes if _home(t, n) is not None and _name(n) == called.attr]
    return list(dict.fromkeys(named or [(t, n) for t, n in codes if _home(t, n) is None]))


def _held(taint: DataFlow, value: ast.expr) -> list[Code]:
    """Return the code that the object *value* has, a field or not."""
    in_field = isinstance(value, ast.Attribute) and not taint.names.meaning(value).paths
    return _in_field(taint, value) if in_field else _behind(taint, value)  # type: ignore[arg-type]


def _in_field(taint: DataFlow, field: ast.Attribute) -> list[Code]:
    """Return the code in what the class of its object gives to *field*."""
    codes = []
    for home, value in held_elsewhere(taint, field):
        codes += _behind(home, value)
        if isinstance(value, ast.Name):
            codes += [
                code for given in _given_to_parameter(home, value) for code in _behind(*given)
            ]
    return codes


def _of_class(taint: DataFlow, node: ast.AST, name: str) -> Iterator[Code]:
    """Yield the method *name* of a class, where *node* is one; else itself."""
    if not isinstance(node, ast.ClassDef):
        yield taint, node
        return
    method = family(ResolvedClass(taint, node)).method(name)
    if method is not None:
        yield method.taint, method.node


def _home(taint: DataFlow, node: ast.AST) -> ast.ClassDef | None:
    """Return the class that *node* is a method of."""
    home = taint.module.parents.get(node) if isinstance(node, Function) else None
    return home if isinstance(home, ast.ClassDef) else None


def _name(node: ast.AST) -> str:
    return node.name if isinstance(node, Function) else ""


def _given_to_parameter(
    taint: DataFlow, name: ast.Name, scope: Scope | None = None
) -> Iterator[Code]:
    """Yield what is given to a constructor, or the function of *scope*, as its parameter *name*.

    Or to a function around that of *scope*.
    """
    binders = taint.scopes.of(name).binders if name in taint.scopes.scope_of else []
    if len(binders) != 1 or not isinstance(binders[0], ast.arg):
        return
    function = taint.module.parents[taint.module.parents[binders[0]]]
    if not isinstance(function, Function):
        return
    if function.name != _MAKING and (scope is None or not _is_inside(scope, function)):
        return
    default = default_of(function.args, binders[0])
    yield from ((taint, value) for value in (default,) if value is not None)
    known = method_of(taint, function) if _home(taint, function) else Resolved(taint, function)
    others = taint.registry.mentioning(_outermost(known))
    for home in (taint, *(other.taint for other in others if other is not None)):
        yield from _called_or_decorating(home, known, name.id)


def _is_inside(scope: Scope, function: Function) -> bool:
    around: Scope | None = scope
    while around is not None and around.node is not function:
        around = around.parent
    return around is not None


def _outermost(function: Resolved) -> str:
    """Return the name by which others have *function*: its own, its class's, or its maker's."""
    inside = (function.node, *function.taint.module.ancestors(function.node))
    last = [one for one in inside if isinstance(one, Function | ast.ClassDef)][-1]
    return _called_name(function) if isinstance(last, ast.ClassDef) else last.name


def _called_name(function: Resolved) -> str:
    """Return the name in a call of *function*: a constructor is called by its class."""
    home = _home(function.taint, function.node)
    return home.name if home is not None and function.node.name == _MAKING else function.node.name


def _called_or_decorating(home: DataFlow, function: Resolved, parameter: str) -> Iterator[Code]:
    """Yield what *home* calls *function* with, and what it decorates with it or its maker."""
    called = _called_name(function)
    for call in home.module.every(ast.Call):
        if last_name(call.func) == called and _is_same(_meant(home, call.func), function):
            values = arguments_of(call)
            yield from ((home, v) for v in values if function.parameter(call, v) == parameter)
    first = [one.arg for one in parameters(function.node.args)][int(function.bound) :][:1]
    makers = {called, _outermost(function)}
    for decorated in home.module.functions if first == [parameter] else ():
        for decorator in decorated.decorator_list:
            made = decorator.func if isinstance(decorator, ast.Call) else decorator
            if last_name(made) in makers and _meant(home, made) is not None:
                yield home, decorated


def _meant(home: DataFlow, name: ast.expr) -> Resolved | None:
    """Return the function that *name* is, a constructor where it is a class."""
    owner = home.class_of(name)
    return family(owner).method(_MAKING) if owner is not None else home.known(name)


def _is_same(one: Resolved | None, other: Resolved) -> bool:
    """Whether both are one function: a file may have been analysed more than once."""
    if one is None:
        return False
    return _place(one) == _place(other)


def _place(function: Resolved) -> tuple[object, int]:
    return function.taint.module.source.path, function.node.lineno


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


def _looked_up(taint: DataFlow, called: ast.expr) -> Iterator[Code]:
    """Yield the functions of a module or an object that ``getattr`` may find."""
    if not isinstance(called, ast.Call) or not isinstance(called.func, ast.Name):
        return
    if called.func.id != "getattr" or len(called.args) < 2:
        return
    where, name = called.args[:2]
    owner = taint.object_class(where) or taint.class_of(where)
    found = taint.functions_behind(where)
    methods = [m for one in family(owner).classes for m in one.methods()] if owner else []
    others = [f for f in found if isinstance(f.taint.module.parents[f.node], ast.Module)]
    for function in (*others, *methods):
        if not isinstance(name, ast.Constant) or function.node.name == name.value:
            yield function.taint, function.node
