"""Dictionaries of which it is in sight what they hold where they are unpacked."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from codemods.analysis.syntax.parsed_module import ParsedModule
    from codemods.analysis.syntax.scopes import Binding, Scopes

#: Methods that change nothing, and give nothing through which it could be changed.
_LOOKING = frozenset({"get", "keys", "values", "items", "copy"})
_READERS = frozenset({"len", "print", "str", "repr", "sorted", "list", "dict", "bool"})


class Keys(NamedTuple):
    """The keys that a dictionary has in any case, and all that it may have, in their order."""

    certain: frozenset[str]
    possible: tuple[str, ...]


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

    def keys(self, unpacked: ast.expr) -> Keys | None:
        """Return the keys of a literal that grows before ``**unpacked``; None if not all show.

        It is a function's own variable, and what is stored in it by a text stands above, in
        whatever branch; nothing changes it from there on.
        """
        made = self._made(unpacked)
        if made is None or not isinstance(unpacked, ast.Name):
            return None
        binding, literal = self._scopes.of(unpacked), made.value
        if binding.scope.is_module or self._scopes.scope_of[unpacked] is not binding.scope:
            return None
        assert isinstance(literal, ast.Dict)
        named = [k.value if isinstance(k, ast.Constant) else None for k in literal.keys]
        stores = [load for load in binding.loads if not self._only_reads(load)]
        above = all(self._is_between(made, load, unpacked, binding) for load in stores)
        every = [*named, *map(self._stored_key, stores)]
        texts = [key for key in every if isinstance(key, str)]
        if not above or len(texts) < len(every) or any(map(_is_none, literal.values)):
            return None
        certain = frozenset(key for key in named if isinstance(key, str))
        return Keys(certain, tuple(dict.fromkeys(texts)))

    def taken_from_callers(self, unpacked: ast.expr) -> bool:
        """Whether *unpacked* is the ``**`` parameter of its function, which only reads it."""
        if not isinstance(unpacked, ast.Name) or unpacked not in self._scopes.scope_of:
            return False
        binding = self._scopes.of(unpacked)
        if len(binding.binders) != 1 or binding.declared or binding.deletes:
            return False
        arguments = self._module.parents.get(binding.binders[0])
        own = isinstance(arguments, ast.arguments) and arguments.kwarg is binding.binders[0]
        return own and all(self._only_reads(load) for load in binding.loads)

    def _is_between(self, made: ast.stmt, load: ast.Name, unpacked: ast.Name, of: Binding) -> bool:
        """Whether *load* stands behind *made* and above *unpacked*, which are in one suite."""
        first, at, last = (
            self._module.paths[self._module.statement(n)] for n in (made, load, unpacked)
        )
        depth = len(first) - 1
        same = len(last) == len(first) and last[:depth] == first[:depth] == at[:depth]
        inside = same and first[depth][0] == last[depth][0] == at[depth][0]
        apart = inside and first[depth][1] < at[depth][1] < last[depth][1]
        return apart and self._scopes.scope_of[load] is of.scope

    def _stored_key(self, load: ast.Name) -> object:
        """Return the text under which ``load[text] = ...`` stores something."""
        parent = self._module.parents[load]
        statement = self._module.parents.get(parent)
        if not isinstance(parent, ast.Subscript) or not isinstance(statement, ast.Assign):
            return None
        plain = statement.targets == [parent] and isinstance(parent.slice, ast.Constant)
        return parent.slice.value if plain else None  # type: ignore[attr-defined]

    def _bound(self, unpacked: ast.expr) -> ast.Dict | None:
        made = self._made(unpacked)
        if made is None or not isinstance(unpacked, ast.Name):
            return None
        literal = made.value
        assert isinstance(literal, ast.Dict)
        return literal if self._is_unchanged(made, unpacked, self._scopes.of(unpacked)) else None

    def _made(self, unpacked: ast.expr) -> ast.Assign | ast.AnnAssign | None:
        """Return the one statement that binds the variable *unpacked*, to a literal."""
        if not isinstance(unpacked, ast.Name) or unpacked not in self._scopes.scope_of:
            return None
        binding = self._scopes.of(unpacked)
        if len(binding.binders) != 1 or binding.declared or binding.deletes:
            return None
        made = self._module.parents.get(binding.binders[0])
        if not isinstance(made, ast.Assign | ast.AnnAssign) or not isinstance(made.value, ast.Dict):
            return None
        plain = isinstance(made, ast.AnnAssign) or made.targets == binding.binders
        return made if plain else None

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
