"""All that a block may run, as far as that is to be seen, for questions about objects in it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.deferred.registered import Registered
from codemods.analysis.dataflow.holders import family
from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers.fields.object_methods import MethodsOutOfSight

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.definitions import DataFlow, Resolved


@dataclass(frozen=True, slots=True)
class RunInside:
    """What a block may run: its statements, what these lead to, and what they may run unnamed.

    ``is_cut`` says that this is not all of it.
    """

    roots: tuple[tuple[DataFlow, Sequence[ast.AST]], ...]
    hidden: tuple[Resolved, ...]
    is_cut: bool

    @classmethod
    def of(
        cls, semantic: SemanticModel, body: Sequence[ast.stmt], reached: Sequence[Resolved]
    ) -> RunInside:
        """Return what *body* may run, where *reached* are the functions that it leads to."""
        led = ((one.taint, [one.node]) for one in reached)
        roots: list[tuple[DataFlow, Sequence[ast.AST]]] = [(semantic.taint, body), *led]
        methods = semantic.once(MethodsOutOfSight).of(roots)
        handed = map(semantic.elsewhere.function, semantic.taint.once(Registered).run_by(body))
        hidden = (*methods, *(one for one in handed if one is not None))
        more = ((one.taint, [one.node]) for one in hidden)
        return cls((*roots, *more), hidden, methods.is_cut)

    def may_hide(self, functions: Iterable[ast.AST]) -> bool:
        """Whether one of *functions* may run there without being named."""
        unnamed = {one.node for one in self.hidden}
        return self.is_cut or not unnamed.isdisjoint(functions)

    def nodes(self) -> Iterator[tuple[DataFlow, ast.AST]]:
        """Yield all nodes of it, each with the analysis of its module."""
        return ((taint, n) for taint, parts in self.roots for part in parts for n in walk(part))


def may_make(taint: DataFlow, node: ast.AST, owner: ast.ClassDef) -> bool:
    """Whether *node* names *owner*, or a class that inherits from it."""
    made = taint.class_of(node) if isinstance(node, ast.Name | ast.Attribute) else None
    return made is not None and any(one.node is owner for one in family(made).classes)
