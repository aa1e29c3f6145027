"""Compares pieces of programs: equal code has an equal fingerprint, wherever it stands."""

from __future__ import annotations

import ast
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_BYTES = 16


def fingerprint(node: ast.AST) -> bytes:
    """Return what is equal for two nodes exactly where ``ast.dump`` is.

    Each node keeps its own, so that comparing at every level of a tree costs no
    more than one walk over it: dumps of nested suites repeat all that is inside.
    """
    known: bytes | None = getattr(node, "_fingerprint", None)
    if known is None:
        parts = [type(node).__name__.encode()]
        for field, value in ast.iter_fields(node):
            parts.append(f"\0{field}\0".encode())
            _add(parts, value)
        known = blake2b(b"".join(parts), digest_size=_BYTES).digest()
        node._fingerprint = known  # type: ignore[attr-defined]
    return known


def fingerprints(nodes: Sequence[ast.AST]) -> list[bytes]:
    """Return the fingerprint of each of *nodes*."""
    return [fingerprint(node) for node in nodes]


def alike(one: ast.AST, other: ast.AST) -> bool:
    """Whether two pieces are the same code."""
    return fingerprint(one) == fingerprint(other)


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
