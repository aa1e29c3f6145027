"""How a file is laid out: its newline, its indentation, and how long its lines may be."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Where nothing is configured a line may be as long as the longest that is there, between these.
SHORTEST, LONGEST = 88, 120
_TAB = 4


@dataclass(frozen=True, slots=True)
class Style:
    """``newline``, ``indent`` (one step of it) and ``line_length`` (in columns) of a file."""

    newline: str = "\n"
    indent: str = "    "
    line_length: int = SHORTEST


def columns(text: str) -> int:
    """Return how many columns the line *text* takes, with tabs as formatters count them."""
    return len(text.expandtabs(_TAB))


def longest_line(tree: ast.Module, lines: Sequence[str]) -> int:
    """Return how long a line of the file may be, going by the code that it has.

    Lines with texts and comments are left out: no formatter can break these.
    """
    inside = _lines_of_texts(tree)
    found = (
        columns(line.rstrip())
        for number, line in enumerate(lines, start=1)
        if len(line) > SHORTEST and number not in inside and not any(c in line for c in "\"'#")
    )
    return min(max(found, default=SHORTEST), LONGEST) if lines else SHORTEST


def _lines_of_texts(tree: ast.Module) -> set[int]:
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant | ast.JoinedStr) and node.end_lineno != node.lineno:
            found.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return found
