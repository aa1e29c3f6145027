"""Which scopes a module has, and what each of them says of names."""

from __future__ import annotations

import ast
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from codemods.analysis.syntax.signatures import annotations_of, defaults, parameters
from codemods.analysis.syntax.tree import children

if TYPE_CHECKING:
    from collections.abc import Callable

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
    #: What reads each name right here, as long as owners are not known.
    reads: defaultdict[str, list[ast.Name]] = field(default_factory=lambda: defaultdict(list))

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


class ScopeWalk:
    """Visits every node with the scope it is evaluated in, and notes each mention of a name."""

    def __init__(self, tree: ast.Module) -> None:
        self.scope = Scope(tree, None)
        self.annotating = False
        #: All scopes, and those of the nodes that have one.
        self.scopes = [self.scope]
        self.inner: dict[ast.AST, Scope] = {tree: self.scope}
        #: What binds, deletes or declares a name, and where.
        self.binders: list[tuple[str, ast.AST, Scope]] = []
        self._visit(*tree.body)

    def _visit(self, *nodes: ast.AST) -> None:
        """Visit *nodes*, of the scope where we are, and what is inside of them, in their order.

        Without a call for each: they are all nodes of the module.
        """
        reads, methods = self.scope.reads, _METHODS
        waiting = list(reversed(nodes))
        while waiting:
            node = waiting.pop()
            kind = type(node)
            if kind is ast.Name:
                if type(node.ctx) is ast.Load:  # type: ignore[attr-defined]
                    reads[node.id].append(node)  # type: ignore[attr-defined,arg-type]
                else:
                    self._bind(node.id, node)  # type: ignore[attr-defined]
            elif kind in methods:
                methods[kind](self, node)
            elif kind is not ast.Constant:
                waiting += reversed(node.inner)  # type: ignore[attr-defined]  # by the index

    def _scope(self, node: ast.AST, *, late: bool = False) -> Scope:
        above = self.scope
        scope = Scope(node, above, late=late, private=above.private)
        if late and above.late:
            scope.node, scope.type_parameters = above.node, above.type_parameters
        self.scopes.append(scope)
        if not late:
            self.inner[node] = scope
        return scope

    def _bind(self, name: str, node: ast.AST) -> None:
        scope = self.scope
        scope.bound.add(scope.spelled(name) if name.startswith("__") else name)
        self.binders.append((name, node, scope))

    def _visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self._visit(node.value)
        scope = self.scope
        stored = scope.spelled(node.target.id)
        while scope.is_comprehension and scope.parent is not None:
            scope.further_out.add(stored)
            scope = scope.parent
        scope.bound.add(stored)
        self.binders.append((node.target.id, node.target, self.scope))

    def _annotations(self, *nodes: ast.expr) -> None:
        outer, self.annotating = self.annotating, True
        self._visit(*nodes)
        self.annotating = outer

    def _visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._visit(node.value, node.target)
        else:
            self._visit(node.target)
        self._annotations(node.annotation)

    def _visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._bind(node.name, node)
        self._visit(*node.decorator_list, *defaults(node.args))
        outer, self.scope = self.scope, self._type_parameters(node)
        self._annotations(*annotations_of(node))
        self.scope = self._scope(node)
        self._parameters(node.args)
        self._visit(*node.body)
        self.scope = outer

    _visit_AsyncFunctionDef = _visit_FunctionDef

    def _visit_Lambda(self, node: ast.Lambda) -> None:
        self._visit(*defaults(node.args))
        outer, self.scope = self.scope, self._scope(node)
        self._parameters(node.args)
        self._visit(node.body)
        self.scope = outer

    def _visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._bind(node.name, node)
        self._visit(*node.decorator_list)
        outer, self.scope = self.scope, self._type_parameters(node)
        self._visit(*node.bases, *node.keywords)
        self.scope = self._scope(node)
        self.scope.private = node.name
        self._visit(*node.body)
        self.scope = outer

    def _visit_TypeAlias(self, node: ast.AST) -> None:
        self._visit(node.name)  # type: ignore[attr-defined]
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
            outer, self.scope = self.scope, self._scope(expression, late=True)
            self._visit(expression)
            self.scope = outer

    def _comprehension(self, node: ast.AST) -> None:
        first, *others = node.generators  # type: ignore[attr-defined]
        self._visit(first.iter)
        scope = self._scope(node)
        scope.in_annotation = self.annotating
        outer, self.scope = self.scope, scope
        parts = (getattr(node, name, None) for name in ("key", "value", "elt"))
        made = (part for part in parts if part is not None)
        self._visit(first.target, *first.ifs, *others, *made)
        self.scope = outer

    _visit_ListComp = _visit_SetComp = _visit_DictComp = _visit_GeneratorExp = _comprehension

    def _parameters(self, arguments: ast.arguments) -> None:
        for argument in parameters(arguments):
            self._bind(argument.arg, argument)

    def _visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            name = alias.asname or alias.name
            if name != "*":
                whole = alias.asname or isinstance(node, ast.ImportFrom)
                self._bind(name if whole else name.partition(".")[0], alias)

    def _visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self._visit_Import(node)

    def _declared(self, node: ast.Global | ast.Nonlocal, names: set[str]) -> None:
        names.update(map(self.scope.spelled, node.names))
        self.binders.extend((name, node, self.scope) for name in node.names)

    def _visit_Global(self, node: ast.Global) -> None:
        self._declared(node, self.scope.at_module)

    def _visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        self._declared(node, self.scope.further_out)

    def _visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self._bind(node.name, node)
        self._visit(*children(node))

    def _capture(self, node: ast.MatchAs | ast.MatchStar) -> None:
        if node.name:
            self._bind(node.name, node)
        self._visit(*children(node))

    _visit_MatchAs = _visit_MatchStar = _capture

    def _visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        if node.rest:
            self._bind(node.rest, node)
        self._visit(*children(node))


#: What does more than hold others, by the kind of node.
_METHODS: dict[type[ast.AST], Callable[[Any, Any], None]] = {
    kind: getattr(ScopeWalk, f"_visit_{name}")
    for name, kind in vars(ast).items()
    if hasattr(ScopeWalk, f"_visit_{name}")
}
