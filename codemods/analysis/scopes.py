"""Which name means what: the interpreter's own symbol tables laid over the ``ast``.

``symtable`` decides (it is right about match captures, walrus targets, nested
``nonlocal`` and class bodies); this module only finds the table that belongs to
each node and collects, for every binding, the nodes that bind or use it.
"""

from __future__ import annotations

import ast
import symtable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codemods.analysis.module import ParsedModule

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_TABLE_NAMES = {
    ast.Lambda: "lambda",
    ast.ListComp: "listcomp",
    ast.SetComp: "setcomp",
    ast.DictComp: "dictcomp",
    ast.GeneratorExp: "genexpr",
}
_SCOPE_TYPES = ("function", "class", "module")


@dataclass(eq=False)
class Scope:
    """A scope: the module, a function, a class, a lambda or a comprehension."""

    node: ast.AST
    table: symtable.SymbolTable
    parent: Scope | None

    @property
    def is_module(self) -> bool:
        """Whether this is the module's own scope."""
        return self.parent is None

    @property
    def is_class(self) -> bool:
        """Whether this is a class body."""
        return isinstance(self.node, ast.ClassDef)

    @property
    def is_function(self) -> bool:
        """Whether this is a function, coroutine function or lambda."""
        return isinstance(self.node, _FUNCTIONS)


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


class Scopes:
    """The scopes and bindings of one module."""

    def __init__(self, module: ParsedModule) -> None:
        top = symtable.symtable(module.source.text, module.source.display, "exec")
        self.module_scope = Scope(module.tree, top, None)
        self.bindings: dict[tuple[Scope, str], Binding] = {}
        self.scope_of: dict[ast.AST, Scope] = {}
        self.inner: dict[ast.AST, Scope] = {module.tree: self.module_scope}
        _Walker(self).body(module.tree.body, self.module_scope)
        for binding in self.bindings.values():
            binding.binders.sort(key=_position)
            binding.loads.sort(key=_position)

    def binding(self, name: str, scope: Scope) -> Binding:
        """Return the variable that *name* means when it is used in *scope*."""
        owner = self._owner(name, scope)
        key = (owner, name)
        if key not in self.bindings:
            self.bindings[key] = Binding(name, owner)
        return self.bindings[key]

    def of(self, node: ast.Name) -> Binding:
        """Return the variable that a Name node means."""
        return self.binding(node.id, self.scope_of[node])

    def _owner(self, name: str, scope: Scope) -> Scope:
        if scope.parent is None:
            return scope  # its table looks through all functions for each name
        try:
            symbol = scope.table.lookup(name)
        except KeyError:
            return self._owner(name, _enclosing(scope))
        if symbol.is_global():
            return self.module_scope
        if symbol.is_local():
            return scope
        return self._owner(name, _enclosing(scope))


def _enclosing(scope: Scope) -> Scope:
    """Return the scope whose names *scope* sees: never a class body around it."""
    above = scope.parent
    while above is not None and above.is_class:
        above = above.parent
    assert above is not None  # a module is around everything
    return above


