"""Where a project begins: its git root, or the outermost pyproject.toml where there is no git."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from codemods.project.discovery import DiscoveredFile, discover
from codemods.project.ignore.git import repository_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Roots:
    """The roots of the projects that files belong to.

    Without git or a pyproject.toml it is the folder *cwd*, of a file below it; of other files
    it is not known.
    """

    def __init__(self, cwd: Path) -> None:
        self._cwd = cwd
        self._known: dict[Path, Path | None] = {}

    def of(self, path: Path) -> Path | None:
        """Return the root of the project of the file *path*, None where it is not known."""
        folder = path.parent
        if folder not in self._known:
            self._known[folder] = self._root(folder)
        return self._known[folder]

    def _root(self, folder: Path) -> Path | None:
        repository = repository_of(str(folder))
        if repository is not None:
            return Path(repository)
        marked = [p for p in (folder, *folder.parents) if (p / "pyproject.toml").is_file()]
        if marked:
            return marked[-1]
        below = folder == self._cwd or self._cwd in folder.parents
        return self._cwd if below and self._cwd not in (Path.home(), Path("/")) else None


def whole_project(
    files: Sequence[DiscoveredFile], roots: Iterable[Path], cwd: Path
) -> list[DiscoveredFile]:
    """Return *files*, those of a run, and the other Python files below *roots*, each once."""
    found = {file.place: file for file in files}
    relative = [Path(os.path.relpath(root, cwd)) for root in roots]
    others = [f for f in discover(relative, cwd) if isinstance(f, DiscoveredFile)]
    strangers = found.keys() - {file.place for file in others}
    # A file of the run that has another name below the root is not another file.
    twins = set(map(os.path.realpath, strangers))
    found.update(
        (file.place, file) for file in others if file.place not in found and file.place not in twins
    )
    return list(found.values())
