"""The syntax trees of a project's files, for all who ask about one."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

#: How much text a project's trees may stand for: some hundred times as much of memory.
_MOST_TEXT = 4_000_000


class Trees:
    """The trees of one project's files, which nobody changes.

    Those of the files in *asked* stay, for all who ask for them: of a project that is too large
    to be held, the first ones.
    """

    def __init__(self, asked: Collection[Path]) -> None:
        self._asked = asked
        self._known: dict[Path, tuple[str, ast.Module]] = {}
        self._room = _MOST_TEXT

    def of(self, path: Path, text: str) -> ast.Module:
        """Return the tree of *text*, the file at *path*; raises what ``ast.parse`` raises."""
        if self.holds(path, text):
            return self._known[path][1]
        tree = ast.parse(text)
        # Another text of a file is what becomes of it: nobody else asks for that.
        if path in self._asked and path not in self._known and len(text) <= self._room:
            self._room -= len(text)
            self._known[path] = text, tree
        return tree

    def holds(self, path: Path, text: str) -> bool:
        """Whether the tree of *text* stays."""
        known = self._known.get(path)
        return known is not None and known[0] == text

    def keeps(self, path: Path) -> bool:
        """Whether a tree of the file at *path* stays."""
        return path in self._known
