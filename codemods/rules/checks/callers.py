"""Where a function of a module is spoken of, in whatever file of the project."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from codemods.analysis.syntax.calls import last_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.definitions import Function, Resolved

#: What finds a function by a text that holds no more than its name.
_BY_NAME = frozenset("__dict__ attrgetter eval exec getattr getmembers globals locals vars".split())
#: These put something in its place, which is not to call it.
_REPLACING = frozenset({"delattr", "object", "patch", "setattr"})


class Mention(NamedTuple):
    """A place that has the name of a function, and whether it surely is that function.

    ``where`` is one that has it in a way which no name shows.
    """

    semantic: SemanticModel
    name: ast.expr | ast.alias | Function
    certain: bool
    where: str = ""

    @property
    def place(self) -> str:
        """The file and the line."""
        return self.where or f"{self.semantic.module.source.display}:{self.name.lineno}"


def mentions_of(semantic: SemanticModel, function: Function) -> Iterator[Mention | None]:
    """Yield the places that may read *function*, one of the module's own; None for a broken file.

    Where the name is surely another function's, it is left out.
    """
    seen: set[str] = set()
    others = semantic.elsewhere.mentioning(function.name)
    for other in (semantic, *(others if semantic.used_elsewhere(function.name) else ())):
        if other is None:
            yield None
            continue
        unsure: list[ast.expr | ast.alias] = []
        names = {function.name}
        for alias in renamed(other, function.name):
            if _is_alone(other, alias):
                names.add(str(alias.asname))
            else:
                unsure.append(alias)
        for node in (n for name in sorted(names) for n in other.module.called(name)):
            seen.add(f"{other.module.source.display}:{node.lineno}")
            if not isinstance(node.ctx, ast.Load) or _is_a_value(other, node):
                continue
            found = other.taint.definition(node)
            if found is None or is_same(found, semantic, function):
                yield Mention(other, node, found is not None)
        unsure += (text for name in sorted(names) for text in in_texts(other, name))
        yield from (Mention(other, place, certain=False) for place in unsure)
    for where in unseen_uses(semantic, function.name, seen):
        yield Mention(semantic, function, certain=False, where=where)


def _is_alone(semantic: SemanticModel, alias: ast.alias) -> bool:
    """Whether only the file itself reads what *alias* brings in, by its name."""
    other = str(alias.asname)
    return not semantic.used_elsewhere(other) and not semantic.module.mentions(_BY_NAME)


def _is_a_value(semantic: SemanticModel, node: ast.expr) -> bool:
    """Whether *node* is a variable, and no name that a statement imports or defines.

    Where it is given the function, that is named there.
    """
    if not isinstance(node, ast.Name) or node not in semantic.scopes.scope_of:
        return False
    binding = semantic.scopes.of(node)
    if binding.scope.is_class or not binding.binders:
        return False
    if binding.scope.is_module and any(a.name == "*" for a in semantic.module.every(ast.alias)):
        return False
    return all(isinstance(binder, ast.Name | ast.arg) for binder in binding.binders)


def unseen_uses(semantic: SemanticModel, name: str, seen: Collection[str]) -> Iterator[str]:
    """Yield where other files may come to the global *name* that is named at the places *seen*."""
    places = semantic.elsewhere.variable(name).places
    yield from (place.where for place in places if place.where not in seen)


def renamed(semantic: SemanticModel, name: str) -> Iterator[ast.alias]:
    """Yield where the module imports *name* under another one."""
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
