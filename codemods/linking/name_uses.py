"""What the files of a project do with a name, whoever's it is."""

from __future__ import annotations

import ast
import re
from functools import partial
from typing import TYPE_CHECKING

from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.tree import walk

if TYPE_CHECKING:
    from codemods.linking.module_graph import ModuleGraph


class SpokenNames:
    """Answers by name alone, for all files together; each name is looked for once."""

    def __init__(self, graph: ModuleGraph) -> None:
        self._graph = graph
        self._replaced: dict[str, bool] = {}
        self._keywords: dict[str, frozenset[str]] = {}

    def is_replaced(self, name: str) -> bool:
        """Whether a file puts something else in the place of a module's or a class's *name*."""
        if name not in self._replaced:
            word = re.escape(name).encode(errors="surrogateescape")
            put = re.compile(
                rb"(?<!\bself)(?<!\bcls)\.\s*%b\s*=(?!=)"
                rb"|[\"']%b[\"']\s*\]\s*=(?!=)"
                rb"|(?:setattr|patch[\w.]*)\s*\([^()]*[\"'](?:[\w.:]*[.:])?%b[\"']"
                % (word, word, word)
            )
            files = self._graph.holding(name)
            self._replaced[name] = any(put.search(self._graph.content(file)) for file in files)
        return self._replaced[name]

    def keywords(self, name: str) -> frozenset[str]:
        """Return the keywords with which any file calls something of that *name*; "**" for all."""
        if name not in self._keywords:
            found: set[str] = set()
            for file in self._graph.holding(name):
                found.update(self._graph.of_tree(file, partial(_in_tree, name)) or ())
            self._keywords[name] = frozenset(found)
        return self._keywords[name]


def _in_tree(name: str, tree: ast.Module) -> set[str]:
    calls = (n for n in walk(tree) if isinstance(n, ast.Call) and last_name(n.func) == name)
    return {keyword.arg or "**" for call in calls for keyword in call.keywords}
