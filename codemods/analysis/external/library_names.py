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
    from typing import Protocol

    class Elsewhere(Protocol):
        """What a file knows of the modules that it imports, by their names, dots included."""

        def is_foreign(self, module: str) -> bool:
            """Whether *module* is of no file of the project."""

        def is_module(self, module: str) -> bool:
            """Whether *module* is certainly a file of the project."""

        def name_of(self, module: str, name: str) -> str:
            """Return the library's name for *name* of *module*, empty if there is none."""

        def names_of(self, module: str) -> Mapping[str, str]:
            """Return the libraries' names by those that *module* has for them."""

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


def note_library_names(kinds: Kinds, elsewhere: Elsewhere | None = None) -> frozenset[str]:
    """Note at each expression of the nodes *kinds* of which name of the library it is another name.

    Only where that is sure, and cannot be taken for something else: nothing but such imports and
    assignments binds the variable, in whatever scope.
    Return the names that are noted.
    """
    renamed = _Renamed(kinds, elsewhere)
    names, parts, fields = renamed.names, renamed.parts, renamed.fields
    if not names and not parts and not fields and not renamed.given_fields:
        return frozenset()
    bound = set(_bound(kinds, renamed))
    fields += _read_of_objects(kinds, renamed) if renamed.given_fields else ()
    of_files = [(node, own) for node, root, own in fields if root not in bound]
    for node, own in of_files:
        _note(node, own, bound)
    known = {k: v for k, v in names.items() if v and k not in bound}
    for node in kinds.get(ast.Name, ()) if known else ():
        if node.id in known:  # type: ignore[attr-defined]
            _note(node, known[node.id], bound)  # type: ignore[attr-defined]
    sure = {k: v for k, v in parts.items() if v and k[0] not in bound}
    for node in (*kinds.get(ast.Attribute, ()), *kinds.get(ast.Subscript, ())) if sure else ():
        path = sure.get(_part(node))
        if path is not None:
            _note(node, path, bound)
    noted = map(_name, (*known.values(), *sure.values(), *(own for _, own in of_files)))
    return frozenset(noted)


def given_to_others(kinds: Kinds, elsewhere: Elsewhere | None) -> Mapping[str, str]:
    """Return what others may import of the module of *kinds*: libraries' names by those of here."""
    renamed = _Renamed(kinds, elsewhere)
    bound = set(_bound(kinds, renamed))
    every = {**renamed.library, **renamed.names}
    return {name: path for name, path in every.items() if path and name not in bound}


def _note(node: ast.AST, path: str, bound: Collection[str]) -> None:
    """Note at *node* what it is; the last name alone only where nothing here has it, too."""
    node.own_path = path  # type: ignore[attr-defined]
    if _name(path) not in bound:
        node.own = _name(path)  # type: ignore[attr-defined]


def _name(path: str) -> str:
    return path.rpartition(".")[2]


