"""What is known of a text already, though something was typed into one of its definitions.

Where that has nothing to do with trackers, all is told again, and nothing is analysed but its
words.  Otherwise only those statements are analysed that its findings depend on.  All else that an
analysis depends on is as it was: the other open texts, and what is on disk as far as the editor
says.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from codemods.findings.comments import may_hold_any
from codemods.model.finding import Finding, Silenced
from codemods.model.outcome import Linted, RunReport
from codemods.server.texts.apart import Concerned, is_telling
from codemods.server.texts.pieces import pieces_of
from codemods.server.texts.positions import MARK
from codemods.server.texts.slices import Slice

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from codemods.server.texts.documents import Document
    from codemods.server.texts.pieces import Piece

    #: Returns what lint finds in a text in the place of the open one; None where that does not
    #: follow from the text alone.
    Linting = Callable[[str], RunReport | None]

#: Ends of lines, and what looks like them, that are not counted alike by all.
_ODD = ("\r", "\f", MARK)
#: Comments that hold for more than their line, and those that part a module into cells.
_FAR = ("ai-usage:", "%%", "# In[")


@dataclass(frozen=True)
class Base:
    """A text that was analysed, and what was found in it.

    ``sliced`` is the last part of it that was analysed by itself, and what was found in that.
    """

    text: str
    report: RunReport
    sliced: tuple[str, RunReport] | None = None
    _known: Sequence[Piece] | None = None

    @cached_property
    def lines(self) -> Sequence[str]:
        """The lines of the text."""
        return self.text.split("\n")

    @cached_property
    def pieces(self) -> Sequence[Piece]:
        """The statements of the text."""
        return pieces_of(self.text) if self._known is None else self._known

    @cached_property
    def concerned(self) -> Concerned:
        """What the statements that have to do with trackers speak of."""
        return Concerned.of(self.pieces)

    def edited(self, text: str) -> Edited | None:
        """Return how *text* comes of it; None unless only lines of one definition differ."""
        if any(odd in text for odd in _ODD):
            return None
        lines = text.split("\n")
        changed = _changed(self.lines, lines)
        if changed is None:
            return None
        first, last = changed
        places = range(len(self.pieces))
        at = next((i for i in places if self.pieces[i].first <= first <= self.pieces[i].last), None)
        if at is None or last > self.pieces[at].last or not self.pieces[at].name:
            return None
        new = self.pieces[at].anew(lines)
        if new is None:
            return None
        return Edited(self, text, lines, at, [*self.pieces[:at], new, *self.pieces[at + 1 :]])


@dataclass(frozen=True)
class Edited:
    """A text that differs from one that was analysed in the definition at ``at``."""

    base: Base
    text: str
    lines: Sequence[str]
    at: int
    pieces: Sequence[Piece]

    @property
    def is_apart(self) -> bool:
        """Whether nothing of trackers depends on the definition, neither as it was nor as it is."""
        old, new = self.base.pieces[self.at], self.pieces[self.at]
        if is_telling(old) or is_telling(new):
            return False
        return all(
            self.base.concerned.is_apart(one) and not may_hold_any(one.source(lines))
            for one, lines in ((old, self.base.lines), (new, self.lines))
        )

    def told(self, report: RunReport, sliced: tuple[str, RunReport] | None) -> Base:
        """Return what is known of the text, in which is found what *report* says."""
        return Base(self.text, report, sliced, self.pieces)

    def linted(self, lint: Linting) -> Base | None:
        """Return what is known of the text by *lint* of those parts that the edit may matter to.

        None where that is not surely all: what is found in a part of the text as it was must be
        what was found there in the whole.
        """
        if any(far in text for text in (self.base.text, self.text) for far in _FAR):
            return None
        told = [_finding(one).span.line - 1 for one in _told(self.base.report)]
        part = Slice.around(self.at, self.base.pieces, self.pieces, told)
        old = part.text(self.base.lines, self.base.pieces)
        known = self.base.sliced
        before = known[1] if known is not None and known[0] == old else lint(old)
        new = part.text(self.lines, self.pieces)
        after = lint(new) if before is not None else None
        if before is None or after is None:
            return None
        lines = part.lines(self.pieces)
        whole, was, is_ = (_parted(one, lines) for one in (self.base.report, before, after))
        if whole.inside != was.inside or was.others != is_.others:
            return None
        return self.told(_joined(whole.others, is_.inside), (new, after))


Told = tuple[Finding | Silenced, ...]


@dataclass(frozen=True)
class _Parted:
    """What is told of some lines of a text, and of all others."""

    inside: Told
    others: Told


def _parted(report: RunReport, lines: Collection[int]) -> _Parted:
    every = _told(report)
    inside = tuple(one for one in every if _finding(one).span.line in lines)
    others = tuple(one for one in every if _finding(one).span.line not in lines)
    return _Parted(inside, others)


def _told(report: RunReport) -> Told:
    found: list[Finding | Silenced] = []
    for one in report.outcomes:
        if isinstance(one, Linted):
            found += [*one.findings, *one.silenced]
    return tuple(found)


def _finding(told: Finding | Silenced) -> Finding:
    return told.finding if isinstance(told, Silenced) else told


def _joined(*parts: Told) -> RunReport:
    """Return the report that tells of *parts*."""
    every = sorted(
        (one for part in parts for one in part),
        key=lambda one: (_finding(one).span, _finding(one).code),
    )
    findings = tuple(one for one in every if isinstance(one, Finding))
    silenced = tuple(one for one in every if isinstance(one, Silenced))
    told = (Linted(_finding(every[0]).path, findings, silenced),) if every else ()
    return RunReport(told, 1, written=False)


class Bases:
    """The texts that were analysed, of an editor that has changed nothing else since."""

    def __init__(self, known: dict[str, Base] | None = None) -> None:
        self._known = known or {}
        self._last: tuple[Document, Edited | None] | None = None

    def told(self, document: Document) -> RunReport | None:
        """Return what was found in *document*, None where something has to be analysed."""
        base = self._known.get(document.uri)
        if base is not None and base.text == document.text:
            return base.report
        edited = self._edited(document)
        if edited is None or not edited.is_apart:
            return None
        return self._learned(document, edited.told(edited.base.report, edited.base.sliced))

    def linted(self, document: Document, lint: Linting) -> RunReport | None:
        """Return what *lint* finds in *document*, if it need not be asked of the whole text."""
        edited = self._edited(document)
        found = edited.linted(lint) if edited is not None else None
        return self._learned(document, found) if found is not None else None

    def learn(self, document: Document, report: RunReport) -> None:
        """Take note of the *report* on *document*, for which no other file was analysed."""
        edited = self._edited(document)
        if edited is not None:
            self._learned(document, edited.told(report, None))
        elif not any(odd in document.text for odd in _ODD):
            self._learned(document, Base(document.text, report))

    def only(self, uri: str) -> Bases:
        """Return what is known of the text at *uri*, where that one is changed."""
        return Bases({key: base for key, base in self._known.items() if key == uri})

    def _learned(self, document: Document, base: Base) -> RunReport:
        self._known[document.uri] = base
        self._last = None
        return base.report

    def _edited(self, document: Document) -> Edited | None:
        if self._last is None or self._last[0] is not document:
            base = self._known.get(document.uri)
            self._last = document, base.edited(document.text) if base is not None else None
        return self._last[1]


def _changed(before: Sequence[str], after: Sequence[str]) -> tuple[int, int] | None:
    """Return the first and the last line that differ; None where none do, or are more or less."""
    if len(before) != len(after):
        return None
    pairs = enumerate(zip(before, after, strict=True))
    different = [at for at, (one, other) in pairs if one != other]
    return (different[0], different[-1]) if different else None
