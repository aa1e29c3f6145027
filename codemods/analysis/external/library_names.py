"""Other names that a file has for functions of the library, and of what it has without an import.

``from asyncio import create_task as spawn``, ``spawn = asyncio.create_task``, an entry of a
dictionary, an attribute of a class: what asks whether something is ``create_task`` asks by that
name, at a hundred places.  ``last_name`` tells what is noted here, by the qualified name.
"""

from __future__ import annotations

import ast
import builtins
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    Kinds = Mapping[type[ast.AST], Sequence[ast.AST]]
    #: A part of a variable: an attribute of a class, or an entry of a dictionary.
    Part = tuple[str, object]

# Nodes that bind a name by their own field.
_BINDING = frozenset(
    getattr(ast, name)
    for name in (
        "FunctionDef AsyncFunctionDef ClassDef arg ExceptHandler MatchAs MatchStar MatchMapping "
        "TypeVar ParamSpec TypeVarTuple"
    ).split()
    if hasattr(ast, name)
)
#: Functions that are there without an import, and are asked for by name.
_BUILT_IN = frozenset(
    name for name, one in vars(builtins).items() if callable(one) and not isinstance(one, type)
)
_CHAINS = (ast.Name, ast.Attribute)
#: The values that may be other names, but for names: most values are none of these.
_LIKELY = frozenset((ast.Name, ast.Attribute, ast.Call, ast.Dict, ast.Tuple))


def note_library_names(kinds: Kinds) -> frozenset[str]:
    """Note at each expression of the nodes *kinds* of which name of the library it is another name.

    Only where that is sure, and cannot be taken for something else: nothing but such imports and
    assignments binds the variable, in whatever scope, and nothing at all binds the library's name.
    Return the names that are noted.
    """
    renamed = _Renamed(kinds)
    names, parts = renamed.names, renamed.parts
    if not names and not parts:
        return frozenset()
    bound = set(_bound(kinds, renamed))
    known = {k: v for k, v in names.items() if v and k not in bound and _name(v) not in bound}
    for node in kinds.get(ast.Name, ()) if known else ():
        if node.id in known:  # type: ignore[attr-defined]
            _note(node, known[node.id])  # type: ignore[attr-defined]
    sure = {k: v for k, v in parts.items() if v and k[0] not in bound and _name(v) not in bound}
    for node in (*kinds.get(ast.Attribute, ()), *kinds.get(ast.Subscript, ())) if sure else ():
        path = sure.get(_part(node))
        if path is not None:
            _note(node, path)
    return frozenset(map(_name, (*known.values(), *sure.values())))


def _note(node: ast.AST, path: str) -> None:
    node.own_path = path  # type: ignore[attr-defined]
    node.own = _name(path)  # type: ignore[attr-defined]


def _name(path: str) -> str:
    return path.rpartition(".")[2]


