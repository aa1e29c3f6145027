"""Which name means what, decided on the ``ast`` alone.

The interpreter's own tables differ from version to version.  The language's rules are
applied here instead, so that one source has one answer on every interpreter; the tests
hold it against ``symtable`` where that has an answer, and against what programs do.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from codemods.analysis.syntax.signatures import annotations_of, defaults, parameters
from codemods.analysis.syntax.tree import Visitor
from codemods.interpreter import check_declarations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codemods.analysis.syntax.parsed_module import ParsedModule

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(eq=False)
class Scope:
    """A scope: the module, a function, a class, a lambda, a comprehension, or a late one.

    A *late* scope has no body: it is around the type parameters of ``node``, or what is
    evaluated on demand (a bound, the value of a ``type`` statement).  The other fields
    hold what is declared right here, private names spelled out.
    """

    node: ast.AST
    parent: Scope | None
    late: bool = False
    in_annotation: bool = False  # a comprehension that belongs to an annotation
    private: str = ""
    type_parameters: frozenset[str] = frozenset()
    bound: set[str] = field(default_factory=set)
    at_module: set[str] = field(default_factory=set)
    #: Names that belong further out: ``nonlocal``, or ``:=`` in a comprehension.
    further_out: set[str] = field(default_factory=set)

    @property
    def is_module(self) -> bool:
        """Whether this is the module's own scope."""
        return self.parent is None

    @property
    def is_class(self) -> bool:
        """Whether this is a class body."""
        return isinstance(self.node, ast.ClassDef) and not self.late

    @property
    def is_function(self) -> bool:
        """Whether this is a function, coroutine function or lambda."""
        return isinstance(self.node, _FUNCTIONS) and not self.late

    @property
    def is_comprehension(self) -> bool:
        """Whether this is a comprehension or a generator expression."""
        return isinstance(self.node, _COMPREHENSIONS) and not self.late

    @property
    def sees_class_around(self) -> bool:
        """Whether names of a class right around this are seen, as in annotations since 3.14."""
        if self.is_comprehension:
            return self.in_annotation or not (self.parent is None or self.parent.is_class)
        return self.late

    @property
    def is_in_signature(self) -> bool:
        """Whether this is among type parameters: since 3.13 private names are plain there."""
        here = self
        while here.is_comprehension and here.parent is not None:
            here = here.parent
        return here.late

    def spelled(self, name: str) -> str:
        """Return *name* as the interpreter stores it here: private ones carry the class's name."""
        if not name.startswith("__") or name.endswith("__"):
            return name
        if self.late and isinstance(self.node, ast.ClassDef) and name in self.type_parameters:
            return _mangled(self.node.name, name)
        return _mangled(self.private, name)


def _mangled(owner: str, name: str) -> str:
    plain = owner.lstrip("_")
    return f"_{plain}{name}" if plain else name


@dataclass(eq=False)
class Binding:
    """One variable: a name in the scope that owns it.

    ``binders`` are the nodes that bind it (Name, arg, alias, definition,
    handler, match pattern), ``loads`` and ``deletes`` the Name nodes that read
    and delete it, from inner scopes too, each in source order.  ``declared``
    holds the ``global`` and ``nonlocal`` statements that name it.
    """

    name: str
    scope: Scope
    binders: list[ast.AST] = field(default_factory=list)
    loads: list[ast.Name] = field(default_factory=list)
    deletes: list[ast.Name] = field(default_factory=list)
    declared: list[ast.stmt] = field(default_factory=list)

    @cached_property
    def parameter(self) -> ast.arg | None:
        """The parameter that binds it, if one does."""
        return next((binder for binder in self.binders if isinstance(binder, ast.arg)), None)

    @cached_property
    def first_place(self) -> tuple[int, int]:
        """Line and column of what first binds it, both 0 where none does that has a place."""
        places = ((getattr(b, "lineno", 0), getattr(b, "col_offset", 0)) for b in self.binders)
        return min(places, default=(0, 0))


