"""Files that open contexts, and the modules that may run in those."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from codemods import vocabulary as words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.linking.method_names import MethodNames
    from codemods.linking.module_graph import ModuleGraph
    from codemods.linking.shares import Gathering, Share
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
        #: By file, which of those lead to it by imports, and which it leads to, a bit for each.
        self._leading_to: dict[Path, int] = {}
        self._led_to: dict[Path, int] = {}
        #: By attribute, which of those have one of that name.
        self._having: dict[str, int] = {}
        self._files: dict[Path, DiscoveredFile] = {}
        #: By what was asked of them, those of which it does not hold.
        self._silent: dict[Callable[[SemanticModel], bool], int] = {}

    def of(
        self, path: Path, telling: Callable[[SemanticModel], bool], *, by_all: bool = False
    ) -> Iterator[SemanticModel]:
        """Yield the analysis of each other file that opens contexts and knows that in *path*.

        It imports that, or is imported by it, and may be handed functions of it; or it has a name
        of its methods, and may be handed objects by a third file.  *by_all* yields each file that
        opens contexts: a third one has put functions of *path* where anybody may run them.  Those
        that are not *telling* are left out, for all who ask the same.
        """
        opening = self.prepare()
        near = self._leading_to.get(path, 0)
        own = self._files.get(path)
        if own is not None:
            near |= self._reached_by(own)
            for name in self._methods.of(own):
                near |= self._having.get(name, 0)
        if by_all:
            near = (1 << len(opening)) - 1
        near &= ~self._silent.get(telling, 0)
        while near:
            bit = near & -near
            file = opening[bit.bit_length() - 1]
            near &= near - 1
            semantic = self._analysed(file) if file.path != path else None
            if semantic is not None and telling(semantic):
                yield semantic
            elif file.path != path:
                self._silent[telling] = self._silent.get(telling, 0) | bit

    def prepare(self) -> list[DiscoveredFile]:
        """Return the files that open contexts; with the first call all is found out about them."""
        if self._opening_files is None:
            self._opening_files = self._opening()
            self._index(self._opening_files)
        return self._opening_files

    def gather(self, share: Share, telling: Callable[[SemanticModel], bool]) -> Gathering:
        """Have each process ask the files of its *share* that will be analysed anyway."""
        silent = 0
        for number, file in enumerate(self.prepare()):
            if share.has(file.place) and self._graph.has_tree(file):
                with contextlib.suppress(RecursionError, MemoryError):  # it is asked again
                    semantic = self._analysed(file)
                    if semantic is None or not telling(semantic):
                        silent |= 1 << number
        for others in (yield silent):
            self._silent[telling] = self._silent.get(telling, 0) | others

    def _index(self, opening: list[DiscoveredFile]) -> None:
        """Note of which files each of *opening* may know something."""
        self._files = {file.path: file for file in self._graph.files} if opening else {}
        imports: dict[Path, list[Path]] = {}
        importers: dict[Path, list[Path]] = {}
        for file in imports_first(self._graph, opening):
            imports[file.path] = list(self._graph.imports(file))
            importers.setdefault(file.path, [])
            for path in imports[file.path]:
                importers.setdefault(path, []).append(file.path)
        own = {file.path: 1 << number for number, file in enumerate(opening)}
        self._led_to = _spread(own, imports, list(imports))
        self._leading_to = _spread(own, importers, list(reversed(imports)))
        for file in opening:
            for name in self._methods.attributes(file):
                self._having[name] = self._having.get(name, 0) | own[file.path]

    def _reached_by(self, own: DiscoveredFile) -> int:
        """Return which of the files that open contexts *own* leads to by imports."""
        found = 0
        waiting = [own]
        seen = {own.path}
        while waiting:
            file = waiting.pop()
            if file.path in self._led_to:
                found |= self._led_to[file.path]
                continue
            fresh = {p: f for p, f in self._graph.imports(file).items() if p not in seen}
            seen.update(fresh)
            waiting.extend(fresh.values())
        return found

    def _opening(self) -> list[DiscoveredFile]:
        """Return the files that may open contexts: by name, or by a manager of another file."""
        names = (*words.CONTEXT_MANAGERS, words.TRACKED_DECORATOR)
        found = {f.path: f for name in names for f in self._graph.holding(name)}
        entering = {f.path for word in ENTERING for f in self._graph.holding(word)}
        managers = list(found)
        seen = set(found)
        while managers:
            fresh = [f for f in self._graph.importing_any(managers) if f.path not in seen]
            managers = [file.path for file in fresh]
            seen.update(managers)
            found.update((file.path, file) for file in fresh if file.path in entering)
        return list(found.values())


def imports_first(graph: ModuleGraph, files: list[DiscoveredFile]) -> list[DiscoveredFile]:
    """Return *files* and all that they import, each behind what it imports but for circles."""
    found: list[DiscoveredFile] = []
    seen: set[Path] = set()
    waiting = [(file, False) for file in files]
    while waiting:
        file, is_done = waiting.pop()
        if is_done:
            found.append(file)
        elif file.path not in seen:
            seen.add(file.path)
            waiting.append((file, True))
            waiting.extend((one, False) for one in graph.imports(file).values())
    return found


def _spread(
    own: Mapping[Path, int], edges: Mapping[Path, Sequence[Path]], order: Sequence[Path]
) -> dict[Path, int]:
    """Return the bits of each path with those of all that *edges* lead to from it.

    *order* has a path behind those that its edges lead to, as far as there are no circles: then
    one look at each is enough.
    """
    found = {path: own.get(path, 0) for path in order}
    is_complete = False
    while not is_complete:
        is_complete = True
        for path in order:
            bits = found[path]
            for other in edges[path]:
                bits |= found[other]
            is_complete = is_complete and bits == found[path]
            found[path] = bits
    return found
