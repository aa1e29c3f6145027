"""What a class in sight collects when something is put into its objects."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.syntax.tree import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.syntax.definitions import ResolvedClass

_QUERIES = frozenset("query scan get_item batch_get_item transact_get_items paginate".split())
_LOOKING_NAMES = frozenset(
    "items metrics records calls stored saved written rows puts entries sent received".split()
)
PUTTING = ("put", "batch_write", "write", "store", "save", "append", "record")
GROWING = frozenset("append extend add update insert setdefault appendleft put".split())


def looks_of(owner: ResolvedClass, name: str) -> bool:
    """Whether *name* of a class in sight gives what its writing methods collect."""
    grown: set[str] = set()
    for method in owner.methods():
        if not method.node.name.startswith(PUTTING):
            continue
        grown.update(_grown(method.node))
    if name in grown:
        return True
    asked = owner.method(name)
    if asked is None or name.startswith(PUTTING):
        return False
    own = (n for n in walk(asked.node) if isinstance(n, ast.Attribute) and is_own(n))
    return any(node.attr in grown for node in own)


def _grown(function: ast.AST) -> Iterator[str]:
    """Yield the fields that *function* binds, or puts something into."""
    for node in walk(function):
        held: ast.AST | None = None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            held = node.func.value if node.func.attr in GROWING else None
        elif isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store):
            held = node
        while isinstance(held, ast.Subscript):
            held = held.value
        if isinstance(held, ast.Attribute) and is_own(held):
            yield held.attr


def is_own(node: ast.Attribute) -> bool:
    """Whether *node* is a field of the object or class that a method belongs to."""
    return isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")


def goes_through(node: ast.AST, parent: ast.AST | None) -> bool:
    """Whether *node* is asked as a collection is: ``x[key]``, ``key in x``, or by a loop."""
    if isinstance(parent, ast.Compare):
        return node in parent.comparators and isinstance(parent.ops[0], ast.In | ast.NotIn)
    if isinstance(parent, ast.Subscript):
        return parent.value is node and isinstance(parent.ctx, ast.Load)
    return isinstance(parent, ast.For | ast.comprehension) and parent.iter is node


def speaks_of_a_look(name: str, *, called: bool) -> bool:
    """Whether an attribute of a client that is not in sight speaks of what is stored."""
    if name.startswith(PUTTING):
        return not called
    about = "usage" in name or "metric" in name
    return about or (name in _QUERIES if called else name in _LOOKING_NAMES)