class Scopes:
    """The scopes and bindings of one module; with *checking* SyntaxError for wrong declarations."""

    def __init__(self, module: ParsedModule, *, checking: bool = True) -> None:
        if checking:  # ``nonlocal`` of nothing is not the parser's to find
            check_declarations(module.source.text, module.source.display)
        self.module_scope = Scope(module.tree, None)
        self.bindings: dict[tuple[Scope, str], Binding] = {}
        self.scope_of: dict[ast.AST, Scope] = {}
        self._of: dict[ast.Name, Binding] = {}
        self._meant: dict[tuple[Scope, str], Binding] = {}
        self._read: dict[tuple[Scope, str], list[Binding]] = {}
        self.inner: dict[ast.AST, Scope] = {module.tree: self.module_scope}
        walker = _Walker(self)
        walker.body(module.tree.body, self.module_scope)
        # A name's owner is known once all of its scope has been seen.
        for name, node, scope in walker.mentions:
            if type(node) is ast.Name and type(node.ctx) is ast.Load:  # as nearly all are
                found = self._read.get((scope, name)) or self._readable(name, scope)
                for binding in found:
                    binding.loads.append(node)
                self.scope_of[node], self._of[node] = scope, found[0]
            else:
                self._enter(name, node, scope)
        for binding in self.bindings.values():
            binding.binders.sort(key=_position)
            binding.loads.sort(key=_position)

    def binding(self, name: str, scope: Scope) -> Binding:
        """Return the variable that *name* means when it is used in *scope*."""
        key = (scope, name)
        known = self._meant.get(key)
        if known is None:
            stored = scope.spelled(name)
            self._meant[key] = known = self._variable(name, stored, self._owner(stored, scope))
        return known

    def of(self, node: ast.Name) -> Binding:
        """Return the variable that a Name node means."""
        known = self._of.get(node)
        if known is None:
            self._of[node] = known = self.binding(node.id, self.scope_of[node])
        return known

    def _variable(self, name: str, stored: str, owner: Scope) -> Binding:
        key = (owner, stored)
        if key not in self.bindings:
            self.bindings[key] = Binding(name, owner)
        return self.bindings[key]

    def _owner(self, stored: str, scope: Scope) -> Scope:
        here, in_class = scope, True
        while here.parent is not None:
            if in_class or not here.is_class:
                if stored in here.at_module:
                    return self.module_scope
                if stored in here.bound and stored not in here.further_out:
                    return here
            in_class = in_class and here.sees_class_around
            here = here.parent
        return here

    def _also(self, stored: str, scope: Scope) -> list[Scope]:
        """Return who else may own a name read in *scope*, if a class around it binds that too.

        Up to 3.13 a comprehension in an annotation looks past the class; what is evaluated on
        demand takes the class's name before a type parameter, or the module's if it has none yet.
        """
        here = scope
        while here.parent is not None and here.sees_class_around:
            here = here.parent
        if here is scope or not here.is_class or stored not in here.bound | here.at_module:
            return []
        own, module = self._owner(stored, here), self.module_scope
        while here.is_class and here.parent is not None:
            here = here.parent
        return [own, self._owner(stored, here), module]

    def _enter(self, name: str, node: ast.AST, scope: Scope) -> None:
        binding = self.binding(name, scope)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Del):
            binding.deletes.append(node)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            binding.declared.append(node)
            return
        else:
            binding.binders.append(node)
        self.scope_of[node] = scope

    def _readable(self, name: str, scope: Scope) -> list[Binding]:
        """Return the variables that *name* may be when it is read in *scope*."""
        stored = scope.spelled(name)
        found = [self.binding(name, scope)]
        found += [self._variable(name, stored, o) for o in self._also(stored, scope)]
        if stored != name and scope.is_in_signature:
            found.append(self._variable(name, name, self._owner(name, scope)))
        return self._read.setdefault((scope, name), list(dict.fromkeys(found)))


