"""Imports of the tracking API: which module the names of a file come from, and where."""

from __future__ import annotations

import ast
from functools import cached_property
from typing import TYPE_CHECKING

from codemods.vocabulary import DEFAULT_MODULES, TRACKER_CLASS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from codemods.analysis.syntax.names import Names
    from codemods.analysis.syntax.parsed_module import ParsedModule
    from codemods.analysis.syntax.scopes import Scope, Scopes
    from codemods.vocabulary import Vocabulary


class ApiImports:
    """Answers for one module."""

    def __init__(
        self, module: ParsedModule, scopes: Scopes, names: Names, vocabulary: Vocabulary
    ) -> None:
        self._module = module
        self._scopes = scopes
        self._names = names
        self._vocabulary = vocabulary
        self._classes: dict[str, list[tuple[ast.stmt, ast.alias]]] = {}

    def home_of(self, context: ast.Call) -> str:
        """Return the module of the context managers that *context*, a block's header, is from."""
        paths = self._names.meaning(context.func).paths
        if not paths:
            return self.default_home
        module = (self._names.canonical(paths[0]) or paths[0]).rpartition(".")[0]
        homes = [home for _, home in self._vocabulary.modules]
        return next((h for h in homes if h == module or h.startswith(f"{module}.")), module)

    @property
    def default_home(self) -> str:
        """The context module for code that shows no legacy import."""
        for legacy, context in self._vocabulary.modules:
            if self.legacy_import(context) is not None or legacy not in DEFAULT_MODULES:
                return context
        return next(iter(DEFAULT_MODULES.values()))

    def legacy_import(self, home: str, sites: Sequence[Scope] = ()) -> ast.stmt | None:
        """Return the import that provides the legacy class of *home* to the scopes *sites*.

        Without *sites* the first one of the file.
        """
        found = [
            statement
            for statement, node in self._reaching(home)
            if all(self._provides(node, site) for site in sites)
        ]
        found.sort(key=lambda s: (len(self._module.paths[s]), s.lineno))
        return found[0] if found else None

    def in_turn(self, beside: ast.stmt, home: str) -> list[tuple[ast.stmt, str]]:
        """Return *beside*, which imports the legacy class of *home*, and its fallback.

        Each with the context module that belongs to its class.
        """
        return next((pair for pair in self._pairs if (beside, home) in pair), [(beside, home)])

    def alternatives(self, home: str) -> list[str]:
        """Return the context modules that stand in for *home*, or for which it stands in."""
        pairs = ([one for _, one in pair] for pair in self._pairs)
        return [one for homes in pairs if home in homes for one in homes if one != home]

    @cached_property
    def _pairs(self) -> list[list[tuple[ast.stmt, str]]]:
        """The imports of a legacy class in a ``try`` with those in its handler."""
        found: list[list[tuple[ast.stmt, str]]] = []
        for tried in self._module.tree.body:
            imports = tried.body if isinstance(tried, ast.Try) else []
            for statement in imports:
                for alias in statement.names if isinstance(statement, ast.ImportFrom) else ():
                    name = alias.asname or alias.name
                    binding = self._scopes.binding(name, self._scopes.module_scope)
                    pair = [(one, self._home(one, name)) for one in self._names.in_turn(binding)]
                    if pair and all(home for _, home in pair):
                        found.append([(one, home or "") for one, home in pair])
        return found

    def _home(self, statement: ast.ImportFrom, name: str) -> str | None:
        """Return the context module of the legacy class that *statement* imports as *name*."""
        alias = next(a for a in statement.names if (a.asname or a.name) == name)
        return self._vocabulary.tracker_paths.get(self._names.canonical(alias) or "")

    def _reaching(self, home: str) -> list[tuple[ast.stmt, ast.alias]]:
        """Return the imports of the legacy class of *home*, with what they import, once for all."""
        if home not in self._classes:
            aliases = ((self._module.parents[n], n) for n in self._module.every(ast.alias))
            self._classes[home] = [
                (statement, node)
                for statement, node in aliases
                if isinstance(statement, ast.Import | ast.ImportFrom)
                and self._reaches(statement, node, home)
            ]
        return self._classes[home]

    @cached_property
    def _at_top(self) -> list[ast.ImportFrom]:
        """The ``from`` imports at the top level."""
        return [s for s in self._module.tree.body if isinstance(s, ast.ImportFrom)]

    @cached_property
    def _managers(self) -> list[tuple[ast.ImportFrom, ast.alias, str]]:
        """The imports of context managers at the top level, each with the manager's name."""
        known = self._vocabulary.context_paths
        return [
            (statement, alias, known[path])
            for statement in self._at_top
            for alias in statement.names
            if (path := self._names.canonical(alias)) is not None and path in known
        ]

    def _provides(self, alias: ast.alias, site: Scope) -> bool:
        """Whether the name that *alias* binds is the one seen from *site*."""
        if alias.name == "*":
            return True
        name = (alias.asname or alias.name).partition(".")[0]
        return alias in self._scopes.binding(name, site).binders

    def _reaches(self, statement: ast.Import | ast.ImportFrom, alias: ast.alias, home: str) -> bool:
        base = self._names.absolute(statement) if isinstance(statement, ast.ImportFrom) else ""
        path = f"{base}.{alias.name}" if base else alias.name
        legacy = self._vocabulary.legacy_module(home)
        if isinstance(statement, ast.ImportFrom) and alias.name == "*":
            return self._vocabulary.tracker_paths.get(f"{base}.{TRACKER_CLASS}") == home
        known = self._names.canonical(path)
        return path == legacy or self._vocabulary.tracker_paths.get(known or path) == home

    def context_import(self, home: str) -> ast.ImportFrom | None:
        """Return a ``from`` import of *home* at the top level that names can be added to."""
        return self._by_name.get(home)

    @cached_property
    def _by_name(self) -> dict[str, ast.ImportFrom]:
        """The first import of each module at the top level that names can be added to."""
        found: dict[str, ast.ImportFrom] = {}
        for statement in self._at_top:
            if statement.names[0].name != "*":
                found.setdefault(self._names.absolute(statement), statement)
        return found

    def imported_as(self, name: str, counts: Callable[[ast.stmt], bool]) -> str | None:
        """Return the name under which the module imports the context manager *name*, if it does.

        Only imports at the top level that *counts* accepts are looked at.
        """
        for statement, alias, manager in self._managers:
            if manager == name and counts(statement):
                return alias.asname or alias.name
        return None

    def foreign_stars(self) -> list[tuple[str, ast.ImportFrom]]:
        """Return the star imports of modules that are not the API: name and statement."""
        known = {**self._vocabulary.tracker_paths, **self._vocabulary.context_paths}
        modules = {path.rpartition(".")[0] for path in known}
        return [(name, node) for name, node in self._names.star_imports if name not in modules]
