"""All nodes of a module, walked once for all questions of the validator."""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

Node = TypeVar("Node", bound=ast.AST)

# Contexts and operators: the interpreter has one of each for all places, and nothing is inside.
_SHARED = frozenset(
    one
    for kind in (ast.expr_context, ast.operator, ast.unaryop, ast.cmpop, ast.boolop)
    for one in kind.__subclasses__()
)
# Nothing is inside of them, or nothing but those.
_LEAVES = frozenset({ast.Name, ast.Constant, ast.alias, *_SHARED})
# What fields have in the place of a node, or beside nodes.
_NO_NODES = _SHARED | {type(None), str, bool, int}
# Fields that never have a node that is walked to, whatever kind of node they are of.
_PLAIN = frozenset(
    ("ctx", "op", "ops", "id", "attr", "arg", "asname", "kind", "level", "module", "conversion")
) | {"type_comment", "is_async", "simple"}
#: The other fields, by kind: none of leaves.
_fields: dict[type[ast.AST], tuple[str, ...]] = {}


# The original and the result of one file: nobody asks for others again.
@lru_cache(maxsize=4)
def nodes(tree: ast.Module) -> tuple[ast.AST, ...]:
    """Return the nodes of *tree* in the order of ``ast.walk``, but for contexts and operators.

    *tree* must not change any more.
    """
    return (tree, *parents(tree))


def every(tree: ast.Module, kind: type[Node]) -> list[Node]:
    """Return the nodes of *tree* of exactly this *kind*, in the order of ``nodes``.

    Most questions are about few of all nodes.
    """
    return _by_kind(tree).get(kind, [])  # type: ignore[return-value]


def statements(tree: ast.Module) -> Iterator[ast.stmt]:
    """Yield the statements of *tree*, those of one kind after each other."""
    for kind, found in _by_kind(tree).items():
        if issubclass(kind, ast.stmt):
            yield from found  # type: ignore[misc]


@lru_cache(maxsize=4)
def _by_kind(tree: ast.Module) -> dict[type[ast.AST], list[ast.AST]]:
    found: dict[type[ast.AST], list[ast.AST]] = {}
    for node in nodes(tree):
        found.setdefault(type(node), []).append(node)
    return found


class Parents(dict[ast.AST, ast.AST]):
    """Each node of a module with the one that it is right inside of.

    ``within`` keeps the scope and the outermost loop in it of nodes that were asked for: of many
    branches inside each other, each way up is as long as they are many.
    """

    def __init__(self) -> None:
        super().__init__()
        self.within: dict[ast.AST, tuple[ast.AST, ast.AST | None]] = {}


@lru_cache(maxsize=4)
def parents(tree: ast.Module) -> Parents:
    """Return the parents of the nodes of *tree*, in the order of ``nodes``."""
    found = Parents()
    waiting: list[ast.AST] = [tree]
    for node in waiting:  # it grows on the way
        # As ``children``, without a list for each: all nodes of both trees pass here.
        for name in _names(type(node)):
            value = getattr(node, name, None)
            if type(value) is list:
                for item in value:
                    if type(item) not in _NO_NODES:
                        found[item] = node
                        waiting.append(item)
            elif type(value) not in _NO_NODES:
                found[value] = node  # type: ignore[index]
                waiting.append(value)  # type: ignore[arg-type]
    return found


def _names(kind: type[ast.AST]) -> tuple[str, ...]:
    """Return the fields of nodes of this *kind* that may have nodes inside."""
    names = _fields.get(kind)
    if names is None:
        inside = () if kind in _LEAVES else kind._fields
        names = _fields[kind] = tuple(name for name in inside if name not in _PLAIN)
    return names


def children(node: ast.AST) -> list[ast.AST]:
    """Return what is right inside of *node*, but for contexts and operators."""
    found: list[ast.AST] = []
    for name in _names(type(node)):
        value = getattr(node, name, None)
        if type(value) is list:
            found += [item for item in value if type(item) not in _NO_NODES]
        elif type(value) not in _NO_NODES:
            found.append(value)  # type: ignore[arg-type]
    return found
