"""Mutants of what is told: reports, summaries, statuses, patches; and the exams for them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from harness import dedent, report

from codemods.model.finding import Finding
from codemods.model.outcome import Changed, Failed, Linted, Refused, RunReport, Untouched
from codemods.model.source import Span
from codemods.project.patchbase import patch_base
from codemods.report import diff, status, text
from codemods.report import json as as_json
from codemods.report.formats import Look

from .exams_decisions import IMPORT, site
from .mutant import examined

if TYPE_CHECKING:
    from pathlib import Path

GOOD = IMPORT + dedent(site("scan_receipt"))
#: One site that is rewritten, and one that is refused: it names the line that returns the tracker.
PARTLY = GOOD + dedent(
    """


    def configured(job):
        tracker = AIUsageTracker()
        tracker.set_tracking_context(job_id=job)
        return tracker
    """
)
#: Rewritten only on request, and then to be confirmed.
FIXTURE = """\
import pytest
from receipt_label.utils.ai_usage_tracker import AIUsageTracker


@pytest.fixture
def tracked(client):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="fixture")
    tracker.track_openai_completion(client.ask)()
    yield tracker
"""
#: Its rewrite takes for granted that the function elsewhere only uses the tracker.
ASSUMING = """\
from elsewhere import ask
from receipt_label.utils.ai_usage_tracker import AIUsageTracker


def scan_receipt(job):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id=job)
    return ask(tracker)
