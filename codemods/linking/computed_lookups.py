"""Files that find a tracker by a name that they compute: no search for its name shows them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.external.fields import ANY_FIELD, ANY_GLOBAL
from codemods.linking.module_graph import module_parts

if TYPE_CHECKING:
    from pathlib import Path

    from codemods.analysis.external.fields import FieldUse
    from codemods.linking.module_graph import ModuleGraph
    from codemods.project.discovery import DiscoveredFile

#: Words that a computed lookup cannot do without.
COMPUTING = ("getattr", "vars", "__dict__", "attrgetter", "getmembers", "__globals__", "modules")
#: Names of what trackers do.
SPEAKING = (*words.TRACKER_METHODS, *words.CLIENT_WRAPPERS)


class ComputedLookups:
    """The lookups by computed names in files that have to do with trackers, or import such."""

    def __init__(self, graph: ModuleGraph) -> None:
        self._graph = graph

    @cached_property
    def fields(self) -> list[tuple[DiscoveredFile, FieldUse]]:
        """Every lookup of a field whose name is computed, or of all fields."""
        return self._of(ANY_FIELD)

    @cached_property
    def names(self) -> list[tuple[DiscoveredFile, FieldUse]]:
        """Every lookup of a module's global whose name is computed, or of all of them."""
        return self._of(ANY_GLOBAL)

    def _of(self, kind: str) -> list[tuple[DiscoveredFile, FieldUse]]:
        found: list[tuple[DiscoveredFile, FieldUse]] = []
        near = self._near
        looking = {f.path: f for word in COMPUTING for f in self._graph.holding(word)}
        for file in (f for path, f in looking.items() if path in near):
            references = self._graph.references(file)
            uses = references.fields.get(kind, ()) if references is not None else ()
            if uses and self._works_with_trackers(file):
                found.extend((file, use) for use in uses)
        return found

    @cached_property
    def _near(self) -> frozenset[Path]:
        """The files that speak of what trackers do, or may import one that does: a superset."""
        speaking = {f.path for word in SPEAKING for f in self._graph.holding(word)}
        stems = {module_parts(path)[-1] for path in speaking}
        return frozenset(
            speaking.union(f.path for stem in stems for f in self._graph.holding(stem))
        )

    def _works_with_trackers(self, file: DiscoveredFile) -> bool:
        """Whether *file*, or a module that it imports, speaks of what trackers do."""
        return any(self._speaks(one) for one in (file, *self._graph.imports(file).values()))

    def _speaks(self, file: DiscoveredFile) -> bool:
        content = self._graph.content(file)
        return any(word.encode() in content for word in SPEAKING)
