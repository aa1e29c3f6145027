"""Calls of a bare client that nothing records today, and that a block would capture.

A rewrite on this project's runtime makes such a call visible for the first time.
The report says so, wherever the call is: in the block or in what the block reaches.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.dataflow.call_graph import reachable
from codemods.analysis.dataflow.tainted_values import last_name
from codemods.analysis.syntax.calls import client_calls
from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers.getters.wrapped_clients import calls_wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.definitions import DataFlow

NOTE = "calls of a bare client in this block are recorded from now on"
_RECORDERS = frozenset((*words.RECORDING_DECORATORS, words.TRACKED_DECORATOR))
_LEAVING = (ast.Return, ast.Raise, ast.Break, ast.Continue, ast.Assert)


def bare_call_notes(
    semantic: SemanticModel, statements: Sequence[ast.stmt], *, ours: bool
) -> tuple[str, ...]:
    """Return the note for a block over *statements*, if it records calls that were not before."""
    if not ours:
        return ()
    if makes_bare_calls(semantic, statements):
        return (NOTE,)
    reached = reachable(semantic.taint, statements)
    for one in reached:
        if any(last_name(_called(d)) in _RECORDERS for d in one.node.decorator_list):
            continue
        known = one.taint.once(_known)
        if one.node not in known:
            calls = (call for s in one.node.body for call in client_calls(s))
            known[one.node] = any(is_bare(one.taint, call) for call in calls)
        if known[one.node]:
            return (NOTE,)
    return (NOTE,) if reached.is_cut else ()


def _known(_taint: DataFlow) -> dict[ast.AST, bool]:
    """Return of which functions it is known whether they ask a client by themselves."""
    return {}


def makes_bare_calls(semantic: SemanticModel, statements: Sequence[ast.stmt]) -> bool:
    """Whether *statements* themselves call a client, and nothing records it for certain."""
    return any(is_bare(semantic.taint, call) for s in statements for call in client_calls(s))


def _called(decorator: ast.expr) -> ast.expr:
    return decorator.func if isinstance(decorator, ast.Call) else decorator


def is_bare(home: DataFlow, call: ast.Call) -> bool:
    """Whether nothing in the call's own function records it for certain."""
    blocks = (a for a in _around(home, call) if isinstance(a, ast.With | ast.AsyncWith))
    return not any(_is_context(home, one) for one in blocks) and is_unrecorded(home, call)


def _around(home: DataFlow, call: ast.Call) -> Iterator[ast.AST]:
    """Yield what is around *call* in its own function, from the inside out."""
    for around in home.module.ancestors(call):
        if isinstance(around, ast.FunctionDef | ast.AsyncFunctionDef):
            return
        yield around


def _decorators(home: DataFlow, call: ast.Call) -> list[ast.expr]:
    """Return the decorators of the function that *call* stands in."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    own = (a for a in home.module.ancestors(call) if isinstance(a, functions))
    return next((one.decorator_list for one in own), [])


def is_unrecorded(home: DataFlow, call: ast.Call) -> bool:
    """Whether nothing but a block around it records *call* for certain."""
    recorders = (a for a in _around(home, call) if isinstance(a, ast.Call))
    if any(last_name(one.func) in _RECORDERS for one in recorders):
        return False
    if any(last_name(_called(one)) in _RECORDERS for one in _decorators(home, call)):
        return False
    if _is_other_client(home, call.func) or calls_wrapped(home, call.func):
        return False
    statement = home.module.statement(call)
    names = {t.id for t in getattr(statement, "targets", ()) if isinstance(t, ast.Name)}
    for later in _behind(home, statement):
        if any(records(node, names) for node in walk(later) if _at_once(home, node, later)):
            return False
        if any(isinstance(node, _LEAVING) for node in walk(later)):
            return True
    return True


def _behind(home: DataFlow, statement: ast.stmt) -> Iterator[ast.stmt]:
    """Yield what runs behind *statement*, where it and all that follows come to their end."""
    around: ast.AST | None = home.module.parents.get(statement)
    while True:
        beside = home.module.statements_around(statement)
        yield from beside[beside.index(statement) + 1 :]
        if isinstance(around, ast.Try | ast.TryStar) and statement in around.body:
            yield from around.orelse
        elif not isinstance(around, ast.With | ast.AsyncWith):
            return
        statement, around = around, home.module.parents.get(around)


def _is_context(home: DataFlow, statement: ast.With | ast.AsyncWith) -> bool:
    calls = (i.context_expr for i in statement.items if isinstance(i.context_expr, ast.Call))
    return any(home.names.context_manager(call.func) is not None for call in calls)


def records(node: ast.AST, names: set[str]) -> bool:
    """Whether *node* is ``tracker.track_x(lambda: name)`` for one of *names*."""
    if not isinstance(node, ast.Call) or last_name(node.func) not in words.REPLAYS or not node.args:
        return False
    made = node.args[0].body if isinstance(node.args[0], ast.Lambda) else node.args[0]
    return isinstance(made, ast.Name) and made.id in names


def _at_once(home: DataFlow, node: ast.AST, statement: ast.stmt) -> bool:
    """Whether *node* is part of *statement* itself, and not of a suite inside it."""
    return isinstance(node, ast.expr) and home.module.statement(node) is statement


def _is_other_client(home: DataFlow, function: ast.expr) -> bool:
    """Whether the client is visibly this file's own class, or a wrapped one."""
    root = function
    while isinstance(root, ast.Attribute):
        root = root.value
    if isinstance(root, ast.Call):
        return _makes_other(home, root)
    if not isinstance(root, ast.Name) or root not in home.scopes.scope_of:
        return False
    values = (getattr(home.module.parents.get(b), "value", None) for b in _binders(home, root))
    return any(isinstance(v, ast.Call) and _makes_other(home, v) for v in values)


def _binders(home: DataFlow, name: ast.Name) -> list[ast.AST]:
    return home.scopes.of(name).binders


def _makes_other(home: DataFlow, call: ast.Call) -> bool:
    if last_name(call.func) in words.CLIENT_WRAPPERS:
        return True
    if not isinstance(call.func, ast.Name) or call.func not in home.scopes.scope_of:
        return False
    return any(isinstance(b, ast.ClassDef) for b in _binders(home, call.func))
