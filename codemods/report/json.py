"""The report as JSON, for programs.

One object; ``schema`` goes up when a key changes its meaning or goes away, new
keys may come at any time::

    {"schema": 1, "runtime": str, "written": bool, "scanned": int, "status": int,
     "warnings": [str],                                                of the run as a whole
     "shard": "2/5",                                                   only of a part of a run
     "rewrites": {"proven": int, "assumed": int, "unsafe": int},
     "files": [{"path": str, "outcome": "changed" | "refused" | "failed" | "skipped" | "linted",
                "applied":  [{finding..., "form": str, "why": str, "notes": [str],
                              "certainty": "proven" | "assumed" | "unsafe",
                              "assumptions": [str],            not empty: they are not proven
                              "confirm": [str],                not empty: the rewrite is unsafe
                              "runtime": null | {"name": str, "why": str}}],
                "refusals": [{finding..., "reason": str, "detail": str, "advice": str,
                              "blocking": span | null}],
                "findings": [{finding..., "severity": "error" | "warning" | "info"}],
                "contents": {"encoding": str, "before": str, "after": str},   changed, of a part
                "silenced": [{as of findings..., "reason": str}],     only where comments do
                "stage": str, "message": str, "advice": str,      of a failure
                "reason": str}]}                                  of a skipped file

A finding is ``{"code": str, "message": str, "span": span}``, a span ``{"line",
"column", "end_line", "end_column"}`` with lines and columns counted from 1.  Of a notebook
the span is one in a code cell, and ``"cell": int`` counts these from 1; ``"blocking_cell"`` is the
cell of what blocks.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from codemods.model.outcome import Certainty, Changed, Failed, Linted, Refused, Skipped
from codemods.report.status import exit_status

if TYPE_CHECKING:
    from codemods.model.finding import Finding, Silenced
    from codemods.model.outcome import Applied, FileOutcome, RunReport
    from codemods.model.refusal import Refusal
    from codemods.model.runtime import Evidence
    from codemods.report.formats import Look

SCHEMA = 1


def render(report: RunReport, look: Look | None = None) -> str:
    """Return the report as one JSON document that ends with a newline, whatever the *look*."""
    del look
    document = {
        "schema": SCHEMA,
        "runtime": " and ".join(sorted({one.runtime for one in report.runtimes})),
        "written": report.written,
        "scanned": report.scanned,
        "status": exit_status(report),
        "warnings": list(report.warnings),
        "rewrites": certainties(report),
        **({"shard": report.shard} if report.shard else {}),
        "files": [
            file_fields(outcome) | (contents_fields(outcome) if report.shard else {})
            for outcome in report.outcomes
        ],
    }
    return dumped(document, indent=2) + "\n"


def dumped(value: object, indent: int | None = None) -> str:
    """Return *value* as JSON in which no character can move a cursor."""
    # All but this one control character is escaped already.
    return json.dumps(value, indent=indent).replace("\x7f", "\\u007f")


def certainties(report: RunReport) -> dict[str, int]:
    """Return how many rewrites are how sure."""
    changed = (outcome for outcome in report.outcomes if isinstance(outcome, Changed))
    found = Counter(applied.certainty for outcome in changed for applied in outcome.applied)
    return {str(certainty): found[certainty] for certainty in Certainty}


def contents_fields(outcome: FileOutcome) -> dict[str, Any]:
    """Return what a changed file was and becomes: formats of the joined report show it."""
    if not isinstance(outcome, Changed):
        return {}
    texts = {"before": outcome.source.content, "after": outcome.after}
    held = {name: content.decode("utf-8", "surrogateescape") for name, content in texts.items()}
    return {"contents": {"encoding": outcome.source.encoding, **held}}


def file_fields(outcome: FileOutcome) -> dict[str, Any]:
    """Return what became of a file as JSON holds it."""
    common = {"path": outcome.path, "outcome": type(outcome).__name__.lower()}
    match outcome:
        case Changed():
            applied = [applied_fields(item) for item in outcome.applied]
            refusals = [refusal_fields(item) for item in outcome.refusals]
            return common | {"applied": applied, "refusals": refusals}
        case Refused():
            return common | {"refusals": [refusal_fields(item) for item in outcome.refusals]}
        case Linted():
            silenced = [silenced_fields(item) for item in outcome.silenced]
            more = {"silenced": silenced} if silenced else {}
            return common | {"findings": [linted_fields(item) for item in outcome.findings]} | more
        case Failed():
            detail = {"message": outcome.message, "advice": outcome.advice}
            return common | {"stage": outcome.stage} | detail
        case Skipped():
            return common | {"reason": outcome.reason}
        case _:
            return common


def finding_fields(finding: Finding) -> dict[str, Any]:
    """Return *finding* as JSON holds it."""
    cell = {"cell": finding.cell} if finding.cell else {}
    found = {"code": finding.code, "message": finding.message, "span": asdict(finding.span)}
    return found | cell


def linted_fields(finding: Finding) -> dict[str, Any]:
    """Return a finding of lint as JSON holds it."""
    return finding_fields(finding) | {"severity": str(finding.severity)}


def silenced_fields(silenced: Silenced) -> dict[str, Any]:
    """Return a finding that a comment silences as JSON holds it."""
    return linted_fields(silenced.finding) | {"reason": silenced.reason}


def applied_fields(applied: Applied) -> dict[str, Any]:
    """Return a rewrite as JSON holds it."""
    return finding_fields(applied.finding) | {
        "form": applied.form,
        "why": applied.why,
        "notes": list(applied.notes),
        "certainty": str(applied.certainty),
        "assumptions": list(applied.assumptions),
        "confirm": list(applied.confirm),
        "runtime": _evidence(applied.runtime) if applied.runtime is not None else None,
    }


def _evidence(evidence: Evidence) -> dict[str, str]:
    return {"name": str(evidence.runtime), "why": evidence.why}


def refusal_fields(refusal: Refusal) -> dict[str, Any]:
    """Return a refusal as JSON holds it."""
    return finding_fields(refusal.finding) | {
        "reason": str(refusal.reason),
        "detail": refusal.detail,
        "advice": refusal.advice,
        "blocking": asdict(refusal.blocking) if refusal.blocking else None,
        **({"blocking_cell": refusal.blocking_cell} if refusal.blocking_cell else {}),
    }
