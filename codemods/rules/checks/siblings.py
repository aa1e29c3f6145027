"""The lifetimes of one variable beside each other: what is asked of all of them, indexed once."""

from __future__ import annotations

import ast
from bisect import bisect_right
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.trackers.block_extent import is_method_call
from codemods.analysis.trackers.constructs import asks_itself, bound_otherwise
from codemods.analysis.trackers.lifetimes import within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.definitions import DataFlow
    from codemods.analysis.syntax.scopes import Binding, Scope
    from codemods.analysis.trackers.lifetimes import Lifetime

    #: A statement or case, and the field that has the body.
    _Body = tuple[ast.AST, str]

#: What these hold is evaluated where they stand: that of a generator expression is not.
_AT_ONCE = (ast.ListComp, ast.SetComp, ast.DictComp)


class _Known:
    """Whose siblings were looked at in a module; each list is kept, so that no other has its id."""

    def __init__(self, taint: DataFlow) -> None:
        del taint
        self.of: dict[int, Siblings] = {}


def siblings_of(semantic: SemanticModel, lifetime: Lifetime) -> Siblings:
    """Return all lifetimes of the variable of *lifetime*."""
    known = semantic.taint.once(_Known).of
    key = id(lifetime.siblings)
    if key not in known:
        known[key] = Siblings(semantic, lifetime.binding, lifetime.siblings)
    return known[key]


def flushed_behind(semantic: SemanticModel, lifetime: Lifetime) -> bool:
    """Whether what is built in *lifetime* is flushed behind its suite, which needs the variable."""
    return bool(siblings_of(semantic, lifetime).flushes)


