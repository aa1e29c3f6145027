"""A place of a source as a person sees it: the lines around it, and carets below it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unicodedata import east_asian_width

from codemods.report import display

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codemods.model.source import Span

_AROUND = 2
#: Lines of a place that are shown, and characters of a line before and behind its column.
_LINES = 8
_BEFORE, _BEHIND = 80, 120
_TAB = "    "
_CUT = "…"


def excerpt(lines: Sequence[str], span: Span) -> list[str]:
    """Return the lines around *span* with their numbers, and carets below what it covers.

    Nothing is returned where *lines* do not reach so far: they are of another state of the file.
    """
    if not 1 <= span.line <= len(lines):
        return []
    last = min(span.end_line, len(lines), span.line + _LINES - 1)
    first = max(span.line - _AROUND, 1)
    while first < span.line and not lines[first - 1].strip():
        first += 1
    end = min(last + _AROUND, len(lines))
    while end > last and not lines[end - 1].strip():
        end -= 1
    width = len(str(end))
    made = [f"{'':{width}} |"]
    for number in range(first, end + 1):
        inside = span.line <= number <= last
        start, stop = _covered(lines[number - 1], number, span) if inside else (0, 0)
        shown, carets = _drawn(lines[number - 1].rstrip("\r\n"), start, stop)
        made.append(f"{number:{width}} | {shown}".rstrip())
        if inside:
            made.append(f"{'':{width}} | {carets}")
    if last < min(span.end_line, len(lines)):
        made.append(f"{'':{width}} | ({min(span.end_line, len(lines)) - last} more lines)")
    return [*made, f"{'':{width}} |"]


def _covered(line: str, number: int, span: Span) -> tuple[int, int]:
    """Return which characters of line *number* the place covers, from 0 and exclusive."""
    start = span.column - 1 if number == span.line else len(line) - len(line.lstrip())
    stop = span.end_column - 1 if number == span.end_line else len(line.rstrip())
    return min(start, len(line)), min(stop, len(line))


def _drawn(line: str, start: int, stop: int) -> tuple[str, str]:
    """Return *line* as it is printed, and carets below its characters from *start* to *stop*."""
    left = max(start - _BEFORE, 0)
    right = min(len(line), max(start, 0) + _BEHIND)
    head = (_CUT if left else "") + _printed(line[left:start])
    middle = _printed(line[start : min(stop, right)])
    tail = _printed(line[min(max(stop, start), right) : right]) + (
        _CUT if right < len(line) else ""
    )
    return head + middle + tail, " " * _width(head) + "^" * max(_width(middle), 1)


def _printed(text: str) -> str:
    return "".join(_TAB if char == "\t" else display.line(char) for char in text)


def _width(text: str) -> int:
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)
