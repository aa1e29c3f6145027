"""Where a project replaces methods of the tracker, and which modules run there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.external.references import ExternalUse
from codemods.linking.surroundings import imports_first

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.linking.module_graph import ModuleGraph
    from codemods.project.discovery import DiscoveredFile

_CONFTEST = "conftest"


class Replacements:
    """Where the project replaces methods of the tracker, and which modules run there."""

    def __init__(
        self, graph: ModuleGraph, analysed: Callable[[DiscoveredFile], SemanticModel | None]
    ) -> None:
        self._graph = graph
        self._analysed = analysed
        self._found: dict[Path, ExternalUse] | None = None

    def of(self, path: Path) -> ExternalUse | None:
        """Return the first replacement in another file that imports the module in *path*."""
        if self._found is None:
            self._found = {}
            for file, use in self._places():
                for reached in self._reached(file):
                    if reached != file.path:
                        self._found.setdefault(reached, use)
        return self._found.get(path)

    def _places(self) -> Iterator[tuple[DiscoveredFile, ExternalUse]]:
        seen: set[Path] = set()
        for method in (words.SET_CALL, words.OLDER_SET_CALL):
            for file in self._graph.holding(method, words.TRACKER_CLASS):
                content = self._graph.content(file)
                if file.path in seen or not (b"patch" in content or b"setattr" in content):
                    continue
                seen.add(file.path)
                semantic = self._analysed(file)
                place = semantic.replaced_method if semantic is not None else None
                if semantic is not None and place is not None:
                    span = semantic.module.span(place)
                    text = semantic.module.segment(place)
                    yield file, ExternalUse(text, f"{file.display}:{span.line}")

    def _reached(self, file: DiscoveredFile) -> set[Path]:
        """Return the files that *file* imports, whatever is between.

        What a conftest.py replaces, it replaces for every test beside and below it.
        """
        waiting = [file]
        if file.path.stem == _CONFTEST:
            folder = file.path.parent
            waiting += [f for f in self._graph.files if folder in f.path.parents]
        return {one.path for one in imports_first(self._graph, waiting)}
