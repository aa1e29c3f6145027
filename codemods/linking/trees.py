"""The syntax trees of a project's files, for all who ask about one."""

from __future__ import annotations

import ast
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from codemods.analysis.external.library_names import Elsewhere

#: How much text a project's trees may stand for: some hundred times as much of memory.
#: A file beyond that costs twice the time, and saves memory only where no other file asks for it.
_MOST_TEXT = 8_000_000


class Trees:
    """The trees of one project's files, which nobody changes.

    Those of the files in *asked* stay, for all who ask for them: of a project that is too large
    to be held, the first ones.  What their imports bring in is asked of *elsewhere*.
    """

    def __init__(self, asked: Collection[Path], elsewhere: Callable[[Path], Elsewhere]) -> None:
        self._asked = asked
        self._elsewhere = elsewhere
        self._known: dict[Path, tuple[str, ast.Module]] = {}
        self._room = _MOST_TEXT
        self._passing: Collection[Path] = ()
        self._others: dict[Path, tuple[str, ast.Module]] = {}
        # What is asked about a file is often asked at once.
        self._last: dict[Path, tuple[str, ast.Module]] = {}

    def of(self, path: Path, text: str) -> ast.Module:
        """Return the tree of *text*, the file at *path*; raises what ``ast.parse`` raises."""
        for trees in (self._known, self._others, self._last):
            known = trees.get(path)
            if known is not None and known[0] == text:
                return known[1]
        tree = ast.parse(text)
        tree.elsewhere = self._elsewhere(path)  # type: ignore[attr-defined]
        # Another text of a file is what becomes of it: nobody else asks for that.
        if path in self._asked and path not in self._known and len(text) <= self._room:
            self._room -= len(text)
            self._known[path] = text, tree
        elif path in self._passing and path not in self._others and len(text) <= self._room:
            self._room -= len(text)
            self._others[path] = text, tree
        else:
            self._last = {path: (text, tree)}
        return tree

    @contextmanager
    def keeping(self, others: Collection[Path]) -> Iterator[None]:
        """Keep the trees of *others*, too, for questions that go through all of them in turn.

        As far as there is room: it is free again at the end.
        """
        self._passing = others
        try:
            yield
        finally:
            self._room += sum(len(text) for text, _ in self._others.values())
            self._passing = ()
            self._others = {}

    def holds(self, path: Path, text: str) -> bool:
        """Whether the tree of *text* stays."""
        known = self._known.get(path)
        return known is not None and known[0] == text

    def keeps(self, path: Path) -> bool:
        """Whether a tree of the file at *path* stays."""
        return path in self._known
