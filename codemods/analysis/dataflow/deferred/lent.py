"""A tracker that a context variable has for as long as a ``try`` lasts, which takes it back."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.taint_records import Assumed

if TYPE_CHECKING:
    from codemods.analysis.dataflow.protocols import Pass

_VARIABLE = "contextvars.ContextVar"


def lends(run: Pass, call: ast.Call) -> bool:
    """Take in ``token = VARIABLE.set(tracker)`` above a ``try`` whose ``finally`` resets it.

    Who asks for the variable meanwhile is trusted like a function that is given the tracker.
    Nothing else may have the token, and nothing stands between.
    """
    statement = run.module.parents.get(call)
    variable = call.func.value if isinstance(call.func, ast.Attribute) else None
    target = statement.targets[0] if isinstance(statement, ast.Assign) else None
    if not isinstance(statement, ast.Assign) or len(statement.targets) > 1:
        return False
    if not isinstance(target, ast.Name) or not isinstance(variable, ast.Name):
        return False
    if run.taint.foreign.class_path(variable) != _VARIABLE:
        return False
    token = run.scopes.of(target)
    beside = run.module.statements_around(statement)
    following = beside[beside.index(statement) + 1 :]
    last = following[0].finalbody[:1] if following and isinstance(following[0], ast.Try) else []
    back = getattr(last[0], "value", None) if last else None
    same = isinstance(back, ast.Call) and ast.dump(back) == _reset(variable, target)
    if not same or token.binders != [target] or len(token.loads) != 1 or token.declared:
        return False
    run.flow.tainted.add(token)
    run.flow.assumed.append(Assumed(f"who asks for {variable.id} does not keep the tracker", call))
    return True


def _reset(variable: ast.Name, token: ast.Name) -> str:
    """Return how ``VARIABLE.reset(token)`` is dumped."""
    function = ast.Attribute(ast.Name(variable.id, ast.Load()), "reset", ast.Load())
    return ast.dump(ast.Call(function, [ast.Name(token.id, ast.Load())], []))
