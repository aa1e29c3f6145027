"""Names by which a file and others may know of each other: what it imports, and what it has.

With the records of where another file uses one.
"""

from __future__ import annotations

import ast
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods.analysis.external.references import joined
from codemods.analysis.syntax.tree import children, index

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True, slots=True)
class ExternalUse:
    """A place in another file: what is written there, and where (``path:line``).

    ``reads`` says that it asks for the object by its name, and binds nothing to that.
    """

    text: str
    where: str
    reads: bool = False

    def __str__(self) -> str:
        return f"{self.text} in {self.where}"


@dataclass(frozen=True, slots=True)
class Uses:
    """What other files do with a name or a field.

    ``places`` use the object itself; ``mentioned`` says that any of them refers to it in some
    way, to import or patch it; ``doubts`` are what is taken for granted about the others.
    """

    places: tuple[ExternalUse, ...] = ()
    mentioned: bool = False
    doubts: tuple[str, ...] = ()

    @property
    def readers(self) -> tuple[ExternalUse, ...]:
        """The places that only read it; none where something else is done with it anywhere."""
        return self.places if all(place.reads for place in self.places) else ()


def imported(tree: ast.Module) -> frozenset[str]:
    """Return the dotted names that the imports of *tree* bring in, modules or names of them."""
    found: set[str] = set()
    for node in _imports(tree):
        if isinstance(node, ast.ImportFrom):
            found.update(_imported_from(node))
        else:
            found.update(alias.name for alias in node.names)
    return frozenset(found)


def _imports(tree: ast.Module) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield the imports of *tree*; an index is not made for them, but asked where there is one."""
    if hasattr(tree, "index"):
        every = index(tree)
        yield from every.every(ast.Import)
        yield from every.every(ast.ImportFrom)
        return
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif not isinstance(node, ast.expr):
            waiting.extend(children(node))


def _imported_from(node: ast.ImportFrom) -> Iterator[str]:
    base = "." * node.level + (node.module or "")
    yield base
    for alias in node.names:
        yield joined(base, alias.name)


def own_names(tree: ast.Module, held: str) -> set[str]:
    """Return the names that another file may use of *tree*: globals, fields, private methods.

    Of classes that mention *held* all methods are.
    """
    every = index(tree)
    found = {n.attr for n in every.every(ast.Attribute) if isinstance(n.ctx, ast.Store)}
    for kind in _DEFINITIONS:
        found.update(n.name for n in every.every(kind) if n.name.startswith("_"))  # type: ignore[attr-defined]
    lines = sorted(n.lineno for n in every.every(ast.Name) if n.id == held)
    for owner in every.every(ast.ClassDef) if lines else ():
        above = owner.decorator_list[0] if owner.decorator_list else owner
        place = bisect_left(lines, above.lineno)
        if place < len(lines) and lines[place] <= (owner.end_lineno or 0):
            found.update(n.name for n in owner.body if isinstance(n, _DEFINITIONS))
    return found | _globals(tree)


def imported_words(tree: ast.Module) -> set[str]:
    """Return the last part of the name of each module that *tree* imports something of."""
    every = index(tree)
    named = [one.module or "" for one in every.every(ast.ImportFrom)]
    named += [alias.name for one in every.every(ast.Import) for alias in one.names]
    return {name.rpartition(".")[2] for name in named if name}


def _globals(tree: ast.Module) -> set[str]:
    """Return the names that the statements of *tree* bind, what is in definitions left out."""
    found: set[str] = set()
    waiting: list[ast.AST] = [*tree.body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, _DEFINITIONS):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).partition(".")[0])
        else:
            waiting += children(node)
    return found
