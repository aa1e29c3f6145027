"""Which functions of the project a piece of code can reach by calls that are certain."""

from __future__ import annotations

import ast
from itertools import islice
from typing import TYPE_CHECKING

from codemods.analysis.syntax.tree import walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from codemods.analysis.syntax.definitions import DataFlow, Resolved

_FARTHEST = 200


def reachable(taint: DataFlow, statements: Iterable[ast.AST]) -> list[Resolved]:
    """Return the functions that *statements* of the module of *taint* may call, directly or not.

    A function that is only mentioned counts as called: it may be handed on.  So do
    the methods of a class that is mentioned: its objects are about to be used; and the functions of
    a module that is handed on: they are about to be looked up.
    """
    found: dict[ast.AST, Resolved] = {}
    _reach(found, [(taint, statement) for statement in statements])
    return list(found.values())


def reachable_from(
    taint: DataFlow, body: Sequence[ast.stmt], start: int, end: int
) -> list[Resolved]:
    """Return what ``reachable`` does for ``body[start:end]``.

    For many starts with one end, each statement is looked at once.
    """
    return taint.once(_Ends).reached(body, start, end) if start < end else []


class _Ends:
    """What can be reached from the statements at the end of a suite: the last ones go first."""

    def __init__(self, taint: DataFlow) -> None:
        self._taint = taint
        # By the last statement: what was found, and how much from each index on.
        self._known: dict[ast.stmt, tuple[dict[ast.AST, Resolved], dict[int, int]]] = {}

    def reached(self, body: Sequence[ast.stmt], start: int, end: int) -> list[Resolved]:
        found, counts = self._known.setdefault(body[end - 1], ({}, {}))
        for index in range(end - 1 - len(counts), start - 1, -1):
            _reach(found, [(self._taint, body[index])])
            counts[index] = len(found)
        return list(islice(found.values(), counts[start]))


def _reach(found: dict[ast.AST, Resolved], waiting: list[tuple[DataFlow, ast.AST]]) -> None:
    """Put into *found* what those that are *waiting*, the last ones first, may call."""
    while waiting and len(found) < _FARTHEST:
        home, root = waiting.pop()
        if root not in home.named_in:
            home.named_in[root] = [one for node in walk(root) for one in named_by(home, node)]
        for one in home.named_in[root]:
            if one.node not in found:
                found[one.node] = one
                waiting.extend((one.taint, inner) for inner in one.node.body)


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
    return found or (home.functions_behind(node) if _is_handed_on(home, node) else [])


def _is_handed_on(home: DataFlow, node: ast.AST) -> bool:
    """Whether *node* is more than the beginning of a name: a module may be searched by it."""
    around = home.module.parents[node]
    return not isinstance(around, ast.Attribute) or around.attr == "__dict__"
