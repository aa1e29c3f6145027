"""Fields that hold a tracker: built or handed in at the start, made on first use, or the class's.

``self.tracker = AIUsageTracker()``, ``self.tracker = tracker or AIUsageTracker()``,
``tracker: AIUsageTracker = field(default_factory=AIUsageTracker)``, a property, or a method that is
called, which builds once.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.calls import arguments_of, last_name
from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers.fields.syntax import (
    Method,
    declared,
    is_called_plainly,
    is_docstring,
    is_field,
    is_own,
    is_single,
    methods,
    plain_name,
    self_name,
    stores,
    written_in,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from codemods.analysis.syntax.definitions import DataFlow
    from codemods.analysis.syntax.scopes import Binding
    from codemods.analysis.trackers.fields.makings import Made, Makings
    from codemods.analysis.trackers.lifetimes import Construct


@dataclass(frozen=True)
class TrackerField:
    """``self.name`` of a class that holds a tracker, and the places that use it.

    ``family`` is its class with those of the module that inherit from it, the first ones first.
    ``names`` are what the tracker can be read by: the field, and properties and methods that give
    it; ``holders`` are fields with a client that is wrapped for it.  ``making`` are the nodes by
    which it gets there; ``strays`` are other uses of the variable that has it meanwhile.
    ``loads`` are where methods read it, a method that gives it is called there; ``aliases`` are
    variables that are another name for it, with the statement that makes them so.
    """

    owner: ast.ClassDef
    family: tuple[ast.ClassDef, ...]
    name: str
    names: frozenset[str]
    holders: frozenset[str]
    made: Made
    making: frozenset[ast.AST]
    strays: tuple[ast.Name, ...]
    loads: dict[Method, list[ast.expr]]
    aliases: dict[Binding, ast.stmt]

    @cached_property
    def method_of(self) -> dict[ast.AST, Method]:
        """The method that each use of the tracker is in: the first one, in the order of them."""
        pairs = [(load, method) for method, loads in self.loads.items() for load in loads]
        return dict(reversed(pairs))

    @cached_property
    def own(self) -> frozenset[ast.AST]:
        """The mentions of the field in the methods of its class and of heirs."""
        loads = [load for loads in self.loads.values() for load in loads]
        return frozenset(load.func if isinstance(load, ast.Call) else load for load in loads)

    @property
    def construct(self) -> Construct | None:
        """The call that builds the tracker, where the module has it."""
        return self.made.construct

    @property
    def fields(self) -> frozenset[str]:
        """All names by which methods may come to the tracker."""
        return self.names | self.holders


class TrackerFields:
    """Finds the fields of one module's classes that hold a tracker."""

    def __init__(self, taint: DataFlow, makings: Makings) -> None:
        self._taint = taint
        self._module = taint.module
        self._scopes = taint.scopes
        self._makings = makings

    def all(self) -> Iterator[TrackerField]:
        """Yield every field, class by class."""
        classes = self._module.every(ast.ClassDef)
        written = written_in(self._module) if classes else {}
        for owner in classes:
            bound = stores(owner, written)
            for name, made in self._made(owner, bound):
                yield self._field(owner, name, made, bound)

    def _made(
        self, owner: ast.ClassDef, bound: dict[str, list[ast.Attribute]]
    ) -> Iterator[tuple[str, Made]]:
        """Yield the name by which methods read each tracker of *owner*, and how it is made."""
        for statement in owner.body:
            name, made = declared(statement), None
            if name is not None and name not in bound:
                made = self._makings.of_declaration(owner, statement)
            elif isinstance(statement, ast.FunctionDef):
                name, made = statement.name, self._makings.of_property(owner, statement, bound)
            if name is not None and made is not None:
                yield name, made
        init = next((m for m in methods(owner) if m.name == "__init__"), None)
        if not isinstance(init, ast.FunctionDef):
            return
        for name, places in bound.items():
            statement = self._module.statement(places[0])
            value = getattr(statement, "value", None)
            sure = len(places) == 1 and statement in init.body and is_single(statement, places[0])
            made = self._makings.of_value(value, init) if sure and value is not None else None
            if made is not None:
                yield name, made

    def _field(
        self,
        owner: ast.ClassDef,
        name: str,
        made: Made,
        bound: dict[str, list[ast.Attribute]],
    ) -> TrackerField:
        backing = made.backing or name
        getters = [m for m in methods(owner) if self._gives(m, backing)]
        names = frozenset({name, *(getter.name for getter in getters)})
        wrapping = self._wrapping(names, made, bound)
        making = {n for part in (*getters, *wrapping.values()) for n in walk(part)}
        making |= made.making
        making.update(bound.get(backing, ()) if not made.backing else ())
        fields = names | wrapping.keys()
        called = {m.name for m in methods(owner) if m.name in names and is_called_plainly(m)}
        loads: dict[Method, list[ast.expr]] = {}
        aliases: dict[Binding, ast.stmt] = {}
        family = self._family(owner)
        for method in (method for one in family for method in methods(one)):
            own = self_name(method)
            found = [
                self._given_by(n, called)
                for n in walk(method)
                if isinstance(n, ast.Attribute)
                and n.attr in fields
                and is_field(n, n.attr, own)
                and n not in making
            ]
            if found and own:
                loads[method] = found
                aliases.update(pair for load in found for pair in self._alias(load, method))
        others = made.local.loads if made.local is not None else ()
        strays = tuple(load for load in others if load not in making)
        holders = frozenset(wrapping)
        return TrackerField(
            *(owner, family, backing, names, holders, made),
            *(frozenset(making), strays, loads, aliases),
        )

    def _family(self, owner: ast.ClassDef) -> tuple[ast.ClassDef, ...]:
        """Return *owner* and the classes of the module that inherit from it, the first ones first.

        Where bases stand below their heirs, or are no names, these are missing: their uses of
        the field are then some of others.
        """
        found = {owner: -1}
        waiting = list(self._heirs.get(owner, ()))
        while waiting:
            number, heir = heappop(waiting)
            if heir not in found:
                found[heir] = number
                for one in self._heirs.get(heir, ()):
                    if one[0] > number:
                        heappush(waiting, one)
        return tuple(found)

    @cached_property
    def _heirs(self) -> dict[ast.ClassDef, list[tuple[int, ast.ClassDef]]]:
        """The classes of the module that inherit from each of its own, numbered in their order."""
        found: dict[ast.ClassDef, list[tuple[int, ast.ClassDef]]] = {}
        for number, heir in enumerate(self._module.every(ast.ClassDef)):
            for base in filter(None, map(self._taint.class_of, heir.bases)):
                if base.taint is self._taint:
                    found.setdefault(base.node, []).append((number, heir))
        return found

    def _given_by(self, node: ast.Attribute, called: Collection[str]) -> ast.expr:
        """Return what is the tracker where *node* is mentioned: the call of a method gives it."""
        call = self._module.parents[node]
        is_call = node.attr in called and isinstance(call, ast.Call) and call.func is node
        return call if is_call and isinstance(call, ast.Call) else node

    def _alias(self, load: ast.expr, method: Method) -> Iterator[tuple[Binding, ast.stmt]]:
        """Yield the variable of *method* that is nothing but another name for *load*."""
        statement = self._module.parents[load]
        names = statement.targets if isinstance(statement, ast.Assign) else []
        if isinstance(statement, ast.AnnAssign):
            names = [statement.target]
        if len(names) != 1 or not isinstance(names[0], ast.Name):
            return
        binding = self._scopes.of(names[0])
        alone = len(binding.binders) == 1 and not binding.declared and not binding.deletes
        local = binding.scope is self._scopes.inner[method]
        if alone and local and isinstance(statement, ast.stmt):
            yield binding, statement

    def _gives(self, method: Method, name: str) -> bool:
        """Whether *method*, a property or called without arguments, only returns ``self.name``."""
        body = [s for s in method.body if not is_docstring(s)]
        is_property = [plain_name(d) for d in method.decorator_list] == ["property"]
        plain = is_property or is_called_plainly(method)
        result = body[0].value if len(body) == 1 and isinstance(body[0], ast.Return) else None
        return plain and is_own(result, method) and result.attr == name  # type: ignore[union-attr]

    def _wrapping(
        self,
        names: frozenset[str],
        made: Made,
        bound: dict[str, list[ast.Attribute]],
    ) -> dict[str, ast.stmt]:
        """Return the fields that ``__init__`` binds to a client wrapped for the tracker.

        Each with its statement, which does nothing else.
        """
        held: dict[str, ast.stmt] = {}
        for name, places in bound.items():
            statement = self._module.statement(places[0])
            init = self._module.parents[statement]
            value = getattr(statement, "value", None)
            if len(places) != 1 or name in names or not is_single(statement, places[0]):
                continue
            if not isinstance(init, ast.FunctionDef) or init.name != "__init__":
                continue
            if (
                not isinstance(value, ast.Call)
                or last_name(value.func) not in words.CLIENT_WRAPPERS
            ):
                continue
            if any(_is_it(argument, names, made, init) for argument in arguments_of(value)):
                held[name] = statement
        return held


def _is_it(value: ast.expr, names: frozenset[str], made: Made, init: ast.FunctionDef) -> bool:
    if isinstance(value, ast.Attribute):
        return value.attr in names and is_own(value, init)
    return isinstance(value, ast.Name) and made.local is not None and value.id == made.local.name
