"""One line for each thing that is told, and the counts: for a log, or a search.

app/receipts.py:14:5: AIU001 tracker built by hand (refused: escapes)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codemods.report import display
from codemods.report.diagnostics import Kind, Level, diagnostics_of
from codemods.report.formats import AS_IT_IS
from codemods.report.text import coloured, summary, uncoloured

if TYPE_CHECKING:
    from codemods.model.outcome import RunReport
    from codemods.report.diagnostics import Diagnostic
    from codemods.report.formats import Look
    from codemods.report.text import Style

COLOURS = {Level.ERROR: "red", Level.WARNING: "yellow", Level.NOTE: "green"}


def render(report: RunReport, look: Look = AS_IT_IS) -> str:
    """Return the report with a line for each place; quietly only those that need a person."""
    style = coloured if look.coloured else uncoloured
    told = [one for one in diagnostics_of(report) if not (look.quiet and one.is_done)]
    lines = [_line(one, style) for one in told]
    if not look.quiet:
        lines.append(summary(report))
    return "".join(line + "\n" for line in lines)


def place(diagnostic: Diagnostic) -> str:
    """Return where *diagnostic* is, as editors understand it."""
    path = display.line(diagnostic.path)
    if diagnostic.span is None:
        return path
    cell = f":cell {diagnostic.cell}" if diagnostic.cell else ""
    return f"{path}{cell}:{diagnostic.span.line}:{diagnostic.span.column}"


def _line(diagnostic: Diagnostic, style: Style) -> str:
    code = style(diagnostic.code, COLOURS[diagnostic.level])
    return f"{place(diagnostic)}: {code} {diagnostic.message}{_outcome(diagnostic)}"


def _outcome(diagnostic: Diagnostic) -> str:
    match diagnostic.kind:
        case Kind.REFUSAL:
            return f" (refused: {diagnostic.reason})"
        case Kind.REWRITE:
            return f" ({diagnostic.said[0][0]}: {diagnostic.reason})"
        case _:
            return ""
