"""What the end of a block makes needless: flushes, recordings by hand, a ``finally`` of those."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.validator.fingerprint import fingerprint
from codemods.validator.terms import flush_of, is_end, made_by_client, replay_of

if TYPE_CHECKING:
    from collections.abc import Sequence


def removable(
    original: list[ast.stmt],
    i: int,
    blocks: tuple[str | None, str | None],
    seen: list[ast.stmt],
    left: Sequence[ast.stmt],
) -> int:
    """Return how many statements at *i* the block makes needless (0 or 1).

    *blocks* are the trackers of the new block whose own body this is, and of the one that takes
    the calls made here.  *left* is what the rewritten block still holds.
    """
    ends, takes = blocks
    if takes is None or i >= len(original):
        return 0
    replayed = replay_of(original[i])
    if replayed is not None and replayed[0] == takes:
        return int(made_by_client(replayed[1], seen))
    if ends is not None and flush_of(original[i]) == ends:
        return int(is_end(left))
    return 0


def unwrapped(
    original: list[ast.stmt], i: int, left: Sequence[ast.stmt], block: str
) -> list[ast.stmt] | None:
    """Return what stands for a ``try`` whose ``finally`` only flushed, if it was unwrapped.

    *left* is what the rewritten block holds from there on.
    """
    node = original[i]
    after = left[0] if left else None
    if not isinstance(node, ast.Try) or [flush_of(s) for s in node.finalbody] != [block]:
        return None
    if after is not None and _flushing(after, block) >= _flushing(node, block):
        return None  # it is kept whole
    if node.handlers:
        remaining = ast.Try(node.body, node.handlers, node.orelse, [])
        return [ast.copy_location(remaining, node)] if is_end(left[1:]) else None
    there = [fingerprint(statement) for statement in left]
    body = [s for s in node.body if replay_of(s) is None or fingerprint(s) in there]
    return None if node.orelse or not is_end(left[len(body) :]) else list(node.body)


def _flushing(statement: ast.stmt | None, block: str) -> int:
    """Return how many ``try`` that only flush in the end begin with *statement*, each in one."""
    depth = 0
    while isinstance(statement, ast.Try) and [flush_of(s) for s in statement.finalbody] == [block]:
        depth += 1
        statement = next((s for s in statement.body if replay_of(s) is None), None)
    return depth


def lines_of_finally(statement: ast.stmt) -> tuple[int, int]:
    """Return the first and last line of what is below the other suites of a ``try``."""
    assert isinstance(statement, ast.Try)
    above = [*statement.body, *(s for handler in statement.handlers for s in handler.body)]
    end = above[-1].end_lineno or above[-1].lineno
    return end + 1, statement.finalbody[-1].end_lineno or statement.finalbody[-1].lineno
