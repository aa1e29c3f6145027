"""Cuts out the top-level statements that change, so that the rest of a file is never re-printed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods.model.edit import AddImport, Wrap

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable

    from codemods.model.edit import Edit

_INDENTED_COMMENT = re.compile(r"[ \t]+#")
_NOTHING = re.compile(r"[ \t\f]*(#.*)?[\r\n]*\Z")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of top-level statements ``first`` to ``last`` on the lines ``start`` to ``end``.

    Lines count from 0, ``end`` is exclusive.
    """

    first: int
    last: int
    start: int
    end: int


def touched(edit: Edit) -> tuple[int, int]:
    """Return the first and last top-level statement that *edit* concerns."""
    if isinstance(edit, Wrap):
        taken = [t.path[0][1] for t in edit.header.taken]
        first = edit.path[0][1]
        last = edit.stop - 1 if len(edit.path) == 1 else first
        return min(first, *taken, first), max(last, *taken, last)
    index = (edit.beside if isinstance(edit, AddImport) else edit.path)[0][1]
    return index, index


def chunks(tree: ast.Module, lines: list[str], edits: Iterable[Edit]) -> list[Chunk]:
    """Return the disjoint runs of top-level statements that *edits* concern, in order."""
    runs: list[tuple[int, int]] = []
    for first, last in sorted(touched(edit) for edit in edits):
        wide_first, wide_last = _whole_lines(tree, first, last)
        if runs and wide_first <= runs[-1][1]:
            runs[-1] = (runs[-1][0], max(runs[-1][1], wide_last))
        else:
            runs.append((wide_first, wide_last))
    return [_chunk(tree, lines, first, last) for first, last in runs]


def _whole_lines(tree: ast.Module, first: int, last: int) -> tuple[int, int]:
    """Widen a run until no line is shared with a statement outside it."""
    body = tree.body
    while first > 0 and body[first - 1].end_lineno == body[first].lineno:
        first -= 1
    while last + 1 < len(body) and body[last].end_lineno == body[last + 1].lineno:
        last += 1
    return first, last


def _chunk(tree: ast.Module, lines: list[str], first: int, last: int) -> Chunk:
    start = _end(tree, lines, first - 1) if first else 0
    while start < len(lines) and _NOTHING.match(lines[start]):
        start += 1
    return Chunk(first, last, start, _end(tree, lines, last))


def _end(tree: ast.Module, lines: list[str], index: int) -> int:
    """Return the line behind statement *index* and the comments at the end of its suites."""
    end = tree.body[index].end_lineno or len(lines)
    if not hasattr(tree.body[index], "body"):
        return end
    for number in range(end, len(lines)):
        if _INDENTED_COMMENT.match(lines[number]):
            end = number + 1
        elif lines[number].strip():
            break
    return end
