"""Methods that a function of another file may run by their names, on objects that it has."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.call_graph import reachable
from codemods.analysis.syntax.tree import walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from codemods.analysis.syntax.definitions import Resolved


def methods_by_name(functions: Iterable[Resolved]) -> Iterator[Resolved]:
    """Yield the methods that *functions* may run though it is not known whose they are.

    Those of their own files, with what these lead to.
    """
    seen: set[ast.AST] = set()
    for one in functions:
        nodes = (n for n in walk(one.node) if isinstance(n, ast.Attribute))
        unknown = (n.attr for n in nodes if one.taint.definition(n) is None)
        for name in dict.fromkeys(unknown):
            for method in one.taint.methods_called(name):
                if method.node not in seen:
                    seen.add(method.node)
                    yield from (method, *reachable(method.taint, method.node.body))