"""
BROKEN = "from receipt_label.utils.ai_usage_tracker import AIUsageTracker\n\nx = (\n"


def run(folder: Path, source: str = PARTLY, **flags: Any) -> RunReport:
    """Return the report on one file."""
    (folder / "receipts.py").write_text(source)
    return report(folder, **flags)


def the_one(found: RunReport) -> Any:
    """Return the outcome of the only file."""
    (outcome,) = found.outcomes
    return outcome


# -- text ---------------------------------------------------------------------------------


def a_rewrite_of_unsafe_says_what_to_confirm(folder: Path) -> None:
    """Each condition is in the text, and the summary counts the rewrite as unsafe."""
    found = run(folder, FIXTURE, unsafe=True)
    (applied,) = the_one(found).applied
    assert applied.confirm
    told = text.render(found)
    assert all(f"confirm that {condition}" in told for condition in applied.confirm)
    assert "1 unsafe" in told.splitlines()[-1]
    (file,) = json.loads(as_json.render(found))["files"]
    assert [a["confirm"] for a in file["applied"]] == [list(applied.confirm)]


def without(real: Any, **fields: Any) -> Any:
    """Return *real*, which renders a report, blind for *fields* of rewrites or of refusals."""

    def blind(told: tuple[Any, ...]) -> tuple[Any, ...]:
        known = {name: v for one in told[:1] for name, v in fields.items() if hasattr(one, name)}
        return tuple(replace(one, **known) for one in told)

    def seen(outcome: Any) -> Any:
        parts = {name: blind(getattr(outcome, name, ())) for name in ("applied", "refusals")}
        return replace(outcome, **{name: part for name, part in parts.items() if part})

    def wrong(found: RunReport, *rest: Any, **named: Any) -> Any:
        return real(replace(found, outcomes=tuple(map(seen, found.outcomes))), *rest, **named)

    return wrong


@examined("report.text:render", a_rewrite_of_unsafe_says_what_to_confirm)
def confirmation_not_told(real: Any) -> Any:
    """What a person must confirm is not told in the text."""
    return without(real, confirm=())


@examined("report.json:render", a_rewrite_of_unsafe_says_what_to_confirm)
def confirmation_not_in_json(real: Any) -> Any:
    """What a person must confirm is not told in JSON."""
    return without(real, confirm=())


def an_assumption_is_told(folder: Path) -> None:
    """In the text and in JSON; --strict refuses it by its place."""
    found = run(folder, ASSUMING)
    (applied,) = the_one(found).applied
    assert applied.assumptions
    told = text.render(found)
    assert all(assumption in told for assumption in applied.assumptions)
    (file,) = json.loads(as_json.render(found))["files"]
    assert [a["assumptions"] for a in file["applied"]] == [list(applied.assumptions)]
    (refusal,) = the_one(run(folder, ASSUMING, strict=True)).refusals
    assert refusal.blocking is not None
    assert refusal.blocking.line == ASSUMING[: ASSUMING.index("ask(tracker)")].count("\n") + 1


@examined("report.text:render", an_assumption_is_told)
def assumptions_not_told(real: Any) -> Any:
    """What was taken for granted is not told in the text."""
    return without(real, assumptions=())


@examined("report.json:render", an_assumption_is_told)
def assumptions_not_in_json(real: Any) -> Any:
    """What was taken for granted is not told in JSON."""
    return without(real, assumptions=())


@examined("rules.engine:_assuming", an_assumption_is_told)
def assumption_without_its_place(real: Any) -> Any:
    """A refusal of --strict does not say where the assumption is made."""
    return lambda proposal: replace(real(proposal), blocking=None)


def a_refusal_names_the_place_that_blocks(folder: Path) -> None:
    """By file, line and column, in the text, and as a span in JSON."""
    found = run(folder)
    (refusal,) = the_one(found).refusals
    place = refusal.blocking
    assert place is not None
    assert f" at receipts.py:{place.line}:{place.column}: " in text.render(found)
    (file,) = json.loads(as_json.render(found))["files"]
    assert [r["blocking"]["line"] for r in file["refusals"]] == [place.line]


@examined("report.text:render", a_refusal_names_the_place_that_blocks)
def blocking_place_not_told(real: Any) -> Any:
    """The text does not say which place blocks a rewrite."""
    return without(real, blocking=None)


@examined("report.json:render", a_refusal_names_the_place_that_blocks)
def blocking_place_not_in_json(real: Any) -> Any:
    """JSON does not say which place blocks a rewrite."""
    return without(real, blocking=None)


def a_summary_counts_every_site(folder: Path) -> None:
    """Also the refused one of a file that changes; what is only shown is still to change."""
    last = text.render(run(folder)).splitlines()[-1]
    assert "1 to change (1 rewrite" in last
    assert "1 site refused" in last


@examined("report.text:summary", a_summary_counts_every_site)
def refusals_beside_rewrites_uncounted(real: Any) -> Any:
    """Refused sites of a file that changes are not counted."""

    def wrong(found: RunReport) -> Any:
        kept = tuple(
            replace(o, refusals=()) if isinstance(o, Changed) else o for o in found.outcomes
        )
        return real(replace(found, outcomes=kept))

    return wrong


@examined("report.text:summary", a_summary_counts_every_site)
def everything_said_to_be_written(real: Any) -> Any:
    """The summary says that files changed, whether they were written or not."""
    return lambda found: real(replace(found, written=True))


def a_quiet_report_still_shows_what_needs_a_person(folder: Path) -> None:
    """Refusals and failures stay; the summary goes."""
    (folder / "broken.py").write_text(BROKEN)
    told = text.render(run(folder), Look(quiet=True))
    assert "refused: escapes" in told
    assert "broken.py: failed to parse" in told
    assert "scanned" not in told


def hiding(kind: type, real: Any) -> Any:
    """Return *real*, which tells nothing of outcomes of *kind* when it is to be quiet."""

    def wrong(found: RunReport, *style: Any, quiet: bool = False) -> Any:
        shown = tuple(o for o in found.outcomes if not (quiet and isinstance(o, kind)))
        return real(replace(found, outcomes=shown), *style, quiet=quiet)

    return wrong


@examined("report.text:render", a_quiet_report_still_shows_what_needs_a_person)
def quiet_hides_refusals(real: Any) -> Any:
    """With -q nothing is told of a file that changes."""
    return hiding(Changed, real)


@examined("report.text:render", a_quiet_report_still_shows_what_needs_a_person)
def quiet_hides_failures(real: Any) -> Any:
    """With -q nothing is told of a file that failed."""
    return hiding(Failed, real)


def a_report_says_which_runtime_it_relies_on(folder: Path) -> None:
    """Where something changes, and only there."""
    assert "rely on the tracker runtime" in text.render(run(folder))
    conservative = text.render(run(folder, ASSUMING, runtime="conservative"))
    assert "rely on the conservative runtime" in conservative or "0 rewrite" in conservative
    assert "rely on" not in text.render(run(folder, "x = 1\n"))


@examined("report.text:render", a_report_says_which_runtime_it_relies_on)
def runtime_not_told(real: Any) -> Any:
    """The report does not say which runtime its rewrites rely on."""
    return lambda found, *rest, **named: real(replace(found, runtime=""), *rest, **named)


def what_a_tree_holds_says_nothing_to_the_terminal(folder: Path) -> None:
    """Escapes and line breaks in names and messages are shown as escapes."""
    failed = Failed("re\x1b[31m\nceipts.py", "read", "no \x1b[2J", "see \u202e")
    told = text.render(RunReport((failed,), 1, written=False))
    assert told.splitlines()[0] == "re\\x1b[31m\\nceipts.py: failed to read: no \\x1b[2J"
    assert "\u202e" not in told


@examined("report.display:line", what_a_tree_holds_says_nothing_to_the_terminal)
def names_printed_as_they_are(real: Any) -> Any:
    """What a tree holds reaches the terminal as it is."""
    return lambda given: given


# -- status -------------------------------------------------------------------------------

FINDING = Finding("AIU001", "a.py", Span(1, 1, 1, 2), "found")


def a_status_is_of_all_that_is_left(folder: Path) -> None:
    """2 for a failure before all else; 1 for pending changes, refusals, findings; else 0."""
    changed = the_one(run(folder, GOOD))
    partly = the_one(run(folder))
    failed = Failed("b.py", "parse", "no", "mend it")
    told = [
        ((changed,), False, 1),
        ((changed,), True, 0),
        ((partly,), True, 1),
        ((partly, failed), True, 2),
        ((failed,), False, 2),
        ((Linted("a.py", (FINDING,)),), False, 1),
        ((Untouched("a.py"),), False, 0),
        ((), False, 0),
    ]
    for outcomes, written, expected in told:
        found = RunReport(outcomes, len(outcomes), written=written)
        assert status.exit_status(found) == expected, outcomes
        assert json.loads(as_json.render(found))["status"] == expected


@examined("report.status:exit_status", a_status_is_of_all_that_is_left)
def refusals_are_done(real: Any) -> Any:
    """A file that was written is done, whatever is left in it."""

    def wrong(found: RunReport) -> int:
        left = [o for o in found.outcomes if not (found.written and isinstance(o, Changed))]
        return int(real(replace(found, outcomes=tuple(left))))

    return wrong


@examined("report.status:exit_status", a_status_is_of_all_that_is_left)
def failures_are_left_overs(real: Any) -> Any:
    """A failure counts as something that is left to do."""
    return lambda found: min(real(found), status.LEFT)


# -- patches ------------------------------------------------------------------------------


def a_patch_is_one_for_git(folder: Path) -> None:
    """A last line without a newline is marked; a name that is not plain is in quotes."""
    name = 'sub "x"/ré.py'
    path = folder / name
    path.parent.mkdir()
    path.write_text(GOOD.rstrip("\n"))
    outcome = the_one(report(folder))
    patch = diff.unified([outcome], patch_base([path], [folder], folder))
    assert b"\\ No newline at end of file\n" in patch
    assert b'"a/sub \\"x\\"/r\\303\\251.py"' in patch
    lines = patch.split(b"\n")
    head = next(line for line in lines if line.startswith(b"@@"))
    old = int(head.split(b" ")[1].split(b",")[1])
    body = lines[lines.index(head) + 1 :]
    hunk = body[: next((i for i, line in enumerate(body) if line.startswith(b"@@")), None)]
    assert sum(line[:1] in (b" ", b"-") for line in hunk) == old


def ended(content: bytes) -> bytes:
    """Return *content* with a newline at its end."""
    return content if content.endswith(b"\n") else content + b"\n"


@examined("report.diff:unified", a_patch_is_one_for_git)
def last_newline_made_up(real: Any) -> Any:
    """Every file is taken for one that ends with a newline."""

    def whole(change: Changed) -> Changed:
        source = replace(change.source, content=ended(change.source.content))
        return replace(change, source=source, after=ended(change.after))

    return lambda changes, base: real(map(whole, changes), base)


@examined("report.diff:unified", a_patch_is_one_for_git)
def names_unquoted(real: Any) -> Any:
    """Names stand in a patch without quotes."""
    quoted = re.compile(rb'"([ab]/(?:[^"\\]|\\.)*)"')
    return lambda changes, base: quoted.sub(rb"\1", real(changes, base))


@examined("report.diff:unified", a_patch_is_one_for_git)
def hunks_one_line_short(real: Any) -> Any:
    """The head of a hunk counts one line less than it has."""
    head = re.compile(rb"^(@@ -\d+,)(\d+)", re.MULTILINE)

    def shorter(found: re.Match[bytes]) -> bytes:
        return b"%s%d" % (found[1], int(found[2]) - 1)

    return lambda changes, base: head.sub(shorter, real(changes, base))


# -- failures -------------------------------------------------------------------------------


def a_failure_says_where(folder: Path) -> None:
    """A file that does not parse is named with its line, and what to do."""
    failed = the_one(run(folder, BROKEN))
    assert isinstance(failed, Failed)
    assert "(line 3)" in failed.message
    assert failed.advice in text.render(run(folder, BROKEN))


@examined("runner.neighbours:unparsable", a_failure_says_where)
def line_of_a_failure_not_told(real: Any) -> Any:
    """A file that does not parse is named without its line."""

    def wrong(source: Any, error: SyntaxError) -> Failed:
        return real(source, SyntaxError(error.msg))

    return wrong


def a_file_that_no_editor_can_keep_is_refused_whole(folder: Path) -> None:
    """With its sites and their reason, none of them rewritten, none of them lost."""
    outcome = the_one(run(folder, PARTLY.replace("\n\n\ndef scan", "\n\n\n\fdef scan")))
    assert isinstance(outcome, Refused)
    assert sorted(str(r.reason) for r in outcome.refusals) == ["does-not-round-trip", "escapes"]


@examined("runner.proving:rewritten", a_file_that_no_editor_can_keep_is_refused_whole)
def other_refusals_lost(real: Any) -> Any:
    """Where a file changes, or cannot be edited, sites that were refused before are not told."""
    return lambda semantic, source, decision: real(semantic, source, replace(decision, refusals=()))
