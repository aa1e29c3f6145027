"""Where a project puts something else in the place of a function, or of a tracker's method."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.external.references import ExternalUse
from codemods.analysis.external.spelling import GAP, NAME
from codemods.linking.module_graph import module_parts
from codemods.linking.surroundings import imports_first

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.linking.module_graph import ModuleGraph
    from codemods.project.discovery import DiscoveredFile

_CONFTEST = "conftest"
#: What gives a name to whatever has it; that it begins with one byte makes it quick.
_PUT = re.compile(rb"\.%b(%b)%b=(?!=)" % (GAP, NAME, GAP))
_BY_TEXT = re.compile(rb"(?:setattr|patch[\w.]*)%b\(([^()]*)" % GAP)
_TEXT = re.compile(rb"[\"'](?:[\w.:]*[.:])?(%b)[\"']" % NAME)
_OWN = (b"self", b"cls")


class Replacements:
    """Where the project replaces methods of the tracker, and which modules run there."""

    def __init__(
        self, graph: ModuleGraph, analysed: Callable[[DiscoveredFile], SemanticModel | None]
    ) -> None:
        self._graph = graph
        self._analysed = analysed
        self._found: dict[Path, ExternalUse] | None = None
        self._put: dict[Path, frozenset[bytes]] = {}
        self._putting: dict[tuple[str, Path], list[DiscoveredFile]] = {}

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

    def putting(self, name: str, path: Path) -> list[DiscoveredFile]:
        """Return the other files that may replace the function *name* of the module in *path*.

        Words that nobody has looked for yet are not worth a reading of the whole project.
        """
        if (name, path) not in self._putting:
            word = name.encode(errors="surrogateescape")
            known = [w for w in (name, module_parts(path)[-1]) if self._graph.is_looked_for(w)]
            near = {f.path: f for one in known for f in self._graph.holding(one)}
            near.pop(path, None)
            found = [file for file in near.values() if word in self._put_in(file)]
            self._putting[name, path] = sorted(found, key=lambda file: file.display)
        return self._putting[name, path]

    def _put_in(self, file: DiscoveredFile) -> frozenset[bytes]:
        """Return the names that *file* gives to modules, classes and objects, but to its own."""
        if file.path not in self._put:
            content = self._graph.content(file)
            puts = _PUT.finditer(content)
            found = {m[1] for m in puts if not content.endswith(_OWN, 0, m.start())}
            if b"setattr" in content or b"patch" in content:
                for given in _BY_TEXT.findall(content):
                    found.update(_TEXT.findall(given))
            self._put[file.path] = frozenset(found)
        return self._put[file.path]
