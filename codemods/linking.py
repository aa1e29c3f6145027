"""Questions that cross files: which module a name leads to, and who else uses a module's names.

Modules are analysed when a question reaches them, and at most once in a run.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from codemods import vocabulary as api
from codemods.analysis.facts import Facts
from codemods.analysis.module import ParsedModule
from codemods.analysis.outside import uses
from codemods.analysis.resolved import Resolved, ResolvedClass
from codemods.analysis.scopes import Scopes
from codemods.model import Failed
from codemods.project.discovery import DiscoveredFile
from codemods.project.modules import dotted_name
from codemods.project.sources import decode, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from codemods.analysis.facts import Settings
    from codemods.analysis.names import Meaning
    from codemods.model import SourceFile
    from codemods.vocabulary import Vocabulary

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class UnparsableError(Exception):
    """The user's file is not valid Python; our own mistakes never look like this."""

    def __init__(self, cause: SyntaxError) -> None:
        super().__init__(str(cause))
        self.cause = cause


@dataclass(frozen=True)
class Terms:
    """What the configuration of a file says.

    ``root`` is the folder that module names start from where there are no packages.
    """

    vocabulary: Vocabulary
    settings: Settings
    root: Path


class Project:
    """The files of a run, by the names that they are imported under.

    ``terms`` gives what holds for a file; ``rewritten`` are files that are taken as they
    will be, and not as they are on disk.
    """

    def __init__(
        self,
        terms: Callable[[Path], Terms],
        files: Sequence[DiscoveredFile],
        rewritten: Mapping[Path, SourceFile] | None = None,
    ) -> None:
        self._terms = terms
        self._files = files
        self._rewritten = rewritten or {}
        self._by_name: dict[str, list[DiscoveredFile]] = {}
        for file in files:
            stem = file.path.parent.name if file.path.stem == "__init__" else file.path.stem
            self._by_name.setdefault(stem, []).append(file)
        self._known: dict[Path, Facts | None] = {}
        self._following: set[str] = set()

    def facts(self, source: SourceFile) -> Facts:
        """Return the analysis of *source*; raises UnparsableError."""
        terms = self._terms(source.path)
        dotted = dotted_name(source.path, terms.root)
        try:
            module = ParsedModule.parse(source, dotted)
            scopes = Scopes(module)
        except SyntaxError as error:
            raise UnparsableError(error) from error
        return Facts(
            module,
            scopes,
            terms.vocabulary,
            terms.settings,
            partial(self._imported_elsewhere, source),
            self._resolve,
            self._follow,
        )

    def analysed(self, source: SourceFile) -> Facts | None:
        """Return the one analysis of *source* that answers for it; None if it does not parse."""
        return self._analysed(DiscoveredFile(source.path, source.display))

    def mentioning(self, word: str) -> Iterator[Facts | None]:
        """Yield the analysis of each file that holds *word*, None for one that has none."""
        found = re.compile(rb"\b%b\b" % re.escape(word).encode())
        for file in self._files:
            if found.search(self._content(file)):
                yield self._analysed(file)

    def defines_the_api(self, source: SourceFile) -> bool:
        """Whether *source* is one of the modules that hold the API; those are never rewritten."""
        terms = self._terms(source.path)
        dotted = ".".join(dotted_name(source.path, terms.root))
        homes = terms.vocabulary.homes
        return any(dotted == home or dotted.endswith(f".{home}") for home in homes)

    def _imported_elsewhere(self, source: SourceFile, name: str) -> bool:
        """Whether another file of the run imports, or names in a string, *name* of this module."""
        stem = source.path.parent.name if source.path.stem == "__init__" else source.path.stem
        words = [re.compile(rb"\b%b\b" % re.escape(word).encode()) for word in (stem, name)]
        return any(
            self._may_use(file, stem, name)
            for file in self._files
            if file.path != source.path and all(w.search(self._content(file)) for w in words)
        )

    def _may_use(self, file: DiscoveredFile, stem: str, name: str) -> bool:
        facts = self._analysed(file)
        return facts is None or uses(facts.module.tree, stem, name)

    def _follow(self, path: str) -> Meaning | None:
        """Return the API object that *path*, a name of another module of the project, is."""
        module, _, name = path.rpartition(".")
        if not (name in api.CONTEXT_MANAGERS or name[:1].isupper()):
            return None  # no class: spares the analysis of most modules
        if path in self._following:
            return None  # a circle of imports
        facts = self._module(module) if module else None
        if facts is None:
            return None
        binders = facts.scopes.binding(name, facts.scopes.module_scope).binders
        if len(binders) != 1:
            return None
        self._following.add(path)
        try:
            if isinstance(binders[0], ast.ClassDef):
                return facts.names.inherited(binders[0])
            target = facts.names.imported(binders[0])
            return facts.names.followed(target) if target is not None else None
        finally:
            self._following.discard(path)

    def _resolve(self, path: str) -> Resolved | ResolvedClass | None:
        """Return the function or class of another module of the project that *path* names."""
        module, _, name = path.rpartition(".")
        for _ in range(8):  # a re-export of a re-export; a circle ends here too
            facts = self._module(module) if module else None
            if facts is None:
                return None
            binders = facts.scopes.binding(name, facts.scopes.module_scope).binders
            if len(binders) != 1:
                return None
            if isinstance(binders[0], _FUNCTIONS):
                return Resolved(facts.taint, binders[0])
            if isinstance(binders[0], ast.ClassDef):
                return ResolvedClass(facts.taint, binders[0])
            target = facts.names.imported(binders[0])
            if target is None:
                return None
            module, _, name = target.rpartition(".")
        return None

    def _module(self, dotted: str) -> Facts | None:
        parts = tuple(dotted.split("."))
        for file in self._by_name.get(parts[-1], ()):
            if dotted_name(file.path, self._terms(file.path).root) == parts:
                return self._analysed(file)
        return None

    def _analysed(self, file: DiscoveredFile) -> Facts | None:
        if file.path not in self._known:
            self._known[file.path] = None
            loaded = self._rewritten.get(file.path) or self._loaded(file)
            if not isinstance(loaded, Failed):
                try:
                    self._known[file.path] = self.facts(loaded)
                except (UnparsableError, RecursionError):
                    return None
        return self._known[file.path]

    @staticmethod
    def _loaded(file: DiscoveredFile) -> SourceFile | Failed:
        content = read(file)
        return content if isinstance(content, Failed) else decode(file.path, file.display, content)

    def _content(self, file: DiscoveredFile) -> bytes:
        if file.path in self._rewritten:
            return self._rewritten[file.path].content
        content = read(file)
        return b"" if isinstance(content, Failed) else content
