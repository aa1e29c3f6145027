"""Compares pieces of programs: equal code has an equal fingerprint, wherever it stands."""

from __future__ import annotations

import ast
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING

from codemods.validator.walk import statements

if TYPE_CHECKING:
    from collections.abc import Sequence

_BYTES = 16
# Of longer ones the statements inside have texts: each of many branches inside each other would
# keep the text of all that are in it.
_MOST_LINES = 200
# In the place of a field that a node does not have.
_ABSENT = object()
# Equal ones are written alike.
_PLAIN = frozenset({str, bytes, int, bool})
# What ``_add`` writes of it.
_NONE = b"VNoneType4\0None"
#: The fields of a kind of node, each with what it begins with in a fingerprint.
_fields: dict[type[ast.AST], list[tuple[str, bytes]]] = {}


def fingerprint(node: ast.AST) -> bytes:
    """Return what is equal for two nodes exactly where ``ast.dump`` is.

    Each node keeps its own, so that comparing at every level of a tree costs no
    more than one walk over it: dumps of nested suites repeat all that is inside.
    """
    known: bytes | None = getattr(node, "_fingerprint", None)
    if known is None:
        known = _of_name(node.id, node.ctx) if isinstance(node, ast.Name) else _computed(node)
        node._fingerprint = known  # type: ignore[attr-defined]
    return known


# A third of all nodes; programs repeat few names.
@lru_cache(maxsize=4096)
def _of_name(name: str, context: ast.expr_context) -> bytes:
    return _computed(ast.Name(name, context))


def _computed(node: ast.AST) -> bytes:
    kind = type(node)
    if kind not in _fields:
        _fields[kind] = [(name, f"\0{name}\0".encode()) for name in kind._fields]
    parts = [kind.__name__.encode()]
    for name, begin in _fields[kind]:
        try:
            value = getattr(node, name)
        except AttributeError:
            continue
        if value is None:
            parts += begin, _NONE
        elif isinstance(value, ast.AST):
            parts += begin, b"N", fingerprint(value)
        else:
            parts.append(begin)
            _add(parts, value)
    return blake2b(b"".join(parts), digest_size=_BYTES).digest()


def fingerprints(nodes: Sequence[ast.AST]) -> list[bytes]:
    """Return the fingerprint of each of *nodes*."""
    return [fingerprint(node) for node in nodes]


def note_texts(tree: ast.Module, text: str) -> None:
    """Have the statements of *tree* keep what stands for them in *text*, of which it was made.

    Only ``\n`` may end its lines.  Equal texts that begin in the same column are equal code, and so
    are those of one line that begin in any.
    """
    lines = text.split("\n")
    for node in statements(tree):
        stop = node.end_lineno or node.lineno
        if stop - node.lineno > _MOST_LINES:
            continue
        first, last = lines[node.lineno - 1], lines[stop - 1]
        if getattr(node, "decorator_list", None) or not (first.isascii() and last.isascii()):
            continue  # decorators are above it; columns are counted in bytes
        if node.lineno == node.end_lineno:
            own = first[node.col_offset : node.end_col_offset]
        else:
            inside = lines[node.lineno : stop - 1]
            end = last[: node.end_col_offset]
            own = "\n".join((f"{node.col_offset}", first[node.col_offset :], *inside, end))
        if own:  # what stands for something that was left out has no text
            node._text = own  # type: ignore[attr-defined]


def alike(one: object, other: object) -> bool:
    """Whether two pieces are the same code; it is known at the first place where they are not."""
    kind = type(one)
    if kind is not type(other):
        return False
    if isinstance(one, ast.AST):
        text = getattr(one, "_text", None)
        if text is not None and text == getattr(other, "_text", None):
            return True
        for name in kind._fields:  # type: ignore[attr-defined]
            value, beside = getattr(one, name, _ABSENT), getattr(other, name, _ABSENT)
            if value is not beside and not alike(value, beside):
                return False
        return True
    if isinstance(one, list):
        listed: list[object] = other  # type: ignore[assignment]
        pairs = zip(one, listed, strict=False)
        return len(one) == len(listed) and all(alike(*pair) for pair in pairs)
    return one == other if kind in _PLAIN else repr(one) == repr(other)


def _add(parts: list[bytes], value: object) -> None:
    if isinstance(value, ast.AST):
        parts += b"N", fingerprint(value)
    elif isinstance(value, list):
        parts.append(f"L{len(value)}\0".encode())
        for item in value:
            _add(parts, item)
    else:
        text = repr(value).encode("utf-8", "surrogatepass")
        parts += f"V{type(value).__name__}{len(text)}\0".encode(), text
