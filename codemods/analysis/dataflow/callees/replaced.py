"""What a project puts in the place of a function: to mend it, to add something, or for a test."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.callees.possible import possible
from codemods.analysis.dataflow.callees.puts import puts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.dataflow.deferred.held_code import Code
    from codemods.analysis.syntax.definitions import DataFlow, Resolved


def replacing(known: Resolved) -> Iterator[Code]:
    """Yield the code that may run where *known* is called, since a file put it there."""
    name = known.node.name
    homes = [known.taint] if name in known.taint.module.written_fields else []
    homes += (one.taint for one in known.taint.registry.replacing(name) if one is not None)
    for home in homes:
        for put in (put for put in puts(home, name) if _may_be(home, put.target, known)):
            codes = (code for value in put.values for code in _code(home, value))
            yield from (code for code in codes if code[1] is not known.node)


def _code(home: DataFlow, value: ast.expr) -> list[Code]:
    found = home.known(value)
    if found is not None:
        return [(found.taint, found.node)]
    return [(home, value)] if isinstance(value, ast.Lambda) else possible(home, value)


def _may_be(home: DataFlow, target: ast.expr, known: Resolved) -> bool:
    """Whether *target* is *known*, or something that is not told."""
    text = _text(target)
    found = home.resolved(text) if text else home.known(target)
    place = getattr(found, "place", None)
    return place is None or place == known.place


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
