"""New-style code that is used against its purpose: found by lint, never rewritten silently.

What it does    Reports contexts nested without ``tracker=``, trackers used behind their block,
                operation types that say nothing, one context for each item of a batch, and
                constructor arguments given to a context.
Why             The inner block would record through a tracker of its own; a closed block books
                late; ``process`` groups everything together; one block a call hides the batch.
Guide           Best Practices
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.rules.planning.operation_types import GENERIC

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.scopes import Binding
    from codemods.model.finding import Finding

NESTED = "AIU007"
BEHIND = "AIU008"
GENERIC_NAME = "AIU009"
CONSTRUCTOR = "AIU010"
PER_ITEM = "AIU011"
NESTED_MESSAGE = "nested context without tracker="
_With = ast.With | ast.AsyncWith
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def find(semantic: SemanticModel) -> Iterator[Finding]:
    """Yield the findings about the context managers of a module."""
    for _, call in nested(semantic):
        yield semantic.finding(NESTED, call, NESTED_MESSAGE)
    for _, call in _inside(semantic, per_item=True):
        yield semantic.finding(PER_ITEM, call, "a context of its own for each item of a batch")
    for statement, item, call, _ in semantic.context_calls:
        yield from _of_header(semantic, call)
        yield from _behind(semantic, statement, statement.items[item].optional_vars)


def nested(semantic: SemanticModel) -> Iterator[tuple[_With, ast.Call]]:
    """Yield each context without ``tracker=`` in another one: the outer block, the inner call."""
    return _inside(semantic, per_item=False)


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


def _of_header(semantic: SemanticModel, call: ast.Call) -> Iterator[Finding]:
    operation = call.args[0] if call.args else None
    if isinstance(operation, ast.Constant) and str(operation.value) in GENERIC:
        message = f"the operation type {operation.value!r} says nothing"
        yield semantic.finding(GENERIC_NAME, call, message)
    for keyword in call.keywords:
        if keyword.arg in words.CONSTRUCTOR_ONLY:
            message = f"{keyword.arg} belongs to the tracker's constructor"
            yield semantic.finding(CONSTRUCTOR, call, message)


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
    return semantic.module.enclosing_loop(statement, outer) is not None


def _behind(
    semantic: SemanticModel, statement: ast.stmt, target: ast.expr | None
) -> Iterator[Finding]:
    """Find uses of the block's tracker after the block, where only this block binds it."""
    if not isinstance(target, ast.Name):
        return
    binding = semantic.scopes.of(target)
    if len(binding.binders) != 1:
        return
    end = statement.end_lineno or statement.lineno
    for load in binding.loads:
        if load.lineno > end and not _adopted_again(semantic, load, binding):
            yield semantic.finding(BEHIND, load, f"{target.id} is used after its block has ended")


def _adopted_again(semantic: SemanticModel, load: ast.Name, binding: Binding) -> bool:
    """Whether *load* stands in the header or the body of another context with that tracker."""
    around = set(semantic.module.ancestors(load))
    for statement, _, call, _ in semantic.context_calls:
        given = next((k.value for k in call.keywords if k.arg == words.TRACKER_ARGUMENT), None)
        if statement in around and isinstance(given, ast.Name):
            if semantic.scopes.of(given) is binding:
                return True
    return False
