"""Threads, tasks and nested blocks: no call is attributed to somebody else's job."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from interleaving import TASKS, THREADS, Interleaving, Outcome, judge
from many_cases import each_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("seed", [1, 2])
def test_no_call_goes_to_a_wrong_job(seed: int) -> None:
    """Eight threads of fifty tasks, on shared and own trackers; the long form runs 10,000."""
    assert Interleaving(seed).run(THREADS, TASKS) == []


@each_of("seed", range(100, 120))
def test_nor_in_smaller_plans(seed: int) -> None:
    """Fewer threads and tasks, more plans."""
    assert Interleaving(seed).run(3, 4) == []


def test_the_long_form_counts_the_plans_of_all_its_processes() -> None:
    """More plans than one process is given at a time; all are in the last line."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.tracker.interleaving", "6", "40"],
        cwd=ROOT,
        env=os.environ,
        check=True,
        capture_output=True,
        text=True,
    )
    last = done.stdout.splitlines()[-1]
    assert last.startswith("6 interleavings, ")
    assert last.endswith(" calls, none attributed to a wrong job, batch or user")


def test_a_wrong_plan_is_told_with_what_repeats_it(capsys: pytest.CaptureFixture[str]) -> None:
    """The first one ends the run; it is told by its seed."""
    outcomes = iter([Outcome(7, 10, []), Outcome(8, 9, ["mine, not yours"]), Outcome(9, 1, [])])
    assert judge(outcomes, 3) == 1
    told = capsys.readouterr().out
    assert "seed 8:\n  mine, not yours\n" in told
    assert "python -m tests.tracker.interleaving 1 8" in told
    assert "interleavings," not in told
    assert next(outcomes).seed == 9


def test_a_plan_whose_thread_ends_early_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its calls are not there to be counted; that does not make it right."""
    monkeypatch.setattr(threading, "excepthook", lambda _told: None)
    interval = sys.getswitchinterval()
    plan = Interleaving(3)
    monkeypatch.setattr(plan, "_task", None)
    (first, *_) = plan.run(2, 1)
    assert first.startswith("thread ")
    assert sys.getswitchinterval() == interval
