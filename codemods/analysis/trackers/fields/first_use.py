"""Functions that build something on their first call, keep it, and give the same one ever after.

``if kept is None: kept = AIUsageTracker()`` and ``return kept``, in the ways that people write it:
with the test the other way round, in a ``with`` of a lock, tested again inside of one.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers.fields.syntax import is_docstring, tested_for_none
from codemods.analysis.trackers.lifetimes import is_none

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence

    Question = Callable[[ast.AST | None], bool]


def built_once(
    body: Sequence[ast.stmt], is_backing: Question, built: Container[ast.AST | None]
) -> ast.expr | None:
    """Return the construction, one of *built*, that a function of this *body* makes only once.

    *is_backing* says of an expression that it is the variable, or the field, that keeps it.  None
    where the function may give anything else, or does more than this.
    """
    steps = [s for s in body if not is_docstring(s) and not isinstance(s, ast.Global)]
    if len(steps) == 1 and _is_lock(steps[0]):
        steps = steps[0].body  # type: ignore[attr-defined]
    *first, last = steps or [ast.Pass()]
    if not isinstance(last, ast.Return) or not is_backing(last.value):
        return None
    if len(first) == 1:
        return _where_missing(first[0], is_backing, built) or _or_built(first[0], is_backing, built)
    if len(first) == 2 and _gives_what_is_there(first[0], is_backing):
        return _assigned(first[1], is_backing, built)
    return None


def _is_lock(statement: ast.stmt) -> bool:
    """Whether *statement* is a ``with`` of something that is there already, as locks are."""
    return isinstance(statement, ast.With) and all(
        item.optional_vars is None and not any(isinstance(n, ast.Call) for n in walk(item))
        for item in statement.items
    )


def _where_missing(
    statement: ast.stmt, is_backing: Question, built: Container[ast.AST | None]
) -> ast.expr | None:
    """Return what ``if kept is None: kept = ...`` builds, with or without a lock around either."""
    if _is_lock(statement) and len(statement.body) == 1:  # type: ignore[attr-defined]
        return _where_missing(statement.body[0], is_backing, built)  # type: ignore[attr-defined]
    if not isinstance(statement, ast.If) or statement.orelse or len(statement.body) != 1:
        return None
    if not is_backing(tested_for_none(statement.test)):
        return None
    inner = statement.body[0]
    if _is_lock(inner):
        return _where_missing(inner, is_backing, built)  # the test again, behind the lock
    return _assigned(inner, is_backing, built)


def _or_built(
    statement: ast.stmt, is_backing: Question, built: Container[ast.AST | None]
) -> ast.expr | None:
    """Return what ``kept = kept or ...`` builds."""
    value = getattr(statement, "value", None)
    if not isinstance(statement, ast.Assign) or not isinstance(value, ast.BoolOp):
        return None
    if (
        not isinstance(value.op, ast.Or)
        or len(value.values) != 2
        or not is_backing(value.values[0])
    ):
        return None
    own = len(statement.targets) == 1 and is_backing(statement.targets[0])
    return value.values[1] if own and value.values[1] in built else None


def _gives_what_is_there(statement: ast.stmt, is_backing: Question) -> bool:
    """Whether *statement* is ``if kept is not None: return kept``."""
    if not isinstance(statement, ast.If) or statement.orelse or len(statement.body) != 1:
        return False
    test, inner = statement.test, statement.body[0]
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.IsNot):
        test = test.left if is_none(test.comparators[0]) else test
    return is_backing(test) and isinstance(inner, ast.Return) and is_backing(inner.value)


def _assigned(
    statement: ast.stmt, is_backing: Question, built: Container[ast.AST | None]
) -> ast.expr | None:
    """Return what ``kept = ...`` builds."""
    if isinstance(statement, ast.AnnAssign):
        targets: list[ast.expr] = [statement.target]
    else:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
    value = getattr(statement, "value", None)
    return value if len(targets) == 1 and is_backing(targets[0]) and value in built else None
