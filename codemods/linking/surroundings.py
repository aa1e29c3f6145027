"""Files that open contexts, and the modules that may run in those."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codemods import vocabulary as words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.linking.method_names import MethodNames
    from codemods.linking.module_graph import ModuleGraph
    from codemods.project.discovery import DiscoveredFile

#: Without one of these words a file enters no manager that another one makes.
ENTERING = ("with", "enter_context", "enter_async_context")


class Surroundings:
    """Which files of the project open contexts, and which modules may run in those."""

    def __init__(
        self,
        graph: ModuleGraph,
        methods: MethodNames,
        analysed: Callable[[DiscoveredFile], SemanticModel | None],
    ) -> None:
        self._graph = graph
        self._methods = methods
        self._analysed = analysed
        self._reached: dict[DiscoveredFile, set[Path]] | None = None
        self._files: dict[Path, DiscoveredFile] = {}

    def of(self, path: Path) -> Iterator[SemanticModel]:
        """Yield the analysis of each other file that opens contexts and knows that in *path*.

        It imports that, or is imported by it, and may be handed functions of it; or it has a name
        of its methods, and may be handed objects by a third file.
        """
        if self._reached is None:
            opening = self._opening()
            self._reached = {file: imported_by(self._graph, [file]) for file in opening}
            self._files = {file.path: file for file in self._graph.files} if opening else {}
        own = self._files.get(path)
        known = imported_by(self._graph, [own]) if own is not None else set()
        for file, reached in self._reached.items():
            if file.path == path:
                continue
            near = path in reached or file.path in known
            if near or (own is not None and self._methods.may_call(file, own)):
                semantic = self._analysed(file)
                if semantic is not None:
                    yield semantic

    def _opening(self) -> list[DiscoveredFile]:
        """Return the files that may open contexts: by name, or by a manager of another file."""
        names = (*words.CONTEXT_MANAGERS, words.TRACKED_DECORATOR)
        found = {f.path: f for name in names for f in self._graph.holding(name)}
        entering = {f.path for word in ENTERING for f in self._graph.holding(word)}
        waiting = list(found.values())
        seen = set(found)
        while waiting:
            manager = waiting.pop().path
            for file in self._graph.importing(manager):
                if file.path in seen:
                    continue
                seen.add(file.path)
                waiting.append(file)
                if file.path in entering:
                    found[file.path] = file
        return list(found.values())


def imported_by(graph: ModuleGraph, files: list[DiscoveredFile]) -> set[Path]:
    """Return *files* and all that they import, whatever is between."""
    waiting = list(files)
    reached = {one.path for one in waiting}
    while waiting:
        one = waiting.pop()
        for path, found in graph.imports(one).items():
            if path not in reached:
                reached.add(path)
                waiting.append(found)
    return reached
