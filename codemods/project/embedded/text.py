"""A document whose blocks of Python are one module: what is said of it by line of the document.

As in a notebook, a comment that begins a cell stands before each block: none has it itself.
"""

from __future__ import annotations

import ast
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from codemods.model.source import Span
from codemods.project.embedded.blocks import split
from codemods.vocabulary import NEEDLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from codemods.project.embedded.blocks import Block

    Grammar = Callable[[Sequence[tuple[str, str]]], Iterable[Block]]


@dataclass(frozen=True)
class TextDocument:
    """The ``content`` of a document, the ``blocks`` in it, and a ``token`` that it does not have.

    With ``escapes`` a backslash in it stands for something else than itself.
    """

    content: str
    blocks: tuple[Block, ...]
    token: str
    escapes: bool = False
    skipped: str = ""

    @cached_property
    def unread(self) -> tuple[Span, ...]:
        """Where a block that names the API stands, and is no Python."""
        return tuple(
            _whole(one)
            for one in self.blocks
            if names_the_api(one.code) and not self._is_read(one.code)
        )

    @cached_property
    def _texts(self) -> list[str]:
        return [
            self._marker(number) + (one.code if self._is_read(one.code) else "\n" * len(one.lines))
            for number, one in enumerate(self.blocks)
        ]

    def _is_read(self, code: str) -> bool:
        return _parses(code) and not (self.escapes and "\\" in code)

    @property
    def text(self) -> str:
        """The module."""
        return "".join(self._texts)

    def _marker(self, number: int) -> str:
        return f"# %% {self.token} {number}\n"

    def place(self, span: Span) -> tuple[int, Span]:
        """Return the place in the document of *span* in the module; it is in no cell."""
        start, starts = 1, []
        for text in self._texts:
            starts.append(start)
            start += text.count("\n")
        number = max(bisect_right(starts, span.line) - 1, 0)
        block = self.blocks[number]

        def moved(line: int, column: int) -> tuple[int, int]:
            index = min(max(line - starts[number] - 1, 0), len(block.lines) - 1)
            return block.first + index + 1, len(block.lines[index].before) + column

        return 0, Span(*moved(span.line, span.column), *moved(span.end_line, span.end_column))

    def rewritten(self, text: str) -> str | None:
        """Return the document whose code is to be *text*, None if it cannot hold that."""
        parts: list[str] = []
        rest = text
        for number in range(len(self.blocks) - 1, -1, -1):
            rest, marker, part = rest.rpartition(self._marker(number))
            if not marker or (rest and not rest.endswith("\n")):
                return None
            parts.insert(0, part)
        if rest:
            return None
        as_it_was = [t.partition("\n")[2] for t in self._texts]
        codes = [
            one.code if part == before else part
            for one, part, before in zip(self.blocks, parts, as_it_was, strict=True)
        ]
        return self.with_codes(codes, self.content)

    def shown(self, text: str) -> str | None:
        """Return what a reader sees of the document then: all of it."""
        return self.rewritten(text)

    def with_codes(self, codes: Sequence[str], text: str) -> str | None:
        """Return *text* with *codes* in its blocks, which are where the document has them."""
        if len(codes) != len(self.blocks):
            return None
        lines = [line + end for line, end in split(text)]
        for one, code in reversed(list(zip(self.blocks, codes, strict=True))):
            lines[one.first : one.first + len(one.lines)] = [one.written(code)]
        return "".join(lines)


def document(content: str, grammar: Grammar, token: str) -> TextDocument:
    """Return the document in *content*, whose blocks *grammar* finds."""
    return TextDocument(content, tuple(grammar(split(content))), token)


def _parses(code: str) -> bool:
    try:
        ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def names_the_api(code: str) -> bool:
    """Whether *code* may have something to do with trackers."""
    return any(needle.decode() in code for needle in NEEDLES)


def _whole(block: Block) -> Span:
    last = block.lines[-1]
    first = block.lines[0]
    return Span(
        block.first + 1,
        len(first.before) + 1,
        block.first + len(block.lines),
        len(last.before) + len(last.code) + 1,
    )
