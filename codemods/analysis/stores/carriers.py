"""Carriers: the variables and fields that lead to the store of a tracker."""

from __future__ import annotations

import ast
from functools import cached_property
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.stores.arguments import given, texts_of
from codemods.analysis.stores.collections import is_own
from codemods.analysis.sweep import Sweep
from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.tree import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.syntax.definitions import DataFlow
    from codemods.analysis.syntax.scopes import Binding
    from codemods.analysis.trackers.lifetimes import Construct

_COLLECTIONS = frozenset("list dict set deque defaultdict Counter OrderedDict Queue".split())
_DISPLAYS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
_PATHS = frozenset("str Path fspath PurePath".split())
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Assignments:
    """The assignments of a module by what they may hand on, found once for all its trackers.

    That is the variable, or the field of an object's own, at the root of the value, or of the
    object that the value is put into.
    """

    def __init__(self, taint: DataFlow) -> None:
        self.every = taint.module.every(ast.Assign)
        self.by_root: dict[Binding | str, list[int]] = {}
        for number, node in enumerate(self.every):
            values = (t.value for t in node.targets if isinstance(t, ast.Attribute))
            roots = {root_of(taint, value) for value in (node.value, *values)}
            for root in roots - {None}:
                self.by_root.setdefault(root, []).append(number)  # type: ignore[arg-type]

    @cached_property
    def of_imports(self) -> list[int]:
        """The assignments of what imports bring in, or of something that is reached through it."""
        roots = (root for root in self.by_root if not isinstance(root, str))
        found = (r for r in roots if any(isinstance(b, ast.alias) for b in r.binders))
        return [number for root in found for number in self.by_root[root]]


class Defaults:
    """What a module has to do with the stores of all its trackers, found once.

    ``names_database`` are the mentions of the default database's variable, ``captured`` the
    variables in which the runtime's doubles for tests collect metrics.
    """

    def __init__(self, taint: DataFlow) -> None:
        constants = taint.module.every(ast.Constant)
        self.names_database = [n for n in constants if n.value == words.DATABASE_VARIABLE]
        self.captured: list[Binding] = []
        for node in taint.module.every(ast.withitem):
            call = node.context_expr
            if not isinstance(call, ast.Call) or not isinstance(node.optional_vars, ast.Name):
                continue
            paths = taint.names.meaning(call.func).paths
            if any(path.startswith(f"{words.OWN_PACKAGE}.testing.") for path in paths):
                self.captured.append(taint.scopes.of(node.optional_vars))


def root_of(taint: DataFlow, value: ast.AST) -> Binding | str | None:
    """Return the variable, or the name of the own field, that *value* is reached through."""
    while isinstance(value, ast.Attribute | ast.Subscript | ast.Call):
        if isinstance(value, ast.Attribute) and is_own(value):
            return value.attr
        if isinstance(value, ast.Call) and last_name(value.func) != "Table":
            return None
        value = value.func if isinstance(value, ast.Call) else value.value
    if isinstance(value, ast.Name) and value in taint.scopes.scope_of:
        found: Binding = taint.scopes.of(value)
        return found
    return None


