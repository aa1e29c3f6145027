"""A set call whose value a variable of a function gets, and nothing reads."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.validator.terms import last_name

if TYPE_CHECKING:
    from collections.abc import Iterable

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_BY_NAME = frozenset({"locals", "vars", "dir", "eval", "exec", "f_locals"})


def gives_a_name(statement: ast.Assign) -> bool:
    """Whether *statement* binds what a set call returns to one plain name."""
    value, targets = statement.value, statement.targets
    is_call = isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute)
    named = len(targets) == 1 and isinstance(targets[0], ast.Name)
    return is_call and named and last_name(value.func) in (words.SET_CALL, words.OLDER_SET_CALL)  # type: ignore[attr-defined]


def drop_unread(scope: ast.AST, own: Iterable[ast.AST]) -> None:
    """Leave but the call of each such statement in *scope*, if a function, that evaluates *own*."""
    if not isinstance(scope, _FUNCTIONS):
        return
    unread: set[str] | None = None
    for node in (scope, *own):
        for body in (getattr(node, name, None) for name in ("body", "orelse", "finalbody")):
            for index, one in enumerate(body if isinstance(body, list) else ()):
                if not isinstance(one, ast.Assign) or not gives_a_name(one):
                    continue
                unread = _unread(scope) if unread is None else unread
                if one.targets[0].id in unread:  # type: ignore[attr-defined]
                    body[index] = ast.copy_location(ast.Expr(one.value), one)  # type: ignore[index]


def _unread(function: ast.AST) -> set[str]:
    """Return the names that *function* only binds, in its inner functions too."""
    nodes = list(ast.walk(function))
    names = [node for node in nodes if isinstance(node, ast.Name)]
    others = {node.id for node in names if not isinstance(node.ctx, ast.Store)}
    fields = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    if not _BY_NAME.isdisjoint(others | fields):
        return set()
    declared = {n for d in nodes if isinstance(d, ast.Global | ast.Nonlocal) for n in d.names}
    # A class has what its body binds.
    classes = (node for node in nodes if isinstance(node, ast.ClassDef))
    visible = {n.id for c in classes for n in ast.walk(c) if isinstance(n, ast.Name)}
    return {node.id for node in names} - others - declared - visible
