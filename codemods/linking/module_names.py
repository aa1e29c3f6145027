"""The names by which the files of a project reach its modules, and which of them take all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from codemods.analysis.external.references import COMPUTED, How, last_part
from codemods.analysis.external.spelling import spaced
from codemods.linking.module_graph import module_parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from codemods.analysis.external.references import Reference, References
    from codemods.linking.module_graph import ModuleGraph
    from codemods.project.discovery import DiscoveredFile

# A word that is found first, and that nothing is before asked then, takes far less time.
_STAR = re.compile(spaced(rb"import(?<=\bimport)", rb"\*"))
#: The names and the modules that they stand for, by the last part of the module's name.
Endings = dict[str, list[tuple[str, str]]]


class ModuleNames:
    """What the modules of one project are called in its files; every answer is computed once."""

    def __init__(self, graph: ModuleGraph) -> None:
        self._graph = graph
        self._names: dict[Path, dict[str, set[str]]] = {}
        # By places, which are texts: to hash a path is a call of its own.
        self._endings: dict[str, Endings] = {}
        # By the last part of a module's name: a large project has many modules with the same.
        self._aliases: dict[str, list[tuple[DiscoveredFile, str, str]]] = {}
        self._takers: dict[str, list[DiscoveredFile]] = {}
        self._wholes: dict[str, list[tuple[DiscoveredFile, Reference]]] = {}
        self._stars: dict[str, bool] = {}
        self._last_parts: dict[Path, str] = {}

    def reaches(self, file: DiscoveredFile, module: str, path: Path) -> bool:
        """Whether *module*, in *file*, may mean that in *path*, by a name of a third module too."""
        if self.leads_to(file, module, path):
            return True
        before, _, name = module.rpartition(".")
        others = self.known_as(path).get(name) if before.strip(".") else None
        found = self._graph.leads_to(file.path, before) if others else ()
        return any(other.place in (others or ()) for other in found)

    def leads_to(self, file: DiscoveredFile, module: str, path: Path) -> bool:
        """Whether *module* may mean the module in *path*, in *file*."""
        if COMPUTED in module:
            beginning = module.partition(COMPUTED)[0].lstrip(".")
            return f".{beginning}" in f".{'.'.join(module_parts(path))}"
        last = module.rpartition(".")[2]
        if last and last != self._last_part(path):
            return False  # most modules, which have another name
        place = str(path)
        return any(found.place == place for found in self._graph.leads_to(file.path, module))

    def known_as(self, path: Path) -> Mapping[str, set[str]]:
        """Return the names that other modules have for that in *path*, with these modules."""
        if path not in self._names:
            found = self._names[path] = {}
            place = str(path)
            for file, name, module in self._aliases_of(self._last_part(path)):
                if file.place != place and self.leads_to(file, module, path):
                    found.setdefault(name, set()).add(file.place)
        return self._names[path]

    def endings(self, path: Path) -> tuple[str, ...]:
        """Return the last parts of names that may mean the module in *path*."""
        return tuple(dict.fromkeys((self._last_part(path), "", COMPUTED, *self.known_as(path))))

    def meaning(
        self, file: DiscoveredFile, references: References, name: str, path: Path
    ) -> Iterator[Reference]:
        """Yield the *references* of *file* that may mean *name* of the module in *path*."""
        for reference in references.of(name, self.endings(path)):
            if self.reaches(file, reference.module, path):
                yield reference

    def to_all(self, path: Path) -> Iterator[tuple[DiscoveredFile, Reference]]:
        """Yield where files have all names of the module in *path* in reach.

        It is handed on as a value, or its dictionary is.
        """
        for file, reference in self._wholes_of(self._last_part(path)):
            if self.leads_to(file, reference.module, path):
                yield file, reference

    def takes_all(self, file: DiscoveredFile) -> bool:
        """Whether *file* has a star import."""
        if file.place not in self._stars:
            self._stars[file.place] = _STAR.search(self._graph.content(file)) is not None
        return self._stars[file.place]

    def taking_all(self, last: str) -> Sequence[DiscoveredFile]:
        """Return the files with star imports that say *last*."""
        if last not in self._takers:
            self._takers[last] = [f for f in self._graph.holding(last) if self.takes_all(f)]
        return self._takers[last]

    def _aliases_of(self, last: str) -> Sequence[tuple[DiscoveredFile, str, str]]:
        """Return the names that files have for what may be a module whose name ends in *last*."""
        if last not in self._aliases:
            found = self._aliases[last] = []
            for file in self._graph.holding(last):
                endings = self._endings_in(file)
                for ending in (last, "", COMPUTED):
                    found.extend((file, *pair) for pair in endings.get(ending, ()))
        return self._aliases[last]

    def _wholes_of(self, last: str) -> Sequence[tuple[DiscoveredFile, Reference]]:
        """Return where files hand on what may be all of a module whose name ends in *last*."""
        if last not in self._wholes:
            found = self._wholes[last] = []
            for file in self._graph.holding(last):
                references = self._graph.references(file)
                if references is None:
                    continue
                every = references.to_all((last, "", COMPUTED))
                found.extend((file, one) for one in every if one.how is How.WHOLE)
                dictionaries = references.named.get("__dict__", ())
                found.extend((file, one) for one in dictionaries if one.how is How.USE)
        return self._wholes[last]

    def _last_part(self, path: Path) -> str:
        if path not in self._last_parts:
            self._last_parts[path] = module_parts(path)[-1]
        return self._last_parts[path]

    def _endings_in(self, file: DiscoveredFile) -> Endings:
        if file.place not in self._endings:
            endings = self._endings[file.place] = {}
            references = self._graph.references(file)
            for name, modules in references.paths.items() if references is not None else ():
                for module in modules:
                    endings.setdefault(last_part(module), []).append((name, module))
        return self._endings[file.place]
