"""Wrapped clients that are awaited on the original runtime, where a context is its thread's.

Another task that has a context meanwhile would give them its ids.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.tree import walk
from codemods.model.refusal import Reason, Refusal
from codemods.rules.checks.lifetime import other_set
from codemods.rules.checks.waiting.early_calls import WAITING, asks_before_waiting
from codemods.rules.refusing import refuse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from codemods.analysis.dataflow.taint_records import Flow
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.lifetimes import Lifetime
    from codemods.model.finding import Finding

#: By these a file has several tasks in one thread: nobody need be asked whether it has.
_TASKS = frozenset(
    "gather create_task ensure_future TaskGroup as_completed wait start_soon".split()
)
_BEGINS = frozenset({"asyncio.gather", "asyncio.create_task", "asyncio.ensure_future"})


def wrapped_refusal(
    semantic: SemanticModel, finding: Finding, lifetime: Lifetime, flow: Flow
) -> Refusal | None:
    """Refuse wrapped clients on the original runtime where their context may be another one's.

    There a wrapped client takes its ids from the innermost context of its thread.
    """
    if semantic.ours(lifetime.construct.home):
        return None
    if not semantic.wraps_clients(lifetime.body, lifetime.index + 1, lifetime.end):
        return None
    # A context that names no id takes none from the client's tracker.
    hidden = other_set(lifetime, flow) if lifetime.sets else None
    if hidden is not None:
        detail = f"{ast.unparse(hidden)} sets ids that a wrapped client would not see in the block"
        return refuse(semantic, finding, Reason.TWO_TRACKERS, detail, hidden)
    wrapper = _awaited_wrapper(semantic, lifetime)
    if wrapper is None:
        return None
    begins_tasks = _begins_tasks(semantic)
    if semantic.settings.unsafe and not begins_tasks:
        return None
    detail = "a wrapped client is awaited, and tasks share the context of their thread"
    refusal = refuse(semantic, finding, Reason.TWO_TRACKERS, detail, wrapper)
    if begins_tasks:
        return refusal
    return replace(refusal, advice=f"{refusal.advice}, or run with --unsafe if no other task runs")


def wrapped_conditions(semantic: SemanticModel, lifetime: Lifetime) -> tuple[str, ...]:
    """Return what is to be confirmed of a wrapped client that is awaited, with ``--unsafe``."""
    wrapper = _awaited_wrapper(semantic, lifetime)
    if wrapper is None:
        return ()
    line = semantic.module.span(wrapper).line
    return (f"no other task of this thread has a context while the client of line {line} is used",)


def _awaited_wrapper(semantic: SemanticModel, lifetime: Lifetime) -> ast.Attribute | None:
    """Return what wraps a client where its context is its thread's, and something is awaited."""
    if semantic.ours(lifetime.construct.home):
        return None
    start, end = lifetime.index + 1, lifetime.end
    if not semantic.wraps_clients(lifetime.body, start, end):
        return None
    statements = lifetime.body[start:end]
    if not any(isinstance(n, ast.Await) for s in statements for n in walk(s)):
        return None
    found = _wrappers(statements)
    return next((one for one in found if not asks_before_waiting(semantic, lifetime, one)), None)


def _wrappers(statements: list[ast.stmt]) -> Iterator[ast.Attribute]:
    for statement in statements:
        for node in walk(statement):
            if isinstance(node, ast.Attribute) and node.attr in words.CLIENT_WRAPPERS:
                yield node


def client_beside(
    semantic: SemanticModel, home: str, bodies: Sequence[Sequence[ast.stmt]]
) -> ast.Attribute | None:
    """Return what wraps a client that blocks around *bodies* may leave their context to.

    On the original runtime tasks that are in such blocks by turns leave the thread one of their
    contexts for good: each gives back what was there when it began.
    """
    if semantic.ours(home) or not semantic.module.mentions(words.CLIENT_WRAPPERS):
        return None
    statements = [s for body in bodies for s in body]
    if not any(isinstance(n, WAITING) for s in statements for n in walk(s)):
        return None
    if not _begins_tasks(semantic):
        return None
    inside = {n for s in statements for n in walk(s)}
    return next((n for n in _wrappers(semantic.module.tree.body) if n not in inside), None)


def _begins_tasks(semantic: SemanticModel) -> bool:
    """Whether the file begins tasks that may have a context of their own.

    Of a function in sight that sets no ids and opens no context it shows that it has none.
    """
    if not semantic.module.mentions(_TASKS):
        return False
    names: list[ast.Name | ast.Attribute] = [
        *(n for n in semantic.module.every(ast.Name) if last_name(n) in _TASKS),
        *(n for n in semantic.module.every(ast.Attribute) if n.attr in _TASKS),
    ]
    return not all(_begins_without_context(semantic, name) for name in names)


def _begins_without_context(semantic: SemanticModel, name: ast.Name | ast.Attribute) -> bool:
    call = semantic.module.parents[name]
    if not isinstance(call, ast.Call) or call.func is not name:
        return False
    known = set(semantic.names.meaning(name).paths)
    seen: set[ast.AST] = set()
    return bool(known) and known <= _BEGINS and all(_is_free(semantic, a, seen) for a in call.args)


def _is_free(semantic: SemanticModel, made: ast.AST, seen: set[ast.AST]) -> bool:
    """Whether the call *made* runs a function in sight without contexts, that calls only such."""
    definition = semantic.taint.definition(made.func) if isinstance(made, ast.Call) else None
    if definition is None or isinstance(definition.node, ast.Lambda):
        return False
    if definition.node.decorator_list or next(_wrappers(definition.node.body), None) is not None:
        return False
    if definition.node in seen:
        return True
    seen.add(definition.node)
    setting = {site.call for site in semantic.lifetimes.set_calls}
    for call in (n for n in walk(definition.node) if isinstance(n, ast.Call)):
        if call in setting or semantic.names.context_manager(call.func) is not None:
            return False
        inner = semantic.taint.definition(call.func)
        if inner is not None and not _is_free(semantic, call, seen):
            return False
    return True
