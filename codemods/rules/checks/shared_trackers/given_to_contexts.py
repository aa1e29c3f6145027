"""Trackers that contexts are given: built once for many blocks, which lint has nothing against."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.vocabulary import TRACKER_ARGUMENT

if TYPE_CHECKING:
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.lifetimes import Construct

_CHOICES = (ast.BoolOp, ast.IfExp)


def is_managed(semantic: SemanticModel, construct: Construct) -> bool:
    """Whether contexts, here or where the function is called, are given what *construct* builds."""
    if semantic.is_made_for_callers(construct):
        return True
    parent = semantic.module.parents[construct.call]
    if isinstance(parent, ast.keyword) and parent.arg == TRACKER_ARGUMENT:
        call = semantic.module.parents[parent]
        return isinstance(call, ast.Call) and semantic.names.context_manager(call.func) is not None
    loads = (load for name in _variables(semantic, construct) for load in _loads(semantic, name))
    return any(semantic.lifetimes.migrated_use(load) for load in loads) or _is_in_field(
        semantic, construct
    )


def _variables(semantic: SemanticModel, construct: Construct) -> list[ast.Name]:
    """Return the names that the tracker is bound to, also as one of two that are chosen from."""
    statement = semantic.lifetimes.binding_of(construct)
    if statement is not None:
        return list(semantic.lifetimes.names_of(construct, statement))
    value: ast.AST = construct.call
    while isinstance(semantic.module.parents[value], _CHOICES):
        value = semantic.module.parents[value]
    chosen = semantic.module.parents[value]
    return [t for t in getattr(chosen, "targets", ()) if isinstance(t, ast.Name)]


def _loads(semantic: SemanticModel, name: ast.Name) -> list[ast.Name]:
    return semantic.scopes.of(name).loads


def _is_in_field(semantic: SemanticModel, construct: Construct) -> bool:
    """Whether an object has it in a field that a context is given, by any name of that object."""
    calls = [call for _, _, call, _ in semantic.context_calls]
    if not calls:
        return False
    names = {
        name
        for field in semantic.tracker_fields
        if field.construct is not None and field.construct.call is construct.call
        for name in field.names
    }
    given = (k.value for call in calls for k in call.keywords if k.arg == TRACKER_ARGUMENT)
    return bool(names) and any(_attribute(semantic, value) in names for value in given)


def _attribute(semantic: SemanticModel, value: ast.expr) -> str | None:
    value = semantic.taint.followed(value)
    if isinstance(value, ast.Call):
        value = value.func
    return value.attr if isinstance(value, ast.Attribute) else None
