"""Walking syntax trees: what is inside of a node is found once, and remembered at the node.

Every question about a program walks a part of its tree, and most walk the same parts;
``ast.walk`` finds out about the fields of every node anew.
"""

from __future__ import annotations

import ast


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
