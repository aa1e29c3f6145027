"""Dictionaries whose whole content is in sight where they are unpacked."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codemods.analysis.syntax.parsed_module import ParsedModule
    from codemods.analysis.syntax.scopes import Binding, Scopes

#: Methods that change nothing, and give nothing through which it could be changed.
_LOOKING = frozenset({"get", "keys", "values", "items", "copy"})
_READERS = frozenset({"len", "print", "str", "repr", "sorted", "list", "dict", "bool"})


class LiteralDicts:
    """Answers for the expressions of one module."""

    def __init__(self, module: ParsedModule, scopes: Scopes) -> None:
        self._module = module
        self._scopes = scopes

    def pairs(self, unpacked: ast.expr) -> list[tuple[str, ast.expr]] | None:
        """Return keys and values of what ``**unpacked`` passes; None where they are not known.

        It is a literal, or a variable of the same scope that is bound to one once, before,
        and that nothing may have changed since.  None of the values is a literal None.
        """
        literal = unpacked if isinstance(unpacked, ast.Dict) else self._bound(unpacked)
        if literal is None:
            return None
        keys = [k.value if isinstance(k, ast.Constant) else None for k in literal.keys]
        names = [key for key in keys if isinstance(key, str)]
        if len(set(names)) != len(keys) or any(map(_is_none, literal.values)):
            return None
        return list(zip(names, literal.values, strict=True))

    def _bound(self, unpacked: ast.expr) -> ast.Dict | None:
        if not isinstance(unpacked, ast.Name) or unpacked not in self._scopes.scope_of:
            return None
        binding = self._scopes.of(unpacked)
        if len(binding.binders) != 1 or binding.declared or binding.deletes:
            return None
        made = self._module.parents.get(binding.binders[0])
        if not isinstance(made, ast.Assign | ast.AnnAssign) or not isinstance(made.value, ast.Dict):
            return None
        plain = isinstance(made, ast.AnnAssign) or made.targets == binding.binders
        return made.value if plain and self._is_unchanged(made, unpacked, binding) else None

    def _is_unchanged(
        self, made: ast.Assign | ast.AnnAssign, unpacked: ast.Name, binding: Binding
    ) -> bool:
        """Whether the dictionary is surely bound by *made*, and only read, before *unpacked*."""
        path = self._module.paths[made]
        here = self._module.paths[self._module.statement(unpacked)]
        depth = len(path) - 1
        same = self._scopes.scope_of[unpacked] is binding.scope and len(path) <= len(here)
        if not same or path[:depth] != here[:depth] or path[depth][0] != here[depth][0]:
            return False
        if binding.scope.is_module and len(binding.loads) != 1:
            return False
        straight = path[depth][1] < here[depth][1]
        return straight and all(self._only_reads(load) for load in binding.loads)

    def _only_reads(self, load: ast.Name) -> bool:
        parent = self._module.parents[load]
        if isinstance(parent, ast.keyword):
            return parent.arg is None
        if isinstance(parent, ast.Subscript):
            return isinstance(parent.ctx, ast.Load)
        if isinstance(parent, ast.Call):
            return isinstance(parent.func, ast.Name) and parent.func.id in _READERS
        return isinstance(parent, ast.Attribute) and parent.attr in _LOOKING


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None