class _Walker(ast.NodeVisitor):
    """Visits every node with the scope it is evaluated in."""

    def __init__(self, scopes: Scopes) -> None:
        self.scopes = scopes
        self.scope = scopes.module_scope
        self.unused: dict[Scope, list[symtable.SymbolTable]] = {}

    def body(self, nodes: list[ast.stmt] | list[ast.expr], scope: Scope) -> None:
        outer, self.scope = self.scope, scope
        for node in nodes:
            self.visit(node)
        self.scope = outer

    def _enter(self, node: ast.AST, name: str) -> Scope:
        tables = self.unused.get(self.scope)
        if tables is None:
            tables = self.unused[self.scope] = _children(self.scope.table)
        line = node.lineno  # type: ignore[attr-defined]
        for index, table in enumerate(tables):
            if table.get_name() == name and table.get_lineno() == line:
                scope = Scope(node, tables.pop(index), self.scope)
                self.scopes.inner[node] = scope
                return scope
        raise LookupError(f"no symbol table for {name} at line {line}")

    def _bind(self, name: str, node: ast.AST) -> None:
        self.scopes.binding(name, self.scope).binders.append(node)
        self.scopes.scope_of[node] = self.scope

    def visit_Name(self, node: ast.Name) -> None:
        self.scopes.scope_of[node] = self.scope
        binding = self.scopes.binding(node.id, self.scope)
        if isinstance(node.ctx, ast.Load):
            binding.loads.append(node)
        elif isinstance(node.ctx, ast.Del):
            binding.deletes.append(node)
        else:
            binding.binders.append(node)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._bind(node.name, node)
        for expression in [*node.decorator_list, *_outside(node.args)]:
            self.visit(expression)
        for annotation in _annotations(node):
            self.visit(annotation)
        scope = self._enter(node, node.name)
        outer, self.scope = self.scope, scope
        self._parameters(node.args)
        self.scope = outer
        self.body(node.body, scope)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.visit_FunctionDef(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        for expression in _outside(node.args):
            self.visit(expression)
        scope = self._enter(node, "lambda")
        outer, self.scope = self.scope, scope
        self._parameters(node.args)
        self.scope = outer
        self.body([node.body], scope)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._bind(node.name, node)
        for expression in [*node.decorator_list, *node.bases]:
            self.visit(expression)
        for keyword in node.keywords:
            self.visit(keyword.value)
        self.body(node.body, self._enter(node, node.name))

    def _comprehension(self, node: ast.AST) -> None:
        first, *others = node.generators  # type: ignore[attr-defined]
        self.visit(first.iter)
        scope = self._enter(node, _TABLE_NAMES[type(node)])
        outer, self.scope = self.scope, scope
        self.visit(first.target)
        for condition in first.ifs:
            self.visit(condition)
        for generator in others:
            self.visit(generator)
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
                bound = name if alias.asname or isinstance(node, ast.ImportFrom) else _head(name)
                self._bind(bound, alias)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.visit_Import(node)

    def visit_Global(self, node: ast.Global | ast.Nonlocal) -> None:
        for name in node.names:
            self.scopes.binding(name, self.scope).declared.append(node)

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        self.visit_Global(node)

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


def parameters(arguments: ast.arguments) -> list[ast.arg]:
    """Return every parameter, in the order of the signature."""
    listed = [*arguments.posonlyargs, *arguments.args]
    if arguments.vararg:
        listed.append(arguments.vararg)
    listed.extend(arguments.kwonlyargs)
    if arguments.kwarg:
        listed.append(arguments.kwarg)
    return listed


def default_of(arguments: ast.arguments, parameter: ast.arg) -> ast.expr | None:
    """Return the default value of *parameter*."""
    positional = [*arguments.posonlyargs, *arguments.args]
    pairs = [
        *zip(reversed(positional), reversed(arguments.defaults), strict=False),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    return next((default for listed, default in pairs if listed is parameter), None)


def _outside(arguments: ast.arguments) -> list[ast.expr]:
    return [*arguments.defaults, *(value for value in arguments.kw_defaults if value is not None)]


def _annotations(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.expr]:
    found = [a.annotation for a in parameters(node.args) if a.annotation is not None]
    return [*found, node.returns] if node.returns is not None else found


def _children(table: symtable.SymbolTable) -> list[symtable.SymbolTable]:
    """Return the tables below *table*, looking through type-parameter and annotation tables."""
    found: list[symtable.SymbolTable] = []
    for child in table.get_children():
        if child.get_type() in _SCOPE_TYPES:
            found.append(child)
        else:
            found.extend(_children(child))
    return found


def _head(dotted: str) -> str:
    return dotted.partition(".")[0]


def _position(node: ast.AST) -> tuple[int, int]:
    return (node.lineno, node.col_offset)  # type: ignore[attr-defined]
