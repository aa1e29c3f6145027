"""What accounts for a difference: conditions of the rewrites that it comes with, and no others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from codemods.model.finding import Finding
from codemods.model.outcome import Applied
from codemods.model.source import Span

from .accounting import AllButSome, Cause, account
from .comparing import Difference, compare
from .migrating import migrate
from .observing import Observed, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

JOB = Difference("flow", "records", "of one call", frozenset({"job_id"}))
BOTH = Difference("flow", "records", "of another call", frozenset({"job_id", "user_id"}))
CALL = Difference("flow", "calls", "no longer made")
RECORD = Record("openai", "gpt-4o", (10, 7), "rank-1", "b-1", "anna", None, None, False)
METHODS = """
from receipt_label.utils.ai_usage_tracker import AIUsageTracker


class Ranking:
    def __init__(self):
        self.tracker = AIUsageTracker()

    def rank(self, client, text):
        self.tracker.set_tracking_context(job_id="rank-1")
        return self.tracker.track_openai_completion(client.chat.completions.create)(model=text)

    def explain(self, client, text):
        self.tracker.set_tracking_context(batch_id="explain-1")
        return self.tracker.track_openai_completion(client.chat.completions.create)(model=text)
"""


def rewrite(line: int, *conditions: str) -> Applied:
    """Return a rewrite in *line* under *conditions*."""
    finding = Finding("AIU001", "a.py", Span(line, 0, line, 9), "built by hand")
    return Applied(finding, "adopt", "it may be", confirm=conditions)


def left(
    line: int, *differences: Difference
) -> Callable[[Collection[Finding]], Sequence[Difference]]:
    """Return what differs without rewrites: without that in *line* only *differences* do."""

    def without(findings: Collection[Finding]) -> Sequence[Difference]:
        return differences if line in {one.span.line for one in findings} else (JOB, BOTH, CALL)

    return without


def test_a_difference_belongs_to_the_condition_that_names_its_ids() -> None:
    """The rewrite without which it is not there names the id; others do not count."""
    one = rewrite(3, "explain would no longer inherit the job_id that rank set")
    other = rewrite(9, "rank would no longer inherit the job_id that explain set")
    found = account([JOB], [one, other], left(3))
    assert found.left == ()
    assert found.named == {Cause("a.py:3", one.confirm[0]): (JOB,)}


def test_a_condition_that_names_other_ids_accounts_for_nothing() -> None:
    """What a rewrite changes without having said so is left, though it is the cause."""
    one = rewrite(3, "explain would no longer inherit the batch_id that rank set")
    assert account([JOB], [one], left(3)).left == (JOB,)


def test_a_condition_must_name_all_of_a_difference() -> None:
    """Where one of two ids is named it is left; the conditions of two causes count together."""
    job, user = "explain would lack the job_id of rank", "explain would lack the user_id of rank"
    assert account([BOTH], [rewrite(3, job)], left(3)).left == (BOTH,)
    assert account([BOTH], [rewrite(3, job, user)], left(3)).left == ()
    causes = [rewrite(3, job), rewrite(9, user)]
    assert account([BOTH], causes, lambda findings: ()).left == ()


def test_a_condition_without_an_id_is_about_all_of_them() -> None:
    """Trackers that would inherit ids of a block may get any; the most exact condition is told."""
    loose = "run has a tracker of its own, which would inherit ids of this block"
    assert account([BOTH], [rewrite(3, loose)], left(3)).left == ()
    exact = "run would no longer inherit the job_id that rank set"
    found = account([JOB], [rewrite(3, loose, exact)], left(3))
    assert found.named == {Cause("a.py:3", exact): (JOB,)}


def test_what_is_no_attribution_is_never_accounted_for() -> None:
    """No condition is about a call that is not made any more, or stays whatever is left out."""
    one = rewrite(3, "run has a tracker of its own, which would inherit ids of this block")
    assert account([CALL], [one], left(3)).left == (CALL,)
    assert account([JOB], [one], left(9)).left == (JOB,)


def test_what_two_rewrites_make_each_for_itself_is_theirs() -> None:
    """It stays where either is left out, and is there where either alone is made."""
    text = "explain would no longer inherit the job_id that rank set"
    both = [rewrite(3, text), rewrite(9, text)]
    other = rewrite(12, "tell would no longer inherit the job_id that rank set")

    def without(findings: Collection[Finding]) -> Sequence[Difference]:
        return () if {one.finding for one in both} <= set(findings) else (JOB,)

    found = account([JOB], [*both, other], without)
    assert found.left == ()
    assert [cause.place for cause in found.named] == ["a.py:3", "a.py:9"]


def test_nothing_is_run_again_where_nothing_differs() -> None:
    """Without a difference no rewrite is left out."""

    def never(findings: Collection[Finding]) -> Sequence[Difference]:
        raise AssertionError(findings)

    assert account([], [rewrite(3, "anything")], never).named == {}


def observed(*records: Record) -> Observed:
    """Return what a flow shows that made *records*."""
    return Observed("None", "", (), records)


def test_records_of_one_call_are_one_difference() -> None:
    """Of a call whose record has other ids these are told; of a record that is gone, none."""
    moved = replace(RECORD, job=None, user="default")
    found = compare({"rank": observed(RECORD)}, {"rank": observed(moved)}).differences
    text = "of gpt-4o (10, 7): job_id 'rank-1' -> None, user_id 'anna' -> 'default'"
    assert found == (Difference("rank", "records", text, frozenset({"job_id", "user_id"})),)
    lost = compare({"rank": observed(RECORD)}, {"rank": observed()}).differences
    assert [(one.kind, one.ids) for one in lost] == [("records", frozenset())]
    dearer = replace(moved, tokens=(11, 7))
    other = compare({"rank": observed(RECORD)}, {"rank": observed(dearer)}).differences
    assert [one.ids for one in other] == [frozenset(), frozenset()]


def test_all_rewrites_but_one_are_made(tmp_path: Path) -> None:
    """The rewrites of other files are made; the one that is left out is not."""
    (tmp_path / "pyproject.toml").write_text("[tool.ai-usage]\nruntime = 'guide'\n")
    for name in ("one.py", "two.py"):
        (tmp_path / name).write_text(METHODS)
    first = migrate(tmp_path, unsafe=True)
    assert [one.finding.path for one in first.applied] == ["one.py", "two.py"]
    for name in ("one.py", "two.py"):
        (tmp_path / name).write_text(METHODS)
    again = migrate(tmp_path, unsafe=True, review=AllButSome([first.applied[0].finding]))
    assert [one.finding.path for one in again.applied] == ["two.py"]
    assert (tmp_path / "one.py").read_text() == METHODS
