"""Where a function of a module is spoken of, in whatever file of the project."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.definitions import Function, Resolved


class Mention(NamedTuple):
    """A place that has the name of a function, and whether it surely is that function."""

    semantic: SemanticModel
    name: ast.Name | ast.Attribute
    certain: bool

    @property
    def place(self) -> str:
        """The file and the line."""
        return f"{self.semantic.module.source.display}:{self.name.lineno}"


def mentions_of(semantic: SemanticModel, function: Function) -> Iterator[Mention | None]:
    """Yield the places that may read *function*, one of the module's own; None for a broken file.

    Where the name is surely another function's, it is left out.
    """
    others = semantic.elsewhere.mentioning(function.name)
    for other in (semantic, *(others if semantic.used_elsewhere(function.name) else ())):
        if other is None:
            yield None
            continue
        for node in (*other.module.every(ast.Name), *other.module.every(ast.Attribute)):
            named = node.id if isinstance(node, ast.Name) else node.attr
            if named != function.name or not isinstance(node.ctx, ast.Load):
                continue
            found = other.taint.definition(node)
            if found is None or is_same(found, semantic, function):
                yield Mention(other, node, found is not None)


def is_same(found: Resolved, semantic: SemanticModel, function: Function) -> bool:
    """Whether *found*, as any file sees it, is *function* of the module of *semantic*."""
    there, here = found.taint.module, semantic.module
    return there.source.path == here.source.path and (
        # A rewritten text of this file has the function in another line.
        there.qualified_name(found.node) == here.qualified_name(function)
    )
