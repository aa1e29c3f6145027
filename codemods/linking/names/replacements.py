"""What the files of a project replace: methods of the tracker, and functions of its modules."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.external.names import ExternalUse
from codemods.analysis.external.put_names import PUTTING, put_in_bytes
from codemods.analysis.external.spelling import GAP, whole
from codemods.linking.module_graph import module_parts
from codemods.linking.surroundings import imports_first

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.linking.module_graph import ModuleGraph
    from codemods.linking.names.spoken_names import SpokenNames
    from codemods.linking.shares import Gathering, Share
    from codemods.project.discovery import DiscoveredFile

_SET_CALLS = "|".join((words.SET_CALL, words.OLDER_SET_CALL)).encode()
#: A set call's name as a text, as what is assigned, or as a keyword of ``patch.multiple``.
_REPLACING = re.compile(
    rb"[\"'](?:[\w.]*\.)?(?:%b)[\"']|\b(?:%b)%b=(?!=)" % (_SET_CALLS, _SET_CALLS, GAP)
)
#: How each of those ends: nearly all calls are told apart by this alone.
_REPLACED = re.compile(rb"(?:%b)(?:[\"']|%b=(?!=))" % (_SET_CALLS, GAP))
_CONFTEST = "conftest"
_PLUGINS = "pytest_plugins"


class Replacements:
    """Where the project replaces methods of the tracker, and which modules run there."""

    def __init__(
        self,
        graph: ModuleGraph,
        analysed: Callable[[DiscoveredFile], SemanticModel | None],
        spoken: SpokenNames,
    ) -> None:
        self._graph = graph
        self._analysed = analysed
        self._spoken = spoken
        self._found: dict[Path, ExternalUse] | None = None
        #: By place, what other processes found in files of their share.
        self._told: dict[str, ExternalUse | None] = {}
        self._put: dict[Path, frozenset[bytes]] = {}
        self._given: dict[tuple[str, str], list[DiscoveredFile]] = {}
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

    def gather(self, share: Share) -> Gathering:
        """Have each process ask the files of its *share* that will be analysed anyway."""
        found: dict[str, ExternalUse | None] = {}
        for file in self._replacing():
            if share.has(file.place) and self._graph.has_tree(file):
                with contextlib.suppress(RecursionError, MemoryError):  # it is asked again
                    found[file.place] = self._use(file)
        for others in (yield found):
            self._told.update(others)

    def _places(self) -> Iterator[tuple[DiscoveredFile, ExternalUse]]:
        for file in self._replacing():
            use = self._told[file.place] if file.place in self._told else self._use(file)
            if use is not None:
                yield file, use

    def _replacing(self) -> list[DiscoveredFile]:
        """Return the files that may replace a set call, as far as their bytes show."""
        found: dict[str, DiscoveredFile] = {}
        for method in (words.SET_CALL, words.OLDER_SET_CALL):
            for file in self._graph.holding(method):
                content = self._graph.content(file)
                if b"patch" in content or b"setattr" in content or _puts(content):
                    found.setdefault(file.place, file)
        return list(found.values())

    def _use(self, file: DiscoveredFile) -> ExternalUse | None:
        """Return the first place where *file* replaces a set call."""
        semantic = self._analysed(file)
        place = semantic.replaced_method if semantic is not None else None
        if semantic is None or place is None:
            return None
        line = semantic.module.span(place).line
        return ExternalUse(semantic.module.segment(place), f"{file.display}:{line}")

    def _reached(self, file: DiscoveredFile) -> set[Path]:
        """Return the files that *file* imports, whatever is between, and those of who imports it.

        A helper replaces what the tests that call it run.  What a conftest.py replaces, or a
        plugin that it names, it replaces for every test beside and below it.
        """
        waiting = {file.path: file}
        for one in (found := [file]):
            users = [*self._graph.importing(one.path), *self._naming_plugin(one)]
            if one.path.stem == _CONFTEST:
                folder = one.path.parent
                users += [f for f in self._graph.files if folder in f.path.parents]
            found += [user for user in users if user.path not in waiting]
            waiting.update((user.path, user) for user in users)
        return {one.path for one in imports_first(self._graph, list(waiting.values()))}

    def _naming_plugin(self, file: DiscoveredFile) -> list[DiscoveredFile]:
        """Return the files by which pytest loads *file* as a plugin, which no import shows."""
        if b"fixture" not in self._graph.content(file):
            return []
        name = re.compile(whole(file.path.stem))
        return [
            user
            for user in self._graph.holding(_PLUGINS)
            if user.path != file.path and name.search(self._graph.content(user))
        ]

    def putting(self, name: str, path: Path) -> list[DiscoveredFile]:
        """Return the other files that may replace the function *name* of the module in *path*.

        Words that nobody has looked for yet are not worth a reading of the whole project: where
        neither the function's nor its module's is, files that put names by texts are asked.
        """
        if (name, path) not in self._putting:
            known = [w for w in (name, module_parts(path)[-1]) if self._graph.is_looked_for(w)]
            # What gives a name holds it: those that hold the module's have nothing to add.
            near = (f for one in known[:1] or PUTTING for f in self._giving(name, one))
            found = {f.path: f for f in (*near, *self._spoken.hidden_puts.get(name, ()))}
            found.pop(path, None)
            self._putting[name, path] = sorted(found.values(), key=lambda file: file.display)
        return self._putting[name, path]

    def _giving(self, name: str, word: str) -> list[DiscoveredFile]:
        """Return the files with a *word* that visibly give *name*, asked once for all modules."""
        if (name, word) not in self._given:
            given = name.encode(errors="surrogateescape")
            found = [f for f in self._graph.holding(word) if given in self._put_in(f)]
            self._given[name, word] = found
        return self._given[name, word]

    def _put_in(self, file: DiscoveredFile) -> frozenset[bytes]:
        """Return the names that *file* gives to modules, classes and objects, but to its own."""
        if file.path not in self._put:
            self._put[file.path] = frozenset(put_in_bytes(self._graph.content(file)))
        return self._put[file.path]


def _puts(content: bytes) -> bool:
    """Whether *content* puts something in the place of a set call, by its name."""
    return bool(_REPLACED.search(content) and _REPLACING.search(content))
