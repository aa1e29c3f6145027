"""The XML of Checkstyle, which most build servers and review bots read."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement

from codemods.report import display
from codemods.report.diagnostics import Level, diagnostics_of
from codemods.report.formats import AS_IT_IS
from codemods.report.services.xml import document

if TYPE_CHECKING:
    from codemods.model.outcome import RunReport
    from codemods.report.diagnostics import Diagnostic
    from codemods.report.formats import Look

#: The version of Checkstyle whose form it is: readers ask for one.
_VERSION = "8.0"
_SEVERITIES = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "info"}


def render(report: RunReport, look: Look = AS_IT_IS) -> str:
    """Return the report as Checkstyle would write it, whatever else the *look*."""
    root = Element("checkstyle", version=_VERSION)
    for path, told in groupby(diagnostics_of(report), key=lambda one: one.path):
        shown = display.line(look.around.in_repository(path))
        file = SubElement(root, "file", name=shown)
        for one in told:
            SubElement(file, "error", _attributes(one))
    return document(root)


def _attributes(diagnostic: Diagnostic) -> dict[str, str]:
    return {
        "line": str(diagnostic.line),
        "column": str(diagnostic.column),
        "severity": _SEVERITIES[diagnostic.level],
        "message": ". ".join([diagnostic.sentence, *diagnostic.details]),
        "source": f"ai-usage.{diagnostic.code}",
    }
