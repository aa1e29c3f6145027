"""Other classes that bind a field of the same name: of their own objects, or of anybody's."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.calls import last_name
from codemods.analysis.trackers.fields.syntax import Method, methods

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.parsed_module import ParsedModule
    from codemods.analysis.trackers.fields.tracker_fields import TrackerField

_READS = (ast.Name, ast.Attribute)
_ASKS = frozenset({"isinstance", "issubclass", "cast"})
_TYPES = (ast.Subscript, ast.BinOp, ast.Tuple, ast.List)
_TOLD = ("annotation", "returns", "type", "cls")


def may_bind(semantic: SemanticModel, field: TrackerField) -> bool:
    """Whether what binds a field of that name in the module may bind it of the class's objects.

    A method of another class may where somebody has that class, and calls it on another object.
    """
    found = set(_others(semantic, field))
    if not found:
        return False
    apart = len(field.family) == 1 and not field.owner.bases and not field.owner.keywords
    classes = {one for one in found if one is not None}
    known = apart and len(classes) == len(found)
    return not known or not _are_only_made(semantic, classes | {field.owner})


def _others(semantic: SemanticModel, field: TrackerField) -> Iterator[ast.ClassDef | None]:
    """Yield whose methods bind a field of that name to anything but a new tracker.

    Where a class itself binds it, only the field's own class is in question; None is anybody.
    """
    module = semantic.module
    for one in module.every(ast.ClassDef):
        scope = semantic.scopes.inner[one]
        binding = semantic.scopes.bindings.get((scope, scope.spelled(field.name)))
        for binder in binding.binders if binding is not None else ():
            if not _is_built(semantic, binder) and not _only_declares(module, binder):
                yield field.owner if one is not field.owner else None
    for node in module.every(ast.Attribute):
        if node.attr != field.name or isinstance(node.ctx, ast.Load):
            continue
        if not _is_built(semantic, node):
            owner = _owner_of(semantic, node)
            yield owner if owner is not field.owner else None


def _is_built(semantic: SemanticModel, target: ast.AST) -> bool:
    """Whether *target* is bound to what a call of the tracker's class, or its factory, makes."""
    statement = semantic.module.parents.get(target)
    value = getattr(statement, "value", None)
    if not isinstance(statement, ast.Assign | ast.AnnAssign) or not isinstance(value, ast.Call):
        return False
    called = value.func
    if isinstance(called, ast.Attribute) and called.attr == words.FACTORY:
        called = called.value
    return semantic.names.tracker_class(called) is not None


def _only_declares(module: ParsedModule, binder: ast.AST) -> bool:
    statement = module.parents.get(binder)
    return isinstance(statement, ast.AnnAssign) and statement.value is None


def _owner_of(semantic: SemanticModel, field: ast.Attribute) -> ast.ClassDef | None:
    """Return the class of the plain method that has *field* of its own object."""
    method = semantic.module.function_around(field)
    owner = semantic.module.parents.get(method) if method is not None else None
    if not isinstance(owner, ast.ClassDef) or not isinstance(method, Method):
        return None
    first = [*method.args.posonlyargs, *method.args.args][:1]
    value = field.value
    if not first or method.decorator_list or not isinstance(value, ast.Name):
        return None
    binding = semantic.scopes.of(value)
    return owner if binding.binders == first and not binding.deletes else None


def _are_only_made(semantic: SemanticModel, classes: set[ast.ClassDef]) -> bool:
    """Whether nobody has one of *classes*, or of their heirs, but to make objects and to ask."""
    module = semantic.module
    every = module.every(ast.ClassDef)
    plain = {m.name for one in every for m in methods(one) if not m.decorator_list}
    heirs = {base: one for one in every for base in one.bases if isinstance(base, ast.Name)}
    waiting, seen = list(classes), set(classes)
    while waiting:
        name = waiting.pop().name
        for node in (*module.every(ast.Name), *module.every(ast.Attribute)):
            reads = isinstance(node, _READS) and isinstance(node.ctx, ast.Load)
            if not reads or last_name(node) != name:
                continue
            heir = heirs.get(node) if isinstance(node, ast.Name) else None
            if heir is None and not _only_asks(module, node, plain):
                return False
            if heir is not None and (heir.keywords or heir.decorator_list):
                return False
            if heir is not None and heir not in seen:
                seen.add(heir)
                waiting.append(heir)
    return True


def _only_asks(module: ParsedModule, node: ast.expr, plain: set[str]) -> bool:
    """Whether *node*, a class, is called, asked for what is no method, or tells of a type."""
    child: ast.AST = node
    parent = module.parents[node]
    if isinstance(parent, ast.Call) and parent.func is node:
        return True
    if isinstance(parent, ast.Attribute):
        return parent.attr not in plain and not parent.attr.startswith("__")
    while isinstance(parent, _TYPES):
        child, parent = parent, module.parents[parent]
    if isinstance(parent, ast.Call):
        return child in parent.args and last_name(parent.func) in _ASKS
    return any(getattr(parent, name, None) is child for name in _TOLD)
