"""Qualified names: what an expression refers to, followed through the imports."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from codemods.analysis.syntax.tree import walk
from codemods.vocabulary import (
    CONTEXT_MANAGERS,
    OLDER_SET_CALL,
    SET_CALL,
    TRACKER_CLASS,
    TRACKER_MODULE,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from codemods.analysis.syntax.parsed_module import ParsedModule
    from codemods.analysis.syntax.scopes import Binding, Scopes
    from codemods.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a name may refer to.

    ``paths`` are absolute dotted names; ``certain`` is False where the name has
    another binding too (a fallback in an ``except``, a re-assignment).  ``subclass``
    says that it is a class of the project that inherits from the one at ``paths``.
    """

    paths: tuple[str, ...]
    certain: bool
    subclass: bool = False


UNKNOWN = Meaning((), False)


class Names:
    """Answers which API object an expression names."""

    def __init__(
        self,
        module: ParsedModule,
        scopes: Scopes,
        vocabulary: Vocabulary,
        follow: Callable[[str], Meaning | None],
    ) -> None:
        self._module = module
        self._scopes = scopes
        self._follow = follow
        self._vocabulary = vocabulary
        self._asked: set[ast.AST] = set()
        self._meanings: dict[ast.expr, Meaning] = {}
        self._bound: dict[Binding, Meaning] = {}
        self.star_imports = [
            (self.absolute(node), node)
            for node in module.every(ast.ImportFrom)
            if node.names[0].name == "*"
        ]
        self.stars = [name for name, _ in self.star_imports]

    def absolute(self, node: ast.ImportFrom) -> str:
        """Return the absolute dotted name of the module that *node* imports from."""
        if not node.level:
            return node.module or ""
        package = self._module.dotted if self._module.is_package else self._module.dotted[:-1]
        base = package[: len(package) - (node.level - 1)]
        return ".".join([*base, *((node.module or "").split(".") if node.module else ())])

    def meaning(self, expression: ast.expr) -> Meaning:
        """Return what *expression* (a name or a chain of attributes) refers to."""
        if self._asked:  # on the way through a circle an answer holds for that way only
            return self._meaning(expression)
        known = self._meanings.get(expression)
        if known is None:
            known = self._meaning(expression)
            own = getattr(expression, "own_path", "")
            # Of a file that has it of a library, and gives it another name.
            if own and (not known.paths or (known.certain and known.paths != (own,))):
                known = Meaning((str(own),), True)
            self._meanings[expression] = known
        return known

    def _meaning(self, expression: ast.expr) -> Meaning:
        if type(expression) is ast.Name:
            return self._of_name(expression)
        if isinstance(expression, ast.Attribute):
            base = self.meaning(expression.value)
            if not base.paths:
                return base
            return Meaning(tuple(f"{path}.{expression.attr}" for path in base.paths), base.certain)
        if isinstance(expression, (ast.Call, ast.Subscript)):
            module = self._looked_up(expression)
            return Meaning((module,), True) if module is not None else UNKNOWN
        return UNKNOWN

    def _of_name(self, expression: ast.Name) -> Meaning:
        if expression not in self._scopes.scope_of:
            return UNKNOWN
        binding = self._scopes.of(expression)
        if self._asked:
            return self._of_binding(binding)
        known = self._bound.get(binding)
        if known is None:
            self._bound[binding] = known = self._of_binding(binding)
        return known

    def _of_binding(self, binding: Binding) -> Meaning:
        if not binding.binders and binding.scope.is_module and self.stars:
            paths = tuple(f"{star}.{binding.name}" for star in self.stars)
            return Meaning(paths, len(self.stars) == 1)
        found: list[str] = []
        certain = not binding.declared
        for binder in binding.binders:
            is_import = type(binder) is ast.alias
            path = self.imported(binder) if is_import else self._bound_module(binder)
            if path is None:
                certain = False
            elif path not in found:
                found.append(path)
        # Most variables are nothing of another module.
        return Meaning(tuple(found), certain and len(found) == 1) if found else UNKNOWN

    def _bound_module(self, binder: ast.AST) -> str | None:
        """Return the module that the assignment of *binder* looks up, if it does."""
        statement = self._module.parents.get(binder) if type(binder) is ast.Name else None
        if not isinstance(binder, ast.Name) or not isinstance(statement, ast.Assign):
            return None
        if statement.targets != [binder] or binder in self._asked:
            return None
        # What is bound may stand in what it is bound to: ``rows = rows["open"]``.
        self._asked.add(binder)
        try:
            return self._looked_up(statement.value) or self._renamed(statement.value)
        finally:
            self._asked.discard(binder)

    def _renamed(self, value: ast.expr) -> str | None:
        """Return the module or function of another file that *value* is."""
        if not isinstance(value, ast.Name | ast.Attribute):
            return None
        meaning = self.meaning(value)
        named = meaning.paths[0] if meaning.certain else None
        return None if named is None or self._is_api(named) else named

    def _is_api(self, path: str) -> bool:
        known = path in self._vocabulary.tracker_paths or path in self._vocabulary.context_paths
        return known or any(f"{home}.".startswith(f"{path}.") for home in self._vocabulary.homes)

    def _looked_up(self, value: ast.expr) -> str | None:
        """Return the module that ``import_module("name")`` or ``sys.modules["name"]`` gives.

        The tracking API is not known by such a name: no import would stand for it.
        """
        given: ast.expr | None = None
        if isinstance(value, ast.Subscript) and self._is(value.value, "sys.modules"):
            given = value.slice
        elif isinstance(value, ast.Call) and len(value.args) == 1 and not value.keywords:
            if self._is(value.func, "importlib.import_module"):
                given = value.args[0]
        if not isinstance(given, ast.Constant) or not isinstance(given.value, str):
            return None
        name = given.value
        return None if self._is_api(name) or name.startswith(".") else name

    def _is(self, expression: ast.expr, path: str) -> bool:
        named = isinstance(expression, (ast.Name, ast.Attribute))
        return named and self.meaning(expression).paths == (path,)

    def imported(self, binder: ast.AST) -> str | None:
        """Return the dotted name that *binder*, an alias of an import, brings in."""
        if not isinstance(binder, ast.alias):
            return None
        statement = self._module.parents[binder]
        if isinstance(statement, ast.ImportFrom):
            return f"{self.absolute(statement)}.{binder.name}"
        return binder.name if binder.asname else binder.name.partition(".")[0]

    def imports_class(self, binder: ast.AST) -> bool:
        """Whether *binder*, an alias of an import, brings in the legacy class or a subclass."""
        return self.canonical(binder) in self._vocabulary.tracker_paths

    def imports_legacy(self, binder: ast.AST) -> bool:
        """Whether *binder* brings in the legacy class, or the module that has it."""
        if self.imports_class(binder):
            return True
        named = isinstance(binder, ast.alias) and binder.name == TRACKER_MODULE
        return named and any(self.imported(binder) == old for old, _ in self._vocabulary.modules)

    def canonical(self, named: ast.AST | str) -> str | None:
        """Return the path by which the vocabulary knows *named*, a dotted name or an alias.

        Re-exports and subclasses of the project are followed; None for what is no API.
        """
        path = named if isinstance(named, str) else self.imported(named)
        known = self.followed(path) if path is not None else None
        return known.paths[0] if known is not None else None

    def followed(self, path: str) -> Meaning | None:
        """Return the API object that the dotted name *path* leads to."""
        if path in self._vocabulary.tracker_paths or path in self._vocabulary.context_paths:
            return Meaning((path,), True)
        return self._follow(path)

    def tracker_class(self, expression: ast.expr) -> Meaning | None:
        """Return the meaning of *expression* if it (perhaps) is the legacy class or a subclass."""
        known = self._known(expression, self._vocabulary.tracker_paths)
        return known or self._subclass(expression)

    def _subclass(self, expression: ast.expr) -> Meaning | None:
        """Return the meaning of the legacy class behind a subclass of this module."""
        if not isinstance(expression, ast.Name) or expression not in self._scopes.scope_of:
            return None
        binders = self._scopes.of(expression).binders
        if len(binders) != 1 or not isinstance(binders[0], ast.ClassDef):
            return None
        return self.inherited(binders[0])

    def inherited(self, definition: ast.ClassDef) -> Meaning | None:
        """Return the meaning of the legacy class that *definition* inherits from.

        A subclass that sets ids in a way of its own is something else.
        """
        found = (self.tracker_class(base) for base in definition.bases)
        known = next((m for m in found if m is not None), None)
        if known is None:
            return None  # most classes
        own = {n.name for n in definition.body if isinstance(n, ast.FunctionDef)}
        return None if own & {SET_CALL, OLDER_SET_CALL} else replace(known, subclass=True)

    def is_annotated(self, annotation: ast.expr) -> bool:
        """Whether *annotation*, in a text too, names the legacy class."""
        for node in walk(annotation):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                if TRACKER_CLASS in re.split(r"[\[\]|.,\s]+", node.value):
                    return True
            if isinstance(node, ast.Name | ast.Attribute) and self.tracker_class(node) is not None:
                return True
        return False

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
        return not self.stars and not self._scopes.of(expression).binders

    def _known(self, expression: ast.expr, known: dict[str, str]) -> Meaning | None:
        meaning = self.meaning(expression)
        if not meaning.paths:
            return None
        found = [m for path in meaning.paths if (m := self.followed(path)) is not None]
        hits = [m for m in found if m.paths[0] in known]
        if not hits:
            return None
        sure = meaning.certain or (len(hits) == len(meaning.paths) and self._falls_back(expression))
        certain = sure and all(m.certain for m in hits)
        return Meaning(tuple(m.paths[0] for m in hits), certain, hits[0].subclass)

    def _falls_back(self, expression: ast.expr) -> bool:
        """Whether *expression* is a name that one import brings, or else the fallback for it."""
        return isinstance(expression, ast.Name) and bool(self.in_turn(self._scopes.of(expression)))

    def in_turn(self, binding: Binding) -> tuple[ast.ImportFrom, ...]:
        """Return the import of *binding* in a ``try``, and the one in its handler; else ().

        Whatever fails, one of the two has run behind the ``try``, and nothing else binds it.
        """
        statements = [self._module.parents.get(binder) for binder in binding.binders]
        if len(statements) != 2 or binding.declared or binding.deletes:
            return ()
        first, second = statements
        if not isinstance(first, ast.ImportFrom) or not isinstance(second, ast.ImportFrom):
            return ()
        tried, handler = self._module.parents[first], self._module.parents[second]
        if not isinstance(tried, ast.Try) or first not in tried.body:
            return ()
        at_top = len(self._module.paths[tried]) == 1
        return (first, second) if at_top and tried.handlers == [handler] else ()
