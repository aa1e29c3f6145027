"""What is given to the parameters of functions by whoever calls them, or decorates with them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.callees.heirs import heirs_of
from codemods.analysis.dataflow.deferred.held_code import method_of_value
from codemods.analysis.dataflow.holders import family
from codemods.analysis.syntax.calls import arguments_of, last_name, names_of_aliases
from codemods.analysis.syntax.definitions import Function, Resolved, ResolvedClass, method_of
from codemods.analysis.syntax.signatures import default_of, parameters

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from codemods.analysis.dataflow.deferred.held_code import Code
    from codemods.analysis.syntax.definitions import DataFlow
    from codemods.analysis.syntax.scopes import Scope

MAKING = "__init__"
#: What a class is told by when another one inherits from it.
_INHERITED = "__init_subclass__"


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


class Named:
    """The calls of a module, and what it decorates, by the last names that they use.

    What is imported under another name is found by its own, too.
    """

    def __init__(self, taint: DataFlow) -> None:
        self.calls: dict[str, list[ast.Call]] = {}
        self.decorated: dict[str, list[tuple[ast.expr, ast.AST]]] = {}
        own = names_of_aliases(taint.module.every(ast.alias))
        for call in taint.module.every(ast.Call):
            name = last_name(call.func)
            self.calls.setdefault(name, []).append(call)
            if name in own:
                self.calls.setdefault(own[name], []).append(call)
        for definition in (*taint.module.functions, *taint.module.every(ast.ClassDef)):
            for decorator in definition.decorator_list:
                made = decorator.func if isinstance(decorator, ast.Call) else decorator
                name = last_name(made)
                for one in (name, own[name]) if name in own else (name,):
                    self.decorated.setdefault(one, []).append((made, definition))


def _looked_for(taint: DataFlow, parameter: ast.arg) -> Iterator[Code]:
    function = taint.module.parents[taint.module.parents[parameter]]
    if not isinstance(function, Function):
        return
    home = home_of(taint, function)
    known = method_of(taint, function) if home else Resolved(taint, function)
    kin = _kin(ResolvedClass(taint, home)) if home else []
    if known.receiver == parameter.arg:
        if _is_of_class(function):
            yield from ((one.taint, one.node) for one in kin)
        return
    default = default_of(function.args, parameter)
    yield from ((taint, value) for value in (default,) if value is not None)
    called = _called_names(known, kin)
    for where in homes(taint, dict.fromkeys((_outermost(known), *called[1:]))):
        yield from _called_or_decorating(where, known, parameter.arg, called)


def homes(taint: DataFlow, names: Iterable[str]) -> list[DataFlow]:
    """Return the analyses of the module itself, and of the others that have one of *names*."""
    others = (other for name in names for other in taint.registry.mentioning(name))
    return list(dict.fromkeys((taint, *(other.taint for other in others if other is not None))))


def _kin(owner: ResolvedClass) -> list[ResolvedClass]:
    return [owner, *heirs_of(owner)]


def _is_of_class(method: Function) -> bool:
    """Whether the first parameter of *method* is the class, which an heir is too."""
    decorators = {last_name(decorator) for decorator in method.decorator_list}
    return method.name == _INHERITED or "classmethod" in decorators


def _is_inside(scope: Scope, function: Function) -> bool:
    around: Scope | None = scope
    while around is not None and around.node is not function:
        around = around.parent
    return around is not None


def _outermost(function: Resolved) -> str:
    """Return the name by which others have *function*: its own, its class's, or its maker's."""
    inside = (function.node, *function.taint.module.ancestors(function.node))
    last = [one for one in inside if isinstance(one, Function | ast.ClassDef)][-1]
    return last.name


def _called_names(function: Resolved, kin: list[ResolvedClass]) -> list[str]:
    """Return the names in calls of *function*: a constructor is called by its class, and heirs.

    *kin* are the class that it is a method of, and the heirs of that.
    """
    if not kin or function.node.name != MAKING:
        return [function.node.name]
    made = (one for one in kin if family(one).method(MAKING) == function)
    return [function.node.name, *dict.fromkeys(one.node.name for one in made)]


def _called_or_decorating(
    home: DataFlow, function: Resolved, parameter: str, called: list[str]
) -> Iterator[Code]:
    """Yield what *home* calls *function* with, and what it decorates with it or its maker."""
    named = home.once(Named)
    for call in (call for name in called for call in named.calls.get(name, ())):
        meant = _meant(home, call.func)
        if meant is not None and meant.place == function.place:
            values = arguments_of(call)
            yield from ((home, v) for v in values if parameter in meant.receivers(call, v))
    first = [one.arg for one in parameters(function.node.args)][int(function.bound) :][:1]
    around = _around(function)
    for maker in dict.fromkeys(around.values()) if first == [parameter] else ():
        for made, decorated in named.decorated.get(maker, ()):
            meant = _meant(home, made)
            if meant is not None and meant.place in around:
                yield home, decorated


def _around(function: Resolved) -> dict[tuple[object, int], str]:
    """Return the places of *function* and of those that it is defined in, with their names."""
    path, node = function.taint.module.source.path, function.node
    inside = (node, *function.taint.module.ancestors(node))
    return {(path, one.lineno): one.name for one in inside if isinstance(one, Function)}


def _meant(home: DataFlow, name: ast.expr) -> Resolved | None:
    """Return the function that *name* is, a constructor where it is a class."""
    owner = home.class_of(name)
    if owner is not None:
        return family(owner).method(MAKING)
    found = home.known(name)
    if found is not None or not isinstance(name, ast.Attribute):
        return found
    above = name.value
    if isinstance(above, ast.Call) and last_name(above.func) == "super":
        method = home.method_around(name)
        around = home_of(home, method.node) if method is not None else None
        owner = ResolvedClass(home, around) if around is not None else None
        return family(owner).behind(owner).method(name.attr) if owner is not None else None
    return next(iter(method_of_value(home, name)), None)
