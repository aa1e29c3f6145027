"""What a tracker's constructor is told of its store, and the file names that are written there."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.tree import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.trackers.lifetimes import Construct


def given(construct: Construct) -> Iterator[tuple[str, ast.expr]]:
    """Yield what the constructor is given: by its name, or none where that is not known."""
    call, known = construct.call, construct.kind == "arguments"
    for index, value in enumerate(call.args):
        yield (words.CONSTRUCTOR_PARAMETERS[index] if known and index < 9 else ""), value
    for keyword in call.keywords:
        yield keyword.arg or "", keyword.value


def texts_of(value: ast.AST) -> set[object]:
    """Return the file names that are written in *value*."""
    texts = (n.value for n in walk(value) if isinstance(n, ast.Constant))
    return {t for t in texts if isinstance(t, str) and len(t) > 1}
