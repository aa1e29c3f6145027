"""What a run says: text, JSON, exit status."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from many_cases import each_of

from codemods.model.finding import Finding
from codemods.model.outcome import (
    Applied,
    Changed,
    Failed,
    FileOutcome,
    Linted,
    Refused,
    RunReport,
    Untouched,
)
from codemods.model.refusal import Reason, Refusal
from codemods.model.runtime import Evidence, Runtime
from codemods.model.source import SourceFile, Span
from codemods.report import json as json_report
from codemods.report.formats import Look
from codemods.report.status import exit_status
from codemods.report.text import render

FINDING = Finding("AIU001", "app/a.py", Span(3, 5, 3, 30), "tracker built by hand")
APPLIED = Applied(
    FINDING,
    "own",
    "nothing outlives the block",
    ("batch prices",),
    ("job is a string",),
    Evidence(Runtime.TRACKER),
)
PROVEN = Applied(FINDING, "own", "nothing outlives the block")
REASON = next(iter(Reason))
REFUSAL = Refusal(FINDING, REASON, "it is returned", "return what it made", Span(9, 1, 9, 15))
HERE = Refusal(FINDING, REASON, "it is global", "pass it")
SOURCE = SourceFile(Path("/p/app/a.py"), "app/a.py", b"a", "a", "utf-8", False, "\n", "")
CHANGED = Changed(SOURCE, b"b", (APPLIED,))
MIXED = Changed(SOURCE, b"b", (APPLIED,), (REFUSAL,))
FAILED = Failed("app/b.py", "parse", "line 3 is no Python", "correct it")
LINTED = Linted("app/a.py", (FINDING,))

QUIET = Look(quiet=True)


def report(*outcomes: FileOutcome, written: bool = False) -> RunReport:
    """Return a report of *outcomes* and two files in which there was nothing to do."""
    return RunReport(outcomes, len(outcomes) + 2, written)


@each_of(
    ("given", "status"),
    [
        (report(), 0),
        (report(Untouched("a.py")), 0),
        (report(Linted("a.py", ())), 0),
        (report(CHANGED, written=True), 0),
        (report(CHANGED), 1),
        (report(MIXED, written=True), 1),
        (report(Refused("a.py", (HERE,)), written=True), 1),
        (report(LINTED), 1),
        (report(FAILED), 2),
        (report(MIXED, FAILED, LINTED), 2),
    ],
)
def test_exit_status(given: RunReport, status: int) -> None:
    """0 nothing left, 1 changes pending or a person needed, 2 a failure, which wins."""
    assert exit_status(given) == status
    assert json.loads(json_report.render(given))["status"] == status


def test_rewrite_in_text() -> None:
    """A rewrite is shown with its place, form, reason and notes; it is safe if it is proven."""
    known = Evidence(Runtime.TRACKER, "a.py:1: it says so")
    applied = replace(PROVEN, notes=("batch prices",), runtime=known)
    assert render(report(replace(CHANGED, applied=(applied,)), written=True)) == (
        "app/a.py:3:5: AIU001 tracker built by hand\n"
        "    form: own\n"
        "    safe: nothing outlives the block\n"
        "    note: batch prices\n"
        "The rewrites rely on the tracker runtime: a.py:1: it says so.\n"
        "3 files scanned: 1 changed (1 rewrite).\n"
    )


@pytest.mark.parametrize(("written", "done"), [(True, "rewritten"), (False, "to rewrite")])
def test_assumptions_stand_in_the_first_line(written: bool, done: str) -> None:
    """What is assumed is part of the first line, and nothing that rests on it is called safe."""
    both = replace(APPLIED, assumptions=("job is a string", "ask keeps nothing"))
    shown = render(report(replace(CHANGED, applied=(both,)), written=written))
    assert shown.splitlines()[:3] == [
        f"app/a.py:3:5: AIU001 tracker built by hand, {done} assuming that job is a string "
        "and that ask keeps nothing",
        "    form: own",
        "    likely: nothing outlives the block",
    ]
    assert "safe" not in shown


@each_of(
    ("applied", "counted"),
    [
        ((PROVEN,), "1 rewrite)"),
        ((APPLIED,), "1 rewrite, which rests on an assumption)"),
        ((PROVEN, APPLIED, PROVEN), "3 rewrites, 1 of them rests on an assumption)"),
        ((APPLIED, APPLIED, PROVEN), "3 rewrites, 2 of them rest on assumptions)"),
        (
            (replace(PROVEN, confirm=("it is so",)), APPLIED),
            "2 rewrites, 1 unsafe, 1 of them rests on an assumption)",
        ),
    ],
)
def test_assumptions_are_counted(applied: tuple[Applied, ...], counted: str) -> None:
    """The summary, and the JSON, count the rewrites that rest on an assumption."""
    given = report(replace(CHANGED, applied=applied), written=True)
    assert render(given).endswith(f"1 changed ({counted}.\n")
    told = json.loads(json_report.render(given))["rewrites"]
    assert sum(told.values()) == len(applied)
    assert told["assumed"] == sum(one is APPLIED for one in applied)


@pytest.mark.parametrize("quiet", [True, False])
def test_a_runtime_that_is_assumed(quiet: bool) -> None:
    """It is said once for all rewrites, under --quiet too; and none of them is called safe."""
    applied = replace(PROVEN, runtime=Evidence(Runtime.GUIDE, "m is in no folder"))
    given = report(replace(CHANGED, applied=(applied, applied)))
    shown = render(given, Look(quiet=quiet))
    assert shown.count("assume that contexts do what the guide says: m is in no folder.\n") == 1
    assert shown.count('    to do: say runtime = "guide"') == 1
    assert "safe" not in shown
    assert ("tracker built by hand" in shown) is not quiet
    assert json.loads(json_report.render(given))["rewrites"]["assumed"] == 2


@pytest.mark.parametrize("known", [Evidence(Runtime.GUIDE), Evidence(Runtime.CONSERVATIVE, "it")])
def test_a_runtime_that_is_known(known: Evidence) -> None:
    """It is named where more than what needs a person is shown, and rewrites stay proven."""
    given = report(replace(CHANGED, applied=(replace(PROVEN, runtime=known),)))
    assert f"rely on the {known.runtime} runtime" in render(given)
    assert "    safe: " in render(given)
    assert render(given, QUIET) == ""


def test_quiet_shows_what_is_not_proven() -> None:
    """Quiet keeps silent about proven rewrites only."""
    unsafe = replace(PROVEN, confirm=("it is so",))
    given = report(replace(CHANGED, applied=(PROVEN, APPLIED, unsafe)), written=True)
    assert render(given, QUIET) == (
        "app/a.py:3:5: AIU001 tracker built by hand, rewritten assuming that job is a string\n"
        "app/a.py:3:5: AIU001 tracker built by hand\n"
        "    unsafe: confirm that it is so\n"
    )


def test_unsafe_rewrite() -> None:
    """A rewrite that is not proven is called unsafe, with what a person must confirm."""
    applied = Applied(FINDING, "adopt", "the object stays", confirm=("no two tasks run at once",))
    given = report(Changed(SOURCE, b"b", (applied,)), written=True)
    assert render(given) == (
        "app/a.py:3:5: AIU001 tracker built by hand\n"
        "    form: adopt\n"
        "    why: the object stays\n"
        "    unsafe: confirm that no two tasks run at once\n"
        "3 files scanned: 1 changed (1 rewrite, 1 unsafe).\n"
    )
    (told,) = json.loads(json_report.render(given))["files"][0]["applied"]
    assert told["confirm"] == ["no two tasks run at once"]


def test_refusals_in_text() -> None:
    """A refusal is shown with its reason, what blocks it and where, and what to do."""
    assert render(report(Refused("app/a.py", (REFUSAL, HERE)))) == (
        "app/a.py:3:5: AIU001 tracker built by hand\n"
        f"    refused: {REASON} at app/a.py:9:1: it is returned\n"
        "    to do: return what it made\n"
        "app/a.py:3:5: AIU001 tracker built by hand\n"
        f"    refused: {REASON}: it is global\n"
        "    to do: pass it\n"
        "3 files scanned: 2 sites refused.\n"
    )


def test_failures_in_text() -> None:
    """A failure is shown with its stage and what to do."""
    assert render(report(FAILED)) == (
        "app/b.py: failed to parse: line 3 is no Python\n"
        "    to do: correct it\n"
        "3 files scanned: 1 failed.\n"
    )


def test_findings_in_text() -> None:
    """A finding is one line that editors understand."""
    assert render(report(LINTED), QUIET) == "app/a.py:3:5: AIU001 tracker built by hand\n"


def test_quiet_text() -> None:
    """Quiet shows what needs a person and nothing else."""
    shown = render(report(MIXED, FAILED), QUIET)
    assert "refused" in shown
    assert "failed" in shown
    assert "form: own" not in shown
    assert "scanned" not in shown
    proven = replace(CHANGED, applied=(PROVEN,))
    assert render(report(proven, written=True), QUIET) == ""


def test_summary_counts() -> None:
    """The summary counts files, rewrites, refused sites, findings and failures."""
    shown = render(report(CHANGED, MIXED, FAILED, LINTED))
    assert shown.endswith(
        "6 files scanned: 2 to change (2 rewrites, 2 of them rest on assumptions), "
        "1 site refused, 1 finding, 1 failed.\n"
    )


def test_nothing_to_do() -> None:
    """A run without anything to do says so in one line."""
    assert render(report()) == "2 files scanned: nothing to do.\n"


def test_colours() -> None:
    """Colours mark codes and stages, and change no character."""
    import click

    outcomes = (MIXED, FAILED, LINTED)
    shown = render(report(*outcomes), Look(coloured=True))
    assert "\x1b[32mAIU001\x1b[0m" in shown
    assert click.unstyle(shown) == render(report(*outcomes))


def test_json() -> None:
    """The JSON holds all that the text says, under the documented keys."""
    outcomes = (MIXED, Refused("r.py", (HERE,)), FAILED, LINTED)
    document = json.loads(json_report.render(report(*outcomes)))
    span = {"line": 3, "column": 5, "end_line": 3, "end_column": 30}
    finding = {"code": "AIU001", "message": "tracker built by hand", "span": span}
    assert {key: document[key] for key in ("schema", "runtime", "written", "scanned")} == {
        "schema": 1,
        "runtime": "tracker",
        "written": False,
        "scanned": 6,
    }
    changed, refused, failed, linted = document["files"]
    assert changed["outcome"] == "changed"
    assert changed["applied"] == [
        finding
        | {"form": "own", "why": "nothing outlives the block", "notes": ["batch prices"]}
        | {"certainty": "assumed", "assumptions": ["job is a string"], "confirm": []}
        | {"runtime": {"name": "tracker", "why": ""}}
    ]
    assert changed["refusals"][0]["blocking"]["line"] == 9
    assert refused == {
        "path": "r.py",
        "outcome": "refused",
        "refusals": [
            finding
            | {"reason": REASON, "detail": "it is global", "advice": "pass it", "blocking": None}
        ],
    }
    assert failed == {
        "path": "app/b.py",
        "outcome": "failed",
        "stage": "parse",
        "message": "line 3 is no Python",
        "advice": "correct it",
    }
    assert linted == {
        "path": "app/a.py",
        "outcome": "linted",
        "findings": [finding | {"severity": "error"}],
    }
