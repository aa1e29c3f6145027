"""A block of code in a text: which lines it has there, and how other code is written in its place.

What stands before the code of a line (indentation, a prompt) is no code, and neither is its end.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PROMPT, CONTINUED = ">>>", "..."
_LINE = re.compile(r"([^\r\n]*)(\r\n|\r|\n|\Z)")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a text: what stands before its code, the code, and how the line ends."""

    before: str
    code: str
    end: str

    @property
    def text(self) -> str:
        """The whole line."""
        return self.before + self.code + self.end


@dataclass(frozen=True, slots=True)
class Block:
    """The lines of a block, from line ``first`` (from 0) of its text on.

    ``indent`` stands before new lines; with ``prompts`` a prompt follows it.
    """

    first: int
    lines: tuple[Line, ...]
    indent: str
    prompts: bool = False

    @property
    def code(self) -> str:
        """The code, with a newline at the end of each line."""
        return "".join(f"{line.code}\n" for line in self.lines)

    def written(self, code: str) -> str:
        """Return the lines of the text that have *code* in the place of the block's own.

        Lines that are the same keep their bytes.
        """
        new = code.removesuffix("\n").split("\n")
        if new == [line.code for line in self.lines]:
            return "".join(line.text for line in self.lines)
        before = self._before(new)
        old = [(self._role(line), line.code) for line in self.lines]
        wanted = [(self._role(Line(b, c, "")), c) for b, c in zip(before, new, strict=True)]
        same = dict(_same(old, wanted))
        end = next((line.end for line in self.lines if line.end), "\n")
        made = [
            self.lines[same[i]].before + text + (self.lines[same[i]].end or end)
            if i in same
            else f"{before[i] + text}".rstrip(" " if not text else "") + end
            for i, text in enumerate(new)
        ]
        # A text may end without a newline, and does so still.
        return "".join(made) if self.lines[-1].end else "".join(made).removesuffix(end)

    def _role(self, line: Line) -> str:
        """Return what the beginning of *line* says of it: whether it begins an example."""
        return line.before.strip() if self.prompts else ""

    def _before(self, lines: Sequence[str]) -> list[str]:
        """Return what is to stand before each of *lines*."""
        if not self.prompts:
            return [self.indent if line else "" for line in lines]
        starts = set(_starts("\n".join(lines)))
        return [
            f"{self.indent}{PROMPT if number in starts else CONTINUED} "
            for number in range(1, len(lines) + 1)
        ]


def _same(old: Sequence[object], new: Sequence[object]) -> Iterator[tuple[int, int]]:
    """Yield which of *new* are which of *old*, in order."""
    for match in SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks():
        for offset in range(match.size):
            yield match.b + offset, match.a + offset


def _starts(code: str) -> Iterator[int]:
    """Yield the lines at which the statements of *code* begin, with the comments above the first.

    A statement that shares its line with another one begins no line of its own.
    """
    end = 0
    for statement in ast.parse(code).body:
        decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
        first = min([statement.lineno, *(one.lineno for one in decorators)])
        if first > end:
            # A line without code is an example too: of a comment, or of nothing.
            yield from range(end + 1, first + 1)
        end = statement.end_lineno or first
    yield from range(end + 1, code.count("\n") + 2)


def split(text: str) -> list[tuple[str, str]]:
    """Return the lines of *text*, each with its end apart."""
    return [(m[1], m[2]) for m in _LINE.finditer(text) if m[0]]


def block(
    lines: Sequence[tuple[str, str]], first: int, stop: int, indent: str, own: str | None = None
) -> Block:
    """Return the lines *first* to *stop* (exclusive) as a block whose lines begin with *indent*.

    New lines begin with *own*, with *indent* if that is not given.
    """
    made = []
    for text, end in lines[first:stop]:
        depth = len(text) - len(text.lstrip(" \t"))
        cut = min(len(indent), depth) if text.strip() else len(text)
        made.append(Line(text[:cut], text[cut:], end))
    return Block(first, tuple(made), indent if own is None else own)
