"""What a function is that builds a tracker on its first call, and gives the same one ever after.

``global _tracker`` with a test for None, ``functools.cache``, or a method of a class that keeps the
tracker for all: whoever calls it has the tracker of all the others.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.effects import first_yield
from codemods.analysis.syntax.signatures import parameters
from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers.factories import class_built, product_of_body
from codemods.analysis.trackers.fields.first_use import built_once
from codemods.analysis.trackers.fields.syntax import declared, plain_name
from codemods.analysis.trackers.lifetimes import is_none

if TYPE_CHECKING:
    from codemods.analysis.syntax.definitions import DataFlow, Function, Resolved
    from codemods.analysis.syntax.scopes import Binding

_CACHES = frozenset({"functools.cache", "functools.lru_cache"})
#: A function by its file and place: two analyses of one file have nodes of their own.
Identity = tuple[str, int, int]


@dataclass(frozen=True)
class Getter:
    """A function that gives one tracker to all who call it, of the class ``class_path``.

    ``binding`` is the variable of its module that has the tracker meanwhile, ``field`` the
    attribute of its class ``owner`` that does; neither where a cache has it.
    """

    taint: DataFlow
    node: Function
    class_path: str
    binding: Binding | None = None
    owner: ast.ClassDef | None = None
    field: str = ""

    @property
    def identity(self) -> Identity:
        """What is the same for all analyses of the file."""
        return identity(self.taint, self.node)

    @property
    def name(self) -> str:
        """What the function is called."""
        return self.node.name

    @property
    def outer(self) -> str:
        """The name of the module by which others come to it: its own, or its class's."""
        return self.owner.name if self.owner is not None else self.name


def identity(taint: DataFlow, node: ast.AST) -> Identity:
    """Return by what a function of the module of *taint* is known in all files."""
    return str(taint.module.source.path), node.lineno, node.col_offset  # type: ignore[attr-defined]


class Getters:
    """The functions of one module that are getters, each looked at once."""

    def __init__(self, taint: DataFlow) -> None:
        self._taint = taint
        self._known: dict[ast.AST, Getter | None] = {}

    def of(self, function: ast.AST) -> Getter | None:
        """Return what *function*, of this module, gives to all, None if it gives no tracker so."""
        if function not in self._known:
            self._known[function] = None  # asked again while it is looked at
            found = self._getter(function) if isinstance(function, ast.FunctionDef) else None
            if found is not None and not first_yield(found.node.body):
                self._known[function] = found
        return self._known[function]

    def _getter(self, function: ast.FunctionDef) -> Getter | None:
        around = self._taint.module.parents[function]
        if isinstance(around, ast.ClassDef):
            return self._of_class(function, around)
        if not isinstance(around, ast.Module):
            return None
        if function.decorator_list:
            return self._cached(function)
        last = function.body[-1]
        returned = [n.value for n in walk(last) if isinstance(n, ast.Return)]
        name = returned[-1] if returned else None
        if not isinstance(name, ast.Name):
            return None
        binding = self._taint.scopes.of(name)
        if not binding.scope.is_module or not self._begins_with_none(binding, function):
            return None

        def is_backing(node: ast.AST | None) -> bool:
            return isinstance(node, ast.Name) and self._taint.scopes.of(node) is binding

        path = self._built(function, is_backing)
        return Getter(self._taint, function, path, binding) if path else None

    def _built(self, function: ast.FunctionDef, is_backing: object) -> str:
        """Return the class of what *function* builds once, "" if it does not."""
        built = built_once(function.body, is_backing, _Builds(self._taint))  # type: ignore[arg-type]
        meaning = class_built(self._taint, built)
        return meaning.paths[0] if meaning is not None and meaning.certain else ""

    def _begins_with_none(self, binding: Binding, function: ast.FunctionDef) -> bool:
        """Whether the variable is bound to None above, and to nothing else but by *function*."""
        inside = set(walk(function))
        others = [binder for binder in binding.binders if binder not in inside]
        statement = self._taint.module.parents.get(others[0]) if len(others) == 1 else None
        if not isinstance(statement, ast.Assign | ast.AnnAssign) or binding.deletes:
            return False
        at_top = isinstance(self._taint.module.parents[statement], ast.Module)
        return at_top and statement.value is not None and is_none(statement.value)

    def _cached(self, function: ast.FunctionDef) -> Getter | None:
        """Return the getter that a cache makes of a factory without parameters."""
        if len(function.decorator_list) > 1 or parameters(function.args):
            return None
        decorator = function.decorator_list[0]
        named = decorator.func if isinstance(decorator, ast.Call) else decorator
        if not _CACHES.issuperset(self._taint.names.meaning(named).paths or ("",)):
            return None
        if isinstance(decorator, ast.Call) and not _holds_one(decorator):
            return None
        meaning = product_of_body(self._taint, function)
        if meaning is None or not meaning.certain:
            return None
        return Getter(self._taint, function, meaning.paths[0])

    def _of_class(self, function: ast.FunctionDef, owner: ast.ClassDef) -> Getter | None:
        """Return the getter that a method of the class itself is."""
        decorators = [plain_name(d) for d in function.decorator_list]
        if decorators not in (["classmethod"], ["staticmethod"]):
            return None
        given = [*function.args.posonlyargs, *function.args.args]
        names = {owner.name, *(p.arg for p in given[:1] if decorators == ["classmethod"])}
        returned = [n.value for n in walk(function) if isinstance(n, ast.Return)]
        field = last_name(returned[-1]) if returned and returned[-1] is not None else ""
        start = next((s for s in owner.body if declared(s) == field), None)
        value = getattr(start, "value", None)
        if not field or value is None or not is_none(value):
            return None

        def is_backing(node: ast.AST | None) -> bool:
            named = isinstance(node, ast.Attribute) and node.attr == field
            return named and last_name(node.value) in names  # type: ignore[union-attr]

        path = self._built(function, is_backing)
        return Getter(self._taint, function, path, None, owner, field) if path else None


