"""Which tracker a context is given, and which contexts are given none.

Those inside others that do not take over the tracker of the block around them, and trackers
that contexts are given: built once for many blocks, which lint has nothing against.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.lifetimes import Construct

_With = ast.With | ast.AsyncWith
_CHOICES = (ast.BoolOp, ast.IfExp)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def nested(semantic: SemanticModel) -> Iterator[tuple[_With, ast.Call]]:
    """Yield each context without ``tracker=`` in another one: the outer block, the inner call."""
    return _inside(semantic, per_item=False)


def per_item(semantic: SemanticModel) -> Iterator[tuple[_With, ast.Call]]:
    """Yield each such context in a loop of a batch: the block of the batch, the inner call."""
    return _inside(semantic, per_item=True)


def _inside(semantic: SemanticModel, *, per_item: bool) -> Iterator[tuple[_With, ast.Call]]:
    statements = {statement: name for statement, _, _, name in semantic.context_calls}
    for statement, _, call, _ in semantic.context_calls:
        outer = _enclosing(semantic, statement, set(statements))
        given = any(k.arg in (words.TRACKER_ARGUMENT, None) for k in call.keywords)
        if outer is None or given or len(call.args) > 1:
            continue
        batch = statements[outer] == words.BATCH_CONTEXT
        if (batch and _in_loop(semantic, statement, outer)) is per_item:
            yield outer, call


def _enclosing(
    semantic: SemanticModel, statement: ast.AST, contexts: set[ast.With | ast.AsyncWith]
) -> ast.With | ast.AsyncWith | None:
    """Return the innermost context around *statement* in the same function."""
    for ancestor in semantic.module.ancestors(statement):
        if isinstance(ancestor, _FUNCTIONS):
            return None
        if isinstance(ancestor, ast.With | ast.AsyncWith) and ancestor in contexts:
            return ancestor
    return None


def _in_loop(semantic: SemanticModel, statement: ast.AST, outer: ast.AST) -> bool:
    """Whether *statement* is done again and again in *outer*; what stands in an `else` is not."""
    inner = statement
    for ancestor in semantic.module.ancestors(statement):
        if ancestor is outer:
            return False
        if isinstance(ancestor, _LOOPS) and inner in ancestor.body:
            return True
        inner = ancestor
    return False


def is_managed(semantic: SemanticModel, construct: Construct) -> bool:
    """Whether contexts, here or where the function is called, are given what *construct* builds."""
    if semantic.is_made_for_callers(construct):
        return True
    parent = semantic.module.parents[construct.call]
    if isinstance(parent, ast.keyword) and parent.arg == words.TRACKER_ARGUMENT:
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
    given = (k.value for call in calls for k in call.keywords if k.arg == words.TRACKER_ARGUMENT)
    return bool(names) and any(_attribute(semantic, value) in names for value in given)


def _attribute(semantic: SemanticModel, value: ast.expr) -> str | None:
    value = semantic.taint.followed(value)
    if isinstance(value, ast.Call):
        value = value.func
    return value.attr if isinstance(value, ast.Attribute) else None
