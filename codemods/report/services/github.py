"""Annotations of a GitHub workflow: lines that the runner takes out of the log.

::warning title=AIU001,file=app/a.py,line=3,col=5,endLine=3,endColumn=30::tracker built by hand

What the runner gives a meaning to is escaped as its own toolkit does it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codemods.report import display
from codemods.report.diagnostics import Level, diagnostics_of
from codemods.report.formats import AS_IT_IS

if TYPE_CHECKING:
    from codemods.model.outcome import RunReport
    from codemods.report.diagnostics import Diagnostic
    from codemods.report.formats import Look

_COMMANDS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}


def render(report: RunReport, look: Look = AS_IT_IS) -> str:
    """Return an annotation for each place; quietly only those that need a person."""
    told = diagnostics_of(report)
    shown = [one for one in told if not (look.quiet and one.is_done)]
    return "".join(_annotation(one, look) + "\n" for one in shown)


def _annotation(diagnostic: Diagnostic, look: Look) -> str:
    properties = {
        "title": diagnostic.code,
        "file": display.line(look.around.in_repository(diagnostic.path)),
        "line": diagnostic.line,
    }
    end_line, end_column = diagnostic.end
    if diagnostic.span is not None and not diagnostic.cell:
        properties |= {"col": diagnostic.column, "endLine": end_line}
        # Columns are shown where the place is on one line, and refused where it is not.
        if end_line == diagnostic.line:
            properties |= {"endColumn": end_column}
        else:
            del properties["col"]
    said = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    text = "\n".join([diagnostic.sentence, *diagnostic.details])
    return f"::{_COMMANDS[diagnostic.level]} {said}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
