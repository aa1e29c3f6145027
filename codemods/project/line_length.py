"""How long a line may be: what the project's formatter is told, from its own configuration.

Ruff is asked before Black, and what either says before what it would take unasked.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from codemods.project.config import ConfigError, document
from codemods.project.regular import MEGABYTE, read_regular

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

#: What Ruff and Black take where they are told nothing.
UNASKED = 88
# Ruff takes no other numbers, and a longer line is no limit.
_LARGEST = 320
# Files that name the file before them: a longer way is a circle.
_MOST_EXTENDED = 8
_FORMATTERS = re.compile(rb"(?i)ruff|black")
_RUFF = (".ruff.toml", "ruff.toml")
_PROJECT = "pyproject.toml"
_KEY = "line-length"


class LineLengths:
    """The line length that holds for each file, by the nearest configuration above it."""

    def __init__(self) -> None:
        self._ruff: dict[Path, dict[str, Any] | None] = {}
        self._black: dict[Path, dict[str, Any] | None] = {}
        self._known: dict[Path, int | None] = {}

    def of(self, path: Path, root: Path | None) -> int | None:
        """Return the length for the file *path* of the project at *root*, None if none is said.

        What lies above *root* is another project's; without one the file's folder alone counts.
        """
        if path.parent not in self._known:
            self._known[path.parent] = self._length(_folders(path.parent, root), root)
        return self._known[path.parent]

    def _length(self, folders: list[Path], root: Path | None) -> int | None:
        ruff = next(
            (t for t in (self._ruff_in(one, root) for one in folders) if t is not None), None
        )
        black = next((t for t in map(self._black_in, folders) if t is not None), None)
        for table in (ruff, black):
            length = table.get(_KEY) if table is not None else None
            if type(length) is int and 0 < length <= _LARGEST:
                return length
        return None if ruff is None and black is None else UNASKED

    def _ruff_in(self, folder: Path, root: Path | None) -> dict[str, Any] | None:
        """Return what Ruff reads in *folder*, with what that extends; None if there is nothing."""
        if folder not in self._ruff:
            found = None
            for name in (*_RUFF, _PROJECT):
                found = _ruff_table(folder / name)
                if found is not None:
                    found = _extended(found, folder / name, root or folder)
                    break
            self._ruff[folder] = found
        return self._ruff[folder]

    def _black_in(self, folder: Path) -> dict[str, Any] | None:
        if folder not in self._black:
            self._black[folder] = _tool(_document(folder / _PROJECT), "black")
        return self._black[folder]


def _nearest(tables: Iterable[dict[str, Any] | None]) -> dict[str, Any] | None:
    return next((table for table in tables if table is not None), None)


def _folders(folder: Path, root: Path | None) -> list[Path]:
    """Return *folder* and those above it, up to *root*."""
    if root is None or (folder != root and root not in folder.parents):
        return [folder]
    above = [one for one in folder.parents if one == root or root in one.parents]
    return [folder, *above] if folder != root else [folder]


def _ruff_table(file: Path) -> dict[str, Any] | None:
    found = _document(file)
    return _tool(found, "ruff") if file.name == _PROJECT else found


def _extended(table: dict[str, Any], file: Path, root: Path) -> dict[str, Any]:
    """Return *table* with what the files that it extends say, as far as they are below *root*."""
    whole = dict(table)
    for _ in range(_MOST_EXTENDED):
        named = table.get("extend")
        if not isinstance(named, str) or "\0" in named:
            break
        file = file.parent / named
        if root.resolve() not in file.resolve().parents:
            break
        further = _ruff_table(file)
        if further is None:
            break
        table = further
        whole = table | whole
    return whole


def _tool(found: dict[str, Any] | None, name: str) -> dict[str, Any] | None:
    tool = found.get("tool") if found is not None else None
    table = tool.get(name) if isinstance(tool, dict) else None
    return table if isinstance(table, dict) else None


def _document(file: Path) -> dict[str, Any] | None:
    """Return what *file* says; None if it is not there, or no configuration that tools read."""
    try:
        content = read_regular(file, MEGABYTE)
        if file.name == _PROJECT and not _FORMATTERS.search(content):
            return None
        return document(content, file)
    except (OSError, ValueError, ConfigError):
        return None  # whose mistake that is, its own tool says
