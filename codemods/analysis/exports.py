"""What ``__all__`` of a module says that it exports."""

from __future__ import annotations

import ast
from functools import cached_property

from codemods.analysis.syntax.tree import walk


class Exports:
    """The statements about ``__all__`` of one module."""

    def __init__(self, tree: ast.Module) -> None:
        self._body = tree.body

    def may_have(self, name: str) -> bool:
        """Whether *name* is exported, or may be."""
        return name in self._texts or self._is_computed

    @cached_property
    def _texts(self) -> frozenset[str]:
        """The texts in statements about ``__all__``."""
        return frozenset(
            node.value
            for statement in self._body
            if isinstance(statement, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Expr)
            and any(isinstance(n, ast.Name) and n.id == "__all__" for n in walk(statement))
            for node in walk(statement)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        )

    @cached_property
    def _is_computed(self) -> bool:
        """Whether ``__all__`` is computed: any name may be in it."""
        return any(
            isinstance(statement, ast.Assign | ast.AugAssign)
            and any(isinstance(n, ast.Name) and n.id == "__all__" for n in walk(statement))
            and any(
                isinstance(n, ast.Call | ast.ListComp | ast.GeneratorExp)
                for n in walk(statement.value)
            )
            for statement in self._body
        )
