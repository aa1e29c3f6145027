"""A code quality report of GitLab: a JSON list of issues, each with a fingerprint of its own.

What is done and proven is no issue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codemods.report.diagnostics import Level, diagnostics_of, fingerprints
from codemods.report.formats import AS_IT_IS
from codemods.report.json import dumped

if TYPE_CHECKING:
    from codemods.model.outcome import RunReport
    from codemods.report.diagnostics import Diagnostic
    from codemods.report.formats import Look

_SEVERITIES = {Level.ERROR: "critical", Level.WARNING: "major", Level.NOTE: "info"}


def render(report: RunReport, look: Look = AS_IT_IS) -> str:
    """Return the report as GitLab reads it, whatever else the *look*."""
    told = [one for one in diagnostics_of(report) if not one.is_done]
    marks = fingerprints(told, look.around)
    issues = [_issue(one, mark, look) for one, mark in zip(told, marks, strict=True)]
    return dumped(issues, indent=2) + "\n"


def _issue(diagnostic: Diagnostic, fingerprint: str, look: Look) -> dict[str, Any]:
    end_line, end_column = diagnostic.end
    return {
        "description": ". ".join([diagnostic.sentence, *diagnostic.details]),
        "check_name": diagnostic.code,
        "fingerprint": fingerprint,
        "severity": _SEVERITIES[diagnostic.level],
        "location": {
            "path": look.around.in_repository(diagnostic.path),
            "positions": {
                "begin": {"line": diagnostic.line, "column": diagnostic.column},
                "end": {"line": end_line, "column": end_column},
            },
        },
    }
