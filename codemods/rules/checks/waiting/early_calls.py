"""Calls of wrapped clients that are over before the block around them waits for anything.

No other task has run since that block began: the context of the thread is its own.
"""

from __future__ import annotations

import ast
from itertools import takewhile
from typing import TYPE_CHECKING

from codemods.analysis.syntax.tree import walk

if TYPE_CHECKING:
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.lifetimes import Lifetime

WAITING = (ast.Await, ast.AsyncFor, ast.AsyncWith)
#: By these, too, others get to run.
_GOING = (*WAITING, ast.Yield, ast.YieldFrom)
#: What these hold is evaluated later, by whoever asks.
_LATER = (ast.Lambda, ast.GeneratorExp)


def asks_before_waiting(
    semantic: SemanticModel, lifetime: Lifetime, wrapper: ast.Attribute
) -> bool:
    """Whether all calls of the client that *wrapper* gives stand before what waits in their block.

    None of them is awaited itself.  A block begins at the last set call before them at the
    earliest, where all of these stand in the suite of *lifetime*.
    """
    calls = _calls(semantic, lifetime, wrapper)
    if calls is None:
        return False
    sites = lifetime.sets
    beside = all(site.path[:-1] == lifetime.prefix for site in sites)
    begins = sorted(site.path[-1][1] for site in sites) if beside else []
    for place in (_place(semantic, lifetime, call) for call in calls):
        if place is None:
            return False
        before = takewhile(lambda begin: begin <= place, begins)  # noqa: B023 - used at once
        first = max((lifetime.index, *before)) + 1
        parts = (n for s in lifetime.body[first : place + 1] for n in walk(s))
        if any(isinstance(n, _GOING) or getattr(n, "is_async", 0) for n in parts):
            return False
    return True


def _place(semantic: SemanticModel, lifetime: Lifetime, call: ast.Call) -> int | None:
    """Return which statement of the suite of *lifetime* has *call*, None if none has."""
    path = semantic.module.paths[semantic.module.statement(call)]
    depth = len(lifetime.prefix)
    if len(path) <= depth or path[:depth] != lifetime.prefix:
        return None
    field, index = path[depth]
    return index if field == lifetime.field_name else None


def _calls(
    semantic: SemanticModel, lifetime: Lifetime, wrapper: ast.Attribute
) -> list[ast.Call] | None:
    """Return the calls of the client that *wrapper* gives; None where others may make some."""
    parents = semantic.module.parents
    made = parents[wrapper]
    if not isinstance(made, ast.Call) or made.func is not wrapper:
        return None
    around = parents[made]
    found: list[ast.Call | None] = []
    if isinstance(around, ast.Assign) and len(around.targets) == 1:
        target = around.targets[0]
        binding = semantic.scopes.of(target) if isinstance(target, ast.Name) else None
        if binding is None or binding.binders != [target] or binding.scope.is_module:
            return None
        if binding.declared or binding.deletes:
            return None
        found = [_call_on(semantic, load) for load in binding.loads]
    else:
        found = [_call_on(semantic, made)]
    home = semantic.module.function_around(lifetime.binding_statement)
    calls = [one for one in found if one is not None and _is_at_once(semantic, one, home)]
    return calls if len(calls) == len(found) else None


def _call_on(semantic: SemanticModel, client: ast.expr) -> ast.Call | None:
    """Return the call of a method of *client*, or of what that has: ``client.chat.create()``."""
    parents = semantic.module.parents
    method: ast.AST = client
    while isinstance(parents[method], ast.Attribute):
        method = parents[method]
    call = parents[method]
    is_call = isinstance(call, ast.Call) and call.func is method and method is not client
    return call if is_call and isinstance(call, ast.Call) else None


def _is_at_once(semantic: SemanticModel, call: ast.Call, home: ast.AST | None) -> bool:
    """Whether *call* is made where it stands in *home*, and nobody waits for what it gives."""
    if semantic.module.function_around(call) is not home:
        return False
    around = takewhile(lambda n: not isinstance(n, ast.stmt), semantic.module.ancestors(call))
    return not any(isinstance(n, (*_LATER, ast.Await)) for n in around)
