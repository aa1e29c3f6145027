"""Branches that are left for good: what a tracker was told there is told nothing behind them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    Known = dict[str, dict[str, ast.expr]]

_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, ast.Module)
_LISTS = ("body", "orelse", "finalbody", "handlers", "cases")
_BINDING = (ast.Assign, ast.AnnAssign)


def are_apart(parents: Mapping[ast.AST, ast.AST], block: ast.AST, use: ast.AST) -> bool:
    """Whether *block* and *use* lie in branches of one statement that never both run."""
    ways: dict[ast.AST, ast.AST] = {}
    below = block
    while below in parents:
        ways[parents[below]] = below
        below = parents[below]
    below = use
    while below in parents and parents[below] not in ways:
        below = parents[below]
    meeting = parents.get(below)
    if isinstance(meeting, ast.Match):
        return isinstance(below, ast.match_case) and ways[meeting] is not below
    if not isinstance(meeting, ast.If) or meeting.test in (below, ways[meeting]):
        return False
    return (below in meeting.body) != (ways[meeting] in meeting.body)


def is_never_reached(
    parents: Mapping[ast.AST, ast.AST],
    block: ast.AST,
    name: str,
    use: ast.AST,
    new: Collection[ast.AST],
) -> bool:
    """Whether nothing that went through *block* comes to *use* with the same tracker *name*.

    The suite that binds *name*, or the function's, is left from a branch around *block*.  A ``try``
    or ``with`` around that may catch an error, but those that are *new*; a loop may go on.
    """
    ended: Sequence[ast.stmt] | None = None
    below = block
    while below in parents:
        above = parents[below]
        beside = _list_of(above, below)
        if isinstance(above, _SCOPES) or _is_bound_before(beside, below, name):
            inside = any(node is use for one in beside for node in ast.walk(one))
            held = any(node is use for one in ended or () for node in ast.walk(one))
            return ended is not None and inside and not held
        if isinstance(above, ast.If | ast.match_case):
            if ended is None and _is_ended(beside, new):
                ended = beside
        elif isinstance(above, _LOOPS):
            ended = None if ended is not None and _jumps(ended) else ended
        elif not isinstance(above, ast.Match) and above not in new:
            ended = None
        below = above
    return False


def bodies_of_lifetimes(
    statement: ast.AST, made: set[str], rounds: set[str], sure: set[str] | None
) -> tuple[set[str], set[str] | None]:
    """Return *rounds* and *sure* of ``joined`` inside *statement*, whose bodies build *made*."""
    if isinstance(statement, ast.If | ast.Match):
        rounds = rounds | made
    elif isinstance(statement, (*_LOOPS, *_SCOPES)):
        rounds = made
    else:
        return made, made  # the program may go on after what is raised inside
    return rounds, sure if sure is None else sure | made


def joined(
    start: Known,
    ways: Iterable[tuple[list[ast.stmt], Known]],
    rounds: Collection[str],
    sure: Collection[str] | None,
) -> Known:
    """Return *start*, with what is known at the end of each body that is not left for good.

    One that goes on with a round is left for trackers of *rounds*: each builds them anew.  After an
    error the program goes on for those that are not in *sure*, if that is given.
    """
    for body, end in ways:
        ended = _is_ended(body, ()) if body else False
        jumps = ended and _jumps(body)
        for name, ids in end.items():
            left = ended and (sure is None or name in sure) and (not jumps or name in rounds)
            if not left:
                start.setdefault(name, {}).update(ids)
    return start


def _list_of(above: ast.AST, below: ast.AST) -> list[ast.stmt]:
    lists = (getattr(above, field, None) for field in _LISTS)
    return next((one for one in lists if isinstance(one, list) and below in one), [])


def _is_bound_before(beside: list[ast.stmt], below: ast.AST, name: str) -> bool:
    if below not in beside:
        return False
    above = beside[: beside.index(below)]
    names = (n for one in above if isinstance(one, _BINDING) for n in ast.walk(one))
    return any(
        isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store) for n in names
    )


def _is_ended(body: list[ast.stmt], new: Collection[ast.AST]) -> bool:
    """Whether *body* does not come to its end: its last statement goes elsewhere."""
    last = body[-1]
    if isinstance(last, ast.With) and last in new:
        return _is_ended(last.body, new)
    if isinstance(last, ast.If) and last.orelse:
        return _is_ended(last.body, new) and _is_ended(last.orelse, new)
    return isinstance(last, ast.Return | ast.Raise | ast.Break | ast.Continue)


def _jumps(body: Iterable[ast.stmt]) -> bool:
    nodes = (node for one in body for node in ast.walk(one))
    return any(isinstance(node, ast.Break | ast.Continue) for node in nodes)
