"""SARIF 2.1.0, which code hosts show beside the code.

A rewrite that is not made yet is offered as a fix: all of a file's rewrites together, at the first
of them, since they share imports.  What a comment silences is a result with that suppression.
Files that could not be handled, or were not looked at, are notifications of the run.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from codemods.model.outcome import Changed, Failed, Skipped
from codemods.report.diagnostics import Kind, Level, fingerprints, of_file, silenced_of
from codemods.report.diff import replacements
from codemods.report.display import line
from codemods.report.formats import AS_IT_IS
from codemods.report.json import dumped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from codemods.model.outcome import FileOutcome, RunReport
    from codemods.model.source import Span
    from codemods.report.around import Around
    from codemods.report.diagnostics import Diagnostic
    from codemods.report.formats import Look

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_ROOT = "SRCROOT"
#: Of a fingerprint: it changes with what fingerprints are made of.
_FINGERPRINT = "aiUsage/v1"
_LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "note"}
_SAFE = "/~:@!$&'()*+,;="


def render(report: RunReport, look: Look = AS_IT_IS) -> str:
    """Return the report as SARIF, whatever else the *look*."""
    around = look.around
    told = [(o, one) for o in report.outcomes for one in of_file(o, written=report.written)]
    found = [pair for pair in told if pair[1].kind is not Kind.FAILURE]
    silenced = [pair for outcome in report.outcomes for pair in silenced_of(outcome)]
    codes = sorted({one.code for one in (*(one for _, one in found), *(s[0] for s in silenced))})
    version = {"version": around.version} if around.version else {}
    rules = [_rule(code, around) for code in codes]
    run = {
        "tool": {"driver": {"name": "ai-usage", **version, "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository."}}},
        "invocations": [_invocation(report, around)],
        "results": _results(found, silenced, codes, around, written=report.written),
    }
    return dumped({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def uri(path: str) -> str:
    """Return *path* as a reference: percent-encoded, whatever bytes it is made of."""
    if path.startswith("/"):
        return "file://" + quote(_bytes(path), safe=_SAFE)
    # A first part with a colon would be a scheme.
    first, slash, rest = path.partition("/")
    head = quote(_bytes(first), safe=_SAFE.replace(":", ""))
    return head + quote(_bytes(slash + rest), safe=_SAFE)


def _bytes(path: str) -> bytes:
    try:
        return os.fsencode(path)
    except UnicodeEncodeError:  # half of a pair, as a report of elsewhere may have it
        return path.encode("utf-8", "surrogatepass")


def _rule(code: str, around: Around) -> dict[str, Any]:
    page = around.page(code)
    rule: dict[str, Any] = {"id": code, "defaultConfiguration": {"level": "warning"}}
    if page is None:
        return rule
    return rule | {
        "name": page.name,
        "shortDescription": {"text": page.summary},
        "fullDescription": {"text": page.summary},
        "help": {"text": page.markdown, "markdown": page.markdown},
    }


def _invocation(report: RunReport, around: Around) -> dict[str, Any]:
    failed = any(isinstance(outcome, Failed) for outcome in report.outcomes)
    notes = [_notification("warning", line(warning)) for warning in report.warnings]
    for outcome in report.outcomes:
        match outcome:
            case Failed():
                text = f"failed to {outcome.stage}: {outcome.message}. To do: {outcome.advice}"
                notes.append(_notification("error", line(text), outcome.path, around))
            case Skipped():
                text = line(f"skipped: {outcome.reason}")
                notes.append(_notification("note", text, outcome.path, around))
    return {"executionSuccessful": not failed, "toolExecutionNotifications": notes}


def _notification(
    level: str, text: str, path: str = "", around: Around | None = None
) -> dict[str, Any]:
    note: dict[str, Any] = {"level": level, "message": {"text": text}}
    if path and around is not None:
        place = {"physicalLocation": {"artifactLocation": _artifact(path, around)}}
        note["locations"] = [place]
    return note


def _results(
    found: Sequence[tuple[FileOutcome, Diagnostic]],
    silenced: Sequence[tuple[Diagnostic, str]],
    codes: Sequence[str],
    around: Around,
    *,
    written: bool,
) -> list[dict[str, Any]]:
    every = (*(one for _, one in found), *(one for one, _ in silenced))
    marks = fingerprints(every, around)
    numbers = {code: number for number, code in enumerate(codes)}
    offered: set[str] = set()
    results = []
    for (outcome, one), mark in zip(found, marks, strict=False):
        result = _marked(one, mark, numbers, around)
        if silenced:  # where one result says it, each does
            result["suppressions"] = []
        is_first = one.kind is Kind.REWRITE and one.path not in offered
        if is_first and not written and isinstance(outcome, Changed):
            offered.add(one.path)
            result |= _fixes(outcome, around)
        results.append(result)
    for (one, reason), mark in zip(silenced, marks[len(found) :], strict=True):
        why = {"justification": reason} if reason else {}
        said = {"suppressions": [{"kind": "inSource", "status": "accepted", **why}]}
        results.append(_marked(one, mark, numbers, around) | said)
    return results


def _marked(
    diagnostic: Diagnostic, mark: str, numbers: Mapping[str, int], around: Around
) -> dict[str, Any]:
    """Return the result of *diagnostic* with what tells it from the others."""
    return _result(diagnostic, around) | {
        "ruleIndex": numbers[diagnostic.code],
        "partialFingerprints": {_FINGERPRINT: mark},
    }


def _result(diagnostic: Diagnostic, around: Around) -> dict[str, Any]:
    is_done = diagnostic.is_done
    text = "\n".join([diagnostic.sentence, *diagnostic.details])
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "kind": "informational" if is_done else "fail",
        "level": "none" if is_done else _LEVELS[diagnostic.level],
        "message": {"text": text},
        "locations": [_location(diagnostic.path, diagnostic.span, diagnostic.cell, around)],
        "properties": {"kind": str(diagnostic.kind)},
    }
    owners = around.owners(diagnostic.path)
    if owners:
        result["properties"]["owners"] = [line(owner) for owner in owners]
    if diagnostic.reason:
        result["properties"]["reason"] = diagnostic.reason
    if diagnostic.blocking is not None:
        place = _location(diagnostic.path, diagnostic.blocking, diagnostic.blocking_cell, around)
        said = {"message": {"text": f"what blocks: {diagnostic.reason}"}}
        result["relatedLocations"] = [{"id": 1} | place | said]
    return result


def _location(path: str, span: Span | None, cell: int, around: Around) -> dict[str, Any]:
    """Return a place; one in a cell of a notebook is in its first line, and named beside it."""
    physical: dict[str, Any] = {"artifactLocation": _artifact(path, around)}
    if span is None or cell:
        physical["region"] = {"startLine": 1}
    else:
        physical["region"] = {
            "startLine": span.line,
            "startColumn": span.column,
            "endLine": span.end_line,
            "endColumn": span.end_column,
        }
    logical = {"logicalLocations": [{"name": f"cell {cell}"}]} if cell else {}
    return {"physicalLocation": physical, **logical}


def _artifact(path: str, around: Around) -> dict[str, str]:
    found = uri(around.in_repository(path))
    return {"uri": found} if found.startswith("file:") else {"uri": found, "uriBaseId": _ROOT}


def _fixes(change: Changed, around: Around) -> dict[str, Any]:
    """Return what makes the file into what it would become; nothing where that is not known."""
    made = list(_replacements(change.before_text, change.after_text)) if change.after else []
    if not made or not all(_is_text(one["insertedContent"]["text"]) for one in made):
        return {}
    count = len(change.applied)
    said = "the rewrite of this file" if count == 1 else f"all {count} rewrites of this file"
    changed = {"artifactLocation": _artifact(change.path, around), "replacements": made}
    return {"fixes": [{"description": {"text": said}, "artifactChanges": [changed]}]}


def _replacements(before: str, after: str) -> Iterator[dict[str, Any]]:
    old, new = _lines(before), _lines(after)
    for start, stop, text in replacements(old, new):
        begin, end = _point(old, start), _point(old, stop)
        region = {
            "startLine": begin[0],
            "startColumn": begin[1],
            "endLine": end[0],
            "endColumn": end[1],
        }
        yield {"deletedRegion": region, "insertedContent": {"text": text}}


def _point(lines: Sequence[str], index: int) -> tuple[int, int]:
    """Return line and column before the line *index*; behind the last one if it has no end."""
    if index == len(lines) and lines and not lines[-1].endswith("\n"):
        return index, len(lines[-1]) + 1
    return index + 1, 1


def _lines(text: str) -> list[str]:
    parts: Iterable[str] = text.split("\n")
    *whole, last = (part for part in parts)
    return [part + "\n" for part in whole] + ([last] if last else [])


def _is_text(text: str) -> bool:
    """Whether every reader takes *text*: half of a pair is none."""
    return not any("\ud800" <= char <= "\udfff" for char in text)
