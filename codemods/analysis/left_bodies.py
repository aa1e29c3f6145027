"""Bodies that the life of a tracker ends in: once inside, nothing outside of them is reached.

Such a body is a branch that returns, raises, or goes on with the next round of the loop whose
body the whole life is.  A ``try`` or ``with`` around it may go on behind it, after an error.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from codemods.analysis.syntax.tree import walk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codemods.analysis.syntax.definitions import DataFlow
    from codemods.analysis.syntax.parsed_module import Path
    from codemods.analysis.trackers.lifetimes import Lifetime

    #: A statement or case, and the field that has the body.
    Body = tuple[ast.AST, str]

_LOOPS = (ast.For, ast.AsyncFor, ast.While)


class _Inside(NamedTuple):
    """What is known of a body: the outermost of those around that are left, itself included.

    ``sure`` says that no error is caught between the life's body and this one, ``repeated`` that
    a loop stands there: each round of one around the life has a tracker of its own.
    """

    left: Body | None
    sure: bool
    repeated: bool


class LeftBodies:
    """Answers for the trackers of one module."""

    def __init__(self, taint: DataFlow) -> None:
        self._module = taint.module
        self._known: dict[tuple[Body, Body], _Inside] = {}

    def around(self, lifetime: Lifetime, node: ast.AST) -> Body | None:
        """Return the body in which the life is over once *node* has run, or None."""
        if lifetime.owned or lifetime.escapes or lifetime.construct.shared:
            return None  # whoever has the tracker next has its ids
        home = self._module.parents[lifetime.body[0]], lifetime.field_name
        statement: ast.AST = self._module.statement(node)
        passed: list[Body] = []
        state = _Inside(None, sure=False, repeated=True)
        while self._module.paths.get(statement):
            body = self._body_of(statement)
            if body == home:
                state = _Inside(None, sure=True, repeated=False)
                break
            if (home, body) in self._known:
                state = self._known[home, body]
                break
            passed.append(body)
            statement = body[0]
        while passed:
            body = passed.pop()
            state = self._known[home, body] = self._entered(state, body)
        return state.left

    def may_follow(self, lifetime: Lifetime, one: ast.AST, other: ast.AST) -> bool:
        """Whether *one* does not end the life in a body that *other* is not in."""
        left = self.around(lifetime, one)
        path = self._module.paths[self._module.statement(other)]
        own = lifetime.prefix, lifetime.field_name
        if left is None or not _is_in(path, *own):
            return True
        return _is_in(path, self._module.paths[left[0]], left[1])

    def _body_of(self, statement: ast.AST) -> Body:
        return self._module.parents[statement], self._module.paths[statement][-1][0]

    def _entered(self, outer: _Inside, body: Body) -> _Inside:
        node, name = body
        if outer.left is not None or isinstance(node, ast.Match):
            return outer
        if isinstance(node, ast.If | ast.match_case):
            statements: list[ast.stmt] = getattr(node, name)
            is_left = outer.sure and _is_left(statements, repeated=outer.repeated)
            return outer._replace(left=body) if is_left else outer
        if isinstance(node, _LOOPS):
            return outer._replace(repeated=True)
        return outer._replace(sure=False)


def _is_in(path: Path, above: Path, name: str) -> bool:
    """Whether the statement at *path* is in the body *name* of what stands at *above*."""
    depth = len(above)
    return path[:depth] == above and len(path) > depth and path[depth][0] == name


def _is_left(body: Sequence[ast.stmt], *, repeated: bool) -> bool:
    """Whether the life is over where *body* ends, however it does."""
    last = body[-1]
    if isinstance(last, ast.If) and last.orelse:
        both = all(_is_left(one, repeated=repeated) for one in (last.body, last.orelse))
        return both and not _goes_on(body, repeated)
    if isinstance(last, ast.Break | ast.Continue):
        return not repeated
    return isinstance(last, ast.Return | ast.Raise) and not _goes_on(body, repeated)


def _goes_on(body: Sequence[ast.stmt], repeated: bool) -> bool:
    """Whether *body* may go on with a loop around it, which is none around the life."""
    nodes = (node for statement in body for node in walk(statement)) if repeated else ()
    return any(isinstance(node, ast.Break | ast.Continue) for node in nodes)
