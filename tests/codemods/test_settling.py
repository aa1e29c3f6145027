"""Rewrites over several files: in all of them, or in none."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import migrate_project, report
from many_cases import each_of

from codemods.model.atomic_group import in_whole_groups, stranded
from codemods.model.outcome import Changed, Failed, Refused
from codemods.model.refusal import Reason
from codemods.model.source import SourceFile
from codemods.project.writing import write_changes
from codemods.runner import proving
from codemods.validator.validate import difference

STEPS = """\
from receipt_label.utils.ai_usage_context import ai_usage_context


def read_lines(text, ask):
    with ai_usage_context("line_reading", job_id="lines-1") as tracker:
        return ask(text, tracker)
"""
READER = """\
from receipt_label.utils.ai_usage_context import ai_usage_context
from steps import read_lines


def read_receipt(text, ask):
    with ai_usage_context("receipt_reading", job_id="read-1") as tracker:
        ask(text, tracker)
        return read_lines(text, ask)
"""
FILES = {"steps.py": STEPS, "reader.py": READER}


def changed(path: str, *groups: str) -> Changed:
    """Return the outcome of a file that takes part in *groups*."""
    source = SourceFile(Path(path), path, b"", "", "utf-8", False, "\n", "")
    return Changed(source, b"x", (), (), frozenset(groups))


def test_a_group_leaves_all_files_when_one_is_refused() -> None:
    """The other group of the same files is tried again without it, and lands."""
    tried: list[tuple[str, tuple[str, ...]]] = []

    def attempt(path: str, live: frozenset[str]) -> Changed | Refused:
        tried.append((path, tuple(sorted(live))))
        return Refused(path, ()) if path == "c.py" else changed(path, *live)

    groups = {"a.py": frozenset("12"), "b.py": frozenset("1"), "c.py": frozenset("2")}
    settled = in_whole_groups(groups, attempt)
    assert settled == {
        "a.py": changed("a.py", "1"),
        "b.py": changed("b.py", "1"),
        "c.py": Refused("c.py", ()),
    }
    assert tried[-2:] == [("a.py", ("1",)), ("b.py", ("1",))]


def test_a_failure_spreads_through_the_files_that_share_groups() -> None:
    """A file that goes back takes its part in other groups with it; strangers stay."""
    outcomes = [
        (frozenset("1"), Failed("a.py", "write", "", "")),
        (frozenset("12"), changed("b.py", "1", "2")),
        (frozenset("2"), changed("c.py", "2")),
        (frozenset("3"), changed("d.py", "3")),
        (frozenset[str](), changed("e.py")),
    ]
    assert stranded(outcomes) == {"b.py", "c.py"}
    assert stranded(outcomes[1:]) == set()


@pytest.mark.parametrize("broken", FILES)
def test_a_file_that_is_not_proven_holds_back_the_other(broken: str, tmp_path: Path) -> None:
    """If the validator objects to one file, none of the group changes, and it is said where."""

    def objecting(before: str, after: str, **given: Any) -> str | None:
        return "no" if FILES[broken] == before else difference(before, after, **given)

    with patch.object(proving, "difference", objecting):
        outcomes = migrate_project(tmp_path, FILES, unsafe=True)
    assert not any(outcome.changed for outcome in outcomes.values())
    said = {name: set(o.reasons) for name, o in outcomes.items() if o.refusals}
    assert said == {broken: {Reason.NOT_PROVEN}}


@pytest.mark.parametrize("broken", FILES)
def test_a_file_that_cannot_be_written_puts_back_the_other(broken: str, tmp_path: Path) -> None:
    """Both files have the bytes that they had, and both are reported."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    found = report(tmp_path, unsafe=True)
    assert [type(outcome) for outcome in found.outcomes] == [Changed, Changed]
    (tmp_path / broken).chmod(0o444)
    done = write_changes(found, tmp_path, [tmp_path])
    assert [type(outcome) for outcome in done.outcomes] == [Failed, Failed]
    assert {name: (tmp_path / name).read_text() for name in FILES} == FILES


def test_an_added_parameter_is_confirmed_in_the_report(tmp_path: Path) -> None:
    """Every part of the rewrite says what a person must confirm, and names the function."""
    outcomes = migrate_project(tmp_path, FILES, unsafe=True)
    applied = [a for outcome in outcomes.values() for a in outcome.applied]
    assert [a.finding.code for a in applied] == ["AIU012", "AIU012"]
    assert all(all("read_lines" in said for said in a.confirm) and a.confirm for a in applied)


SHARED = STEPS.replace("ask):", "ask, *, tracker=None):").replace(
    'job_id="lines-1")', 'job_id="lines-1", tracker=tracker)'
)


@each_of(
    "after",
    [
        SHARED.replace("tracker=None", "tracker"),
        SHARED.replace("tracker=None", "tracker=7"),
        SHARED.replace("tracker=None", "meter=None"),
        SHARED.replace("*, tracker=None", "tracker=None"),
        SHARED.replace("ask(text, tracker)", "ask(tracker or text, tracker)"),
        SHARED.replace(", tracker=tracker)", ")"),
        SHARED.replace("    with", "    tracker = tracker or 1\n    with"),
    ],
)
def test_another_parameter_is_another_program(after: str) -> None:
    """The validator accepts the one form that calls cannot notice, and only on request."""
    assert difference(STEPS, SHARED, unsafe=True) is None
    assert difference(STEPS, SHARED) is not None
    assert difference(STEPS, after, unsafe=True) is not None
