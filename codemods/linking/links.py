"""Questions that cross files: which module a name leads to, and who else uses a module's names.

Modules are analysed when a question reaches them, and at most once in a run.
"""

from __future__ import annotations

import ast
import contextlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from codemods import vocabulary as api
from codemods.analysis.semantic_model import SemanticModel
from codemods.analysis.syntax.definitions import (
    Found,
    Resolved,
    ResolvedClass,
    ResolvedModule,
    ResolvedValue,
)
from codemods.analysis.syntax.parsed_module import ParsedModule
from codemods.analysis.syntax.scopes import Scopes
from codemods.linking.computed_lookups import ComputedLookups
from codemods.linking.external_uses import ExternalUses
from codemods.linking.kinship import Kinship
from codemods.linking.method_names import MethodNames
from codemods.linking.module_graph import ModuleGraph
from codemods.linking.module_names import ModuleNames
from codemods.linking.names.plain_names import PlainNames, api_object
from codemods.linking.names.reexports import Reexports, SeenFrom
from codemods.linking.names.replacements import Replacements
from codemods.linking.names.spoken_names import SpokenNames
from codemods.linking.overview import Overview
from codemods.linking.registrations import Registrations
from codemods.linking.runtimes import Runtimes
from codemods.linking.shares import EVERYTHING, alone
from codemods.linking.surroundings import Surroundings
from codemods.linking.trees import Trees
from codemods.model.options import MODULE
from codemods.model.outcome import Failed
from codemods.model.rules import nearest
from codemods.project.discovery import DiscoveredFile
from codemods.project.module_names import dotted_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from codemods.analysis.syntax.names import Meaning
    from codemods.linking.shares import Gathering, Share
    from codemods.model.options import ProjectConfig, Settings
    from codemods.model.source import SourceFile
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
    """The files of a run and of the projects that they belong to, by the names of their modules.

    ``terms`` gives what holds for a file.  ``whole`` gives all files of the projects, whatever
    part of them is named, and ``is_whole`` whether those of a file's project are known.
    ``candidates`` are the files that may change; ``rewritten`` are files that are taken as they
    will be, and not as they are on disk.
    """

    def __init__(
        self,
        terms: Callable[[Path], Terms],
        whole: Callable[[], Sequence[DiscoveredFile]],
        is_whole: Callable[[Path], bool],
        candidates: Sequence[SourceFile],
        rewritten: Mapping[Path, SourceFile] | None = None,
    ) -> None:
        self._terms = terms
        self._is_whole = is_whole
        read = {source.path: source for source in candidates}
        self._asked = frozenset(read)
        self._trees = Trees(self._asked, lambda path: SeenFrom(self._reexports, path))
        self._graph = ModuleGraph(whole, {**read, **(rewritten or {})}, self._trees)
        self._reexports = Reexports(self._graph, lambda path: terms(path).vocabulary.homes)
        self._candidates = candidates
        self._methods = MethodNames(self._graph)
        self._module_names = ModuleNames(self._graph)
        self._surroundings = Surroundings(self._graph, self._methods, self._analysed)
        self._lookups = ComputedLookups(self._graph)
        self._spoken = SpokenNames(self._graph)
        self._replacements = Replacements(self._graph, self._analysed, self._spoken)
        self._plain = PlainNames(self._graph)
        self._runtimes = Runtimes(self._graph)
        self._kinship = Kinship(self._graph)
        self._registrations = Registrations(
            self._graph, self._spoken, self._is_home, self._analysed
        )
        self._overview = Overview(
            self._graph,
            self._trees,
            self._spoken,
            self._plain,
            self._replacements,
            self._surroundings,
            self._registrations,
            candidates,
            self._parse_ahead,
        )
        self._graph.expect_of(partial(self._overview.words, candidates))
        self._external: dict[Path, ExternalUses] = {}
        self._known: dict[Path, SemanticModel | None] = {}
        self._modules: dict[Path, tuple[ParsedModule, Scopes]] = {}
        self._following: set[str] = set()
        self._is_rewriting = False

    def look_over(self) -> None:
        """Read the files once, for what rules ask about: candidates will be rewritten."""
        alone(self.looking_over(bool, EVERYTHING))

    def looking_over(self, telling: Callable[[SemanticModel], bool], share: Share) -> Gathering:
        """Do the same for a *share* of the files, in one of several processes.

        *telling* is what rules will ask of files that open contexts.
        """
        self.expect_rewrites()
        return self._overview.gather(share, telling)

    def expect_rewrites(self) -> None:
        """Be ready for candidates to be rewritten, in this process or in those forked from it."""
        self._is_rewriting = True
        self._graph.files  # noqa: B018 - found out once for all of them

    def _parse_ahead(self, source: SourceFile) -> None:
        # What cannot be analysed, or not on this stack, is found out where it is asked for.
        with contextlib.suppress(UnparsableError, ValueError, RecursionError, MemoryError):
            self._parsed(source, self._terms(source.path).root)

    def semantic(self, source: SourceFile) -> SemanticModel:
        """Return the analysis of *source*; raises UnparsableError."""
        known = self._known.get(source.path)
        if known is not None and known.module.source == source:
            return known
        terms = self._terms(source.path)
        module, scopes = self._parsed(source, terms.root)
        model = SemanticModel(
            module,
            scopes,
            terms.vocabulary,
            terms.settings,
            self._elsewhere(source.path),
            partial(self._resolve, source.path),
            partial(self._follow, source.path, {}),
        )
        if self._is_rewriting and self._trees.holds(source.path, source.text):
            # It answers for the file, too, where others are looked at.
            self._known.setdefault(source.path, model)
        return model

    def settings(self, path: Path) -> Settings:
        """Return what the user chose for the file *path*."""
        return self._terms(path).settings

    def _parsed(self, source: SourceFile, root: Path) -> tuple[ParsedModule, Scopes]:
        """Return what is the same for all who ask about *source*; raises UnparsableError."""
        known = self._modules.get(source.path)
        if known is not None and known[0].source == source:
            return known
        try:
            tree = self._trees.of(source.path, source.text)
            module = ParsedModule.of(source, tree, dotted_name(source.path, root))
            # Of what is rewritten the result is compiled, and it is checked where nothing is.
            checking = not (self._is_rewriting and source.path in self._asked)
            parsed = module, Scopes(module, checking=checking)
        except SyntaxError as error:
            raise UnparsableError(error) from error
        if self._trees.holds(source.path, source.text):
            self._modules[source.path] = parsed
        return parsed

    def _elsewhere(self, path: Path) -> ExternalUses:
        if path not in self._external:
            self._external[path] = ExternalUses(
                self._graph,
                self._replacements,
                self._surroundings,
                self._lookups,
                self._spoken,
                self._runtimes,
                self._kinship,
                self._methods,
                self._module_names,
                self._registrations,
                path,
                is_whole=self._is_whole(path),
                is_home=self._is_home,
                analysed=self._analysed,
            )
        return self._external[path]

    @property
    def analysed_files(self) -> frozenset[Path]:
        """The files that were analysed until now because of what they have to do with others."""
        return frozenset(self._known)

    def analysed(self, source: SourceFile) -> SemanticModel | None:
        """Return the one analysis of *source* that answers for it; None if it does not parse."""
        return self._analysed(DiscoveredFile(str(source.path), source.display))

    def unused_keys(self, config: ProjectConfig) -> Iterator[str]:
        """Yield what *config* says about functions and modules that the project does not have."""
        for key in config.operations:
            module, _, function = key.rpartition(":")
            origin = (config.root or Path()) / "pyproject.toml"
            known = not module or self._graph.leads_to(origin, module)
            named = function == MODULE or self._graph.holding(*function.split("."))
            if not known or not named:
                near = _meant(key, self._functions())
                yield f"operations: no function of the project is called {key!r}{near}"
        for legacy in config.modules:
            if not self._graph.holding(*legacy.split(".")[-1:]):
                near = _meant(legacy, self._imported())
                yield f"modules: no file of the project speaks of {legacy!r}{near}"

    def _functions(self) -> Iterator[str]:
        """Yield the functions of the candidates, as a configuration may name them."""
        for source, tree in self._parsable():
            module = ".".join(dotted_name(source.path, self._terms(source.path).root))
            found = (one.name for one in ast.walk(tree) if isinstance(one, _FUNCTIONS))
            yield from (f"{module}:{name}" for name in found)

    def _imported(self) -> Iterator[str]:
        """Yield the modules that the candidates import."""
        for _, tree in self._parsable():
            for one in ast.walk(tree):
                if isinstance(one, ast.ImportFrom) and one.module:
                    yield from (one.module, *(f"{one.module}.{a.name}" for a in one.names))
                elif isinstance(one, ast.Import):
                    yield from (alias.name for alias in one.names)

    def _parsable(self) -> Iterator[tuple[SourceFile, ast.Module]]:
        for source in self._candidates:
            with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
                yield source, self._trees.of(source.path, source.text)

    def mentioning(self, word: str) -> Iterator[SemanticModel | None]:
        """Yield the analysis of each file that holds *word*, None for one that has none."""
        for file in self._graph.holding(word):
            yield self._analysed(file)

    def defines_the_api(self, source: SourceFile) -> bool:
        """Whether *source* is one of the modules that hold the API; those are never rewritten."""
        return self._is_home(source.path)

    def _is_home(self, path: Path) -> bool:
        terms = self._terms(path)
        dotted = ".".join(dotted_name(path, terms.root))
        homes = terms.vocabulary.homes
        return any(dotted == home or dotted.endswith(f".{home}") for home in homes)

    def _follow(self, origin: Path, plain: dict[str, bool], path: str) -> Meaning | None:
        """Return the API object that *path*, a name of another module of the project, is.

        Of most names the bytes show that they are no class: that is noted in *plain*, and spares
        the analysis of most modules.
        """
        if path not in plain:
            plain[path] = self._is_plain(origin, path)
        if plain[path] or path in self._following:
            return None  # no class, or a circle of imports
        module, _, name = path.rpartition(".")
        file = self._graph.only(origin, module) if module else None
        if file is None or name in self._plain_names(file):
            return None
        semantic = self._analysed(file)
        if semantic is None:
            return None
        self._following.add(path)
        try:
            return api_object(semantic, name)
        finally:
            self._following.discard(path)

    def _is_plain(self, origin: Path, path: str) -> bool:
        module, _, name = path.rpartition(".")
        if name in api.CONTEXT_MANAGERS or name[:1].isupper():
            return False
        file = self._graph.only(origin, module) if module else None
        return file is None or not self._reexports.may_be_class(file, name)

    def _plain_names(self, file: DiscoveredFile) -> frozenset[str]:
        """Return names of *file* that are surely no API objects, none if it is analysed anyway."""
        return frozenset() if file.path in self._known else self._plain.of(file)

    def _resolve(self, origin: Path, path: str) -> Found | None:
        """Return the function, class, variable or module that *path* names in the project."""
        return self._defined(origin, path) or self._as_module(origin, path)

    def _as_module(self, origin: Path, path: str) -> ResolvedModule | None:
        semantic = self._module(origin, path)
        known = semantic is not None and not self.defines_the_api(semantic.module.source)
        return ResolvedModule(semantic.taint) if semantic is not None and known else None

    def _defined(self, origin: Path, path: str) -> Resolved | ResolvedClass | ResolvedValue | None:
        module, _, name = path.rpartition(".")
        for _ in range(8):  # a re-export of a re-export; a circle ends here too
            semantic = self._module(origin, module) if module else None
            if semantic is None and (named := self._by_alias(origin, module)) is not None:
                origin, module = named
                continue
            # What the API does is known by its names: its code is nothing to look into.
            if semantic is None or self.defines_the_api(semantic.module.source):
                return None
            binders = semantic.scopes.binding(name, semantic.scopes.module_scope).binders
            stars = semantic.names.stars
            if len(binders) > 1 or not (binders or len(stars) == 1):
                return None
            if not binders:
                origin = semantic.module.source.path
                module = stars[0]
                continue
            if isinstance(binders[0], _FUNCTIONS):
                return Resolved(semantic.taint, binders[0])
            if isinstance(binders[0], ast.ClassDef):
                return ResolvedClass(semantic.taint, binders[0])
            target = semantic.names.imported(binders[0])
            if target is None:
                given = getattr(semantic.module.parents.get(binders[0]), "value", None)
                return ResolvedValue(semantic.taint, given) if given is not None else None
            origin = semantic.module.source.path
            module, _, name = target.rpartition(".")
        return None

    def _by_alias(self, origin: Path, dotted: str) -> tuple[Path, str] | None:
        """Return the module that *dotted* is by a name that another module imported it as."""
        parts = dotted.split(".")
        for end in range(len(parts) - 1, 0, -1):
            file = self._graph.only(origin, ".".join(parts[:end]))
            if file is None:
                continue
            semantic = None if parts[end] in self._plain_names(file) else self._analysed(file)
            if semantic is None:
                return None
            binders = semantic.scopes.binding(parts[end], semantic.scopes.module_scope).binders
            target = semantic.names.imported(binders[0]) if len(binders) == 1 else None
            if target is None:
                return None
            return semantic.module.source.path, ".".join((target, *parts[end + 1 :]))
        return None

    def _module(self, origin: Path, dotted: str) -> SemanticModel | None:
        file = self._graph.only(origin, dotted)
        return self._analysed(file) if file is not None else None

    def _analysed(self, file: DiscoveredFile) -> SemanticModel | None:
        if file.path not in self._known:
            self._known[file.path] = None
            loaded = self._graph.source(file)
            if not isinstance(loaded, Failed):
                try:
                    self._known[file.path] = self.semantic(loaded)
                except (UnparsableError, RecursionError):
                    return None
        return self._known[file.path]


def _meant(text: str, words: Iterable[str]) -> str:
    near = nearest(text, words)
    return f".{near}" if near else ""
