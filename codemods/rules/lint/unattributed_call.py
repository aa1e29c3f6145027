"""Unattributed call: a client's call that no block takes, in a file that has blocks.

What it does    Reports the call.
Why             Beside code that says what its calls are for, this one is booked on nothing.
Before          def summarise(client, text):
                    return client.responses.create(model="gpt-4.1", input=text)
After           def summarise(client, text):
                    with ai_usage_context("summary"):
                        return client.responses.create(model="gpt-4.1", input=text)
Safety          Reported and never rewritten: only a person knows what the call is for.
Severity        warning
Leaves alone    functions that something in the project names, whose callers may be in a block;
                those with decorators or trackers; clients that carry a tracker; files without a
                context
Guide           Best Practices, 1
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.calls import client_calls, last_name
from codemods.analysis.syntax.tree import walk

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.definitions import Function
    from codemods.model.finding import Finding

CODE = "AIU016"
MESSAGE = "call of a client outside of every context of this file"
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEFERRED = (*_FUNCTIONS, ast.Lambda)
#: A function that speaks of one of these has a tracker, whose rules are others.
_TRACKING = frozenset(
    (words.TRACKER_CLASS, words.SET_CALL, words.OLDER_SET_CALL, words.TRACKER_ARGUMENT)
)


def find(semantic: SemanticModel, told: Collection[Finding]) -> Iterator[Finding]:
    """Yield the calls that surely run in no context."""
    del told
    if not semantic.context_calls:
        return
    for call in client_calls(semantic.module.tree):
        if _carries_a_tracker(semantic, call) or not _runs_alone(semantic, call):
            continue
        yield semantic.finding(CODE, call, MESSAGE)


def _runs_alone(semantic: SemanticModel, call: ast.Call) -> bool:
    """Whether *call* is in no block, and in nothing that somebody may call in one."""
    for one in semantic.module.ancestors(call):
        if isinstance(one, ast.With | ast.AsyncWith) and not _is_harmless(one):
            return False
        if isinstance(one, ast.Lambda | ast.ClassDef):
            return False
        if isinstance(one, _FUNCTIONS) and not _is_an_entrance(semantic, one):
            return False
    # What the module's own code does with a tracker is in reach of its calls, too.
    if semantic.module.function_around(call) is not None:
        return True
    return not semantic.module.mentions((words.TRACKER_CLASS,))


def _is_harmless(statement: ast.With | ast.AsyncWith) -> bool:
    """Whether *statement* opens nothing but files: any other manager may be a context."""
    return all(
        isinstance(item.context_expr, ast.Call) and last_name(item.context_expr.func) == "open"
        for item in statement.items
    )


def _is_an_entrance(semantic: SemanticModel, function: Function) -> bool:
    """Whether nothing of the project names *function*, and it has no tracker of its own."""
    if function.decorator_list or _speaks_of_a_tracker(function):
        return False
    name = function.name
    mentions = (
        node
        for node in semantic.module.nodes
        if (isinstance(node, ast.Name) and node.id == name)
        or (isinstance(node, ast.Attribute) and node.attr == name)
        or (isinstance(node, ast.Constant) and isinstance(node.value, str) and name in node.value)
    )
    if next(mentions, None) is not None:
        return False
    return next(semantic.elsewhere.mentioning(name), function) is function


def _speaks_of_a_tracker(function: Function) -> bool:
    for node in walk(function):
        name = ""
        if isinstance(node, ast.Name):
            name = node.id
        elif isinstance(node, ast.Attribute):
            name = node.attr
        elif isinstance(node, ast.arg):
            name = node.arg
        if name in _TRACKING or name.endswith(f"_{words.TRACKER_ARGUMENT}"):
            return True
    return False


def _carries_a_tracker(semantic: SemanticModel, call: ast.Call) -> bool:
    """Whether the client of *call* is one that records by itself, or may be."""
    root: ast.expr = call.func
    while isinstance(root, ast.Attribute):
        root = root.value
    if not isinstance(root, ast.Name) or root not in semantic.scopes.scope_of:
        return True
    for binder in semantic.scopes.of(root).binders:
        value = getattr(semantic.module.parents.get(binder), "value", None)
        if isinstance(value, ast.Await):
            value = value.value
        if isinstance(value, ast.Call) and last_name(value.func) in (
            *words.CLIENT_WRAPPERS,
            "wrap",
        ):
            return True
    return False
