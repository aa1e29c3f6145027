"""Each place with the source around it, all that is said of it, and what would be changed.

AIU001 tracker built by hand
  --> app/receipts.py:14:5
   |
13 | def read(texts):
14 |     tracker = AIUsageTracker()
   |               ^^^^^^^^^^^^^^^^
   |
refused: escapes at line 20: it is returned
to do: open the context where the tracker is last used, and pass it in
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codemods.model.outcome import Changed
from codemods.report import display
from codemods.report.diagnostics import of_file, source_lines
from codemods.report.diff import hunks
from codemods.report.formats import AS_IT_IS
from codemods.report.lines.concise import COLOURS, place
from codemods.report.lines.excerpt import excerpt
from codemods.report.text import coloured, summary, uncoloured

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.model.outcome import FileOutcome, RunReport
    from codemods.report.diagnostics import Diagnostic
    from codemods.report.formats import Look
    from codemods.report.text import Style

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def render(report: RunReport, look: Look = AS_IT_IS) -> str:
    """Return the report with source excerpts; quietly only what needs a person."""
    style = coloured if look.coloured else uncoloured
    lines: list[str] = []
    for outcome in report.outcomes:
        for one in of_file(outcome, written=report.written):
            if not (look.quiet and one.is_done):
                lines += _shown(one, look, style)
        if not report.written and not look.quiet:
            lines += _patch(outcome, style)
    if not look.quiet:
        lines.append(summary(report))
    return "".join(line + "\n" for line in lines)


def _shown(diagnostic: Diagnostic, look: Look, style: Style) -> Iterator[str]:
    code = style(diagnostic.code, COLOURS[diagnostic.level])
    yield f"{code} {diagnostic.message}"
    source = source_lines(diagnostic, look.around)
    shown = excerpt(source, diagnostic.span) if diagnostic.span is not None else []
    width = len(shown[0].partition("|")[0]) - 1 if shown else 1
    yield f"{' ' * width}{style('-->', 'cyan')} {place(diagnostic)}"
    yield from shown
    yield from diagnostic.details
    yield ""


def _patch(outcome: FileOutcome, style: Style) -> Iterator[str]:
    if not isinstance(outcome, Changed) or not outcome.source.content:
        return
    yield f"{display.line(outcome.path)} would become:"
    found = hunks(outcome.before_text, outcome.after_text).replace("\r\n", "\n")
    for line in found.removesuffix("\n").split("\n"):
        shown = display.lines(line, keep="\t")
        colour = _COLOURS.get(line[:1])
        yield style(shown, colour) if colour else shown
    yield ""
