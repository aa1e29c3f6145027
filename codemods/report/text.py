"""The report that a person reads in a terminal.

app/receipts.py:14:5: AIU001 tracker built and configured by hand
    form: own
    safe: the tracker's whole lifetime stays inside the block
app/totals.py:9:5: AIU001 tracker built and configured by hand, rewritten assuming that \
ask does not keep the tracker
    form: own
    likely: the tracker's whole lifetime stays inside the block
3 files scanned: 2 changed (2 rewrites, 1 of them rests on an assumption), 1 refused site

"Safe" is said of nothing that rests on an assumption, or that a person must confirm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from codemods.model.outcome import (
    Applied,
    Certainty,
    Changed,
    Failed,
    Linted,
    Refused,
    Skipped,
    place_of,
)
from codemods.report import display
from codemods.report.formats import AS_IT_IS

if TYPE_CHECKING:
    from codemods.model.finding import Finding
    from codemods.model.outcome import FileOutcome, RunReport
    from codemods.model.refusal import Refusal
    from codemods.report.formats import Look

Style = Callable[[str, str], str]
#: What the reason of a rewrite is called: "safe" only where it is a proof.
WORDS = {Certainty.PROVEN: "safe", Certainty.ASSUMED: "likely", Certainty.UNSAFE: "why"}
_SAY_OTHERWISE = (
    '    to do: say runtime = "guide" in [tool.ai-usage] if that is so; "conservative", if its '
    "contexts do less."
)


def uncoloured(text: str, _colour: str) -> str:
    """Return *text* as it is: the style of a report without colours."""
    return text


def coloured(text: str, colour: str) -> str:
    """Return *text* in *colour*, one of the names that click knows."""
    import click

    return click.style(text, fg=colour)


def render(report: RunReport, look: Look = AS_IT_IS) -> str:
    """Return the report as text that ends with a summary line.

    Quietly only what needs a person is shown: refusals, findings, failures, and
    of the rewrites those that rest on an assumption or that must be confirmed.
    """
    report = display.report(report)
    style, quiet = coloured if look.coloured else uncoloured, look.quiet
    lines: list[str] = []
    for outcome in report.outcomes:
        lines += _outcome(outcome, style, written=report.written, quiet=quiet)
    lines += _runtimes(report, quiet=quiet)
    if not quiet:
        lines.append(summary(report))
    return "".join(line + "\n" for line in lines)


def _runtimes(report: RunReport, *, quiet: bool) -> Iterator[str]:
    for used in report.runtimes:
        if used.is_assumed:
            yield f"The rewrites assume that contexts do what the guide says: {used.why}."
            yield _SAY_OTHERWISE
        elif not quiet:
            why = f": {used.why}" if used.why else ""
            yield f"The rewrites rely on the {used.runtime} runtime{why}."


def _outcome(outcome: FileOutcome, style: Style, *, written: bool, quiet: bool) -> Iterator[str]:
    match outcome:
        case Changed():
            of_file: list[Applied | Refusal] = [*outcome.applied, *outcome.refusals]
            for told in sorted(of_file, key=place_of):
                if isinstance(told, Applied):
                    yield from _applied(told, style, written=written, quiet=quiet)
                else:
                    yield from _refusal(told, style)
        case Refused():
            for refusal in outcome.refusals:
                yield from _refusal(refusal, style)
        case Failed():
            stage = style(f"failed to {outcome.stage}", "red")
            yield f"{outcome.path}: {stage}: {outcome.message}"
            yield f"    to do: {outcome.advice}"
        case Linted():
            for finding in outcome.findings:
                yield _place(finding, style, "yellow")
        case Skipped():
            if not quiet:
                yield f"{outcome.path}: skipped: {outcome.reason}"


def _applied(applied: Applied, style: Style, *, written: bool, quiet: bool) -> Iterator[str]:
    if quiet and not applied.assumptions and not applied.confirm:
        return
    first = _place(applied.finding, style, "green")
    if applied.assumptions:
        done = "rewritten" if written else "to rewrite"
        taken = " and ".join(f"that {assumption}" for assumption in applied.assumptions)
        first = f"{first}, {done} {style('assuming', 'yellow')} {taken}"
    yield first
    if not quiet:
        yield f"    form: {applied.form}"
        yield f"    {WORDS[applied.certainty]}: {applied.why}"
    for condition in applied.confirm:
        yield f"    {style('unsafe', 'red')}: confirm that {condition}"
    for note in applied.notes if not quiet else ():
        yield f"    note: {note}"


def proposed(applied: Applied, style: Style) -> Iterator[str]:
    """Yield the lines about a rewrite that is not made yet."""
    yield from _applied(applied, style, written=False, quiet=False)


def _refusal(refusal: Refusal, style: Style) -> Iterator[str]:
    finding = refusal.finding
    yield _place(finding, style, "yellow")
    place = ""
    if refusal.blocking is not None:
        cell = f":cell {refusal.blocking_cell}" if refusal.blocking_cell else ""
        place = f" at {finding.path}{cell}:{refusal.blocking.line}:{refusal.blocking.column}"
    yield f"    refused: {refusal.reason}{place}: {refusal.detail}"
    yield f"    to do: {refusal.advice}"


def _place(finding: Finding, style: Style, colour: str) -> str:
    cell = f":cell {finding.cell}" if finding.cell else ""
    where = f"{finding.path}{cell}:{finding.span.line}:{finding.span.column}"
    told = "" if finding.is_error else f"{finding.severity}: "
    return f"{where}: {style(finding.code, colour)} {told}{finding.message}"


def summary(report: RunReport) -> str:
    """Return the line of counts."""
    outcomes = report.outcomes
    changed = [outcome for outcome in outcomes if isinstance(outcome, Changed)]
    rewrites = sum(len(outcome.applied) for outcome in changed)
    refused = sum(len(o.refusals) for o in outcomes if isinstance(o, Changed | Refused))
    findings = sum(len(o.findings) for o in outcomes if isinstance(o, Linted))
    failed = sum(isinstance(outcome, Failed) for outcome in outcomes)
    made = _count(rewrites, "rewrite") + _doubts([a for o in changed for a in o.applied])
    done = "changed" if report.written else "to change"
    parts = [f"{len(changed)} {done} ({made})"] if changed else []
    parts += [_count(refused, "site") + " refused"] if refused else []
    parts += [_count(findings, "finding")] if findings else []
    parts += [f"{failed} failed"] if failed else []
    return f"{_count(report.scanned, 'file')} scanned: {', '.join(parts) or 'nothing to do'}."


def _doubts(applied: list[Applied]) -> str:
    """Return how many of the rewrites are not proven, as the summary says it."""
    unsafe = sum(bool(one.confirm) for one in applied)
    assumed = sum(one.certainty is Certainty.ASSUMED for one in applied)
    said = f", {unsafe} unsafe" if unsafe else ""
    if assumed:
        verb = "rests on an assumption" if assumed == 1 else "rest on assumptions"
        said += f", which {verb}" if len(applied) == 1 else f", {assumed} of them {verb}"
    return said


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
