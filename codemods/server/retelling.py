"""What is known of a text already, though something was typed into one of its definitions.

Where that has nothing to do with trackers, all is told again, and nothing is analysed but its
words.  Otherwise only those statements are analysed that its findings depend on.  All else that an
analysis depends on is as it was: the other open texts, and what is on disk as far as the editor
says.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from functools import cached_property
from operator import itemgetter, ne
from typing import TYPE_CHECKING

from codemods.findings.comments import may_hold_any
from codemods.model.finding import Finding, Silenced
from codemods.model.outcome import Linted, RunReport
from codemods.server.texts.apart import Concerned, is_telling
from codemods.server.texts.pieces import declares_rightly, pieces_of
from codemods.server.texts.positions import MARK
from codemods.server.texts.slices import Slice

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from codemods.findings.texts import Linter
    from codemods.server.texts.documents import Document
    from codemods.server.texts.pieces import Piece
    from codemods.server.texts.positions import Lines

    #: Returns what lint finds in a text in the place of the open one, by what has analysed that
    #: as a whole, if it is known; None where that does not follow from the text alone.
    Linting = Callable[[str, Linter | None], RunReport | None]

#: Ends of lines, and what looks like them, that are not counted alike by all.
_ODD = ("\r", "\f", MARK)
#: Comments that hold for more than their line, and those that part a module into cells.
_FAR = ("ai-usage:", "%%", "# In[")


@dataclass(frozen=True)
class Sliced:
    """A part of a text that was analysed by itself, and what was found in it.

    It is the part for the statement at ``at``, among these ``pieces`` and as they are.
    """

    at: int
    pieces: Sequence[Piece]
    part: Slice
    text: str
    report: RunReport


@dataclass(frozen=True)
class Base:
    """A text that was analysed, and what was found in it; ``sliced`` is the last part of it.

    ``linter`` knows what else the analysis depended on.
    """

    lines: Lines
    report: RunReport
    linter: Linter | None = None
    sliced: Sliced | None = None
    _known: Sequence[Piece] | None = None
    _concerned: Concerned | None = None
    _is_far: bool | None = None

    @cached_property
    def pieces(self) -> Sequence[Piece]:
        """The statements of the text."""
        return pieces_of(self.lines.text) if self._known is None else self._known

    @cached_property
    def concerned(self) -> Concerned:
        """What the statements that have to do with trackers speak of."""
        return Concerned.of(self.pieces) if self._concerned is None else self._concerned

    @cached_property
    def is_far(self) -> bool:
        """Whether it may say something that holds for more than a line."""
        if self._is_far is not None:
            return self._is_far
        return any(far in self.lines.text for far in _FAR)

    @cached_property
    def told(self) -> Told:
        """What is told of it, by lines."""
        return _told(self.report)

    def edited(self, new: Lines) -> Edited | None:
        """Return how *new* comes of it; None unless only lines of one definition differ."""
        changed = _changed(self.lines.all, new.all)
        if changed is None:
            return None
        first, last = changed
        at = bisect_right(self.pieces, first, key=lambda one: one.first) - 1
        if at < 0 or last > self.pieces[at].last or not self.pieces[at].name:
            return None
        if any(odd in line for line in new.all[first : last + 1] for odd in _ODD):
            return None
        made = self.pieces[at].anew(new.all)
        if made is None:
            return None
        return Edited(self, new, at, [*self.pieces[:at], made, *self.pieces[at + 1 :]])


@dataclass(frozen=True)
class Edited:
    """A text that differs from one that was analysed in the definition at ``at``."""

    base: Base
    lines: Lines
    at: int
    pieces: Sequence[Piece]

    @cached_property
    def is_apart(self) -> bool:
        """Whether nothing of trackers depends on the definition, neither as it was nor as it is."""
        old, new = self.base.pieces[self.at], self.pieces[self.at]
        if is_telling(old) or is_telling(new):
            return False
        before, after = old.source(self.base.lines.all), new.source(self.lines.all)
        return (
            all(self.base.concerned.is_apart(one) for one in (old, new))
            and not any(map(may_hold_any, (before, after)))
            and declares_rightly(after)
        )

    def told(self, report: RunReport, sliced: Sliced | None = None) -> Base:
        """Return what is known of the text, in which is found what *report* says."""
        # What is apart is none of those that have to do with trackers, before and after.
        concerned = self.base.concerned if self.is_apart else None
        is_far = None if sliced is None else self.base.is_far
        known = self.pieces, concerned, is_far
        return Base(self.lines, report, self.base.linter, sliced, *known)

    def linted(self, lint: Linting) -> Base | None:
        """Return what is known of the text by *lint* of those parts that the edit may matter to.

        None where that is not surely all: what is found in a part of the text as it was must be
        what was found there in the whole.
        """
        source = self.pieces[self.at].source(self.lines.all)
        if self.base.is_far or any(far in source for far in _FAR):
            return None
        known = self._known() or self._anew(lint)
        if known is None:
            return None
        text = known.part.text(self.lines.all, self.pieces)
        report = lint(text, self.base.linter)
        if report is None:
            return None
        lines = known.part.lines(self.pieces)
        whole, was, is_ = (
            _parted(one, lines) for one in (self.base.told, _told(known.report), _told(report))
        )
        if whole.inside != was.inside or was.others != is_.others:
            return None
        sliced = Sliced(self.at, self.pieces, known.part, text, report)
        return self.told(_joined(whole.others, is_.inside), sliced)

    def _known(self) -> Sliced | None:
        """Return the part that the last edit was analysed in, if this one needs the same."""
        known, before = self.base.sliced, self.base.pieces
        if known is None or known.at != self.at or known.pieces is not before:
            return None
        return known if known.part.holds(before[self.at], self.pieces[self.at]) else None

    def _anew(self, lint: Linting) -> Sliced | None:
        """Return the part that is needed, of the text as it was, by *lint* of it."""
        before = self.base.pieces
        told = [line - 1 for line, _ in self.base.told]
        part = Slice.around(self.at, before, self.pieces, told)
        text = part.text(self.base.lines.all, before)
        known = self.base.sliced
        if known is not None and known.text == text:
            return Sliced(self.at, before, part, text, known.report)
        report = lint(text, self.base.linter)
        return Sliced(self.at, before, part, text, report) if report is not None else None


#: Findings with the lines that they begin in.
Told = list[tuple[int, Finding | Silenced]]


@dataclass(frozen=True)
class _Parted:
    """What is told of some lines of a text, and of all others."""

    inside: Told
    others: Told


def _parted(told: Told, lines: Collection[int]) -> _Parted:
    inside = [one for one in told if one[0] in lines]
    return _Parted(inside, [one for one in told if one[0] not in lines])


def _told(report: RunReport) -> Told:
    linted = [one for one in report.outcomes if isinstance(one, Linted)]
    found: list[tuple[int, Finding | Silenced]] = []
    for outcome in linted:
        found += [(one.span.line, one) for one in outcome.findings]
        found += [(one.finding.span.line, one) for one in outcome.silenced]
    return found


def _joined(*parts: Told) -> RunReport:
    """Return the report that tells of *parts*, of which each is in order, and has its own lines."""
    every = sorted((one for part in parts for one in part), key=itemgetter(0))
    findings = tuple(one for _, one in every if isinstance(one, Finding))
    silenced = tuple(one for _, one in every if isinstance(one, Silenced))
    if not every:
        return RunReport((), 1, written=False)
    first = every[0][1]
    path = (first.finding if isinstance(first, Silenced) else first).path
    return RunReport((Linted(path, findings, silenced),), 1, written=False)


class Bases:
    """The texts that were analysed, of an editor that has changed nothing else since."""

    def __init__(self, known: dict[str, Base] | None = None) -> None:
        self._known = known or {}
        self._last: tuple[Document, Edited | None] | None = None

    def told(self, document: Document) -> RunReport | None:
        """Return what was found in *document*, None where something has to be analysed."""
        base = self._known.get(document.uri)
        if base is not None and base.lines.text == document.text:
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

    def learn(self, document: Document, report: RunReport, linter: Linter | None = None) -> None:
        """Take note of the *report* on *document*, for which no other file was analysed.

        *linter* has made it.
        """
        edited = self._edited(document)
        if edited is not None:
            self._learned(document, replace(edited.told(report), linter=linter))
        elif not any(odd in document.text for odd in _ODD):
            self._learned(document, Base(document.lines, report, linter))

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
            self._last = document, base.edited(document.lines) if base is not None else None
        return self._last[1]


def _changed(before: Sequence[str], after: Sequence[str]) -> tuple[int, int] | None:
    """Return the first and the last line that differ; None where none do, or are more or less."""
    if len(before) != len(after):
        return None
    different = list(map(ne, before, after))
    if True not in different:
        return None
    return different.index(True), len(different) - 1 - different[::-1].index(True)
