"""Places in a text as an editor counts them: lines from 0, columns in units of an encoding.

Lines end as the protocol and Python say, with LF, CR LF or CR; other breaks are characters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from lsprotocol.types import Position, PositionEncodingKind, Range

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codemods.model.source import Span

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
#: What may stand before a program, and is no part of it.
MARK = "\ufeff"
#: The encoding of Python that has as many bytes, of the size beside it, as there are units.
_UNITS = {
    PositionEncodingKind.Utf8.value: ("utf-8", 1),
    PositionEncodingKind.Utf16.value: ("utf-16-le", 2),
    PositionEncodingKind.Utf32.value: ("utf-32-le", 4),
}


def split(text: str) -> list[str]:
    """Return the lines of *text*, each with its end."""
    return _LINE.findall(text)


@dataclass(frozen=True)
class Lines:
    """The lines of a *text*, whose columns the editor counts in units of *encoding*."""

    text: str
    encoding: str
    _split: Sequence[str] | None = field(default=None, compare=False, repr=False)

    @cached_property
    def all(self) -> Sequence[str]:
        """The lines, each with its end."""
        return split(self.text) if self._split is None else self._split

    def line(self, number: int) -> str:
        """Return the line *number*, counted from 0; "" beyond the end."""
        return self.all[number] if number < len(self.all) else ""

    def offset(self, position: Position) -> int:
        """Return where *position* is in the text; what is beyond a line, or all, is its end."""
        lines = self.all
        if position.line >= len(lines):
            return len(self.text)
        before = sum(map(len, lines[: position.line]))
        line = lines[position.line].rstrip("\r\n")
        return before + min(self._characters(line, position.character), len(line))

    def replaced(self, place: Range, text: str) -> Lines:
        """Return them with *text* at *place*: only lines that this touches are made anew."""
        lines, last = self.all, max(place.start.line, place.end.line)
        start = self.offset(place.start)
        end = max(start, self.offset(place.end))
        # The line before may end in CR, to which an LF that is typed behind it belongs.
        first = max(0, min(place.start.line, len(lines)) - 1)
        before = sum(map(len, lines[:first]))
        beyond = before + sum(map(len, lines[first : last + 1]))
        new = split(self.text[before:start] + text + self.text[end:beyond])
        whole = self.text[:start] + text + self.text[end:]
        return Lines(whole, self.encoding, [*lines[:first], *new, *lines[last + 1 :]])

    def column(self, position: Position) -> tuple[int, int]:
        """Return line and column of *position* as a Span counts them."""
        lines = self.all
        line = lines[position.line].rstrip("\r\n") if position.line < len(lines) else ""
        column = min(self._characters(line, position.character), len(line))
        return position.line + 1, column + 1 - self._mark(position.line)

    def range(self, span: Span) -> Range:
        """Return the place *span* of the program."""
        return Range(
            self.position(span.line - 1, span.column - 1 + self._mark(span.line - 1)),
            self.position(span.end_line - 1, span.end_column - 1 + self._mark(span.end_line - 1)),
        )

    def position(self, line: int, characters: int) -> Position:
        """Return the place behind so many *characters* of *line*, counted from 0."""
        return Position(line, self._count(self.line(line)[:characters]))

    @property
    def end(self) -> Position:
        """The end of the text."""
        lines = self.all
        if not lines or lines[-1].endswith(("\r", "\n")):
            return Position(len(lines), 0)
        return self.position(len(lines) - 1, len(lines[-1]))

    def _mark(self, line: int) -> int:
        """Return the characters at the beginning of *line* that are no part of the program."""
        return int(line == 0 and self.text.startswith(MARK))

    def _count(self, text: str) -> int:
        if text.isascii():
            return len(text)
        name, size = _UNITS[self.encoding]
        return len(text.encode(name, "surrogatepass")) // size

    def _characters(self, line: str, units: int) -> int:
        """Return how many characters the first *units* are; of which a part is meant is not."""
        if line.isascii():
            return units
        name, size = _UNITS[self.encoding]
        left = units * size
        for count, character in enumerate(line):
            left -= len(character.encode(name, "surrogatepass"))
            if left < 0:
                return count
        return len(line)
