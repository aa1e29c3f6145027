"""Where a program looks at what its tracker has stored: a block stores at its end.

Carriers are the variables that lead to the store: what the constructor is given, what
that was made of, and other names for it.  A mention of one is a look where it is
visible that it reads what is written there.  A client that the program also works with
for other reasons is looked at only by methods whose names speak of usage or of a query.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.stores.arguments import texts_of
from codemods.analysis.stores.carriers import Carriers
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
    from collections.abc import Iterable

    from codemods.analysis.syntax.definitions import DataFlow, Resolved, ResolvedClass
    from codemods.analysis.syntax.scopes import Binding

_MOCKS = frozenset("Mock MagicMock AsyncMock NonCallableMock create_autospec patch object".split())
_MOCK_LOOKS = frozenset(
    "called call_count call_args call_args_list mock_calls method_calls await_count await_args "
    "await_args_list".split()
)
_SHOWN = frozenset("print len str repr id type isinstance".split())
_PATHS = frozenset("str Path fspath PurePath".split())
# Their clients do other work too, so that a mention is no look.
_SERVICES = ("boto3", "aioboto3", "botocore", "aiobotocore")
_FARTHEST = 4
_TELLING = ("usage", "metric", "stored", "check", "assert")
_PROCESSES = frozenset(
    "subprocess.run subprocess.call subprocess.check_call subprocess.check_output subprocess.Popen "
    "subprocess.getoutput subprocess.getstatusoutput os.system os.popen runpy.run_path "
    "runpy.run_module".split()
)


class Stores(Carriers):
    """What leads to the store of the tracker that *construct* builds, and who looks at it."""

    @property
    def are_known(self) -> bool:
        """Whether anything is known to lead there: else nothing is seen to look at it."""
        known = (self._objects, self._fields, self._of_modules, self._paths, self._texts)
        return any(known)

    def look(self, nodes: Iterable[ast.AST]) -> ast.AST | None:
        """Return a place in *nodes*, or in functions of the module they call, that looks."""
        return self._look(list(nodes), _FARTHEST)

    def _look(self, nodes: list[ast.AST], depth: int) -> ast.AST | None:
        if not self.are_known:
            return None
        for root in nodes:
            for node in walk(root):
                if self._is_look(node, depth):
                    return node
        return None

    # -- looks --------------------------------------------------------------

    def _is_look(self, node: ast.AST, depth: int) -> bool:
        if isinstance(node, ast.Constant):
            return node.value in self._texts and self._opens(node)
        if isinstance(node, ast.Call):
            return self._calls_a_look(node, depth)
        if isinstance(node, ast.Attribute) and is_own(node) and node.attr in self._fields:
            return self._is_read(node, None, depth)
        if not isinstance(node, ast.Name | ast.Attribute) or not isinstance(node.ctx, ast.Load):
            return False
        if isinstance(node, ast.Name) and node.id in self._paths and self._opens(node):
            return True
        carrier = self._carrier(node)
        return carrier is not None and self._is_read(node, carrier, depth)

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
        every = (*self._made_elsewhere.values(), *self._of_modules.values())
        homes = (taint.module.statement(v) for t, v in every if t is taint)
        made = [home for home in homes if isinstance(home, ast.Assign)]
        inner._objects = {taint.scopes.of(target) for target in _names_bound(made)}
        inner._texts = set(self._texts)
        body = (node for node in taint.module.tree.body if isinstance(node, ast.Assign))
        paths = [node for node in body if texts_of(node.value) & self._texts]
        inner._paths = {target.id for target in _names_bound(paths)}
        return inner

    def _is_read(self, node: ast.expr, binding: Binding | str | None, depth: int) -> bool:
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

    def _is_part(self, binding: Binding | str, depth: int) -> bool:
        """Whether the variable is another name for what a carrier has collected."""
        for value in self._values(binding) if depth else ():
            root = value
            while isinstance(root, ast.Attribute):
                root = root.value
                carrier = self._carrier(root)
                if carrier is not None and self._is_read(root, carrier, depth - 1):
                    return True
        return False

    def _is_captured(self, binding: Binding | str) -> bool:
        if isinstance(binding, str):
            return False
        return any(isinstance(self._parents.get(b), ast.withitem) for b in binding.binders)

    def _is_handed_to_a_look(
        self, call: ast.Call, value: ast.expr, binding: Binding | str | None, depth: int
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

    def _fake(self, binding: Binding | str | None) -> ResolvedClass | None:
        """Return the class of the project that the carrier is visibly an object of."""
        for value in self._values(binding) if binding is not None else ():
            if isinstance(value, ast.Call):
                owner = self._taint.class_of(value.func)
                if owner is not None:
                    return owner
        return self._fake_elsewhere(binding)

    def _fake_elsewhere(self, binding: Binding | str | None) -> ResolvedClass | None:
        found = self._elsewhere(binding)
        if found is None or not isinstance(found[1], ast.Call):
            return None
        return found[0].class_of(found[1].func)

    def _is_built(self, binding: Binding | str | None) -> bool:
        """Whether the carrier is built here, of a class that is no client of a service."""
        for value in self._values(binding) if binding is not None else ():
            if isinstance(value, ast.Call) and last_name(value.func)[:1].isupper():
                paths = self._taint.names.meaning(value.func).paths
                return not any(path.partition(".")[0] in _SERVICES for path in paths)
        return False

    def _is_mock(self, binding: Binding | str | None) -> bool:
        values = self._values(binding) if binding is not None else ()
        return any(isinstance(v, ast.Call) and last_name(v.func) in _MOCKS for v in values)


def _names_bound(assignments: Iterable[ast.Assign]) -> list[ast.Name]:
    return [t for node in assignments for t in node.targets if isinstance(t, ast.Name)]