class _Renamed:
    """The library's names, qualified, by the other ones that a file gives them.

    They are empty where they differ.
    """

    def __init__(self, kinds: Kinds, elsewhere: Elsewhere | None) -> None:
        self.names: dict[str, str] = {}
        self.parts: dict[Part, str] = {}
        #: What is imported of libraries, by its name here.
        self.library: dict[str, str] = {}
        #: The variables, classes and dictionaries, where they are given such values.
        self.targets: set[ast.AST] = set()
        #: The imports that bring in what another file has of a library.
        self.given: set[ast.alias] = set()
        #: The imports of libraries themselves.
        self.taken: set[ast.alias] = set()
        #: What objects are given, by the variable of the object, mostly ``self``, and the field.
        self.given_fields: dict[tuple[str, str], str] = {}
        self._elsewhere = elsewhere
        self._modules: dict[str, str] = {}
        for node in kinds.get(ast.Import, ()):
            for alias in node.names:  # type: ignore[attr-defined]
                top = alias.name.partition(".")[0]
                if self._is_foreign(alias.name):
                    self._modules[alias.asname or top] = alias.name if alias.asname else top
        for node in kinds.get(ast.ImportFrom, ()):
            assert isinstance(node, ast.ImportFrom)
            if not node.level and self._is_foreign(node.module or ""):
                self._import(node)
            elif elsewhere is not None:
                self._import_of_project(node, elsewhere)
        #: What is read of modules of the project, with the name that leads there.
        self.fields: list[tuple[ast.AST, str, str]] = []
        if elsewhere is not None:
            self._read_of_files(kinds, elsewhere)
        for kind in (ast.Assign, ast.AnnAssign, ast.NamedExpr):
            for node in kinds.get(kind, ()):
                if type(node.value) in _LIKELY:  # type: ignore[attr-defined]
                    self._assign(node)
        for node in kinds.get(ast.ClassDef, ()):
            self._in_class(node)  # type: ignore[arg-type]

    def _is_foreign(self, module: str) -> bool:
        if module.partition(".")[0] in sys.stdlib_module_names:
            return True
        return self._elsewhere is not None and self._elsewhere.is_foreign(module)

    def _import(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            other, path = alias.asname, f"{node.module}.{alias.name}"
            self.library[other or alias.name] = path
            self.taken.add(alias)
            if other is not None and other != alias.name:
                self._add(other, path)

    def _import_of_project(self, node: ast.ImportFrom, elsewhere: Elsewhere) -> None:
        """Note the names that another file has of libraries; those that stay the same, too."""
        module = "." * node.level + (node.module or "")
        for alias in node.names:
            if alias.name == "*":
                found = elsewhere.names_of(module)
            else:
                path = elsewhere.name_of(module, alias.name)
                found = {alias.asname or alias.name: path} if path else {}
            for other, path in found.items():
                self.library[other] = path
                self._add(other, path)
                self.given.add(alias)

    def _read_of_files(self, kinds: Kinds, elsewhere: Elsewhere) -> None:
        """Note the fields of modules of the project that are names of libraries."""
        roots = {
            local: path
            for node in (*kinds.get(ast.Import, ()), *kinds.get(ast.ImportFrom, ()))
            for alias in node.names  # type: ignore[attr-defined]
            for local, path in self._module_of(node, alias, elsewhere)
        }
        replaced = set()
        found = []
        for node in kinds.get(ast.Attribute, ()) if roots else ():
            root, *names = _chain(node)
            if root in roots and names:
                module = ".".join((roots[root], *names[:-1]))
                found.append((node, root, module, names[-1]))
                if type(node.ctx) is not ast.Load:  # type: ignore[attr-defined]
                    replaced.add(names[-1])
        for node, root, module, name in found:
            path = elsewhere.name_of(module, name) if name not in replaced else ""
            if path:
                self.fields.append((node, root, path))

    def _module_of(
        self, node: ast.AST, alias: ast.alias, elsewhere: Elsewhere
    ) -> Iterator[tuple[str, str]]:
        """Yield the name by which *alias* brings in a module of the project, and the module."""
        if isinstance(node, ast.ImportFrom):
            before = "." * node.level + (node.module or "")
            dotted = f"{before}{'' if before.endswith('.') else '.'}{alias.name}"
            local, path = alias.asname or alias.name, dotted
            known = not before or alias in self.given or self._is_foreign(before)
        else:
            top = alias.name.partition(".")[0]
            local, path = (alias.asname, alias.name) if alias.asname else (top, top)
            known, dotted = self._is_foreign(alias.name), alias.name
        if not known and elsewhere.is_module(dotted):
            self.given.add(alias)
            yield local, path

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
        if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
            self._add_field(target.value.id, target, self._path(value))
        if not isinstance(target, ast.Name):
            return
        if isinstance(value, ast.Dict):
            self._entries(target, value)
            return
        own = self._path(value)
        if own and _name(own) != target.id:
            self._add(target.id, own)
            self.targets.add(target)

    def _add_field(self, of: str, target: ast.Attribute | ast.Name, own: str) -> None:
        """Note what an object is given; two that have the same name may be either."""
        if own:
            key = of, target.attr if isinstance(target, ast.Attribute) else target.id
            self.given_fields[key] = own if self.given_fields.get(key, own) == own else ""
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
                    self._add_field("self", target, self.parts[node.name, target.id])

    def _path(self, value: ast.expr) -> str:
        """Return the library's name of what *value* is, empty for anything else."""
        if isinstance(value, ast.Name):
            path = self.library.get(value.id) or self.names.get(value.id)
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
        return self._modules.get(value.id) or self.library.get(value.id, "")


def _chain(node: ast.AST) -> list[str]:
    """Return the names of a dotted expression, an empty one first where it begins otherwise."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.insert(0, node.attr)
        node = node.value
    return [node.id if isinstance(node, ast.Name) else "", *names]


def _binds(statement: ast.stmt, name: str) -> bool:
    """Whether *statement* of a class may give *name* to it."""
    every = ast.walk(statement)
    return any(name in (getattr(n, "id", ""), getattr(n, "name", "")) for n in every)


def _read_of_objects(kinds: Kinds, renamed: _Renamed) -> Iterator[tuple[ast.AST, str, str]]:
    """Yield the fields that are read of objects which were given functions of libraries, and these.

    Only where nothing else is stored in a field of that name, of whatever object.
    """
    fields = kinds.get(ast.Attribute, ())
    stored = {
        node.attr  # type: ignore[attr-defined]
        for node in fields
        if type(node.ctx) is not ast.Load and node not in renamed.targets  # type: ignore[attr-defined]
    }
    for node in fields:
        path = renamed.given_fields.get(_part(node), "")  # type: ignore[arg-type]
        if path and node.attr not in stored:  # type: ignore[attr-defined]
            yield node, node.attr, path  # type: ignore[attr-defined]


def _part(node: ast.AST) -> Part:
    """Return which part of which variable *node* reads, an impossible one where it is none."""
    whole = node.value  # type: ignore[attr-defined]
    name = whole.id if type(whole) is ast.Name and type(node.ctx) is ast.Load else ""  # type: ignore[attr-defined]
    if isinstance(node, ast.Attribute):
        return name, node.attr
    key = node.slice  # type: ignore[attr-defined]
    return (name, key.value) if type(key) is ast.Constant else ("", "")


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
            for alias in node.names:
                local = alias.asname or alias.name.partition(".")[0]
                own = alias in renamed.given or (
                    alias in renamed.taken and _name(others.get(local, local)) == alias.name
                )
                if not own:
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
