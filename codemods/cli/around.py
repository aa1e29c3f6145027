"""What reports may say of the tree that a run was over: read when a format asks for it."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from codemods.report.around import Around, Page

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from codemods.project.owners.codeowners import Owners

_DISTRIBUTION = "ai-usage-suite"


class Tree(Around):
    """The tree as it is on disk around *cwd*, the folder where the run was started.

    Files of *texts*, by the paths that reports have for them, are what these say.
    """

    def __init__(self, cwd: Path, texts: Mapping[str, bytes] | None = None) -> None:
        self._texts = texts or {}
        self._cwd = Path(os.path.realpath(cwd))
        self._read_last: tuple[str, dict[int, Sequence[str]]] = ("", {})

    @cached_property
    def version(self) -> str:
        """The version of this tool that is installed."""
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version(_DISTRIBUTION)
        except PackageNotFoundError:
            return ""

    @cached_property
    def _root(self) -> Path:
        """The root of the repository, else the folder where the run was started."""
        folders = (self._cwd, *self._cwd.parents)
        return next((one for one in folders if (one / ".git").exists()), self._cwd)

    def in_repository(self, path: str) -> str:
        """Return *path* from the root of the repository; as it is where it leads out of that."""
        place = os.path.normpath(self._cwd / path)
        if not path or not Path(place).is_relative_to(self._root):
            return path
        return os.path.relpath(place, self._root).replace(os.sep, "/")

    def lines(self, path: str, cell: int = 0) -> Sequence[str]:
        """Return the lines of the file *path*, or of its code cell *cell*; none if unreadable."""
        if self._read_last[0] != path:  # what is told of a file comes together
            self._read_last = (path, {})
        cells = self._read_last[1]
        if not cells:
            cells.update(self._read(path))
        return cells.get(cell, ())

    def owners(self, path: str) -> Sequence[str]:
        """Return who owns the file *path*, as CODEOWNERS of the repository says."""
        return self._owners.of(self.in_repository(path))

    @cached_property
    def _owners(self) -> Owners:
        from codemods.project.owners.codeowners import owners_in  # only now: few formats ask

        return owners_in(self._root)

    def page(self, code: str) -> Page | None:
        """Return the page of the rule with *code*."""
        from codemods.findings.pages import page_of  # only now: it loads every rule
        from codemods.model.rules import RULES

        if code not in RULES:
            return None
        found = page_of(code)
        return Page(code, found.name, found.summary, found.markdown)

    def _read(self, path: str) -> dict[int, Sequence[str]]:
        from codemods.model.outcome import Failed
        from codemods.project.sources import decode, read_bytes

        nothing: dict[int, Sequence[str]] = {0: ()}
        place = self._cwd / path
        try:
            known = self._texts.get(path)
            content = read_bytes(place) if known is None else known
        except (OSError, ValueError):
            return nothing
        if place.suffix == ".ipynb":
            return nothing | _cells(content)
        source = decode(place, path, content)
        return nothing if isinstance(source, Failed) else {0: source.text.split("\n")}


def _cells(content: bytes) -> dict[int, Sequence[str]]:
    from codemods.project.notebooks.cells import BrokenNotebookError, read

    try:
        found = read(content).cells
    except BrokenNotebookError:
        return {}
    return {number: cell.text.split("\n") for number, cell in enumerate(found, 1)}
