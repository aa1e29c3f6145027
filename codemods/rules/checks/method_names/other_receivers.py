"""What a set call is made on, if that is no tracker, or not one that lasts."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, TypeGuard

from codemods import vocabulary as words
from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers.owners import passes_on
from codemods.rules.checks.forwarders import SET_NAMES, is_forwarder

if TYPE_CHECKING:
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.definitions import Resolved, ResolvedClass
    from codemods.analysis.trackers.lifetimes import SetCall


def is_another(semantic: SemanticModel, site: SetCall) -> bool:
    """Whether *site* surely sets no ids of a tracker that it names, or of none that lasts."""
    receiver = site.call.func.value  # type: ignore[attr-defined]
    if is_forwarder(semantic, site) or own_setter(semantic, receiver) is not None:
        return True
    if not isinstance(receiver, ast.Name):
        return isinstance(receiver, ast.Attribute) and is_built_each_time(semantic, receiver)
    binders = semantic.scopes.of(receiver).binders
    if any(
        isinstance(b, ast.arg) and is_receiver_of_method(semantic, b, receiver) for b in binders
    ):
        return True
    return manager_of(semantic, binders) is not None or is_of_another_class(semantic, binders)


def own_setter(semantic: SemanticModel, receiver: ast.expr) -> Resolved | None:
    """Return the set call of the tracker's subclass in sight that *receiver* is an object of.

    What it makes of the ids is its own, so that no context says the same.
    """
    for value in _values(semantic, receiver):
        owner = semantic.taint.object_class(semantic.taint.followed(value))
        seen: set[ast.ClassDef] = set()
        while owner is not None and owner.node.name != words.TRACKER_CLASS:
            if owner.node in seen:
                break
            seen.add(owner.node)
            method = next((m for name in SET_NAMES if (m := owner.method(name))), None)
            if method is not None:
                return method if _inherits(owner) else None
            taint, bases = owner.taint, owner.node.bases
            owner = next((c for base in bases if (c := taint.class_of(base))), None)
    return None


def _values(semantic: SemanticModel, receiver: ast.expr) -> list[ast.expr]:
    """Return *receiver*, or what a method of its object puts into the field."""
    if not is_field(receiver):
        return [receiver]
    owner = semantic.taint.object_class(receiver.value)
    if owner is None or owner.taint is not semantic.taint:
        return [receiver]
    stores = (
        semantic.module.parents[n]
        for n in walk(owner.node)
        if is_field(n) and n.attr == receiver.attr and isinstance(n.ctx, ast.Store)
    )
    return [receiver, *(s.value for s in stores if isinstance(s, ast.Assign))]


def is_field(node: ast.AST) -> TypeGuard[ast.Attribute]:
    """Whether *node* is a field of something that has a name."""
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)


def _inherits(owner: ResolvedClass) -> bool:
    """Whether the class *owner* is a tracker, by a base that may be in sight as well."""
    taint, bases = owner.taint, owner.node.bases
    found = (taint.class_of(base) for base in bases)
    return any(taint.names.tracker_class(base) is not None for base in bases) or any(
        one is not None and (one.node.name == words.TRACKER_CLASS or _inherits(one))
        for one in found
    )


def is_built_each_time(semantic: SemanticModel, receiver: ast.Attribute) -> bool:
    """Whether *receiver* is a property of its object that returns a new tracker for each read."""
    owner = semantic.taint.object_class(receiver.value)
    getter = owner.method(receiver.attr) if owner is not None else None
    if owner is None or getter is None or owner.taint is not semantic.taint:
        return False
    built = semantic.lifetimes.by_call
    last = getter.node.body[-1]
    plain = [last_name(d) for d in getter.node.decorator_list] == ["property"]
    return plain and isinstance(last, ast.Return) and last.value in built


def is_receiver_of_method(semantic: SemanticModel, binder: ast.AST, name: ast.Name) -> bool:
    """Whether *name* is ``self`` of a class: then the method called is that class's own."""
    definition = semantic.module.parents.get(semantic.module.parents.get(binder, binder), binder)
    owner = semantic.module.parents.get(definition)
    return isinstance(owner, ast.ClassDef) and name.id in ("self", "cls")


def manager_of(semantic: SemanticModel, binders: list[ast.AST]) -> ast.ClassDef | None:
    """Return the class of this module that the variable is built from and that forwards ids."""
    for binder in binders:
        value = getattr(semantic.module.parents.get(binder), "value", None)
        if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Name):
            continue
        for definition in semantic.scopes.of(value.func).binders:
            if isinstance(definition, ast.ClassDef) and _forwards(definition):
                return definition
    return None


def _forwards(definition: ast.ClassDef) -> bool:
    for method in definition.body:
        if isinstance(method, ast.FunctionDef) and method.name in SET_NAMES:
            if passes_on(method):
                return True
    return False


def is_of_another_class(semantic: SemanticModel, binders: list[ast.AST]) -> bool:
    """Whether the variable is certainly an object of a class that is not the tracker."""
    for binder in binders:
        statement = semantic.module.parents.get(binder)
        value = getattr(statement, "value", None)
        if not isinstance(statement, ast.Assign) or not isinstance(value, ast.Call):
            return False
        if not isinstance(value.func, ast.Name) or value.func not in semantic.scopes.scope_of:
            return False
        definitions = semantic.scopes.of(value.func).binders
        if not definitions or not all(_is_foreign_class(semantic, d) for d in definitions):
            return False
    return bool(binders)


def _is_foreign_class(semantic: SemanticModel, definition: ast.AST) -> bool:
    if isinstance(definition, ast.ClassDef):
        return all(semantic.names.tracker_class(base) is None for base in definition.bases)
    return isinstance(definition, ast.alias) and definition.name[:1].isupper()
