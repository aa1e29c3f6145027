"""What a run looks at: its files, what their configuration says, and the project made of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from codemods.linking.links import Project, Terms
from codemods.model.options import DOCSTRINGS, Settings
from codemods.model.outcome import Failed
from codemods.project.line_length import LineLengths
from codemods.project.root import Roots, whole_project
from codemods.project.sources import read
from codemods.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from codemods.model.options import Configuration, Options, ProjectConfig
    from codemods.model.source import SourceFile
    from codemods.project.discovery import DiscoveredFile


#: What a run finds out about folders, and is the same whatever stands in their files.
_OF_FOLDERS = ("_roots", "_known", "_line_lengths", "_terms_of", "_files_of_projects")


@dataclass(frozen=True)
class Run:
    """The files of a run, in which legacy code was found (``candidates``) or was not.

    It can be sent to another process, which makes a project of its own from it.
    """

    options: Options
    config: Configuration
    files: tuple[DiscoveredFile, ...]
    candidates: tuple[SourceFile, ...]

    def __reduce__(self) -> tuple[type[Run], tuple[object, ...]]:
        """Leave out what is computed: it holds syntax trees."""
        return Run, (self.options, self.config, self.files, self.candidates)

    def with_text(self, source: SourceFile) -> Run:
        """Return the run that decides on *source* alone, another text of the file of this one.

        What is known of folders and their configuration stays.
        """
        run = Run(self.options, self.config, self.files, (source,))
        found = {name: self.__dict__[name] for name in _OF_FOLDERS if name in self.__dict__}
        run.__dict__.update(found)
        return run

    @cached_property
    def project(self) -> Project:
        """The project as its files are on disk."""
        return self.project_with({})

    def project_with(self, rewritten: Mapping[Path, SourceFile]) -> Project:
        """Return the project with some files as they will be."""
        return Project(self._terms, self._whole, self._is_whole, self.candidates, rewritten)

    @cached_property
    def digest(self) -> str:
        """What tells the files of the whole project from other ones: their names and contents."""
        digest = hashlib.sha256()
        for file in self._whole():
            content = read(file)
            told = b"" if isinstance(content, Failed) else hashlib.sha256(content).digest()
            digest.update(file.display.encode(errors="surrogateescape") + b"\0" + told + b"\n")
        return digest.hexdigest()

    @cached_property
    def _roots(self) -> Roots:
        return Roots(self.options.cwd)

    @cached_property
    def _known(self) -> dict[tuple[Path | None, tuple[int, ...], int | None], Terms]:
        return {}

    @cached_property
    def _line_lengths(self) -> LineLengths:
        return LineLengths()

    @cached_property
    def _terms_of(self) -> dict[Path, Terms]:
        return {}

    def _terms(self, path: Path) -> Terms:
        if path not in self._terms_of:
            self._terms_of[path] = self._looked_up(path)
        return self._terms_of[path]

    def _looked_up(self, path: Path) -> Terms:
        table = self.config.of(path)
        length = self._line_lengths.of(path, self._roots.of(path))
        key = table.source, table.parts, length
        if key not in self._known:
            self._known[key] = _terms(self.options, table, length)
        return self._known[key]

    def _whole(self) -> Sequence[DiscoveredFile]:
        return self._files_of_projects

    @cached_property
    def _files_of_projects(self) -> Sequence[DiscoveredFile]:
        roots = (self._roots.of(source.path) for source in self.candidates)
        return whole_project(self.files, sorted({root for root in roots if root}), self.options.cwd)

    def _is_whole(self, path: Path) -> bool:
        return self._roots.of(path) is not None


def _terms(options: Options, config: ProjectConfig, length: int | None) -> Terms:
    """Return what holds for the files of *config*: the command line counts before it."""
    runtime = options.runtime or config.runtime
    batches = config.batch_pricing if options.batch_pricing is None else options.batch_pricing
    settings = Settings(
        runtime,
        batches,
        options.strict,
        options.unsafe,
        config.operations,
        length,
        DOCSTRINGS in options.include,
    )
    return Terms(Vocabulary.of(config.modules), settings, config.root or options.cwd)
