"""Which functions of the project a piece of code can reach by calls that are certain."""

from __future__ import annotations

import ast
from itertools import islice
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.callees.heirs import in_place_of_none
from codemods.analysis.dataflow.deferred.held_code import HeldCode, method_of_value, parts_of
from codemods.analysis.syntax.tree import walk

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from codemods.analysis.dataflow.deferred.held_code import Code
    from codemods.analysis.syntax.definitions import DataFlow, Function, Resolved

#: How many functions are followed, at most.
FARTHEST = 1000
TOO_MANY = f"more than the {FARTHEST} functions that are followed"


class Reached(list["Resolved"]):
    """The functions that code may call; ``is_cut`` says that it may call more than were followed.

    Then it may call anything.
    """

    def __init__(self, functions: Iterable[Resolved], *, is_cut: bool) -> None:
        super().__init__(functions)
        self.is_cut = is_cut

    def may_have(self, functions: Collection[ast.AST]) -> bool:
        """Whether one of *functions* may be among them."""
        return self.is_cut or any(one.node in functions for one in self)


def reachable(taint: DataFlow, statements: Iterable[ast.AST]) -> Reached:
    """Return the functions that *statements* of the module of *taint* may call, directly or not.

    A function that is only mentioned counts as called: it may be handed on.  So do
    the methods of a class that is mentioned: its objects are about to be used; the functions of
    a module that is handed on: they are about to be looked up; and what a variable has with it.
    """
    known, roots = taint.once(_known), tuple(statements)
    if roots not in known:
        found: dict[ast.AST, Resolved] = {}
        is_cut = _reach(found, [(taint, statement) for statement in roots])
        known[roots] = Reached(found.values(), is_cut=is_cut)
    return known[roots]


def _known(_taint: DataFlow) -> dict[tuple[ast.AST, ...], Reached]:
    """Return what was asked for already: several rules ask about the same bodies."""
    return {}


def reachable_from(taint: DataFlow, body: Sequence[ast.stmt], start: int, end: int) -> Reached:
    """Return what ``reachable`` does for ``body[start:end]``.

    For many starts with one end, each statement is looked at once.
    """
    if start >= end:
        return Reached([], is_cut=False)
    return taint.once(_Ends).reached(body, start, end)


class _Ends:
    """What can be reached from the statements at the end of a suite: the last ones go first."""

    def __init__(self, taint: DataFlow) -> None:
        self._taint = taint
        # By the last statement: what was found, and how much from each index on.
        self._known: dict[ast.stmt, tuple[dict[ast.AST, Resolved], dict[int, int]]] = {}
        self._cut: set[ast.stmt] = set()

    def reached(self, body: Sequence[ast.stmt], start: int, end: int) -> Reached:
        last = body[end - 1]
        found, counts = self._known.setdefault(last, ({}, {}))
        for index in range(end - 1 - len(counts), start - 1, -1):
            if _reach(found, [(self._taint, body[index])]):
                self._cut.add(last)
            counts[index] = len(found)
        # Once it is cut, what of it was left out is not known of any start.
        return Reached(islice(found.values(), counts[start]), is_cut=last in self._cut)


def _reach(found: dict[ast.AST, Resolved], waiting: list[tuple[DataFlow, ast.AST]]) -> bool:
    """Put into *found* what those that are *waiting*, the last ones first, may call.

    Return whether there was more than is followed.
    """
    lambdas: set[ast.AST] = set()
    while waiting:
        if len(found) >= FARTHEST:
            return True
        home, root = waiting.pop()
        functions, others = _named_in(home, root)
        if home.once(HeldCode).is_cut:
            return True
        for one in functions:
            if one.node not in found:
                found[one.node] = one
                waiting += _inside(one)
        for place in others:
            if place[1] not in lambdas:
                lambdas.add(place[1])
                waiting.append(place)
    return False


def _inside(function: Resolved) -> list[tuple[DataFlow, ast.AST]]:
    """Return what *function* runs: what names nothing is left out once all of it is known."""
    home, known = function.taint, function.taint.once(_known_parts)
    if function.node in known:
        return known[function.node]
    parts = [(home, inner) for inner in _runs(function.node)]
    if all(inner in home.named_in for _, inner in parts):
        # One is kept, for whether the module's code is known to its end is asked with each.
        naming = [part for part in parts if any(home.named_in[part[1]])]
        known[function.node] = naming or parts[:1]
    return parts


def _known_parts(_taint: DataFlow) -> dict[ast.AST, list[tuple[DataFlow, ast.AST]]]:
    return {}


def _runs(function: Function) -> Iterator[ast.AST]:
    """Yield what is run where *function* is defined, and where it is called."""
    yield from function.decorator_list
    yield from (d for d in (*function.args.defaults, *function.args.kw_defaults) if d is not None)
    yield from function.body


def _named_in(
    home: DataFlow, root: ast.AST
) -> tuple[list[Resolved], list[tuple[DataFlow, ast.AST]]]:
    if root not in home.named_in:
        functions: list[Resolved] = []
        codes: list[Code] = []
        names = [n for n in walk(root) if isinstance(n, ast.Name | ast.Attribute)]
        named = {n: named_by(home, n) or method_of_value(home, n) for n in names}
        # Of an object whose method is told by its class nothing else is used there.
        told = {n.value for n, found in named.items() if found and isinstance(n, ast.Attribute)}
        for name in names:
            functions += named[name]
            owner = home.class_of(name)
            if owner is not None:
                codes.append((owner.taint, owner.node))
            elif not named[name] and name not in told:
                codes += home.once(HeldCode).of(name)
        more, lambdas = parts_of(codes, home.once(HeldCode))
        home.named_in[root] = [*functions, *more], lambdas
    return home.named_in[root]


def named_by(home: DataFlow, node: ast.AST) -> list[Resolved]:
    """Return the functions that *node* may name: its methods, where it names a class."""
    if not isinstance(node, ast.Name | ast.Attribute):
        return []
    definition = home.definition(node)
    several = home.overrides(node) if definition is None else [definition]
    annotated = home.known(node) if definition is None else None
    several += [annotated] if annotated is not None and annotated not in several else []
    owner = home.class_of(node)
    found = [*several, *(owner.methods() if owner is not None else [])]
    if _is_called(home, node):
        found += in_place_of_none(home, node)
    return found or (home.functions_behind(node) if _is_handed_on(home, node) else [])


def _is_called(home: DataFlow, node: ast.Name | ast.Attribute) -> bool:
    around = home.module.parents[node]
    return isinstance(around, ast.Call) and around.func is node


def _is_handed_on(home: DataFlow, node: ast.AST) -> bool:
    """Whether *node* is more than the beginning of a name: a module may be searched by it."""
    around = home.module.parents[node]
    return not isinstance(around, ast.Attribute) or around.attr == "__dict__"
