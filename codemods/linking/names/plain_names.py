"""Names of a module that are surely nothing of the API: found on its top level alone.

Most names that files import are functions, values, and classes without a base.  To see that of
one takes a twentieth of the analysis of its module.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.names import Meaning
    from codemods.linking.module_graph import ModuleGraph
    from codemods.project.discovery import DiscoveredFile


class PlainNames:
    """The plain names of the files of a project, each file looked at once."""

    def __init__(self, graph: ModuleGraph) -> None:
        self._graph = graph
        self._known: dict[str, frozenset[str]] = {}

    def of(self, file: DiscoveredFile) -> frozenset[str]:
        """Return the plain names of *file*; none if it does not parse."""
        known = self._known.get(file.place)
        if known is None:
            known = self._graph.of_tree(file, plain_names) or frozenset()
            self._known[file.place] = known
        return known

    def take(self, place: str, names: frozenset[str]) -> None:
        """Take what another process has found in the file at *place*."""
        self._known[place] = names


def plain_names(tree: ast.Module) -> frozenset[str]:
    """Return the names that top-level statements of *tree* define, and that no API object has.

    A name that is bound more than once means no API object either, so one such statement is
    enough.
    """
    found: set[str] = set()
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(statement.name)
        elif isinstance(statement, ast.ClassDef):
            if not statement.bases:
                found.add(statement.name)
        elif isinstance(statement, ast.Assign):
            found.update(one.id for one in statement.targets if isinstance(one, ast.Name))
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            found.add(statement.target.id)
    return frozenset(found)


def api_object(semantic: SemanticModel, name: str) -> Meaning | None:
    """Return the API object that *name* of a module is, uncertain if it may be something else."""
    names = semantic.names
    binders = semantic.scopes.binding(name, semantic.scopes.module_scope).binders
    found: list[Meaning | None] = []
    for binder in binders:
        if isinstance(binder, ast.ClassDef):
            found.append(names.inherited(binder))
        else:
            target = names.imported(binder)
            found.append(names.followed(target) if target is not None else None)
    if not binders:  # what a star brings in
        found.extend(names.followed(f"{star}.{name}") for star in names.stars)
    known = next((one for one in found if one is not None), None)
    if known is None or len(found) == 1:
        return known
    return replace(known, certain=False)
