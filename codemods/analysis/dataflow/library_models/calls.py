"""Calls of functions that are not in sight: which entry of the table is theirs."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.deferred import telling_names
from codemods.analysis.dataflow.library_models import table as library
from codemods.analysis.syntax.calls import last_name

if TYPE_CHECKING:
    from codemods.analysis.dataflow.library_models.rows import Model
    from codemods.analysis.syntax.definitions import DataFlow


class ForeignCalls:
    """Answers for the functions that a module calls."""

    def __init__(self, taint: DataFlow) -> None:
        self._taint = taint
        self._names = taint.names
        self._scopes = taint.scopes
        self._paths: dict[ast.expr, str | None] = {}

    def model(self, function: ast.expr) -> Model | None:
        """Return what the table has for *function*: by its path, its object's class, its name."""
        function = self._taint.followed(function)
        path = self.path(function)
        known = library.by_path(path) if path is not None else None
        return known or library.by_name(last_name(function))

    def path(self, function: ast.expr) -> str | None:
        """Return the qualified name of *function*, as far as it can be told."""
        if function not in self._paths:
            self._paths[function] = self._path(function)
        return self._paths[function]

    def _path(self, function: ast.expr) -> str | None:
        meaning = self._names.meaning(function)
        if meaning.certain:
            return meaning.paths[0]
        if isinstance(function, ast.Name):
            return f"builtins.{function.id}" if self.is_builtin(function) else None
        if isinstance(function, ast.Attribute):
            owner = self.class_path(function.value)
            return f"{owner}.{function.attr}" if owner is not None else None
        return None

    def is_builtin(self, name: ast.Name) -> bool:
        """Whether *name* is what the interpreter provides under it."""
        if name not in self._scopes.scope_of or not hasattr(builtins, name.id):
            return False
        binding = self._scopes.of(name)
        return not binding.binders and not binding.declared

    def class_path(self, value: ast.expr) -> str | None:
        """Return the qualified name of the class that *value* visibly is an object of."""
        if isinstance(value, ast.Name) and value in self._scopes.scope_of:
            binders: list[ast.AST] = self._scopes.of(value).binders
            if len(binders) != 1:
                return None
            if isinstance(binders[0], ast.arg):
                return self._annotated(binders[0].annotation)
            made = self._taint.module.parents.get(binders[0])
            if isinstance(made, ast.AnnAssign) and made.value is None:
                return self._annotated(made.annotation)
            if isinstance(made, ast.Assign | ast.AnnAssign) and made.value is not None:
                value = made.value
            elif isinstance(made, ast.withitem):
                value = made.context_expr
            else:
                return None
        if not isinstance(value, ast.Call):
            return None
        path = self.path(value.func)
        return library.objects().get(path, path) if path is not None else None

    def _annotated(self, annotation: ast.expr | None) -> str | None:
        """Return the one class that an annotation names beside None."""
        if isinstance(annotation, ast.BinOp):
            sides = [s for s in (annotation.left, annotation.right) if not _is_none(s)]
            return self._annotated(sides[0]) if len(sides) == 1 else None
        if isinstance(annotation, ast.Subscript):
            optional = last_name(annotation.value) in ("Optional", "Annotated")
            inner = annotation.slice
            inner = inner.elts[0] if isinstance(inner, ast.Tuple) and inner.elts else inner
            return self._annotated(inner) if optional else None
        meaning = self._names.meaning(annotation) if annotation is not None else None
        return meaning.paths[0] if meaning is not None and meaning.certain else None

    def tells_of_later(self, function: ast.expr) -> bool:
        """Whether the name of *function*, or of its object, tells that it works later."""
        function = self._taint.followed(function)
        if telling_names.speaks_of_later(last_name(function)):
            return True
        if not isinstance(function, ast.Attribute):
            return False
        owner = self.class_path(function.value) or ""
        names = (last_name(function.value), owner.rpartition(".")[2])
        return any(telling_names.works_by_itself(name) for name in names)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
