"""Reading a JSON report back: what a part of a run said, as the records it was made of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from codemods.model.finding import Finding, Severity, Silenced
from codemods.model.outcome import (
    Applied,
    Changed,
    Failed,
    FileOutcome,
    Linted,
    Refused,
    RunReport,
    Skipped,
)
from codemods.model.refusal import Reason, Refusal
from codemods.model.runtime import Evidence, Runtime
from codemods.model.source import SourceFile, Span
from codemods.report.json import SCHEMA

if TYPE_CHECKING:
    from pathlib import Path


class UnreadableReportError(ValueError):
    """The text is no report of these tools; the message says why."""


def loaded(path: Path, text: str) -> RunReport:
    """Return the report in *text*, the content of the file *path*.

    What a report does not hold is empty: the texts of changed files.
    Raises UnreadableReportError.
    """
    document = _document(text)
    try:
        return RunReport(
            tuple(_outcome(path, file) for file in document["files"]),
            int(document["scanned"]),
            bool(document["written"]),
            tuple(map(str, document["warnings"])),
            str(document.get("shard", "")),
        )
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        said = f"{type(error).__name__}: {error}"
        raise UnreadableReportError(f"something is missing in it ({said})") from None


def _document(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableReportError(f"it is no JSON: {error}") from None
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        message = "it is no report of `--format json`, or one of another version of this tool"
        raise UnreadableReportError(message)
    return document


def _outcome(report: Path, file: dict[str, Any]) -> FileOutcome:
    path = str(file["path"])
    match file["outcome"]:
        case "changed":
            return _changed(report, path, file)
        case "refused":
            return Refused(path, tuple(_refusal(path, one) for one in file["refusals"]))
        case "linted":
            silenced = (Silenced(_finding(path, s), s["reason"]) for s in file.get("silenced", ()))
            found = tuple(_finding(path, one) for one in file["findings"])
            return Linted(path, found, tuple(silenced))
        case "failed":
            return Failed(path, file["stage"], file["message"], file["advice"])
        case "skipped":
            return Skipped(path, file["reason"])
        case other:
            raise ValueError(f"no outcome is called {other!r}")


def _finding(path: str, one: dict[str, Any]) -> Finding:
    span = Span(**one["span"])
    severity = Severity(one.get("severity", Severity.ERROR))
    return Finding(one["code"], path, span, one["message"], one.get("cell", 0), severity)


def _changed(report: Path, path: str, file: dict[str, Any]) -> Changed:
    """Return a changed file; the report of a part has its contents, others have not."""
    held = file.get("contents", {"encoding": "utf-8", "before": "", "after": ""})
    encoding = str(held["encoding"])
    before, after = (held[name].encode("utf-8", "surrogateescape") for name in ("before", "after"))
    for content in (before, after):
        content.decode(encoding, "surrogateescape")  # or nobody could show it
    source = SourceFile(report, path, before, "", encoding, False, "\n", "")
    applied = tuple(_applied(path, one) for one in file["applied"])
    refusals = tuple(_refusal(path, one) for one in file["refusals"])
    return Changed(source, after, applied, refusals)


def _applied(path: str, one: dict[str, Any]) -> Applied:
    lists = (tuple(one["notes"]), tuple(one["assumptions"]))
    found = one.get("runtime")
    runtime = Evidence(Runtime(found["name"]), found["why"]) if found else None
    said = (_finding(path, one), one["form"], one["why"])
    return Applied(*said, *lists, runtime, tuple(one["confirm"]))


def _refusal(path: str, one: dict[str, Any]) -> Refusal:
    blocking = Span(**one["blocking"]) if one["blocking"] else None
    found = _finding(path, one)
    return Refusal(
        found,
        Reason(one["reason"]),
        one["detail"],
        one["advice"],
        blocking,
        one.get("blocking_cell", 0),
    )