class Carriers:
    """What leads to the store of the tracker that *construct* builds."""

    def __init__(self, taint: DataFlow, construct: Construct) -> None:
        self._taint = taint
        self._scopes = taint.scopes
        self._parents = taint.module.parents
        self._construct = construct
        self._objects: set[Binding] = set()
        self._made_elsewhere: dict[Binding, tuple[DataFlow, ast.expr]] = {}
        #: The same by the paths of what other modules have.
        self._of_modules: dict[str, tuple[DataFlow, ast.expr]] = {}
        self._fields: set[str] = set()
        self._paths: set[str] = set()
        self._texts: set[object] = set()
        for name, value in given(construct):
            if name == words.LOG_ARGUMENT:
                self._note_path(value)
            elif name in ("", words.STORE_ARGUMENT):
                self._note(value)
        self._note_class()
        self._note_database()
        self._objects.update(self._taint.once(Defaults).captured)
        self._close()

    def _note(self, value: ast.expr) -> None:
        """Take *value*, and what it is made of, for something that leads to the store."""
        for node in walk(value):
            if isinstance(node, ast.Name) and node in self._scopes.scope_of:
                self._note_name(node)
            elif isinstance(node, ast.Attribute) and is_own(node):
                self._fields.add(node.attr)
            elif isinstance(node, ast.Attribute):
                self._note_path_of(node)

    def _note_path_of(self, node: ast.expr) -> None:
        """Take in a store that *node* names as one of another module's."""
        found = self._taint.value_elsewhere(node)
        if found is not None:
            self._of_modules[self._taint.names.meaning(node).paths[0]] = found

    def _note_name(self, name: ast.Name) -> None:
        binding = self._scopes.of(name)
        kinds = (*_FUNCTIONS, ast.ClassDef)
        definition = next((b for b in binding.binders if isinstance(b, kinds)), None)
        imported = any(isinstance(b, ast.alias) for b in binding.binders)
        if definition is not None:
            self._note_outer(definition)
        elif binding not in self._objects and imported:
            self._note_imported(name, binding)
        elif binding not in self._objects and binding.binders:
            self._objects.add(binding)
            for value in self._values(binding):
                self._note(value)

    def _note_imported(self, name: ast.Name, binding: Binding) -> None:
        """Take in a store that another module of the project makes."""
        found = self._taint.value_elsewhere(name)
        if found is not None:
            self._objects.add(binding)
            self._made_elsewhere[binding] = found
            self._note_path_of(name)

    def _note_outer(self, definition: ast.AST) -> None:
        """Take in the collections of outer scopes that a function or class works with."""
        for node in walk(definition):
            if isinstance(node, ast.Name) and node in self._scopes.scope_of:
                binding = self._scopes.of(node)
                if binding not in self._objects and self._is_collection(binding):
                    self._objects.add(binding)

    def _note_class(self) -> None:
        """Take in what a class in sight collects when its tracker stores."""
        owner = self._taint.class_of(self._construct.call.func)
        if owner is not None and owner.taint is self._taint:
            for method in owner.methods():
                if method.node.name in (words.STORE_CALL, words.FLUSH_CALL):
                    self._note_outer(method.node)

    def _note_path(self, value: ast.expr) -> None:
        for node in walk(value):
            if isinstance(node, ast.Name) and node.id not in _PATHS:
                self._paths.add(node.id)
                if node in self._scopes.scope_of:
                    for bound in self._values(self._scopes.of(node)):
                        self._texts.update(texts_of(bound))
            elif isinstance(node, ast.Attribute) and is_own(node):
                self._fields.add(node.attr)
        self._texts.update(texts_of(value))

    def _note_database(self) -> None:
        """Take in the file that the module names for the default database."""
        for node in self._taint.once(Defaults).names_database:
            parent = self._parents[node]
            if isinstance(parent, ast.Call) and last_name(parent.func) in ("setenv", "putenv"):
                for value in parent.args[1:2]:
                    self._note_path(value)
            statement = self._taint.module.statement(node)
            if isinstance(parent, ast.Subscript) and isinstance(statement, ast.Assign):
                if parent in statement.targets:
                    self._note_path(statement.value)

    def _close(self) -> None:
        """Follow other names for a carrier, and what is put into one, to a fixpoint."""
        if not (self._objects or self._fields or self._of_modules):
            return
        assignments = self._taint.once(Assignments)
        own = self._parents.get(self._construct.call)
        sweep = Sweep()
        if self._of_modules:
            sweep.concern(assignments.of_imports)
        known: set[Binding | str] = set()
        before = -1
        while before != len(self._objects) + len(self._fields):
            before = len(self._objects) + len(self._fields)
            self._concern(sweep, assignments, known)
            for number in sweep.once():
                node = assignments.every[number]
                if node is own:
                    continue
                self._follow(node)
                self._concern(sweep, assignments, known)

    def _follow(self, node: ast.Assign) -> None:
        """Note what *node* makes of a carrier, or puts into one."""
        if self._leads(node.value):
            self._bind(node.targets)
        elif any(isinstance(t, ast.Attribute) and self._leads(t.value) for t in node.targets):
            self._note(node.value)

    def _concern(self, sweep: Sweep, assignments: Assignments, known: set[Binding | str]) -> None:
        """Have *sweep* meet the assignments of the carriers that are not *known* yet."""
        if len(known) == len(self._objects) + len(self._fields):
            return
        carriers: tuple[Binding | str, ...] = (*self._objects, *self._fields)
        for one in carriers:
            if one not in known:
                known.add(one)
                sweep.concern(assignments.by_root.get(one, ()))

    def _bind(self, targets: list[ast.expr]) -> None:
        for target in targets:
            if isinstance(target, ast.Name) and target in self._scopes.scope_of:
                self._objects.add(self._scopes.of(target))
            elif isinstance(target, ast.Attribute) and is_own(target):
                self._fields.add(target.attr)

    def _leads(self, value: ast.AST) -> bool:
        """Whether *value* is a carrier or something that can be reached through it."""
        root = root_of(self._taint, value)
        if root in self._fields if isinstance(root, str) else root in self._objects:
            return True
        while self._of_modules and isinstance(value, ast.Attribute | ast.Subscript | ast.Call):
            if self._carrier(value) is not None:
                return True
            value = value.func if isinstance(value, ast.Call) else value.value
        return False

    def _carrier(self, node: ast.AST) -> Binding | str | None:
        """Return the carrier that *node* reads: a variable, or what another module has."""
        if isinstance(node, ast.Name) and node in self._scopes.scope_of:
            binding: Binding = self._scopes.of(node)
            if binding in self._objects:
                return binding
        if not self._of_modules or not isinstance(node, ast.Name | ast.Attribute):
            return None
        meaning = self._taint.names.meaning(node)
        known = meaning.certain and meaning.paths[0] in self._of_modules
        return meaning.paths[0] if known else None

    def _elsewhere(self, carrier: Binding | str | None) -> tuple[DataFlow, ast.expr] | None:
        """Return the value that a *carrier* of another module has there."""
        if carrier is None or isinstance(carrier, str):
            return self._of_modules.get(carrier or "")
        return self._made_elsewhere.get(carrier)

    def _values(self, carrier: Binding | str) -> Iterator[ast.expr]:
        for binder in () if isinstance(carrier, str) else carrier.binders:
            statement = self._parents.get(binder)
            if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
                yield statement.value
        found = self._elsewhere(carrier)
        if found is not None and not isinstance(found[1], ast.Call):
            yield found[1]

    def _is_collection(self, binding: Binding | str) -> bool:
        """Whether the variable holds a collection that somebody builds up."""
        return any(
            isinstance(value, _DISPLAYS)
            or (isinstance(value, ast.Call) and last_name(value.func) in _COLLECTIONS)
            for value in self._values(binding)
        )
