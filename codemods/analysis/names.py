"""Qualified names: what an expression refers to, followed through the imports."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods.vocabulary import CONTEXT_MANAGERS, OLDER_SET_CALL, SET_CALL

if TYPE_CHECKING:
    from codemods.analysis.module import ParsedModule
    from codemods.analysis.scopes import Binding, Scopes
    from codemods.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a name may refer to.

    ``paths`` are absolute dotted names; ``certain`` is False where the name has
    another binding too (a fallback in an ``except``, a re-assignment).
    """

    paths: tuple[str, ...]
    certain: bool


UNKNOWN = Meaning((), False)


class Names:
    """Answers which API object an expression names."""

    def __init__(self, module: ParsedModule, scopes: Scopes, vocabulary: Vocabulary) -> None:
        self._module = module
        self._scopes = scopes
        self._vocabulary = vocabulary
        self._stars = [
            self.absolute(node)
            for node in ast.walk(module.tree)
            if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"
        ]

    def absolute(self, node: ast.ImportFrom) -> str:
        """Return the absolute dotted name of the module that *node* imports from."""
        if not node.level:
            return node.module or ""
        package = self._module.dotted if self._module.is_package else self._module.dotted[:-1]
        base = package[: len(package) - (node.level - 1)]
        return ".".join([*base, *((node.module or "").split(".") if node.module else ())])

    def meaning(self, expression: ast.expr) -> Meaning:
        """Return what *expression* (a name or a chain of attributes) refers to."""
        if isinstance(expression, ast.Attribute):
            base = self.meaning(expression.value)
            return Meaning(tuple(f"{path}.{expression.attr}" for path in base.paths), base.certain)
        if not isinstance(expression, ast.Name) or expression not in self._scopes.scope_of:
            return UNKNOWN
        return self._of_binding(self._scopes.of(expression))

    def _of_binding(self, binding: Binding) -> Meaning:
        if not binding.binders and binding.scope.is_module and self._stars:
            paths = tuple(f"{star}.{binding.name}" for star in self._stars)
            return Meaning(paths, len(self._stars) == 1)
        found: list[str] = []
        certain = not binding.declared
        for binder in binding.binders:
            path = self.imported(binder)
            if path is None:
                certain = False
            elif path not in found:
                found.append(path)
        return Meaning(tuple(found), certain and len(found) == 1)

    def imported(self, binder: ast.AST) -> str | None:
        """Return the dotted name that *binder*, an alias of an import, brings in."""
        if not isinstance(binder, ast.alias):
            return None
        statement = self._module.parents[binder]
        if isinstance(statement, ast.ImportFrom):
            return f"{self.absolute(statement)}.{binder.name}"
        return binder.name if binder.asname else binder.name.partition(".")[0]

    def tracker_class(self, expression: ast.expr) -> Meaning | None:
        """Return the meaning of *expression* if it (perhaps) is the legacy class or a subclass."""
        known = self._known(expression, self._vocabulary.tracker_paths)
        return known or self._subclass(expression)

    def _subclass(self, expression: ast.expr) -> Meaning | None:
        """Return the meaning of the legacy class behind a subclass of this module.

        A subclass that sets ids in a way of its own is something else.
        """
        if not isinstance(expression, ast.Name) or expression not in self._scopes.scope_of:
            return None
        binders = self._scopes.of(expression).binders
        if len(binders) != 1 or not isinstance(binders[0], ast.ClassDef):
            return None
        own = {n.name for n in binders[0].body if isinstance(n, ast.FunctionDef)}
        if own & {SET_CALL, OLDER_SET_CALL}:
            return None
        return next((m for b in binders[0].bases if (m := self.tracker_class(b)) is not None), None)

    def context_manager(self, expression: ast.expr) -> str | None:
        """Return the plain name of the context manager that *expression* certainly is."""
        if self._unbound(expression):
            assert isinstance(expression, ast.Name)
            return expression.id
        meaning = self._known(expression, self._vocabulary.context_paths)
        if meaning is None or not meaning.certain:
            return None
        return self._vocabulary.context_paths[meaning.paths[0]]

    def _unbound(self, expression: ast.expr) -> bool:
        """Whether *expression* is a manager's plain name that the file forgot to import."""
        if not isinstance(expression, ast.Name) or expression.id not in CONTEXT_MANAGERS:
            return False
        return not self._stars and not self._scopes.of(expression).binders

    def _known(self, expression: ast.expr, known: dict[str, str]) -> Meaning | None:
        meaning = self.meaning(expression)
        hits = tuple(path for path in meaning.paths if path in known)
        if not hits:
            return None
        return Meaning(hits, meaning.certain)
