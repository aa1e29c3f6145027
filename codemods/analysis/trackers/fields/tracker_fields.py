"""Fields that hold a tracker: built or handed in at the start, made on first use, or the class's.

``self.tracker = AIUsageTracker()``, ``self.tracker = tracker or AIUsageTracker()``,
``tracker: AIUsageTracker = field(default_factory=AIUsageTracker)``, a property that builds once.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.calls import arguments_of, last_name
from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers.fields.syntax import (
    Method,
    declared,
    is_docstring,
    is_field,
    is_own,
    is_single,
    methods,
    plain_name,
    self_name,
    stores,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.syntax.parsed_module import ParsedModule
    from codemods.analysis.trackers.fields.makings import Made, Makings
    from codemods.analysis.trackers.lifetimes import Construct


@dataclass(frozen=True)
class TrackerField:
    """``self.name`` of a class that holds a tracker, and the places that use it.

    ``names`` are what the tracker can be read by: the field, and properties that give it;
    ``holders`` are fields with a client that is wrapped for it.  ``making`` are the nodes by
    which it gets there; ``strays`` are other uses of the variable that has it meanwhile.
    """

    owner: ast.ClassDef
    name: str
    names: frozenset[str]
    holders: frozenset[str]
    made: Made
    making: frozenset[ast.AST]
    strays: tuple[ast.Name, ...]
    loads: dict[Method, list[ast.Attribute]]

    @cached_property
    def method_of(self) -> dict[ast.AST, Method]:
        """The method that each use of the tracker is in: the first one, in the order of them."""
        pairs = [(load, method) for method, loads in self.loads.items() for load in loads]
        return dict(reversed(pairs))

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

    def __init__(self, module: ParsedModule, makings: Makings) -> None:
        self._module = module
        self._makings = makings

    def all(self) -> Iterator[TrackerField]:
        """Yield every field, class by class."""
        for owner in self._module.every(ast.ClassDef):
            bound = stores(owner)
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
        loads: dict[Method, list[ast.Attribute]] = {}
        for method in methods(owner):
            own = self_name(method)
            found = [
                n
                for n in walk(method)
                if isinstance(n, ast.Attribute)
                and n.attr in fields
                and is_field(n, n.attr, own)
                and n not in making
            ]
            if found and own:
                loads[method] = found
        others = made.local.loads if made.local is not None else ()
        strays = tuple(load for load in others if load not in making)
        holders = frozenset(wrapping)
        return TrackerField(owner, backing, names, holders, made, frozenset(making), strays, loads)

    def _gives(self, method: Method, name: str) -> bool:
        """Whether *method* is a property that only returns ``self.name``."""
        body = [s for s in method.body if not is_docstring(s)]
        plain = [plain_name(d) for d in method.decorator_list] == ["property"]
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