class _Walker(Visitor):
    """Visits every node with the scope it is evaluated in, and notes each mention of a name."""

    def __init__(self, scopes: Scopes) -> None:
        self.inner = scopes.inner
        self.scope = scopes.module_scope
        self.annotating = False
        self.mentions: list[tuple[str, ast.AST, Scope]] = []

    def body(self, nodes: Sequence[ast.AST], scope: Scope) -> None:
        outer, self.scope = self.scope, scope
        for node in nodes:
            self.visit(node)
        self.scope = outer

    def _scope(self, node: ast.AST, *, late: bool = False) -> Scope:
        above = self.scope
        scope = Scope(node, above, late=late, private=above.private)
        if late and above.late:
            scope.node, scope.type_parameters = above.node, above.type_parameters
        if not late:
            self.inner[node] = scope
        return scope

    def _bind(self, name: str, node: ast.AST) -> None:
        self.scope.bound.add(self.scope.spelled(name))
        self.mentions.append((name, node, self.scope))

    def visit_Name(self, node: ast.Name) -> None:
        if type(node.ctx) is ast.Load:
            self.mentions.append((node.id, node, self.scope))
        else:
            self._bind(node.id, node)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        scope = self.scope
        stored = scope.spelled(node.target.id)
        while scope.is_comprehension and scope.parent is not None:
            scope.further_out.add(stored)
            scope = scope.parent
        scope.bound.add(stored)
        self.mentions.append((node.target.id, node.target, self.scope))

    def _annotation(self, node: ast.expr) -> None:
        outer, self.annotating = self.annotating, True
        self.visit(node)
        self.annotating = outer

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)
        self.visit(node.target)
        self._annotation(node.annotation)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._bind(node.name, node)
        for expression in [*node.decorator_list, *defaults(node.args)]:
            self.visit(expression)
        outer, self.scope = self.scope, self._type_parameters(node)
        for annotation in annotations_of(node):
            self._annotation(annotation)
        self.scope = self._scope(node)
        self._parameters(node.args)
        self.body(node.body, self.scope)
        self.scope = outer

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        for expression in defaults(node.args):
            self.visit(expression)
        outer, self.scope = self.scope, self._scope(node)
        self._parameters(node.args)
        self.visit(node.body)
        self.scope = outer

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._bind(node.name, node)
        for decorator in node.decorator_list:
            self.visit(decorator)
        outer, self.scope = self.scope, self._type_parameters(node)
        for expression in [*node.bases, *node.keywords]:
            self.visit(expression)
        scope = self._scope(node)
        scope.private = node.name
        self.body(node.body, scope)
        self.scope = outer

    def visit_TypeAlias(self, node: ast.AST) -> None:
        self.visit(node.name)  # type: ignore[attr-defined]
        outer, self.scope = self.scope, self._type_parameters(node)
        self._on_demand(node.value)  # type: ignore[attr-defined]
        self.scope = outer

    def _type_parameters(self, node: ast.AST) -> Scope:
        """Enter the type parameters of *node*; returns the scope that its signature is in."""
        found: list[ast.AST] = getattr(node, "type_params", [])
        if not found:
            return self.scope
        scope = self._scope(node, late=True)
        scope.node = node
        scope.type_parameters = frozenset(p.name for p in found)  # type: ignore[attr-defined]
        outer, self.scope = self.scope, scope
        for parameter in found:
            self._bind(parameter.name, parameter)  # type: ignore[attr-defined]
            for name in ("bound", "default_value"):
                self._on_demand(getattr(parameter, name, None))
        self.scope = outer
        return scope

    def _on_demand(self, expression: ast.expr | None) -> None:
        if expression is not None:
            self.body([expression], self._scope(expression, late=True))

    def _comprehension(self, node: ast.AST) -> None:
        first, *others = node.generators  # type: ignore[attr-defined]
        self.visit(first.iter)
        scope = self._scope(node)
        scope.in_annotation = self.annotating
        outer, self.scope = self.scope, scope
        self.visit(first.target)
        for part in [*first.ifs, *others]:
            self.visit(part)
        for name in ("key", "value", "elt"):
            value = getattr(node, name, None)
            if value is not None:
                self.visit(value)
        self.scope = outer

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def _parameters(self, arguments: ast.arguments) -> None:
        for argument in parameters(arguments):
            self._bind(argument.arg, argument)

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            name = alias.asname or alias.name
            if name != "*":
                whole = alias.asname or isinstance(node, ast.ImportFrom)
                self._bind(name if whole else name.partition(".")[0], alias)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.visit_Import(node)

    def _declared(self, node: ast.Global | ast.Nonlocal, names: set[str]) -> None:
        names.update(map(self.scope.spelled, node.names))
        self.mentions.extend((name, node, self.scope) for name in node.names)

    def visit_Global(self, node: ast.Global) -> None:
        self._declared(node, self.scope.at_module)

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        self._declared(node, self.scope.further_out)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self._bind(node.name, node)
        self.generic_visit(node)

    def _capture(self, node: ast.MatchAs | ast.MatchStar) -> None:
        if node.name:
            self._bind(node.name, node)
        self.generic_visit(node)

    visit_MatchAs = visit_MatchStar = _capture

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        if node.rest:
            self._bind(node.rest, node)
        self.generic_visit(node)


def _position(node: ast.AST) -> tuple[int, int]:
    return (node.lineno, node.col_offset)  # type: ignore[attr-defined]
