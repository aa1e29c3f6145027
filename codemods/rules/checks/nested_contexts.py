"""Contexts inside others that do not take over the tracker of the block around them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.semantic_model import SemanticModel

_With = ast.With | ast.AsyncWith
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
