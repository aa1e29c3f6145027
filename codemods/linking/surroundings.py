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
        #: The files that open contexts; None as long as nobody asked.
        self._opening_files: list[DiscoveredFile] | None = None
        #: By file, which of those import it, or what imports it, and so on.
        self._reaching: dict[Path, list[int]] = {}
        #: By attribute, which of those have one of that name.
        self._having: dict[str, list[int]] = {}
        self._places: dict[Path, int] = {}
        self._files: dict[Path, DiscoveredFile] = {}

    def of(self, path: Path) -> Iterator[SemanticModel]:
        """Yield the analysis of each other file that opens contexts and knows that in *path*.

        It imports that, or is imported by it, and may be handed functions of it; or it has a name
        of its methods, and may be handed objects by a third file.
        """
        if self._opening_files is None:
            self._opening_files = self._opening()
            self._index(self._opening_files)
        near = set(self._reaching.get(path, ()))
        own = self._files.get(path)
        if own is not None:
            for other in imported_by(self._graph, [own]):
                if other in self._places:
                    near.add(self._places[other])
            for name in self._methods.of(own):
                near.update(self._having.get(name, ()))
        for number in sorted(near):
            file = self._opening_files[number]
            semantic = self._analysed(file) if file.path != path else None
            if semantic is not None:
                yield semantic

    def _index(self, opening: list[DiscoveredFile]) -> None:
        """Note of which files each of *opening* may know something."""
        self._files = {file.path: file for file in self._graph.files} if opening else {}
        for number, file in enumerate(opening):
            for path in imported_by(self._graph, [file]):
                self._reaching.setdefault(path, []).append(number)
            for name in self._methods.attributes(file):
                self._having.setdefault(name, []).append(number)
            self._places[file.path] = number

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
