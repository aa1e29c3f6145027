"""JSON, a line for each thing that is told: for programs that read while they go.

Each line is an object with ``"kind"`` and ``"path"``: a ``finding``, ``rewrite`` or ``refusal`` as
in ``json``, a ``failed`` or ``skipped`` file.  The last line has the kind ``run`` and says what the
JSON report says of the run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codemods.model.outcome import Changed, Failed, Linted, Refused, Skipped
from codemods.report import json
from codemods.report.status import exit_status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.model.outcome import FileOutcome, RunReport
    from codemods.report.formats import Look


def render(report: RunReport, look: Look | None = None) -> str:
    """Return the report as lines of JSON, whatever the *look*."""
    del look
    lines = [line for outcome in report.outcomes for line in _lines(outcome)]
    lines.append(
        {
            "kind": "run",
            "schema": json.SCHEMA,
            "written": report.written,
            "scanned": report.scanned,
            "status": exit_status(report),
            "warnings": list(report.warnings),
            "rewrites": json.certainties(report),
            **({"shard": report.shard} if report.shard else {}),
        }
    )
    return "".join(json.dumped(line) + "\n" for line in lines)


def _lines(outcome: FileOutcome) -> Iterator[dict[str, Any]]:
    path = {"path": outcome.path}
    match outcome:
        case Changed():
            for applied in outcome.applied:
                yield {"kind": "rewrite"} | path | json.applied_fields(applied)
            for refusal in outcome.refusals:
                yield {"kind": "refusal"} | path | json.refusal_fields(refusal)
        case Refused():
            for refusal in outcome.refusals:
                yield {"kind": "refusal"} | path | json.refusal_fields(refusal)
        case Linted():
            for finding in outcome.findings:
                yield {"kind": "finding"} | path | json.linted_fields(finding)
        case Failed() | Skipped():
            fields = json.file_fields(outcome)
            yield {"kind": fields.pop("outcome")} | fields
