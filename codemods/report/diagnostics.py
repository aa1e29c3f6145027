"""One record for whatever a run tells of a place: what all formats but text and JSON are made of.

A finding of lint, a rewrite, a refusal and a failure are told in the same words everywhere.  The
texts are parts of a line, as ``display`` shows them; a path is what it is.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from codemods.model.finding import Severity
from codemods.model.outcome import Applied, Certainty, Changed, Failed, Linted, Refused, place_of
from codemods.report.display import line
from codemods.report.text import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from codemods.model.finding import Finding
    from codemods.model.outcome import FileOutcome, RunReport
    from codemods.model.refusal import Refusal
    from codemods.model.source import Span
    from codemods.report.around import Around

#: The code of files that could not be handled.
FAILURE = "failed"


class Kind(StrEnum):
    """What is told of a place."""

    FINDING = "finding"
    REWRITE = "rewrite"
    REFUSAL = "refusal"
    FAILURE = "failure"


class Level(StrEnum):
    """How much it matters: NOTE is what needs nobody, as what is done and proven."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


_LEVELS = {
    Severity.ERROR: Level.ERROR,
    Severity.WARNING: Level.WARNING,
    Severity.INFO: Level.NOTE,
}


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """What a run tells of a place, or (``span`` is None) of a file as a whole.

    ``said`` are labels and texts, ``cell`` counts the code cells of a notebook from 1, ``reason``
    is the code of a refusal or the stage of a failure.  ``before`` are the lines of the file that
    ``span`` is of, None where they are those on disk, and empty where nobody knows them.
    ``fails`` says that the run fails for it.
    """

    kind: Kind
    level: Level
    code: str
    message: str
    path: str
    span: Span | None = None
    cell: int = 0
    said: tuple[tuple[str, str], ...] = ()
    reason: str = ""
    blocking: Span | None = None
    blocking_cell: int = 0
    before: Sequence[str] | None = None
    fails: bool = True

    @property
    def is_done(self) -> bool:
        """Whether it is a rewrite that is made, and proven: no issue at all."""
        return self.kind is Kind.REWRITE and self.level is Level.NOTE

    @property
    def line(self) -> int:
        """The line in the file: 1 where only a cell is known, or nothing."""
        return self.span.line if self.span is not None and not self.cell else 1

    @property
    def column(self) -> int:
        """The column in the file, as ``line``."""
        return self.span.column if self.span is not None and not self.cell else 1

    @property
    def end(self) -> tuple[int, int]:
        """Line and column where the place ends, exclusive."""
        if self.span is None or self.cell:
            return self.line, self.column
        return self.span.end_line, self.span.end_column

    @property
    def sentence(self) -> str:
        """The message, with the place in a notebook that no line of the file says."""
        if not self.cell or self.span is None:
            return self.message
        return f"cell {self.cell}, line {self.span.line}: {self.message}"

    @property
    def details(self) -> list[str]:
        """What is said of it, a line each."""
        return [f"{label}: {text}" for label, text in self.said]


def diagnostics_of(report: RunReport) -> list[Diagnostic]:
    """Return all that *report* tells of places and files, in its order."""
    return [one for outcome in report.outcomes for one in of_file(outcome, written=report.written)]


def of_file(outcome: FileOutcome, *, written: bool) -> Iterator[Diagnostic]:
    """Yield what is told of one file, in the order of its places."""
    match outcome:
        case Changed():
            told: list[Applied | Refusal] = [*outcome.applied, *outcome.refusals]
            before = _lines(outcome, written=written)
            for one in sorted(told, key=place_of):
                if isinstance(one, Applied):
                    yield _rewrite(one, before, written=written)
                else:
                    yield _refusal(one, before)
        case Refused():
            yield from (_refusal(one) for one in outcome.refusals)
        case Linted():
            yield from (_finding(one) for one in outcome.findings)
        case Failed():
            message = line(f"failed to {outcome.stage}: {outcome.message}")
            said = (("to do", line(outcome.advice)),)
            stage = line(outcome.stage)
            yield Diagnostic(
                Kind.FAILURE, Level.ERROR, FAILURE, message, outcome.path, said=said, reason=stage
            )


