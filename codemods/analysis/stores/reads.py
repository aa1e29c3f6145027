"""Where a program looks at what its tracker has stored: a block stores at its end.

Carriers are the variables that lead to the store: what the constructor is given, what
that was made of, and other names for it.  A mention of one is a look where it is
visible that it reads what is written there.  A client that the program also works with
for other reasons is looked at only by methods whose names speak of usage or of a query.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.stores.arguments import given, texts_of
from codemods.analysis.stores.collections import (
    GROWING,
    PUTTING,
    goes_through,
    is_own,
    looks_of,
    speaks_of_a_look,
)
from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.tree import walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from codemods.analysis.syntax.definitions import DataFlow, Resolved, ResolvedClass
    from codemods.analysis.syntax.scopes import Binding
    from codemods.analysis.trackers.lifetimes import Construct

_MOCKS = frozenset("Mock MagicMock AsyncMock NonCallableMock create_autospec patch object".split())
_MOCK_LOOKS = frozenset(
    "called call_count call_args call_args_list mock_calls method_calls await_count await_args "
    "await_args_list".split()
)
_COLLECTIONS = frozenset("list dict set deque defaultdict Counter OrderedDict Queue".split())
_DISPLAYS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
_SHOWN = frozenset("print len str repr id type isinstance".split())
_PATHS = frozenset("str Path fspath PurePath".split())
# Their clients do other work too, so that a mention is no look.
_SERVICES = ("boto3", "aioboto3", "botocore", "aiobotocore")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_FARTHEST = 4
_TELLING = ("usage", "metric", "stored", "check", "assert")
_PROCESSES = frozenset(
    "subprocess.run subprocess.call subprocess.check_call subprocess.check_output subprocess.Popen "
    "subprocess.getoutput subprocess.getstatusoutput os.system os.popen runpy.run_path "
    "runpy.run_module".split()
)


class Stores:
    """What leads to the store of the tracker that *construct* builds, and who looks at it."""

    def __init__(self, taint: DataFlow, construct: Construct) -> None:
        self._taint = taint
        self._scopes = taint.scopes
        self._parents = taint.module.parents
        self._construct = construct
        self._objects: set[Binding] = set()
        self._made_elsewhere: dict[Binding, tuple[DataFlow, ast.expr]] = {}
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
        self._note_captured()
        self._close()

    def look(self, nodes: Iterable[ast.AST]) -> ast.AST | None:
        """Return a place in *nodes*, or in functions of the module they call, that looks."""
        return self._look(list(nodes), _FARTHEST)

    def _look(self, nodes: list[ast.AST], depth: int) -> ast.AST | None:
        if not (self._objects or self._fields or self._paths or self._texts):
            return None
        for root in nodes:
            for node in walk(root):
                if self._is_look(node, depth):
                    return node
        return None

    # -- carriers -----------------------------------------------------------

    def _note(self, value: ast.expr) -> None:
        """Take *value*, and what it is made of, for something that leads to the store."""
        for node in walk(value):
            if isinstance(node, ast.Name) and node in self._scopes.scope_of:
                self._note_name(node)
            elif isinstance(node, ast.Attribute) and is_own(node):
                self._fields.add(node.attr)

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
        for node in self._taint.module.every(ast.Constant):
            if node.value != words.DATABASE_VARIABLE:
                continue
            parent = self._parents[node]
            if isinstance(parent, ast.Call) and last_name(parent.func) in ("setenv", "putenv"):
                for value in parent.args[1:2]:
                    self._note_path(value)
            statement = self._taint.module.statement(node)
            if isinstance(parent, ast.Subscript) and isinstance(statement, ast.Assign):
                if parent in statement.targets:
                    self._note_path(statement.value)

    def _note_captured(self) -> None:
        """Take in what the runtime's doubles for tests collect metrics in."""
        for node in self._taint.module.every(ast.withitem):
            call = node.context_expr
            if not isinstance(call, ast.Call) or not isinstance(node.optional_vars, ast.Name):
                continue
            paths = self._taint.names.meaning(call.func).paths
            if any(path.startswith(f"{words.OWN_PACKAGE}.testing.") for path in paths):
                self._objects.add(self._scopes.of(node.optional_vars))

    def _close(self) -> None:
        """Follow other names for a carrier, and what is put into one, to a fixpoint."""
        before = -1
        while before != len(self._objects) + len(self._fields):
            before = len(self._objects) + len(self._fields)
            for node in self._taint.module.every(ast.Assign):
                if self._parents.get(self._construct.call) is node:
                    continue
                if self._leads(node.value):
                    self._bind(node.targets)
                elif any(
                    isinstance(t, ast.Attribute) and self._leads(t.value) for t in node.targets
                ):
                    self._note(node.value)

    def _bind(self, targets: list[ast.expr]) -> None:
        for target in targets:
            if isinstance(target, ast.Name) and target in self._scopes.scope_of:
                self._objects.add(self._scopes.of(target))
            elif isinstance(target, ast.Attribute) and is_own(target):
                self._fields.add(target.attr)

    def _leads(self, value: ast.AST) -> bool:
        """Whether *value* is a carrier or something that can be reached through it."""
        while isinstance(value, ast.Attribute | ast.Subscript | ast.Call):
            if isinstance(value, ast.Attribute) and is_own(value):
                return value.attr in self._fields
            if isinstance(value, ast.Call) and last_name(value.func) != "Table":
                return False
            value = value.func if isinstance(value, ast.Call) else value.value
        return isinstance(value, ast.Name) and self._is_carrier(value)

    def _is_carrier(self, name: ast.Name) -> bool:
        return name in self._scopes.scope_of and self._scopes.of(name) in self._objects

    def _values(self, binding: Binding) -> Iterator[ast.expr]:
        for binder in binding.binders:
            statement = self._parents.get(binder)
            if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
                yield statement.value
        if binding in self._made_elsewhere and not isinstance(
            self._made_elsewhere[binding][1], ast.Call
        ):
            yield self._made_elsewhere[binding][1]

    def _is_collection(self, binding: Binding) -> bool:
        """Whether the variable holds a collection that somebody builds up."""
        return any(
            isinstance(value, _DISPLAYS)
            or (isinstance(value, ast.Call) and last_name(value.func) in _COLLECTIONS)
            for value in self._values(binding)
        )

    # -- looks --------------------------------------------------------------

    def _is_look(self, node: ast.AST, depth: int) -> bool:
        if isinstance(node, ast.Constant):
            return node.value in self._texts and self._opens(node)
        if isinstance(node, ast.Call):
            return self._calls_a_look(node, depth)
        if isinstance(node, ast.Attribute) and is_own(node) and node.attr in self._fields:
            return self._is_read(node, None, depth)
        if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load):
            return False
        if node.id in self._paths and self._opens(node):
            return True
        return self._is_carrier(node) and self._is_read(node, self._scopes.of(node), depth)

    def _opens(self, node: ast.AST) -> bool:
        """Whether the file that *node* is (part of) the name of is opened, or asked for."""
        parent = self._parents.get(node)
        while isinstance(parent, ast.expr | ast.keyword):
            if isinstance(parent, ast.Call):
                name = last_name(parent.func)
                if parent is self._construct.call or name in _SHOWN - _PATHS:
                    return False
                if name not in _PATHS:
                    return True
            parent = self._parents.get(parent)
        return False

    def _calls_a_look(self, call: ast.Call, depth: int) -> bool:
        """Whether a function of the module that is called here looks at what is around it."""
        if not depth:
            return False
        definition = self._taint.definition(call.func)
        if definition is None:
            return self._runs_a_look(call)
        body: list[ast.AST] = list(definition.node.body)
        if definition.taint is not self._taint:
            return self._in_module_of(definition.taint)._look(body, depth - 1) is not None
        return self._look(body, depth - 1) is not None

    def _runs_a_look(self, call: ast.Call) -> bool:
        """Whether *call* has another process work while the tracker stores in a known file.

        That process may read the file, whatever it was told.
        """
        path = self._taint.foreign.path(call.func) or ""
        return path in _PROCESSES and bool(self._paths or self._texts)

    def _in_module_of(self, taint: DataFlow) -> Stores:
        """Return what is known of the store's file, for the functions of another module."""
        inner = Stores.__new__(Stores)
        inner.__dict__.update(self.__dict__)
        inner._taint, inner._scopes = taint, taint.scopes
        inner._parents = taint.module.parents
        inner._fields, inner._made_elsewhere = set(), {}
        homes = (taint.module.statement(v) for t, v in self._made_elsewhere.values() if t is taint)
        inner._objects = {
            taint.scopes.of(target)
            for home in homes
            if isinstance(home, ast.Assign)
            for target in home.targets
            if isinstance(target, ast.Name)
        }
        inner._texts = set(self._texts)
        inner._paths = {
            target.id
            for node in taint.module.tree.body
            if isinstance(node, ast.Assign) and texts_of(node.value) & self._texts
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        return inner

    def _is_read(self, node: ast.expr, binding: Binding | None, depth: int) -> bool:
        """Whether what is done with the carrier *node* reads what was written to it."""
        chain: list[str] = []
        top: ast.AST = node
        while isinstance(parent := self._parents.get(top), ast.Attribute):
            chain.append(parent.attr)
            top = parent
        if any(a in _MOCK_LOOKS or a.startswith("assert_") for a in chain):
            return True
        called = isinstance(parent, ast.Call) and parent.func is top
        if binding is not None and (
            self._is_collection(binding)
            or self._is_captured(binding)
            or self._is_part(binding, depth)
        ):
            return not (called and chain[-1:] and chain[-1] in GROWING)
        if chain:
            fake = self._fake(binding)
            if fake is not None:
                return looks_of(fake, chain[0])
            if self._is_built(binding):
                return not chain[-1].startswith(PUTTING)
            return speaks_of_a_look(chain[-1], called=called)
        if goes_through(node, parent) and (self._fake(binding) or self._is_built(binding)):
            return True
        given = parent.value if isinstance(parent, ast.keyword) else node
        call = self._parents.get(parent) if isinstance(parent, ast.keyword) else parent
        if not isinstance(call, ast.Call) or call is self._construct.call:
            return False
        return self._is_handed_to_a_look(call, given, binding, depth)

    def _is_part(self, binding: Binding, depth: int) -> bool:
        """Whether the variable is another name for what a carrier has collected."""
        for value in self._values(binding) if depth else ():
            root: ast.AST = value
            while isinstance(root, ast.Attribute):
                root = root.value
            if root is value or not isinstance(root, ast.Name) or not self._is_carrier(root):
                continue
            if self._is_read(root, self._scopes.of(root), depth - 1):
                return True
        return False

    def _is_captured(self, binding: Binding) -> bool:
        return any(isinstance(self._parents.get(b), ast.withitem) for b in binding.binders)

    def _is_handed_to_a_look(
        self, call: ast.Call, value: ast.expr, binding: Binding | None, depth: int
    ) -> bool:
        definition = self._taint.definition(call.func)
        if definition is not None:
            return depth > 0 and self._receives(definition, call, value, depth)
        name = last_name(call.func)
        if name == "len":
            return True
        if name in _SHOWN or self._taint.names.tracker_class(call.func) is not None:
            return False
        mock = self._is_mock(binding) or self._fake(binding) is not None
        return any(word in name for word in _TELLING) or (
            mock and self._taint.class_of(call.func) is None
        )

    def _receives(self, definition: Resolved, call: ast.Call, value: ast.expr, depth: int) -> bool:
        """Whether a function of the project looks at a parameter that is given the store."""
        taint = definition.taint
        for parameter in definition.receivers(call, value):
            inner = self._in_module_of(taint)
            scope = taint.scopes.inner[definition.node]
            inner._objects = {taint.scopes.binding(parameter, scope)}
            inner._texts, inner._paths = set(), set()
            if inner._look(list(definition.node.body), depth - 1) is not None:
                return True
        return False

    def _fake(self, binding: Binding | None) -> ResolvedClass | None:
        """Return the class of the project that the carrier is visibly an object of."""
        for value in self._values(binding) if binding is not None else ():
            if isinstance(value, ast.Call):
                owner = self._taint.class_of(value.func)
                if owner is not None:
                    return owner
        return self._fake_elsewhere(binding)

    def _fake_elsewhere(self, binding: Binding | None) -> ResolvedClass | None:
        found = self._made_elsewhere.get(binding) if binding is not None else None
        if found is None or not isinstance(found[1], ast.Call):
            return None
        return found[0].class_of(found[1].func)

    def _is_built(self, binding: Binding | None) -> bool:
        """Whether the carrier is built here, of a class that is no client of a service."""
        for value in self._values(binding) if binding is not None else ():
            if isinstance(value, ast.Call) and last_name(value.func)[:1].isupper():
                paths = self._taint.names.meaning(value.func).paths
                return not any(path.partition(".")[0] in _SERVICES for path in paths)
        return False

    def _is_mock(self, binding: Binding | None) -> bool:
        values = self._values(binding) if binding is not None else ()
        return any(isinstance(v, ast.Call) and last_name(v.func) in _MOCKS for v in values)