class _Builds:
    """The expressions of a module that build a tracker."""

    def __init__(self, taint: DataFlow) -> None:
        self._taint = taint

    def __contains__(self, value: object) -> bool:
        return class_built(self._taint, value) is not None  # type: ignore[arg-type]


def _holds_one(cache: ast.Call) -> bool:
    """Whether the cache that is called with a size holds at least one result."""
    sizes = [*cache.args[:1], *(k.value for k in cache.keywords if k.arg == "maxsize")]
    known = all(isinstance(size, ast.Constant) for size in sizes)
    return known and all(size.value is None or size.value for size in sizes)  # type: ignore[attr-defined]


def getter_of(function: Resolved) -> Getter | None:
    """Return what *function* gives to all who call it, None if it is no getter."""
    return function.taint.once(Getters).of(function.node)


class GetterCalls:
    """The calls in one module that give the tracker of a getter."""

    def __init__(self, taint: DataFlow) -> None:
        self.of: dict[ast.AST, Getter] = {}
        for call in taint.module.every(ast.Call):
            found = taint.definition(call.func) if _is_name(call.func) else None
            getter = getter_of(found) if found is not None else None
            if getter is not None:
                self.of[call] = getter
        #: The variables that are another name for such a tracker, by the call that gives it.
        self.aliases: dict[Binding, ast.AST] = {}
        for given in self.of:
            statement = taint.module.parents[given]
            targets = statement.targets if isinstance(statement, ast.Assign) else []
            if isinstance(statement, ast.AnnAssign):
                targets = [statement.target]
            name = targets[0] if len(targets) == 1 else None
            if isinstance(name, ast.Name) and name in taint.scopes.scope_of:
                binding = taint.scopes.of(name)
                if len(binding.binders) == 1 and not binding.declared and not binding.deletes:
                    self.aliases[binding] = given

    def have(self, getter: Getter) -> bool:
        """Whether one of them is a call of *getter*."""
        return any(one.identity == getter.identity for one in self.of.values())


def _is_name(function: ast.expr) -> bool:
    return isinstance(function, (ast.Name, ast.Attribute))
