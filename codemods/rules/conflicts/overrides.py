"""What methods of this module may be, where a class of another file inherits them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.syntax.definitions import method_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.definitions import Resolved

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Overrides:
    """The methods that heirs in other files have in the place of one; each is looked for once."""

    def __init__(self, semantic: SemanticModel) -> None:
        self._semantic = semantic
        self._known: dict[tuple[str, str], list[Resolved]] = {}

    def of(self, methods: Iterable[ast.AST]) -> Iterator[Resolved]:
        """Yield what may run in other files where one of *methods* is called."""
        for method in methods:
            owner = self._semantic.module.parents.get(method)
            if isinstance(owner, ast.ClassDef) and isinstance(method, _FUNCTIONS):
                asked = (owner.name, method.name)
                if asked not in self._known:
                    self._known[asked] = list(self._overriding(*asked))
                yield from self._known[asked]

    def _overriding(self, owner: str, name: str) -> Iterator[Resolved]:
        elsewhere = self._semantic.elsewhere
        for heir in sorted(elsewhere.heirs(owner)):
            for other in elsewhere.mentioning(heir):
                classes = other.module.every(ast.ClassDef) if other is not None else ()
                for one in (n for made in classes if made.name == heir for n in made.body):
                    if other is not None and isinstance(one, _FUNCTIONS) and one.name == name:
                        yield method_of(other.taint, one)
