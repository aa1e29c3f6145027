"""What becomes of a document: its code is decided on as one module, and put back where it stood."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from codemods.model.finding import Finding
from codemods.model.outcome import Changed, Linted, Refused, Skipped, Untouched
from codemods.model.refusal import Reason, Refusal
from codemods.project.embedded import unread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from codemods.model.outcome import Applied, FileOutcome
    from codemods.model.source import SourceFile, Span

    Rewriting = Callable[[SourceFile, "Document | None"], FileOutcome]

_MARK = b"\xef\xbb\xbf"


class Document(Protocol):
    """A text in which code stands: a notebook, a page, or docstrings with examples.

    ``text`` is its code as one module, ``unread`` where code is that cannot be part of it,
    ``skipped`` why none of it is looked at, "" where it is.
    """

    @property
    def text(self) -> str:
        """The code as one module."""

    @property
    def unread(self) -> tuple[Span, ...]:
        """Where code stands that is not looked at."""

    @property
    def skipped(self) -> str:
        """Why nothing is looked at."""

    def place(self, span: Span) -> tuple[int, Span]:
        """Return the cell of *span* in the module, 0 if there are none, and its place there."""

    def rewritten(self, text: str) -> str | None:
        """Return the document whose code is to be *text*, None if it cannot hold that."""

    def shown(self, text: str) -> str | None:
        """Return what a reader of the document sees of it then, None if it cannot hold that."""


def linted(
    document: Document, source: SourceFile, work: Callable[[SourceFile], FileOutcome]
) -> FileOutcome:
    """Return what *work* finds in the code of *document*, with places in that."""
    if document.skipped:
        return Skipped(source.display, document.skipped)
    outcome = work(replace(source, text=document.text))
    broken = [Finding(unread.CODE, source.display, one, unread.MESSAGE) for one in document.unread]
    if not isinstance(outcome, Linted):
        return Linted(source.display, tuple(broken)) if broken else outcome
    found = [*broken, *(located(document, one) for one in outcome.findings)]
    silenced = tuple(replace(s, finding=located(document, s.finding)) for s in outcome.silenced)
    ordered = tuple(sorted(found, key=lambda f: (f.cell, f.span, f.code)))
    return replace(outcome, findings=ordered, silenced=silenced)


def migrated(document: Document, source: SourceFile, work: Rewriting) -> FileOutcome:
    """Return what *work* makes of the code of *document*, as an outcome of its file."""
    if document.skipped:
        return Skipped(source.display, document.skipped)
    text = document.text
    code = replace(source, text=text, content=text.encode(), encoding="utf-8", bom=False)
    outcome = work(replace(code, newline="\n"), document)
    broken = tuple(_unread(source, one) for one in document.unread)
    if isinstance(outcome, Untouched) and broken:
        return Refused(source.display, broken)
    if isinstance(outcome, Refused):
        return replace(outcome, refusals=(*broken, *_refusals(document, outcome.refusals)))
    if not isinstance(outcome, Changed):
        return outcome
    refusals = (*broken, *_refusals(document, outcome.refusals))
    applied = tuple(placed(document, one) for one in outcome.applied)
    written = document.rewritten(outcome.after.decode())
    if written is None:
        reason = Reason.NOTEBOOK
        detail = "a magic of IPython would come to stand elsewhere in its cell"
        left = tuple(Refusal(a.finding, reason, detail, reason.advice) for a in applied)
        return Refused(source.display, (*left, *refusals))
    mark = _MARK if source.content.startswith(_MARK) else b""
    after = mark + written.encode(source.encoding)
    return replace(outcome, source=source, after=after, applied=applied, refusals=refusals)


def located(document: Document, finding: Finding) -> Finding:
    """Return *finding* of the module with the place that it has in *document*."""
    cell, span = document.place(finding.span)
    return replace(finding, span=span, cell=cell)


def placed(document: Document, applied: Applied) -> Applied:
    """Return *applied*, of the module, with the place that it has in *document*."""
    return replace(applied, finding=located(document, applied.finding))


def _unread(source: SourceFile, span: Span) -> Refusal:
    finding = Finding(unread.CODE, source.display, span, unread.MESSAGE)
    reason = Reason.NOT_WHOLE
    return Refusal(finding, reason, unread.DETAIL, reason.advice)


def _refusals(document: Document, refusals: Iterable[Refusal]) -> tuple[Refusal, ...]:
    return tuple(_located(document, refusal) for refusal in refusals)


def _located(document: Document, refusal: Refusal) -> Refusal:
    found = replace(refusal, finding=located(document, refusal.finding))
    if refusal.blocking is None:
        return found
    cell, span = document.place(refusal.blocking)
    return replace(found, blocking=span, blocking_cell=cell)
