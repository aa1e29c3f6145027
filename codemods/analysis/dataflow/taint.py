"""Where a tracker travels: what holds it, lazily uses it, and lets it out.

A value is *tainted* when it is the tracker, contains it, or will use it later
(alias, container, closure, partial, wrapped client, coroutine not yet awaited).
Tainted variables are found to a fixpoint over the statements of a lifetime; a strong
value that is returned, stored elsewhere or handed to something that goes on by
itself is an escape.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from codemods.analysis.dataflow.deferred.callables import Callables
from codemods.analysis.dataflow.holders import family
from codemods.analysis.dataflow.library_models.calls import ForeignCalls
from codemods.analysis.dataflow.taint_records import Flow, Summary
from codemods.analysis.dataflow.transfer import Passage
from codemods.analysis.syntax.definitions import (
    Found,
    Resolved,
    ResolvedClass,
    ResolvedModule,
    ResolvedValue,
    method_of,
    parameters_for_classes,
    results_of,
)
from codemods.analysis.syntax.mentions import Concern
from codemods.analysis.syntax.tree import walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from codemods.analysis.syntax.definitions import DataFlow, Index, Registry
    from codemods.analysis.syntax.names import Names
    from codemods.analysis.syntax.parsed_module import ParsedModule
    from codemods.analysis.syntax.scopes import Binding, Scope, Scopes

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Taint:
    """Follows a value through the statements of one scope."""

    def __init__(
        self,
        module: ParsedModule,
        scopes: Scopes,
        names: Names,
        resolve: Callable[[str], Found | None],
        provides: Callable[[str], bool],
        registry: Registry,
    ) -> None:
        self.module = module
        self.scopes = scopes
        self.names = names
        self._resolve = resolve
        #: Whether any file of the project gives something of a name to objects, or may.
        self.provides = provides
        self.registry = registry
        self.foreign = ForeignCalls(self)
        self.callables = Callables(self, self.foreign)
        self._summaries: dict[tuple[ast.AST, str, frozenset[str], str | None], Summary] = {}
        #: Functions that were looked at, with all that they call, and end no process, and variables
        #: that hold no such thing; functions that do, or lead to one.
        self.harmless: set[ast.AST | Binding] = set()
        self.deadly: set[ast.AST] = set()
        #: What the code of a class gives to fields, by their names.
        self.given_in: dict[ast.ClassDef, dict[str, list[ast.expr]]] = {}
        #: The functions that the module hands on as values, once somebody asked.
        self.handed_on: frozenset[ast.AST] | None = None
        #: For each part of the module that was looked at, whether it calls something unknown.
        self.calls_unknown: dict[ast.AST, bool] = {}
        #: For each expression that was looked at, whether somebody may have put a function in it.
        self.strange: dict[ast.expr, bool] = {}
        #: For each part of the module that was looked at, the functions that it names, and the
        #: lambdas that its names have with them.
        self.named_in: dict[ast.AST, tuple[list[Resolved], list[tuple[DataFlow, ast.AST]]]] = {}
        self._names: dict[ast.expr, Resolved | ResolvedClass | None] = {}
        self._bound: dict[Binding, Resolved | ResolvedClass | None] = {}
        self.makings: dict[tuple[ast.Call, tuple[int, ...]], Any] = {}
        self._indices: dict[Any, Any] = {}
        self._definitions: dict[ast.expr, Resolved | None] = {}
        self._methods: dict[str, list[ast.FunctionDef | ast.AsyncFunctionDef]] = {}
        for node in module.functions:
            if isinstance(module.parents[node], ast.ClassDef):
                self._methods.setdefault(node.name, []).append(node)
        every = (node for methods in self._methods.values() for node in methods)
        self._own_classes = parameters_for_classes(every)

    def once(self, kind: Callable[[DataFlow], Index]) -> Index:
        """Return ``kind(self)``: an index of the module, made the first time."""
        if kind not in self._indices:
            self._indices[kind] = kind(self)
        found: Index = self._indices[kind]
        return found

    def follow(
        self,
        root: Binding | tuple[Binding, str] | None,
        statements: Iterable[ast.stmt],
        scope: Scope,
        aliases: Iterable[Binding] = (),
        *,
        calls_give: bool = True,
        plain: Iterable[tuple[Binding, str]] = (),
        passing: bool = False,
        fields: Iterable[str] = (),
        givers: Iterable[ast.AST] = (),
    ) -> Flow:
        """Follow the value of *root* through *statements* of *scope*.

        *root* is a variable, or a field of one as (variable, name), which other *fields* of it
        hold too; None where calls give the value, the *givers*.  *passing* says that the function
        of *scope* returns before the block ends.
        """
        listed = list(statements)
        flow = Flow(givers=frozenset(givers))
        if isinstance(root, tuple):
            flow.attributes = {root, *((root[0], name) for name in fields)}
        roots = () if root is None or isinstance(root, tuple) else (root,)
        flow.tainted.update((*roots, *aliases))
        flow.roots = frozenset(flow.tainted)
        flow.calls_give = calls_give
        flow.plain = frozenset(plain)
        flow.frame = None if passing else scope
        run = Passage(self, scope, flow, listed)
        concern = Concern(self, listed)
        concern.bindings(owner for owner, _ in flow.attributes)
        concern.nodes(flow.givers)
        before = -1
        while before != len(flow.tainted):
            before = len(flow.tainted)
            for found in (flow.escapes, flow.trusted, flow.sets, flow.older, flow.reads):
                found.clear()
            flow.assumed.clear()
            concern.bindings(flow.tainted.fresh())
            for statement in concern.once():
                run.statement(statement)
                concern.bindings(flow.tainted.fresh())
        return flow

    def definition(self, name: ast.expr) -> Resolved | None:
        """Return the function of this project that *name* certainly is."""
        if name not in self._definitions:
            self._definitions[name] = self._defined(name)
        return self._definitions[name]

    def _defined(self, name: ast.expr) -> Resolved | None:
        found = self._named(name)
        if found is not None or not isinstance(name, ast.Attribute):
            return found if isinstance(found, Resolved) else None
        if self.names.meaning(name).certain:
            owner = self.class_of(name.value)
            found = family(owner).method(name.attr) if owner is not None else None
            return found.of_class() if found is not None else None
        return self._method(name)

    def known(self, name: ast.expr) -> Resolved | None:
        """Return the function that *name* is by its import, its object's class, or an alias.

        Unlike with ``definition``, that it is the only method of its name is no reason.
        """
        found = self._named(name)
        if found is not None:
            return found if isinstance(found, Resolved) else None
        if isinstance(name, ast.Attribute):
            owner = self.object_class(name.value)
            if owner is not None:
                return family(owner).method(name.attr)
            owner = self.class_of(name.value)
            found = family(owner).method(name.attr) if owner is not None else None
            return found.of_class() if found is not None else None
        value = self._alias(name) if isinstance(name, ast.Name) else None
        return self._named_function(value) if value is not None else None

    def object_class(self, value: ast.expr) -> ResolvedClass | None:
        """Return the class in sight that *value* is an object of, as far as can be seen."""
        found = self.made_by(value) or self._own_class(value)
        if found is None and isinstance(value, ast.Name) and value in self.scopes.scope_of:
            binders = self.scopes.of(value).binders
            binder = binders[0] if len(binders) == 1 else None
            annotation = binder.annotation if isinstance(binder, ast.arg) else None
            found = self.class_of(annotation) if annotation is not None else None
        return found

    def method_around(self, node: ast.AST) -> Resolved | None:
        """Return the method that *node* stands in."""
        function = self.module.function_around(node)
        inside = function is not None and isinstance(self.module.parents[function], ast.ClassDef)
        return method_of(self, function) if function is not None and inside else None

    def _named_function(self, name: ast.expr) -> Resolved | None:
        found = self._named(name)
        return found if isinstance(found, Resolved) else None

    def followed(self, value: ast.expr) -> ast.expr:
        """Return what a variable that is bound once holds, or *value*: the library's are known."""
        plain = isinstance(value, ast.Name) and not hasattr(value, "own_path")
        if not plain or value not in self.scopes.scope_of:
            return value
        binders = self.scopes.of(value).binders  # type: ignore[arg-type]
        made = self.module.parents.get(binders[0]) if len(binders) == 1 else None
        plain = isinstance(made, ast.Assign) and made.targets == [binders[0]]
        return made.value if plain and isinstance(made, ast.Assign) else value

    def _alias(self, name: ast.Name) -> ast.expr | None:
        """Return the name that the variable *name* is only another one of."""
        if name not in self.scopes.scope_of:
            return None
        binders = self.scopes.of(name).binders
        statement = self.module.parents.get(binders[0]) if len(binders) == 1 else None
        if not isinstance(statement, ast.Assign) or statement.value is name:
            return None
        return statement.value if isinstance(statement.value, ast.Name | ast.Attribute) else None

    def _own_class(self, value: ast.expr) -> ResolvedClass | None:
        """Return the class whose method *value* is the first parameter of."""
        if not isinstance(value, ast.Name) or value not in self.scopes.scope_of:
            return None
        binders = self.scopes.of(value).binders
        if len(binders) != 1 or not isinstance(binders[0], ast.arg):
            return None
        method = self.module.parents.get(self.module.parents[binders[0]])
        owner = self.module.parents.get(method) if method is not None else None
        if not isinstance(method, _FUNCTIONS) or not isinstance(owner, ast.ClassDef):
            return None
        own = method_of(self, method).receiver == binders[0].arg
        return ResolvedClass(self, owner) if own else None

    def class_of(self, name: ast.expr) -> ResolvedClass | None:
        """Return the class of this project that *name* certainly is."""
        found = self._named(name)
        if isinstance(found, ResolvedClass):
            return found
        if not isinstance(name, ast.Name) or name.id not in self._own_classes:
            return None
        method = self.method_around(name)
        if method is None or name.id != method.receiver:
            return None
        decorators = {ast.unparse(decorator) for decorator in method.node.decorator_list}
        home = self.module.parents[method.node]
        of_class = "classmethod" in decorators and isinstance(home, ast.ClassDef)
        return ResolvedClass(self, home) if of_class else None  # type: ignore[arg-type]

    def _named(self, name: ast.expr) -> Resolved | ResolvedClass | None:
        if name not in self._names:
            self._names[name] = self._looked_up(name)
        return self._names[name]

    def _looked_up(self, name: ast.expr) -> Resolved | ResolvedClass | None:
        if not isinstance(name, ast.Name) or name not in self.scopes.scope_of:
            return self._resolved(name)
        binding = self.scopes.of(name)
        if binding not in self._bound:
            self._bound[binding] = self._held(binding, name)
        return self._bound[binding]

    def _held(self, binding: Binding, name: ast.Name) -> Resolved | ResolvedClass | None:
        """Return what the variable *binding*, which is read as *name*, is."""
        binders = binding.binders
        if len(binders) == 1 and isinstance(binders[0], _FUNCTIONS):
            return Resolved(self, binders[0])
        if len(binders) == 1 and isinstance(binders[0], ast.ClassDef):
            return ResolvedClass(self, binders[0])
        return self._resolved(name)

    def _resolved(self, name: ast.expr) -> Resolved | ResolvedClass | None:
        meaning = self.names.meaning(name)
        found = self._resolve(meaning.paths[0]) if meaning.certain else None
        return found if isinstance(found, (Resolved, ResolvedClass)) else None

    def value_elsewhere(self, name: ast.expr) -> tuple[DataFlow, ast.expr] | None:
        """Return what the variable of another module that *name* is was given there."""
        meaning = self.names.meaning(name)
        found = self._resolve(meaning.paths[0]) if meaning.certain else None
        return (found.taint, found.value) if isinstance(found, ResolvedValue) else None

    def functions_behind(self, name: ast.expr) -> list[Resolved]:
        """Return the functions of the module of the project that *name* certainly is."""
        meaning = self.names.meaning(name)
        found = self._resolve(meaning.paths[0]) if meaning.certain else None
        if not isinstance(found, ResolvedModule):
            return []
        return [Resolved(found.taint, function) for function in found.taint.module.functions]

    def resolved(self, path: str) -> Found | None:
        """Return what the *path* of a name of another module certainly is, in the project."""
        return self._resolve(path)

    def makes_thread(self, function: ast.expr) -> bool:
        """Whether *function* is a class in sight whose objects are threads."""
        owner = self.class_of(function)
        return owner is not None and family(owner).is_thread

    def overrides(self, name: ast.expr) -> list[Resolved]:
        """Return every method of this module that ``self.name`` or ``super().name`` may be."""
        if not isinstance(name, ast.Attribute):
            return []
        owner = name.value.func if isinstance(name.value, ast.Call) else name.value
        if not isinstance(owner, ast.Name) or owner.id not in ("self", "cls", "super"):
            return []
        return [Resolved(self, found, bound=True) for found in self._methods.get(name.attr, [])]

    def methods(self, name: ast.Attribute) -> list[Resolved]:
        """Return the methods of the project that *name* may be, as far as can be told."""
        certain = self.definition(name)
        if certain is not None:
            return [certain]
        return [method_of(self, found) for found in self._methods.get(name.attr, [])]

    def methods_called(self, name: str) -> list[Resolved]:
        """Return the methods *name* of all classes of this module."""
        return [method_of(self, found) for found in self._methods.get(name, [])]

    def _method(self, name: ast.Attribute) -> Resolved | None:
        """Return the method that *name* is: by its object's class, or the only one of the name."""
        if self.names.meaning(name).paths:
            return None
        owner = self.made_by(name.value)
        known = family(owner).method(name.attr) if owner is not None else None
        if known is not None or owner is not None:
            return known
        found = self._methods.get(name.attr, [])
        return method_of(self, found[0]) if len(found) == 1 else None

    def made_by(self, value: ast.expr) -> ResolvedClass | None:
        """Return the class of the project that *value* is visibly an object of."""
        if isinstance(value, ast.Name) and value in self.scopes.scope_of:
            binders = self.scopes.of(value).binders
            statement = self.module.parents.get(binders[0]) if len(binders) == 1 else None
            if isinstance(statement, ast.withitem):
                value = statement.context_expr
            elif isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value is not None:
                value = statement.value
            else:
                return None
        if not isinstance(value, ast.Call):
            return None
        return self.class_of(value.func) or self._returned(value.func)

    def _returned(self, function: ast.expr) -> ResolvedClass | None:
        """Return the class in sight whose objects a function in sight returns."""
        made = self.known(function) if isinstance(function, ast.Name) else None
        if made is None:
            return None
        returned = [n.value for n in walk(made.node) if isinstance(n, ast.Return)]
        classes = [
            made.taint.class_of(v.func) if isinstance(v, ast.Call) else None for v in returned
        ]
        same = bool(classes) and all(c is not None and c == classes[0] for c in classes)
        return classes[0] if same else None

    def summary(
        self,
        definition: ast.FunctionDef | ast.AsyncFunctionDef,
        parameter: str,
        plain: frozenset[str] = frozenset(),
        receiver: str | None = None,
    ) -> Summary:
        """Return what *definition*, a function of this module, does with *parameter*.

        *plain* are the fields of the object that the method is called on which hold nothing
        of it; *receiver* is that object where keeping the parameter there is no escape.
        """
        key = (definition, parameter, plain, receiver)
        if key not in self._summaries:
            # A recursive call meets this while it is being computed: nothing known yet.
            self._summaries[key] = Summary()
            scope = self.scopes.inner[definition]
            root = self.scopes.binding(parameter, scope)
            own = [self.scopes.binding(receiver, scope)] if receiver is not None else []
            of = own[0] if own else root
            fields = [(of, field) for field in plain]
            flow = self.follow(root, definition.body, scope, own, plain=fields, passing=True)
            given = results_of(definition)
            returns = any(isinstance(e.node, given) for e in flow.escapes)
            escape = next((e.node for e in flow.escapes if not isinstance(e.node, given)), None)
            self._summaries[key] = Summary(
                returns,
                escape,
                bool(flow.sets),
                bool(flow.reads),
                tuple(call.func for call in flow.trusted),
                tuple(one.text for one in flow.assumed),
                returns and self._returns_call(root, definition, scope),
                bool(flow.older),
            )
        return self._summaries[key]

    def _returns_call(
        self, root: Binding, definition: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope
    ) -> bool:
        """Whether *definition* returns its parameter *root* no otherwise than by calling it."""
        flow = self.follow(root, definition.body, scope, calls_give=False)
        return not any(isinstance(escape.node, ast.Return) for escape in flow.escapes)