class _Renamed:
    """The library's names, qualified, by the other ones that a file gives them.

    They are empty where they differ.
    """

    def __init__(self, kinds: Kinds) -> None:
        self.names: dict[str, str] = {}
        self.parts: dict[Part, str] = {}
        #: The variables, classes and dictionaries, where they are given such values.
        self.targets: set[ast.AST] = set()
        self._modules: dict[str, str] = {}
        self._of_library: dict[str, str] = {}
        for node in kinds.get(ast.Import, ()):
            for alias in node.names:  # type: ignore[attr-defined]
                top = alias.name.partition(".")[0]
                if top in sys.stdlib_module_names:
                    self._modules[alias.asname or top] = alias.name if alias.asname else top
        for node in kinds.get(ast.ImportFrom, ()):
            if is_of_library(node):
                self._import(node)  # type: ignore[arg-type]
        for kind in (ast.Assign, ast.AnnAssign, ast.NamedExpr):
            for node in kinds.get(kind, ()):
                if type(node.value) in _LIKELY:  # type: ignore[attr-defined]
                    self._assign(node)
        for node in kinds.get(ast.ClassDef, ()):
            self._in_class(node)  # type: ignore[arg-type]

    def _import(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            other, path = alias.asname, f"{node.module}.{alias.name}"
            self._of_library[other or alias.name] = path
            if other is not None and other != alias.name:
                self._add(other, path)

    def _add(self, other: str, path: str) -> None:
        """Note a name; of what two modules have under one name either may be meant."""
        same = _name(self.names.get(other, path)) == _name(path)
        self.names[other] = path if same else ""

    def _assign(self, node: ast.AST) -> None:
        targets: list[ast.expr] = getattr(node, "targets", None) or [node.target]  # type: ignore[attr-defined]
        for target in targets:
            self._put(target, node.value)  # type: ignore[attr-defined]

    def _put(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            if len(target.elts) == len(value.elts):
                for one, given in zip(target.elts, value.elts, strict=True):
                    self._put(one, given)
            return
        if not isinstance(target, ast.Name):
            return
        if isinstance(value, ast.Dict):
            self._entries(target, value)
            return
        own = self._path(value)
        if own and _name(own) != target.id:
            self._add(target.id, own)
            self.targets.add(target)

    def _entries(self, target: ast.Name, value: ast.Dict) -> None:
        """Note the entries of a dictionary; which of them a variable asks for does not show."""
        for key, given in zip(value.keys, value.values, strict=True):
            own = self._path(given)
            if own and isinstance(key, ast.Constant):
                self.parts[target.id, key.value] = own
                self.targets.add(target)

    def _in_class(self, node: ast.ClassDef) -> None:
        """Note what the body of a class gives a name to once."""
        for statement in node.body:
            if not isinstance(statement, ast.Assign) or type(statement.value) not in _LIKELY:
                continue
            own = self._path(statement.value)
            for target in statement.targets if own else ():
                if isinstance(target, ast.Name):
                    others = [one for one in node.body if one is not statement]
                    known = any(_binds(one, target.id) for one in others)
                    self.parts[node.name, target.id] = "" if known else own
                    self.targets.add(node)

    def _path(self, value: ast.expr) -> str:
        """Return the library's name of what *value* is, empty for anything else."""
        if isinstance(value, ast.Name):
            path = self._of_library.get(value.id) or self.names.get(value.id)
            return path or (f"builtins.{value.id}" if value.id in _BUILT_IN else "")
        if isinstance(value, ast.Attribute):
            return self._in_module(value)
        if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Name):
            return ""
        if value.func.id == "staticmethod" and len(value.args) == 1:
            return self._path(value.args[0])
        if value.func.id == "getattr" and len(value.args) > 1:
            asked, module = value.args[1], self._in_module(value.args[0])
            if module and isinstance(asked, ast.Constant) and isinstance(asked.value, str):
                return f"{module}.{asked.value}"
        return ""

    def _in_module(self, value: ast.expr) -> str:
        if isinstance(value, ast.Attribute):
            whole = self._in_module(value.value)
            return f"{whole}.{value.attr}" if whole else ""
        if not isinstance(value, ast.Name):
            return ""
        return self._modules.get(value.id) or self._of_library.get(value.id, "")


def _binds(statement: ast.stmt, name: str) -> bool:
    """Whether *statement* of a class may give *name* to it."""
    every = ast.walk(statement)
    return any(name in (getattr(n, "id", ""), getattr(n, "name", "")) for n in every)


def _part(node: ast.AST) -> Part:
    """Return which part of which variable *node* reads, an impossible one where it is none."""
    whole = node.value  # type: ignore[attr-defined]
    name = whole.id if type(whole) is ast.Name and type(node.ctx) is ast.Load else ""  # type: ignore[attr-defined]
    if isinstance(node, ast.Attribute):
        return name, node.attr
    key = node.slice  # type: ignore[attr-defined]
    return (name, key.value) if type(key) is ast.Constant else ("", "")


def is_of_library(node: ast.AST) -> bool:
    """Whether the import *node* takes names of the standard library."""
    assert isinstance(node, ast.ImportFrom)
    return not node.level and (node.module or "").partition(".")[0] in sys.stdlib_module_names


def _bound(kinds: Kinds, renamed: _Renamed) -> Iterator[str]:
    """Yield what the module binds in any scope, but for the library's names under others."""
    others, targets = renamed.names, renamed.targets
    for node in kinds.get(ast.Name, ()):
        if type(node.ctx) is not ast.Load and node not in targets:  # type: ignore[attr-defined]
            yield node.id  # type: ignore[attr-defined]
    for kind in _BINDING.intersection(kinds):
        yield from (_name_of(node) for node in kinds[kind] if node not in targets)
    for kind in (ast.Import, ast.ImportFrom):
        for node in kinds.get(kind, ()):
            assert isinstance(node, ast.Import | ast.ImportFrom)
            from_library = isinstance(node, ast.ImportFrom) and is_of_library(node)
            for alias in node.names:
                local = alias.asname or alias.name.partition(".")[0]
                if not (from_library and _name(others.get(local, local)) == alias.name):
                    yield local
    yield from _changed(kinds, {name for name, _ in renamed.parts})


def _changed(kinds: Kinds, wholes: Collection[str]) -> Iterator[str]:
    """Yield those of *wholes*, classes and dictionaries, of which parts may be replaced."""
    if not wholes:
        return
    read: list[ast.AST] = []
    for node in (*kinds.get(ast.Attribute, ()), *kinds.get(ast.Subscript, ())):
        whole = node.value  # type: ignore[attr-defined]
        if type(whole) is ast.Name and whole.id in wholes:
            if type(node.ctx) is ast.Load and _part(node)[0]:  # type: ignore[attr-defined]
                read.append(whole)
    plain = set(read)
    for node in kinds.get(ast.Name, ()):
        if node.id in wholes and type(node.ctx) is ast.Load and node not in plain:  # type: ignore[attr-defined]
            yield node.id  # type: ignore[attr-defined]


def _name_of(node: ast.AST) -> str:
    for name in ("name", "arg", "rest"):
        if name in node._fields:
            return getattr(node, name) or ""
    return ""