def silenced_of(outcome: FileOutcome) -> Iterator[tuple[Diagnostic, str]]:
    """Yield what comments of a file silence, each with the reason that they give."""
    if isinstance(outcome, Linted):
        for one in outcome.silenced:
            yield replace(_finding(one.finding), fails=False), line(one.reason)


def source_lines(diagnostic: Diagnostic, around: Around) -> Sequence[str]:
    """Return the lines that the place of *diagnostic* is counted in; none if they are not known."""
    if diagnostic.before is not None:
        return diagnostic.before
    return around.lines(diagnostic.path, diagnostic.cell)


def fingerprints(told: Iterable[Diagnostic], around: Around) -> list[str]:
    """Return what tells each from the others, and is the same while its code and line are.

    Lines that come before or behind it change nothing; of equal ones in a file each has its
    number.
    """
    seen: Counter[str] = Counter()
    found = []
    for one in told:
        lines = source_lines(one, around) if one.span is not None else ()
        at = one.span.line - 1 if one.span is not None else 0
        text = lines[at].strip() if at < len(lines) else ""
        key = "\0".join((one.code, around.in_repository(one.path), one.message, text))
        number = seen[key]
        seen[key] += 1
        whole = f"{key}\0{number}" if number else key
        found.append(hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:32])
    return found


def _lines(outcome: Changed, *, written: bool) -> Sequence[str] | None:
    """Return the lines of a changed file before; a joined report has none, cells are on disk."""
    if outcome.source.content and not outcome.path.endswith(".ipynb"):
        return outcome.before_text.split("\n")
    return () if written else None


def _finding(finding: Finding) -> Diagnostic:
    return Diagnostic(
        Kind.FINDING,
        _LEVELS[finding.severity],
        line(finding.code),
        line(finding.message),
        finding.path,
        finding.span,
        finding.cell,
        fails=finding.severity is Severity.ERROR,
    )


def _rewrite(applied: Applied, before: Sequence[str] | None, *, written: bool) -> Diagnostic:
    finding, certainty = applied.finding, applied.certainty
    return Diagnostic(
        Kind.REWRITE,
        Level.NOTE if written and certainty is Certainty.PROVEN else Level.WARNING,
        line(finding.code),
        line(finding.message),
        finding.path,
        finding.span,
        finding.cell,
        tuple(_said_of_rewrite(applied, written=written)),
        str(certainty),
        before=before,
        fails=not written,
    )


def _said_of_rewrite(applied: Applied, *, written: bool) -> Iterator[tuple[str, str]]:
    yield "rewritten" if written else "to rewrite", line(applied.form)
    yield WORDS[applied.certainty], line(applied.why)
    yield from (("assumes", line(f"that {one}")) for one in applied.assumptions)
    if applied.runtime is not None and applied.runtime.is_assumed:
        yield "assumes", line(f"that contexts do what the guide says: {applied.runtime.why}")
    yield from (("unsafe", line(f"confirm that {one}")) for one in applied.confirm)
    yield from (("note", line(one)) for one in applied.notes)


def _refusal(refusal: Refusal, before: Sequence[str] | None = None) -> Diagnostic:
    finding = refusal.finding
    said = (
        ("refused", line(f"{refusal.reason}{_at(refusal)}: {refusal.detail}")),
        ("to do", line(refusal.advice)),
    )
    return Diagnostic(
        Kind.REFUSAL,
        Level.WARNING,
        line(finding.code),
        line(finding.message),
        finding.path,
        finding.span,
        finding.cell,
        said,
        str(refusal.reason),
        refusal.blocking,
        refusal.blocking_cell,
        before,
    )


def _at(refusal: Refusal) -> str:
    """Return where what blocks is, as the end of a reason."""
    if refusal.blocking is None:
        return ""
    cell = f"cell {refusal.blocking_cell}, " if refusal.blocking_cell else ""
    return f" at {cell}line {refusal.blocking.line}"
