"""Where somebody would notice by which of its names the set call is made."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.semantic_model import SemanticModel

_NAMES = (words.SET_CALL, words.OLDER_SET_CALL)
_BROKEN = "a file that has the older name cannot be read"


def watched(semantic: SemanticModel) -> tuple[str, ast.AST | None] | None:
    """Return what replaces or watches the set call, by either name, and its place in the module.

    A name that is bound, deleted or written as a text, or the field of a method; in other files
    that speak of the older name also what puts another class in the place of the tracker's.
    """
    for place in _places(semantic, _NAMES):
        return f"{ast.unparse(place)} replaces or watches a set call", place
    for other in semantic.elsewhere.mentioning(words.OLDER_SET_CALL):
        if other is None:
            return _BROKEN, None
        if _is_home(other):
            continue
        for place in (*_places(other, _NAMES), *_places(other, (words.TRACKER_CLASS,))):
            where = f"{other.module.source.display}:{other.module.span(place).line}"
            return f"{ast.unparse(place)} ({where}) replaces or watches a set call", None
    return None


def _places(semantic: SemanticModel, names: tuple[str, ...]) -> Iterator[ast.expr]:
    for node in semantic.module.every(ast.Attribute):
        bound = node.attr in names and not isinstance(node.ctx, ast.Load)
        looked_at = isinstance(node.value, ast.Attribute) and node.value.attr in _NAMES
        if bound or looked_at:
            yield node
    for text in semantic.module.every(ast.Constant):
        if isinstance(text.value, str) and text.value.rpartition(".")[2] in names:
            yield text


def _is_home(semantic: SemanticModel) -> bool:
    """Whether the module is one of those that hold the API."""
    dotted = ".".join(semantic.module.dotted)
    return any(f".{dotted}".endswith(f".{home}") for home in semantic.vocabulary.homes)
