"""Walking syntax trees: what is inside of a node is found once, and remembered at the node.

Every question about a program walks a part of its tree, and most walk the same parts;
``ast.walk`` finds out about the fields of every node anew.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable

# What stands for itself: nothing is inside.
_EMPTY = frozenset(
    one
    for kind in (ast.expr_context, ast.operator, ast.unaryop, ast.cmpop, ast.boolop)
    for one in kind.__subclasses__()
)


def children(node: ast.AST) -> list[ast.AST]:
    """Return the nodes right inside *node*, as ``ast.iter_child_nodes`` yields them."""
    try:
        return node.inner  # type: ignore[attr-defined,no-any-return]
    except AttributeError:
        found: list[ast.AST] = []
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, ast.AST):
                found.append(value)
            elif isinstance(value, list):
                found += [item for item in value if isinstance(item, ast.AST)]
        node.inner = found  # type: ignore[attr-defined]
        return found


def walk(node: ast.AST) -> list[ast.AST]:
    """Return *node* and all nodes inside of it, in the order of ``ast.walk``."""
    found = [node]
    for one in found:  # it grows on the way
        found += children(one)
    return found


class Visitor:
    """Visits nodes as ``ast.NodeVisitor`` does; methods are looked up once, not for each node."""

    _methods: ClassVar[dict[type[ast.AST], Callable[[Any, Any], None]]] = {}

    def __init_subclass__(cls) -> None:
        """Note for which kinds of node *cls* has a method, ``visit_`` and the name of the kind."""
        named = {f"visit_{name}": kind for name, kind in vars(ast).items()}
        cls._methods = {kind: getattr(cls, n) for n, kind in named.items() if hasattr(cls, n)}

    def visit(self, node: ast.AST) -> None:
        """Visit *node*: by the method for its kind, where there is one, else what is inside."""
        kind = type(node)
        if kind is ast.Constant or kind in _EMPTY:
            return
        method = self._methods.get(kind)
        if method is not None:
            method(self, node)
        else:
            self.generic_visit(node)

    def generic_visit(self, node: ast.AST) -> None:
        """Visit what is inside of *node*."""
        for child in children(node):
            self.visit(child)
