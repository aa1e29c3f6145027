"""Which name means what, decided on the ``ast`` alone.

The interpreter's own tables differ from version to version.  The language's rules are
applied here instead, so that one source has one answer on every interpreter; the tests
hold it against ``symtable`` where that has an answer, and against what programs do.
"""

from __future__ import annotations

import ast
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING

from codemods.analysis.syntax.scope_walk import Scope as Scope
from codemods.analysis.syntax.scope_walk import ScopeWalk
from codemods.interpreter import check_declarations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.syntax.parsed_module import ParsedModule

_POSITION = attrgetter("lineno", "col_offset")


class Binding:
    """One variable: a name in the scope that owns it.

    ``binders`` are the nodes that bind it (Name, arg, alias, definition,
    handler, match pattern), ``loads`` and ``deletes`` the Name nodes that read
    and delete it, from inner scopes too, each in source order.  ``declared``
    holds the ``global`` and ``nonlocal`` statements that name it.
    """

    def __init__(self, name: str, scope: Scope) -> None:
        self.name = name
        self.scope = scope
        self.binders: list[ast.AST] = []
        self.loads: list[ast.Name] = []
        # Most have none: a list for each would be a fifth of what variables cost.
        self.deletes: tuple[ast.Name, ...] = ()
        self.declared: tuple[ast.stmt, ...] = ()

    @cached_property
    def parameter(self) -> ast.arg | None:
        """The parameter that binds it, if one does."""
        return next((binder for binder in self.binders if isinstance(binder, ast.arg)), None)

    @cached_property
    def first_place(self) -> tuple[int, int]:
        """Line and column of what first binds it, both 0 where none does that has a place."""
        places = ((getattr(b, "lineno", 0), getattr(b, "col_offset", 0)) for b in self.binders)
        return min(places, default=(0, 0))


class Scopes:
    """The scopes and bindings of one module; with *checking* SyntaxError for wrong declarations."""

    def __init__(self, module: ParsedModule, *, checking: bool = True) -> None:
        if checking:  # ``nonlocal`` of nothing is not the parser's to find
            check_declarations(module.source.text, module.source.display)
        walk = ScopeWalk(module.tree)
        self.module_scope = walk.scope
        #: The scopes of the nodes that have one.
        self.inner = walk.inner
        self.bindings: dict[tuple[Scope, str], Binding] = {}
        self.scope_of: dict[ast.AST, Scope] = {}
        self._of: dict[ast.Name, Binding] = {}
        self._meant: dict[tuple[Scope, str], Binding] = {}
        self._seen: dict[Scope, list[Scope]] = {}
        # A name's owner is known once all of its scope has been seen.
        for name, node, scope in walk.binders:
            self._bind(name, node, scope)
        for scope in walk.scopes:
            self._read(scope)
        for binding in self.bindings.values():
            if len(binding.binders) > 1:
                binding.binders.sort(key=_POSITION)
            if len(binding.loads) > 1:
                binding.loads.sort(key=_POSITION)

    def binding(self, name: str, scope: Scope) -> Binding:
        """Return the variable that *name* means when it is used in *scope*."""
        key = (scope, name)
        known = self._meant.get(key)
        if known is None:
            stored = scope.spelled(name)
            self._meant[key] = known = self._variable(name, stored, self._owner(stored, scope))
        return known

    def of(self, node: ast.Name) -> Binding:
        """Return the variable that a Name node means."""
        known = self._of.get(node)
        if known is None:
            self._of[node] = known = self.binding(node.id, self.scope_of[node])
        return known

    def _variable(self, name: str, stored: str, owner: Scope) -> Binding:
        key = (owner, stored)
        known = self.bindings.get(key)
        if known is None:
            self.bindings[key] = known = Binding(name, owner)
        return known

    def _owner(self, stored: str, scope: Scope) -> Scope:
        seen = self._seen.get(scope)
        if seen is None:
            self._seen[scope] = seen = list(_seen_from(scope))
        for here in seen:
            if stored in here.at_module:
                break
            if stored in here.bound and stored not in here.further_out:
                return here
        return self.module_scope

    def _also(self, stored: str, scope: Scope) -> list[Scope]:
        """Return who else may own a name read in *scope*, if a class around it binds that too.

        Up to 3.13 a comprehension in an annotation looks past the class; what is evaluated on
        demand takes the class's name before a type parameter, or the module's if it has none yet.
        """
        here = scope
        while here.parent is not None and here.sees_class_around:
            here = here.parent
        if here is scope or not here.is_class or stored not in here.bound | here.at_module:
            return []
        own, module = self._owner(stored, here), self.module_scope
        while here.is_class and here.parent is not None:
            here = here.parent
        return [own, self._owner(stored, here), module]

    def _bind(self, name: str, node: ast.AST, scope: Scope) -> None:
        """Note that *node* binds, deletes or declares *name*."""
        binding = self.binding(name, scope)
        kind = type(node)
        if kind is ast.Name and type(node.ctx) is ast.Del:  # type: ignore[attr-defined]
            binding.deletes += (node,)  # type: ignore[operator]
        elif kind is ast.Global or kind is ast.Nonlocal:
            binding.declared += (node,)  # type: ignore[operator]
            return
        else:
            binding.binders.append(node)
        self.scope_of[node] = scope

    def _read(self, scope: Scope) -> None:
        """Note what each name that is read in *scope* means."""
        scope_of, known, by_class = self.scope_of, self._of, scope.sees_class_around
        for name, nodes in scope.reads.items():
            own = self.binding(name, scope)
            own.loads += nodes
            for node in nodes:
                scope_of[node], known[node] = scope, own
            if by_class or name.startswith("__"):
                for other in self._readable(name, scope) - {own}:
                    other.loads += nodes
        scope.reads.clear()

    def _readable(self, name: str, scope: Scope) -> set[Binding]:
        """Return the other variables that *name* may be, too, when it is read in *scope*."""
        stored = scope.spelled(name)
        found = {self._variable(name, stored, owner) for owner in self._also(stored, scope)}
        if stored != name and scope.is_in_signature:
            found.add(self._variable(name, name, self._owner(name, scope)))
        return found


def _seen_from(scope: Scope) -> Iterator[Scope]:
    """Yield the scopes, innermost first, of which a name in *scope* may be: the module's is last.

    It is left out, as it owns all that no other one does.
    """
    here, in_class = scope, True
    while here.parent is not None:
        if in_class or not here.is_class:
            yield here
        in_class = in_class and here.sees_class_around
        here = here.parent
