"""Which files have methods of a name, and which may call them by an object of any class."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.external.spelling import GAP, NAME
from codemods.linking.module_graph import module_parts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from codemods.linking.module_graph import ModuleGraph
    from codemods.project.discovery import DiscoveredFile

#: A file that makes trackers or blocks has one of these.
_SPEAKING = (words.TRACKER_CLASS, *words.CONTEXT_MANAGERS, words.TRACKED_DECORATOR)
_INDENTED = rb"(?:^|\r)[ \t\f]++(?:\\\r?\n[ \t\f]*+)*+"
_METHOD = re.compile(_INDENTED + rb"(?:async%b)?def%b(%b)" % (GAP, GAP, NAME), re.MULTILINE)
_ATTRIBUTE = re.compile(rb"\.%b(%b)" % (GAP, NAME))


class MethodNames:
    """The methods of files that make trackers, or import from those; read as text, once each."""

    def __init__(self, graph: ModuleGraph) -> None:
        self._graph = graph
        self._having: dict[str, list[DiscoveredFile]] | None = None
        self._methods: dict[Path, frozenset[str]] = {}

    def having(self, name: str) -> list[DiscoveredFile]:
        """Return the files that may have a method *name* which leads to a tracker."""
        if self._having is None:
            self._having = {}
            for file in self._likely():
                for one in self.of(file):
                    self._having.setdefault(one, []).append(file)
        return self._having.get(name, [])

    def attributes(self, file: DiscoveredFile) -> frozenset[str]:
        """Return the names of the attributes, of whatever object, that *file* mentions."""
        return self._found(_ATTRIBUTE, file)

    def _likely(self) -> list[DiscoveredFile]:
        speaking = {f.path: f for word in _SPEAKING for f in self._graph.holding(word)}
        if speaking:
            # All of their names are looked for in one reading of the files.
            self._graph.holding(*{module_parts(path)[-1] for path in speaking})
        importing = (f for path in speaking for f in self._graph.importing(path))
        likely: Iterable[DiscoveredFile] = {**speaking, **{f.path: f for f in importing}}.values()
        with_classes = {file.path for file in self._graph.holding("class")}
        return sorted((f for f in likely if f.path in with_classes), key=lambda f: f.display)

    def of(self, file: DiscoveredFile) -> frozenset[str]:
        """Return the methods of *file*, but for those that the interpreter calls."""
        if file.path not in self._methods:
            found = self._found(_METHOD, file)
            self._methods[file.path] = frozenset(n for n in found if not n.startswith("__"))
        return self._methods[file.path]

    def _found(self, what: re.Pattern[bytes], file: DiscoveredFile) -> frozenset[str]:
        found = what.findall(self._graph.content(file))
        return frozenset(name.decode(errors="surrogateescape") for name in found)
