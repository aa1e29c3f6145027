"""Which functions of the project a piece of code can reach by calls that are certain."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.syntax.tree import walk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codemods.analysis.syntax.definitions import DataFlow, Resolved

_FARTHEST = 200


def reachable(taint: DataFlow, statements: Iterable[ast.AST]) -> list[Resolved]:
    """Return the functions that *statements* of the module of *taint* may call, directly or not.

    A function that is only mentioned counts as called: it may be handed on.  So do
    the methods of a class that is mentioned: its objects are about to be used.
    """
    found: dict[ast.AST, Resolved] = {}
    waiting: list[tuple[DataFlow, ast.AST]] = [(taint, statement) for statement in statements]
    while waiting and len(found) < _FARTHEST:
        home, root = waiting.pop()
        if root not in home.named_in:
            home.named_in[root] = [one for node in walk(root) for one in _named(home, node)]
        for one in home.named_in[root]:
            if one.node not in found:
                found[one.node] = one
                waiting.extend((one.taint, inner) for inner in one.node.body)
    return list(found.values())


def _named(home: DataFlow, node: ast.AST) -> list[Resolved]:
    """Return the functions that *node* may name."""
    if not isinstance(node, ast.Name | ast.Attribute):
        return []
    definition = home.definition(node)
    several = home.overrides(node) if definition is None else [definition]
    owner = home.class_of(node)
    return [*several, *(owner.methods() if owner is not None else [])]
