"""What ``--unsafe`` changes of a program must be what a condition names."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest import mock

from .check import check
from .named import is_named
from .program import Program

if TYPE_CHECKING:
    from pathlib import Path

#: The second function counts on the job of the first.
LEAKING = """\
from llm import client, show
from receipt_label.utils.ai_usage_tracker import AIUsageTracker

tracker = AIUsageTracker()

def rank():
    tracker.set_tracking_context(job_id="job1")
    answer = client.chat.completions.create(model="m1")
    tracker.track_openai_completion(lambda: answer)()

def explain():
    tracker.set_tracking_context(batch_id="batch1")
    answer = client.chat.completions.create(model="m2")
    tracker.track_openai_completion(lambda: answer)()

def run():
    show(rank)
    show(explain)
"""


def test_a_difference_is_named_by_its_ids() -> None:
    """All columns that differ must be ids of the conditions; one that names none is about all."""
    job = "explain would no longer inherit the job_id that rank set"
    user = "explain would no longer inherit the user_id that rank set"
    assert is_named("metrics: job", [job])
    assert not is_named("metrics: batch job", [job])
    assert not is_named("metrics: job", [user])
    assert is_named("metrics: job user", [job, user])
    inherits = "explain('b', job_id='job1') would inherit ids of this block"
    assert is_named("metrics: batch job", [inherits])
    assert is_named("metrics: batch job", ["run has a tracker which would inherit ids of this"])
    assert not is_named("metrics: job price", [job])
    assert is_named("metrics: batch price", [inherits])
    assert not is_named("metrics: job", [])


def test_calls_and_output_need_a_condition_about_them() -> None:
    """Ids are no reason for a lost call, an error or other output, but some conditions are."""
    job = "explain would no longer inherit the job_id that rank set"
    for what in ("error", "output", "lost metrics of openai", "new metrics of openai"):
        assert not is_named(what, [job])
    assert is_named("output", ["line 7 may read another current_job_id than today"])
    assert is_named("error", ["tracker is never None where its block begins: line 4"])


def test_a_program_that_changes_as_it_is_said_has_no_fault(tmp_path: Path) -> None:
    """Ids that no longer leak are named, so that the program may be executed with other ones."""
    result = check(Program(LEAKING, original=False), tmp_path)
    assert result.problems == []
    assert result.confirmed["tracker"] == 1


def test_a_program_that_changes_otherwise_has_one(tmp_path: Path) -> None:
    """The same change is a fault where the conditions speak of other ids."""
    with mock.patch.dict(check.__globals__, is_named=lambda *given: False):
        result = check(Program(LEAKING, original=False), tmp_path)
    assert [one.kind.partition(" with ")[0] for one in result.problems[:1]] == ["metrics: job"]
