"""Callees that no call names, and all of which are in sight: of parameters, and of tables."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from codemods.analysis.dataflow.call_graph import reachable
from codemods.analysis.dataflow.deferred.callbacks import called_by, unknown_calls
from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.definitions import Resolved, method_of
from codemods.analysis.syntax.signatures import default_of
from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers.lifetimes import is_none
from codemods.rules.checks.callers import mentions_of, unseen_uses

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.definitions import DataFlow
    from codemods.analysis.syntax.scopes import Binding

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DISPLAYS = (ast.Dict, ast.List, ast.Tuple, ast.Set)
#: What reads a collection that it is given, and neither changes nor keeps it.
_READING = frozenset("len sorted list tuple set dict iter enumerate any all bool print".split())
#: What else is in a thread's arguments is run by the target alone, if at all.
_THREAD = "threading.Thread"
_OF_THREADS = frozenset({"start", "join"})
_LOOKING = frozenset("get items keys values".split())
#: Annotations of parameters that only read what they are given.
_READ_ONLY = frozenset("Iterable Iterator Sequence Mapping Collection Container Sized".split())


class _Value(NamedTuple):
    """A function that a parameter may have, and what else is run where it is called."""

    function: Resolved
    decorators: tuple[ast.expr, ...] = ()


class KnownCallees:
    """What the variables of a module that are called may be; each is looked at once."""

    def __init__(self, semantic: SemanticModel) -> None:
        self._semantic = semantic
        self._given: dict[Binding, list[_Value] | None] = {}
        self._tables: dict[Binding, bool] = {}

    def is_known(self, taint: DataFlow, called: ast.expr) -> bool:
        """Whether all that *called*, of the module of *taint*, may be is in sight.

        That is among what ``given_in`` tells, or what its table is seen to hold.
        """
        if taint is not self._semantic.taint:
            return False
        if isinstance(called, ast.Attribute):
            return self._run_by_thread(called) is not None
        binding = self._variable(called)
        if binding is not None and binding.parameter is not None:
            return self._values(binding) is not None
        return self._is_of_table(called)

    def given_in(self, body: Sequence[ast.AST]) -> list[Resolved]:
        """Return what *body* calls by parameters, or as threads, with all that this may call."""
        found: dict[ast.AST, Resolved] = {}
        names = [n for part in body for n in walk(part) if isinstance(n, ast.Name)]
        parents = self._semantic.module.parents
        called = (n for n in names if getattr(parents.get(n), "func", None) is n)
        variables = [v for v in dict.fromkeys(map(self._variable, called)) if v is not None]
        values = [v for one in variables if one.parameter for v in self._values(one) or ()]
        values += [v for n in names for v in self._run_by_thread(parents.get(n)) or ()]
        for value in values:
            one = value.function
            led = reachable(one.taint, [*one.node.body, *value.decorators])
            found.update((each.node, each) for each in (one, *led))
        return list(found.values())

    def calls_unknown(self, body: Sequence[ast.AST]) -> bool:
        """Whether *body*, or what it calls, calls something that may be anything handed on.

        What a method of an unknown object runs is asked by its name elsewhere (``Registered``).
        """
        roots: list[tuple[DataFlow, Sequence[ast.AST]]] = [(self._semantic.taint, body)]
        roots += ((one.taint, one.node.body) for one in self.given_in(body))
        return any(
            not (isinstance(called, ast.Attribute) or self.is_known(home, called))
            for taint, part in roots
            for home, call in unknown_calls(taint, part)
            for called in called_by(home, call)
        )

    def _variable(self, name: ast.expr) -> Binding | None:
        scopes = self._semantic.scopes
        return scopes.of(name) if isinstance(name, ast.Name) and name in scopes.scope_of else None

    def _run_by_thread(self, method: ast.AST | None) -> list[_Value] | None:
        """Return what ``thread.start`` runs; None if *method* is of no thread, or that hides."""
        if not isinstance(method, ast.Attribute) or method.attr not in _OF_THREADS:
            return None
        thread = self._variable(method.value)
        maker = thread.binders[0] if thread is not None and len(thread.binders) == 1 else None
        around = self._semantic.module.parents.get(maker) if maker is not None else None
        made = around.value if isinstance(around, ast.Assign) else None
        if thread is None or thread.declared or not isinstance(made, ast.Call) or made.args:
            return None
        if set(self._semantic.names.meaning(made.func).paths) != {_THREAD}:
            return None
        given = {keyword.arg: keyword.value for keyword in made.keywords}
        target = given.get("target")
        if None in given or not isinstance(target, ast.Name):
            return None
        function = self._semantic.taint.known(target)
        return None if function is None else [_Value(function, tuple(function.node.decorator_list))]

    def _values(self, variable: Binding) -> list[_Value] | None:
        if variable not in self._given:
            self._given[variable] = None  # it may be given itself
            self._given[variable] = self._all_given(variable)
        return self._given[variable]

    def _all_given(self, variable: Binding) -> list[_Value] | None:
        """Return all functions that callers give to the parameter *variable*; None if one hides."""
        function, parameter = variable.scope.node, variable.parameter
        if not isinstance(function, _FUNCTIONS) or parameter is None or function.decorator_list:
            return None
        rest = (function.args.vararg, function.args.kwarg)
        if parameter in rest or variable.declared or variable.deletes:
            return None
        if not all(isinstance(binder, ast.arg) for binder in variable.binders):
            return None
        values: list[_Value] = []
        sites = self._sites(function)
        for semantic, site in sites or ():
            given = self._given_at(semantic, site, function, parameter)
            if given is None:
                return None
            values += given
        return values if sites else None

    def _sites(
        self, function: ast.FunctionDef | ast.AsyncFunctionDef
    ) -> Sequence[tuple[SemanticModel, ast.expr]] | None:
        """Return the places of all files that have *function*, as what is called there.

        It is one of the module's own, or what one of these makes and returns.
        """
        parents = self._semantic.module.parents
        around = parents[function]
        if not isinstance(around, ast.Module):
            if not isinstance(around, ast.FunctionDef) or around.decorator_list:
                return None
            own = self._semantic.scopes.binding(function.name, self._semantic.scopes.inner[around])
            loads = [parents[load] for load in own.loads]
            returned = all(isinstance(load, ast.Return) for load in loads)
            if own.binders != [function] or not returned or not loads:
                return None
            outer = self._sites(around) if isinstance(parents[around], ast.Module) else None
            made = [(s, s.module.parents[site], site) for s, site in outer or ()]
            called = [(s, c) for s, c, f in made if isinstance(c, ast.Call) and c.func is f]
            return called if len(called) == len(made) else None
        sites: list[tuple[SemanticModel, ast.expr]] = []
        for mention in mentions_of(self._semantic, function):
            if mention is None or not mention.certain or not isinstance(mention.name, ast.expr):
                return None
            sites.append((mention.semantic, mention.name))
        return sites

    def _given_at(
        self,
        semantic: SemanticModel,
        site: ast.expr,
        function: ast.FunctionDef | ast.AsyncFunctionDef,
        parameter: ast.arg,
    ) -> list[_Value] | None:
        """Return what the use of *function* at *site* gives to *parameter*; None if that hides."""
        around = semantic.module.parents[site]
        arguments = function.args
        if isinstance(around, _FUNCTIONS) and site in around.decorator_list:
            if parameter not in (*arguments.posonlyargs, *arguments.args)[:1]:
                return None
            below = around.decorator_list[around.decorator_list.index(site) + 1 :]
            return [_Value(_function(semantic, around), tuple(below))]
        if not isinstance(around, ast.Call) or around.func is not site:
            return None
        if any(isinstance(a, ast.Starred) for a in around.args):
            return None
        if any(keyword.arg is None for keyword in around.keywords):
            return None
        values = [*around.args, *(keyword.value for keyword in around.keywords)]
        resolved = Resolved(self._semantic.taint, function)
        given = [v for v in values if resolved.parameter(around, v) == parameter.arg]
        value = given[0] if given else default_of(arguments, parameter)
        if value is None or not is_none(value):
            named = isinstance(value, ast.Name | ast.Attribute)
            found = semantic.taint.definition(value) if named and value is not None else None
            return None if found is None else [_Value(found, tuple(found.node.decorator_list))]
        return []

    def _is_of_table(self, called: ast.expr) -> bool:
        """Whether *called* is taken out of a table of the module that nobody changes."""
        table = self._taken_from(called)
        if table is None:
            binding = self._variable(called)
            binder = binding.binders[0] if binding and len(binding.binders) == 1 else None
            table = self._source(binder) if binder is not None else None
        variable = self._variable(table) if table is not None else None
        if variable is None or not variable.scope.is_module:
            return False
        if variable not in self._tables:
            self._tables[variable] = self._is_constant(variable)
        return self._tables[variable]

    def _source(self, binder: ast.AST) -> ast.expr | None:
        """Return the table that the variable bound at *binder* has its value from."""
        parents = self._semantic.module.parents
        around: ast.AST | None = parents.get(binder)
        part: ast.AST = binder
        if isinstance(around, ast.Assign) and around.targets == [binder]:
            return self._taken_from(around.value)
        while isinstance(around, ast.Tuple | ast.List):
            part = around
            around = parents.get(part)
        if not isinstance(around, ast.For | ast.comprehension) or around.target is not part:
            return None
        looked = around.iter
        if isinstance(looked, ast.Call) and isinstance(looked.func, ast.Attribute):
            is_key = looked.func.attr == "items" and getattr(part, "elts", [binder])[0] is binder
            is_look = looked.func.attr in ("values", "items") and not (looked.args or is_key)
            return looked.func.value if is_look else None
        table = self._variable(looked)
        makers = [parents.get(one) for one in table.binders] if table is not None else []
        kinds = (type(getattr(maker, "value", None)) for maker in makers)
        return looked if not {ast.Dict, ast.DictComp}.intersection(kinds) else None

    def _taken_from(self, value: ast.expr) -> ast.expr | None:
        """Return the table that *value* is an element of: ``table[key]``, ``table.get(key)``."""
        if isinstance(value, ast.Subscript):
            return value.value
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
            if value.func.attr == "get" and len(value.args) == 1 and not value.keywords:
                return value.func.value
        return None

    def _is_constant(self, variable: Binding) -> bool:
        """Whether the table *variable* holds functions and classes in sight, and is only read."""
        semantic = self._semantic
        parents = semantic.module.parents
        around = parents.get(variable.binders[0]) if len(variable.binders) == 1 else None
        if not isinstance(around, ast.Assign | ast.AnnAssign) or around.value is None:
            return False
        if variable.declared or variable.deletes or not self._is_display(around.value):
            return False
        if semantic.elsewhere.is_replaced(variable.name):
            return False
        if not all(_is_read(semantic, load) for load in variable.loads):
            return False
        if not semantic.used_elsewhere(variable.name):
            return True
        seen = set()
        for other in semantic.elsewhere.mentioning(variable.name):
            if other is None or any(a.asname for a in _imports(other, variable.name)):
                return False
            for node in other.module.called(variable.name):
                seen.add(f"{other.module.source.display}:{node.lineno}")
                if not _is_read(other, node):
                    return False
        return not any(unseen_uses(semantic, variable.name, seen))

    def _is_display(self, value: ast.expr) -> bool:
        """Whether *value* shows all that the table holds, and that this is known code or plain."""
        taint = self._semantic.taint
        if isinstance(value, ast.Dict):
            return None not in value.keys and all(map(self._is_display, value.values))
        if isinstance(value, ast.List | ast.Tuple | ast.Set):
            return all(map(self._is_display, value.elts))
        if isinstance(value, ast.ListComp | ast.SetComp | ast.DictComp):
            made = value.value if isinstance(value, ast.DictComp) else value.elt
            targets = {
                g.target.id: g.iter for g in value.generators if isinstance(g.target, ast.Name)
            }
            source = targets.get(made.id) if isinstance(made, ast.Name) else None
            return isinstance(source, _DISPLAYS) and self._is_display(source)
        if isinstance(value, ast.Name | ast.Attribute):
            return (taint.definition(value) or taint.class_of(value)) is not None
        return isinstance(value, ast.Constant | ast.Lambda)


def _function(semantic: SemanticModel, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Resolved:
    inside = isinstance(semantic.module.parents[node], ast.ClassDef)
    return method_of(semantic.taint, node) if inside else Resolved(semantic.taint, node)


def _imports(semantic: SemanticModel, name: str) -> Iterator[ast.alias]:
    return (a for a in semantic.module.every(ast.alias) if a.name == name)


def _is_read(semantic: SemanticModel, name: ast.expr) -> bool:
    """Whether the collection *name* is only read at that place."""
    parents = semantic.module.parents
    around = parents[name]
    if not isinstance(getattr(name, "ctx", None), ast.Load):
        return False
    if isinstance(around, ast.Subscript):
        return around.value is name and isinstance(around.ctx, ast.Load)
    if isinstance(around, ast.Attribute):
        call = parents[around]
        is_called = isinstance(call, ast.Call) and call.func is around
        return is_called and around.attr in _LOOKING
    if isinstance(around, ast.Call):
        return name in around.args and last_name(around.func) in _READING
    if isinstance(around, ast.For | ast.comprehension):
        return around.iter is name
    if isinstance(around, ast.arguments):
        return _read_only_default(around, name)
    return isinstance(around, ast.Compare)


def _read_only_default(arguments: ast.arguments, value: ast.expr) -> bool:
    every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    given = next((p for p in every if default_of(arguments, p) is value), None)
    said = given.annotation if given is not None else None
    named = said.value if isinstance(said, ast.Subscript) else said
    return named is not None and last_name(named) in _READ_ONLY
