"""Findings as an editor shows them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol.converters import get_converter
from lsprotocol.types import (
    CodeDescription,
    Diagnostic,
    DiagnosticSeverity,
    DiagnosticTag,
    Position,
    Range,
)

from codemods.findings import needless
from codemods.model.finding import Severity
from codemods.model.outcome import Failed, Linted
from codemods.model.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from codemods.model.finding import Finding
    from codemods.model.outcome import RunReport
    from codemods.server.texts.documents import Document

SOURCE = "ai-usage"
FAILED = "failed"
_SEVERITIES = {
    Severity.ERROR: DiagnosticSeverity.Error,
    Severity.WARNING: DiagnosticSeverity.Warning,
    Severity.INFO: DiagnosticSeverity.Information,
}
_CONVERTER = get_converter()
#: The pages, where the tools are run from a checkout; an installed package has none of them.
_PAGES = Path(__file__).parents[2] / "docs" / "rules"


@dataclass(frozen=True)
class _One:
    """A finding in a text, and what the editor is told of it.

    Columns are counted in the lines that it begins and ends in.
    """

    finding: Finding
    first: str
    last: str
    told: str


@dataclass(frozen=True)
class Shown:
    """What an editor was told of a text, as it follows from *report*: diagnostics in JSON."""

    report: RunReport
    told: Sequence[str]
    _known: Mapping[int, _One] = field(default_factory=dict)

    def again(self, document: Document, report: RunReport) -> Shown:
        """Return what it is told of *document*: what stands where it stood is not made anew."""
        found: dict[int, _One] = {}
        lines, known = document.lines, self._known
        for one in findings_of(report):
            first, last = lines.line(one.span.line - 1), lines.line(one.span.end_line - 1)
            # The record is still there: no other one can have its place in memory.
            before = known.get(id(one))
            if before is None or before.first != first or before.last != last:
                before = _One(one, first, last, encoded(_diagnostic(document, one)))
            found[id(one)] = before
        failures = (encoded(one) for one in failures_of(report))
        return Shown(report, [*(one.told for one in found.values()), *failures], found)


def encoded(diagnostic: Diagnostic) -> str:
    """Return *diagnostic* as the protocol has it."""
    return json.dumps(_CONVERTER.unstructure(diagnostic))


def findings_of(report: RunReport) -> list[Finding]:
    """Return the findings of *report*."""
    linted = (one for one in report.outcomes if isinstance(one, Linted))
    return [finding for one in linted for finding in one.findings]


def diagnostics_in(document: Document, findings: Iterable[Finding]) -> list[Diagnostic]:
    """Return *findings*, whose places are those of *document*, as an editor shows them."""
    return [_diagnostic(document, one) for one in findings]


def _diagnostic(document: Document, finding: Finding) -> Diagnostic:
    page = _address(finding.code)
    return Diagnostic(
        range=document.lines.range(finding.span),
        message=finding.message,
        severity=_SEVERITIES[finding.severity],
        code=finding.code,
        code_description=CodeDescription(page) if page else None,
        source=SOURCE,
        tags=[DiagnosticTag.Unnecessary] if finding.code == needless.CODE else None,
        data={"rule": RULES[finding.code].name},
    )


def failures_of(report: RunReport) -> Iterator[Diagnostic]:
    """Yield what could not be looked at."""
    start = Range(Position(0, 0), Position(0, 0))
    for one in report.outcomes:
        if isinstance(one, Failed):
            message = f"{one.message}\n{one.advice}"
            severity = DiagnosticSeverity.Error
            yield Diagnostic(start, message, severity, code=FAILED, source=SOURCE)


@cache
def _address(code: str) -> str | None:
    page = _PAGES / f"{code}.md"
    return page.as_uri() if page.is_file() else None