class Siblings:
    """All lifetimes of one variable, in the order in which their constructions stand."""

    def __init__(
        self, semantic: SemanticModel, variable: Binding, lifetimes: list[Lifetime]
    ) -> None:
        self._semantic = semantic
        self._module = semantic.module
        self._scope_of = semantic.scopes.scope_of
        self._variable = variable
        self._lifetimes = lifetimes
        self._strays: dict[Scope, ast.Name | None] = {}
        self._contained: dict[Lifetime, bool] = {}

    @cached_property
    def loads(self) -> set[ast.Name]:
        """The uses that belong to one of them."""
        return {load for one in self._lifetimes for load in one.loads}

    def stray_load(self, scope: Scope) -> ast.Name | None:
        """Return the first use that is none of theirs, and does more than to flush.

        If there are several, neither is one of theirs that code outside of *scope* may make while
        the variable has another tracker.
        """
        if scope not in self._strays:
            several = len(self._lifetimes) > 1
            apart = (
                load
                for load in self._variable.loads
                if not (load in self.loads or load in self.flushes or self._asks(load))
                or (several and self._run_in(load) is not scope and not self._is_in_one(load))
            )
            self._strays[scope] = next(apart, None)
        return self._strays[scope]

    def _asks(self, load: ast.Name) -> bool:
        return asks_itself(self._module, load)

    @cached_property
    def flushes(self) -> set[ast.Name]:
        """The uses by which the only one is flushed outside of its suite, once it is built there.

        A block has flushed before, so they do nothing; but they need the variable.
        """
        [only, *others] = self._lifetimes
        if others:
            return set()
        scopes = self._semantic.scopes
        return {
            load
            for load in self._variable.loads
            if load not in self.loads
            and self._scope_of[load] is only.scope
            and is_method_call(
                self._module.statement(load), self._variable, scopes, words.FLUSH_CALL
            )
        }

    def _is_in_one(self, load: ast.Name) -> bool:
        """Whether what runs *load* later is at hand only while its own lifetime lasts."""
        return any(load in one.loads and self._keeps_its_holders(one) for one in self._lifetimes)

    def _keeps_its_holders(self, lifetime: Lifetime) -> bool:
        """Whether all that holds the tracker of *lifetime*, or reads the variable, ends with it."""
        if lifetime not in self._contained:
            flow = self._semantic.flow(lifetime)
            held = [one for one in flow.holders if one is not self._variable]
            self._contained[lifetime] = not (
                lifetime.scope.is_module
                or flow.escapes
                or flow.trusted
                or flow.assumed
                or any(len(one.binders) > 1 or one.declared for one in held)
            ) and all(
                within(lifetime, self._module.paths[self._module.statement(load)])
                for one in held
                for load in one.loads
            )
        return self._contained[lifetime]

    def _run_in(self, load: ast.Name) -> Scope:
        """Return the scope whose statements evaluate *load* where it stands."""
        scope = self._scope_of[load]
        while isinstance(scope.node, _AT_ONCE) and scope.parent is not None:
            scope = scope.parent
        return scope

    @cached_property
    def foreign_binder(self) -> ast.AST | None:
        """The first place that binds the variable, and is the construction of none of them."""
        bound_by = {statement for one in self._lifetimes for statement in one.bound_by}
        return bound_otherwise(self._module, self._variable, bound_by)

    def crossing(self, lifetime: Lifetime) -> Lifetime | None:
        """Return the first other one that begins inside *lifetime*, or inside which it begins."""
        around = self._around.get(lifetime)
        inside = self._inside(lifetime)
        found = [number for number in (around, inside) if number is not None]
        return self._lifetimes[min(found)] if found else None

    @cached_property
    def _around(self) -> dict[Lifetime, int]:
        """The number of the first lifetime that each begins inside of, for those that do."""
        begun = {key: _Row(self._lifetimes, numbers) for key, numbers in self._by_body.items()}
        found: dict[Lifetime, int] = {}
        for one in self._lifetimes:
            rows = ((begun.get(body), index) for body, index in self._places(one))
            around = [row.first_over(index) for row, index in rows if row is not None]
            numbers = [number for number in around if number is not None]
            if numbers:
                found[one] = min(numbers)
        return found

    @cached_property
    def _by_body(self) -> dict[_Body, list[int]]:
        """The numbers of the lifetimes by the suites that they are of."""
        found: dict[_Body, list[int]] = {}
        for number, one in enumerate(self._lifetimes):
            found.setdefault(self._body_of(one), []).append(number)
        return found

    @cached_property
    def _begun_in(self) -> dict[_Body, list[tuple[int, int]]]:
        """For each suite the statements in which lifetimes begin, with their numbers, in order."""
        found: dict[_Body, list[tuple[int, int]]] = {}
        for number, one in enumerate(self._lifetimes):
            for body, index in self._places(one):
                found.setdefault(body, []).append((index, number))
        for places in found.values():
            places.sort()
        return found

    def _body_of(self, one: Lifetime) -> _Body:
        return self._module.at[one.prefix], one.field_name

    def _places(self, one: Lifetime) -> Iterator[tuple[_Body, int]]:
        """Yield the suites around the construction of *one*, and which statement of each it is."""
        parents, paths = self._module.parents, self._module.paths
        node: ast.AST = one.binding_statement
        while paths[node]:  # the module's own is empty
            (name, index), node = paths[node][-1], parents[node]
            yield (node, name), index

    def _inside(self, lifetime: Lifetime) -> int | None:
        """Return the number of the first that begins in the suite of *lifetime*, behind it."""
        places = self._begun_in.get(self._body_of(lifetime), [])
        begin = bisect_right(places, (lifetime.index, len(self._lifetimes)))
        # They stand in the order of their numbers.
        if begin < len(places) and places[begin][0] < lifetime.end:
            return places[begin][1]
        return None


class _Row:
    """The lifetimes of one suite."""

    def __init__(self, lifetimes: list[Lifetime], numbers: list[int]) -> None:
        self._numbers = numbers
        self._begins = [lifetimes[number].index for number in numbers]
        #: How far the lifetimes up to each reach.
        self._ends = list(accumulate((lifetimes[number].end for number in numbers), max))

    def first_over(self, index: int) -> int | None:
        """Return the number of the first lifetime that begins before statement *index* of the suite
        and ends behind it.
        """
        first = bisect_right(self._ends, index)
        if first < len(self._numbers) and self._begins[first] < index:
            return self._numbers[first]
        return None
