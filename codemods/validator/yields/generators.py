"""Blocks that may be open while a generator waits, as far as one file shows it."""

from __future__ import annotations

import ast

#: These read all there is before they look at any of it.
_READERS = ("list", "tuple", "sorted")


def waiting_blocks(tree: ast.Module, *, unsafe: bool) -> frozenset[ast.AST]:
    """Return the ``with`` statements of generators that only wait, and are read at once here.

    With *unsafe* a person has answered for who goes through them.
    """
    makers = (ast.FunctionDef, ast.AsyncFunctionDef) if unsafe else (ast.FunctionDef,)
    outer = ast.walk(tree) if unsafe else tree.body
    functions = [n for n in outer if isinstance(n, makers) and not n.decorator_list]
    waiting = [f for f in functions if _only_waits(f)]
    if not unsafe and waiting:
        waiting = [f for f in waiting if _is_read_at_once(tree, f.name)]
    return frozenset(n for f in waiting for n in ast.walk(f) if isinstance(n, ast.With))


def _only_waits(function: ast.AST) -> bool:
    """Whether nothing is sent into *function*, nor done by a generator inside of it."""
    nodes = list(ast.walk(function))
    yields = [n for n in nodes if isinstance(n, ast.Yield)]
    statements = {n.value for n in nodes if isinstance(n, ast.Expr)}
    return bool(yields) and all(one in statements for one in yields) and not _delegates(nodes)


def _delegates(nodes: list[ast.AST]) -> bool:
    return any(isinstance(n, ast.YieldFrom) for n in nodes)


def _is_read_at_once(tree: ast.Module, name: str) -> bool:
    """Whether each mention of the function *name* in *tree* is read to its end where it stands."""
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call)]
    read = {call.args[0] for call in calls if len(call.args) == 1 and _reads(call.func)}
    named = {call.func for call in calls if call in read}
    loads = (n for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id == name)
    taken = any(isinstance(n, ast.Attribute) and n.attr == name for n in ast.walk(tree))
    return not taken and all(load in named for load in loads)


def _reads(function: ast.expr) -> bool:
    if isinstance(function, ast.Attribute):
        return function.attr == "join" and isinstance(function.value, ast.Constant)
    return isinstance(function, ast.Name) and function.id in _READERS
