"""What was told of a text is told again where only a function was typed in that is apart.

Nothing is analysed for it but the words of that function.  All else that an analysis depends on is
as it was: the other open texts, and what is on disk as far as the editor says.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from codemods.findings.comments import may_hold_any
from codemods.interpreter import check_declarations
from codemods.server.texts.apart import Concerned, Part, parts_of
from codemods.server.texts.positions import MARK
from codemods.server.texts.spoken import words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codemods.model.outcome import RunReport
    from codemods.server.texts.documents import Document

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
#: Ends of lines, and what looks like them, that are not counted alike by all.
_ODD = ("\r", "\f", MARK)
#: What the interpreter raises for what is no Python, or too deep for it.
_NO_PYTHON = (SyntaxError, ValueError, RecursionError, MemoryError)


@dataclass(frozen=True)
class Base:
    """A text that was analysed, and what was found in it; ``lines`` as it is by now."""

    lines: Sequence[str]
    report: RunReport
    _known: _Known

    def told(self, text: str) -> Base | None:
        """Return the base that *text* is, None where it has to be analysed."""
        if any(odd in text for odd in _ODD):
            return None
        lines = text.split("\n")
        changed = _changed(self.lines, lines)
        if changed is None:
            return self if text == "\n".join(self.lines) else None
        part = self._known.part(*changed)
        if part is None:
            return None
        before, after = (_source(one, part) for one in (self.lines, lines))
        is_apart = all(self._is_apart(one, part) for one in (before, after))
        return Base(lines, self.report, self._known) if is_apart else None

    def _is_apart(self, source: str, part: Part) -> bool:
        """Whether *source* is one function, by the name of *part*, that is apart."""
        if may_hold_any(source):
            return False
        try:
            body = ast.parse(source).body
            check_declarations(source, part.name)
        except _NO_PYTHON:
            return False
        if len(body) != 1 or not isinstance(body[0], _FUNCTIONS) or body[0].name != part.name:
            return False
        return self._known.concerned.is_apart(part.name, words_of(body[0]))


class _Known:
    """What is known of a text that was analysed, found out when it is asked for first."""

    def __init__(self, text: str) -> None:
        self._text = text

    def part(self, first: int, last: int) -> Part | None:
        """Return the function that the lines from *first* to *last* are in, if they are in one."""
        inside = (one for one in self._parts if one.first <= first and last <= one.last)
        return next(inside, None)

    @cached_property
    def concerned(self) -> Concerned:
        """What the statements that have to do with trackers speak of."""
        return Concerned.of(self._statements)

    @cached_property
    def _parts(self) -> list[Part]:
        return parts_of(self._statements)

    @cached_property
    def _statements(self) -> list[ast.stmt]:
        try:
            return ast.parse(self._text).body
        except _NO_PYTHON:
            return []


class Bases:
    """The texts that were analysed, of an editor that has changed nothing else since."""

    def __init__(self, known: dict[str, Base] | None = None) -> None:
        self._known = known or {}

    def told(self, document: Document) -> RunReport | None:
        """Return what was found in *document*, None where it has to be analysed."""
        base = self._known.get(document.uri)
        found = base.told(document.text) if base is not None else None
        if found is None:
            return None
        self._known[document.uri] = found
        return found.report

    def learn(self, document: Document, report: RunReport) -> None:
        """Take note of the *report* on *document*, for which no other file was analysed."""
        text = document.text
        if not any(odd in text for odd in _ODD):
            self._known[document.uri] = Base(text.split("\n"), report, _Known(text))

    def only(self, uri: str) -> Bases:
        """Return what is known of the text at *uri*, where that one is changed."""
        return Bases({key: base for key, base in self._known.items() if key == uri})


def _changed(before: Sequence[str], after: Sequence[str]) -> tuple[int, int] | None:
    """Return the first and the last line that differ; None where none do, or are more or less."""
    if len(before) != len(after):
        return None
    pairs = enumerate(zip(before, after, strict=True))
    different = [at for at, (one, other) in pairs if one != other]
    return (different[0], different[-1]) if different else None


def _source(lines: Sequence[str], part: Part) -> str:
    return "\n".join(lines[part.first : part.last + 1]) + "\n"
