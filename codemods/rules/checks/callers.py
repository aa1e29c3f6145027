"""Where a function of a module is spoken of, in whatever file of the project."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from codemods.analysis.syntax.calls import last_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.definitions import Function, Resolved

#: What finds a function by a text that holds no more than its name.
_BY_NAME = frozenset("__dict__ attrgetter eval exec getattr globals locals vars".split())
#: These put something in its place, which is not to call it.
_REPLACING = frozenset({"delattr", "object", "patch", "setattr"})


class Mention(NamedTuple):
    """A place that has the name of a function, and whether it surely is that function."""

    semantic: SemanticModel
    name: ast.expr | ast.alias
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
        for node in other.module.called(function.name):
            if not isinstance(node.ctx, ast.Load):
                continue
            found = other.taint.definition(node)
            if found is None or is_same(found, semantic, function):
                yield Mention(other, node, found is not None)
        unsure: list[ast.expr | ast.alias] = [*renamed(other, function.name)]
        unsure += in_texts(other, function.name)
        yield from (Mention(other, place, certain=False) for place in unsure)


def renamed(semantic: SemanticModel, name: str) -> Iterator[ast.alias]:
    """Yield where the module imports *name* under another one, by which it may do anything."""
    for alias in semantic.module.every(ast.alias):
        if alias.name == name and alias.asname not in (None, name):
            yield alias


def in_texts(semantic: SemanticModel, name: str) -> Iterator[ast.Constant]:
    """Yield the texts by which the module, or who reads them, may find the function *name*."""
    module = semantic.module
    by_name = module.mentions(_BY_NAME)
    for text in module.every(ast.Constant):
        if not isinstance(text.value, str) or not text.value.endswith(name):
            continue
        around = text.value.removesuffix(name)
        if around.endswith((".", ":")) or (by_name and not around):
            call = module.parents[text]
            if not isinstance(call, ast.Call) or last_name(call.func) not in _REPLACING:
                yield text


def is_same(found: Resolved, semantic: SemanticModel, function: Function) -> bool:
    """Whether *found*, as any file sees it, is *function* of the module of *semantic*."""
    there, here = found.taint.module, semantic.module
    return there.source.path == here.source.path and (
        # A rewritten text of this file has the function in another line.
        there.qualified_name(found.node) == here.qualified_name(function)
    )
