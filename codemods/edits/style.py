"""How a file is laid out: its newline, its indentation, and how long its lines may be."""

from __future__ import annotations

import ast
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

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


def may_outgrow(lines: Iterable[str], style: Style) -> bool:
    """Whether one of *lines* is too long once it stands a step deeper, and was not before."""
    step = columns(style.indent)
    return any(style.line_length - step < columns(ln.rstrip()) <= style.line_length for ln in lines)


def longest_line(tree: ast.Module, lines: Sequence[str]) -> int:
    """Return how long a line of the file may be, going by the code that it has.

    Lines with texts and comments are left out: no formatter can break these.
    """
    found = {
        number: columns(line.rstrip())
        for number, line in enumerate(lines, start=1)
        if len(line) > SHORTEST and not any(c in line for c in "\"'#")
    }
    # Nearly always the longest is code, and says so by itself.
    first = max(found, key=lambda number: found[number], default=0)
    inside = _lines_of_texts(tree, found) if _lines_of_texts(tree, {first}) else ()
    code = (length for number, length in found.items() if number not in inside)
    return min(max(code, default=SHORTEST), LONGEST)


def _lines_of_texts(tree: ast.Module, asked: Collection[int]) -> set[int]:
    """Return the lines of texts over several lines that have a line of *asked*.

    What has none of these is not looked into.
    """
    found: set[int] = set()
    lines = sorted(asked)
    waiting: list[ast.AST] = list(tree.body) if any(lines) else []
    while waiting:
        node = waiting.pop()
        begin: int = getattr(node, "lineno", 0)
        end: int = getattr(node, "end_lineno", begin)
        for decorator in getattr(node, "decorator_list", ()):  # above the line of what it decorates
            begin = min(begin, decorator.lineno)
        if begin > 0 and bisect_left(lines, begin) == bisect_right(lines, end):
            continue
        if isinstance(node, ast.Constant | ast.JoinedStr) and begin != end:
            found.update(range(begin, end + 1))
        waiting.extend(ast.iter_child_nodes(node))
    return found
