"""Lines of a source for the page: those of a diff, and those around a place.

The page colours lines when they come into view.  What it cannot see is whether a line begins inside
of a text of several lines: that is told with the first line of each piece.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, Any

from codemods.report import display
from codemods.report.diff import CONTEXT, replacements

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


Piece = list[Any]
#: Lines before and behind a place, at most so many behind its first, and characters of a line.
_AROUND, _LINES, _LONGEST = 2, 10, 400
_NO_END = "\\ No newline at end of file"
#: Comments and texts: what may hold the quotes of the others.
_TEXT = re.compile(
    r"#[^\n]*"
    r'|"""(?:[^"\\]+|\\.|"(?!""))*(?:"""|\Z)'
    r"|'''(?:[^'\\]+|\\.|'(?!''))*(?:'''|\Z)"
    r'|"(?:[^"\\\n]|\\.)*"?'
    r"|'(?:[^'\\\n]|\\.)*'?",
    re.DOTALL,
)


def hunks(before: str, after: str) -> list[Piece]:
    """Return what differs between two texts, with lines around it."""
    old, new = _lines(before), _lines(after)
    quotes = Quotes(before), Quotes(after)
    return [_hunk(group, old, new, quotes) for group in _grouped(old, new)]


def excerpt(
    lines: Sequence[str], places: Sequence[tuple[int, int]], quotes: Quotes
) -> Piece | None:
    """Return the lines around *places*, first and last line of each.

    None where *lines*, whose quotes are *quotes*, end before one of them begins.
    """
    top, bottom = min(first for first, _ in places), max(first for first, _ in places)
    if not 1 <= top <= bottom <= len(lines):
        return None
    first = max(top - _AROUND, 1)
    last = min(max(last for _, last in places) + _AROUND, bottom + _LINES, len(lines))
    while first < top and not lines[first - 1].strip():
        first += 1
    while last > bottom and not lines[last - 1].strip():
        last -= 1
    shown = [" " + _shown(line) for line in lines[first - 1 : last]]
    quote = quotes.at(first)
    return [first, first, quote, quote, shown]


class Quotes:
    """Where texts of several lines are open."""

    def __init__(self, text: str) -> None:
        self._starts: list[int] = []
        self._ends: list[tuple[int, str]] = []
        line, seen = 1, 0
        for found in _TEXT.finditer(text) if '"""' in text or "'''" in text else ():
            opened = found[0][:3]
            if opened not in ('"""', "'''") or "\n" not in found[0]:
                continue
            line += text.count("\n", seen, found.start())
            seen = found.start()
            self._starts.append(line)
            self._ends.append((line + found[0].count("\n"), opened))

    def at(self, line: int) -> str:
        """Return the quotes of the text that *line* begins in, "" where it begins in none."""
        index = bisect_right(self._starts, line - 1) - 1
        if index < 0 or line > self._ends[index][0]:
            return ""
        return self._ends[index][1]


Change = tuple[int, int, int, int]


def _grouped(old: Sequence[str], new: Sequence[str]) -> Iterator[list[Change]]:
    """Yield the changes, those together whose lines around them touch."""
    group: list[Change] = []
    shift = 0
    for start, stop, text in replacements(old, new):
        made = len(_lines(text))
        change = (start, stop, start + shift, start + shift + made)
        shift += made - (stop - start)
        if group and start - group[-1][1] > 2 * CONTEXT:
            yield group
            group = []
        group.append(change)
    if group:
        yield group


def _hunk(
    group: Sequence[Change], old: Sequence[str], new: Sequence[str], quotes: tuple[Quotes, Quotes]
) -> Piece:
    first = max(group[0][0] - CONTEXT, 0)
    last = min(group[-1][1] + CONTEXT, len(old))
    first_new = group[0][2] - (group[0][0] - first)
    lines: list[str] = []
    at = first
    for start, stop, begin, end in group:
        lines += _signed(" ", old[at:start])
        lines += _signed("-", old[start:stop])
        lines += _signed("+", new[begin:end])
        at = stop
    lines += _signed(" ", old[at:last])
    opened = [one.at(line + 1) for one, line in zip(quotes, (first, first_new), strict=True)]
    return [first + 1, first_new + 1, *opened, lines]


def _signed(sign: str, lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        yield sign + _shown(line)
        if not line.endswith("\n"):
            yield _NO_END


def _shown(line: str) -> str:
    text = display.lines(line.rstrip("\r\n"), keep="\t")
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def _lines(text: str) -> list[str]:
    *whole, last = text.split("\n")
    return [part + "\n" for part in whole] + ([last] if last else [])
