"""What is given to parameters, and to fields of objects, by whoever calls and builds them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.deferred.held_code import put_into
from codemods.analysis.dataflow.held_values import held_elsewhere
from codemods.analysis.dataflow.holders import family
from codemods.analysis.syntax.calls import arguments_of, last_name
from codemods.analysis.syntax.definitions import Function, Resolved, method_of
from codemods.analysis.syntax.signatures import default_of, parameters
from codemods.analysis.syntax.tree import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.dataflow.deferred.held_code import Code
    from codemods.analysis.syntax.definitions import DataFlow
    from codemods.analysis.syntax.scopes import Scope

_MAKING = "__init__"


def parameter_of(taint: DataFlow, name: ast.expr) -> ast.arg | None:
    """Return the parameter that *name* is."""
    if not isinstance(name, ast.Name) or name not in taint.scopes.scope_of:
        return None
    binders = taint.scopes.of(name).binders
    only = binders[0] if len(binders) == 1 else None
    return only if isinstance(only, ast.arg) else None


def is_of(taint: DataFlow, parameter: ast.arg, scope: Scope | None) -> bool:
    """Whether *parameter* is one of the function of *scope*, or of a function around that."""
    function = taint.module.parents[taint.module.parents[parameter]]
    return scope is not None and isinstance(function, Function) and _is_inside(scope, function)


def held_in_field(taint: DataFlow, field: ast.Attribute) -> Iterator[Code]:
    """Yield what the class of its object gives to *field*, or puts into it."""
    for home, value in held_elsewhere(taint, field):
        yield home, value
        parameter = parameter_of(home, value)
        if parameter is not None:
            yield from given_to(home, parameter)
    owner = taint.object_class(field.value)
    for one in family(owner).classes if owner is not None else ():
        for node in walk(one.node):
            if isinstance(node, ast.Attribute) and node.attr == field.attr:
                yield from ((one.taint, value) for value in put_into(one.taint, node))


def home_of(taint: DataFlow, node: ast.AST) -> ast.ClassDef | None:
    """Return the class that *node* is a method of."""
    home = taint.module.parents.get(node) if isinstance(node, Function) else None
    return home if isinstance(home, ast.ClassDef) else None


def given_to(taint: DataFlow, parameter: ast.arg) -> list[Code]:
    """Yield what callers give to *parameter*, its default, and what its function decorates."""
    return taint.once(_Given).to(parameter)


class _Given:
    """What the parameters of a module's functions are given; each is looked for once."""

    def __init__(self, taint: DataFlow) -> None:
        self._taint = taint
        self._known: dict[ast.arg, list[Code]] = {}

    def to(self, parameter: ast.arg) -> list[Code]:
        if parameter not in self._known:
            self._known[parameter] = list(_looked_for(self._taint, parameter))
        return self._known[parameter]


class _Named:
    """The calls of a module, and its decorated functions, by the last names that they use."""

    def __init__(self, taint: DataFlow) -> None:
        self.calls: dict[str, list[ast.Call]] = {}
        self.decorated: dict[str, list[tuple[ast.expr, Function]]] = {}
        for call in taint.module.every(ast.Call):
            self.calls.setdefault(last_name(call.func), []).append(call)
        for function in taint.module.functions:
            for decorator in function.decorator_list:
                made = decorator.func if isinstance(decorator, ast.Call) else decorator
                self.decorated.setdefault(last_name(made), []).append((made, function))


def _looked_for(taint: DataFlow, parameter: ast.arg) -> Iterator[Code]:
    function = taint.module.parents[taint.module.parents[parameter]]
    if not isinstance(function, Function):
        return
    known = method_of(taint, function) if home_of(taint, function) else Resolved(taint, function)
    if known.receiver == parameter.arg:
        return
    default = default_of(function.args, parameter)
    yield from ((taint, value) for value in (default,) if value is not None)
    others = taint.registry.mentioning(_outermost(known))
    for home in (taint, *(other.taint for other in others if other is not None)):
        yield from _called_or_decorating(home, known, parameter.arg)


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
    home = home_of(function.taint, function.node)
    return home.name if home is not None and function.node.name == _MAKING else function.node.name


def _called_or_decorating(home: DataFlow, function: Resolved, parameter: str) -> Iterator[Code]:
    """Yield what *home* calls *function* with, and what it decorates with it or its maker."""
    called, named = _called_name(function), home.once(_Named)
    for call in named.calls.get(called, ()):
        meant = _meant(home, call.func)
        if meant is not None and meant.place == function.place:
            values = arguments_of(call)
            yield from ((home, v) for v in values if function.parameter(call, v) == parameter)
    first = [one.arg for one in parameters(function.node.args)][int(function.bound) :][:1]
    for maker in dict.fromkeys((called, _outermost(function))) if first == [parameter] else ():
        for made, decorated in named.decorated.get(maker, ()):
            meant = _meant(home, made)
            if meant is not None and meant.place in _around(function):
                yield home, decorated


def _around(function: Resolved) -> set[tuple[object, int]]:
    """Return the places of *function* and of those that it is defined in."""
    path, node = function.taint.module.source.path, function.node
    inside = (node, *function.taint.module.ancestors(node))
    return {(path, one.lineno) for one in inside if isinstance(one, Function)}


def _meant(home: DataFlow, name: ast.expr) -> Resolved | None:
    """Return the function that *name* is, a constructor where it is a class."""
    owner = home.class_of(name)
    return family(owner).method(_MAKING) if owner is not None else home.known(name)
