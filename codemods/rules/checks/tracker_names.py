"""The name of a block's tracker, and whether it still means that tracker where a call stands."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words

if TYPE_CHECKING:
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.definitions import Resolved


def tracker_name(target: ast.expr | None, call: ast.Call) -> ast.Name | None:
    """Return the name that holds a block's tracker: what it binds, or what it was given."""
    given = next((k.value for k in call.keywords if k.arg == words.TRACKER_ARGUMENT), None)
    name = target if target is not None else given
    return name if isinstance(name, ast.Name) else None


def same_value(semantic: SemanticModel, tracker: ast.Name, call: ast.Call) -> bool:
    """Whether the tracker's name means the block's tracker where the call stands."""
    binding = semantic.scopes.of(tracker)
    root = call.func
    while isinstance(root, ast.Attribute):
        root = root.value
    scope = semantic.scopes.scope_of[root]
    if semantic.scopes.binding(tracker.id, scope) is not binding or binding.scope is not scope:
        return False
    if binding.declared or binding.deletes:
        return False
    # What binds the name stands before the block, or is the block itself.
    header = (tracker.lineno, tracker.col_offset)
    for binder in binding.binders:
        here = (binder.lineno, binder.col_offset)  # type: ignore[attr-defined]
        if binder is not tracker and here > header and here < (call.lineno, call.col_offset):
            return False
        if not _binds_tracker(semantic, binder):
            return False
    return True


def _binds_tracker(semantic: SemanticModel, binder: ast.AST) -> bool:
    if isinstance(binder, ast.arg):
        return True
    statement = semantic.module.statement(binder) if isinstance(binder, ast.Name) else None
    contexts = {w for w, _, _, _ in semantic.context_calls}
    binding_statements = {semantic.lifetimes.binding_of(c) for c in semantic.lifetimes.constructs}
    return statement is not None and (statement in contexts or statement in binding_statements)


def called_function(semantic: SemanticModel, call: ast.Call) -> Resolved | None:
    """Return the function of the project that is called; methods may be overridden anywhere."""
    certain = isinstance(call.func, ast.Name) or semantic.names.meaning(call.func).certain
    return semantic.taint.definition(call.func) if certain else None
