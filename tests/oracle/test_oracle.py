"""The short form of the oracle: a hundred programs, and checks of the oracle itself."""

from __future__ import annotations

import inspect
from collections import Counter
from typing import TYPE_CHECKING

import openai
import pytest
from harness import migrate_project
from hypothesis import HealthCheck, Phase, given, settings

from codemods.model.refusal import Reason
from tests.patience import PATIENCE

from .check import check, difference
from .execute import run
from .grammar import numbered, programs
from .kinds import KINDS
from .provocations import PROGRAMS
from .reduce import reduced
from .world import AsyncOpenAI, OpenAI

if TYPE_CHECKING:
    from pathlib import Path

    from .program import Program

PLAIN = """\
from llm import client, note, show
from receipt_label.utils.ai_usage_tracker import AIUsageTracker

def unit():
    tracker = AIUsageTracker()
    note("before")
    tracker.set_tracking_context(job_id="job")
    answer = client.chat.completions.create(model="m")
    tracker.track_openai_completion(lambda: answer)()

def run():
    show(unit)
"""


@pytest.mark.lengthy
@settings(
    max_examples=40,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
@given(program=programs())
def test_migrated_programs_do_what_they_did(
    program: Program, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Every generated program runs after its migration as before, on both runtimes."""
    # A folder of its own: the session's holds the files of every other test, and all are migrated.
    problems = check(program, tmp_path_factory.mktemp("oracle")).problems
    assert problems == []


@pytest.mark.lengthy
@pytest.mark.parametrize("seed", [31, 991])
def test_numbered_programs_do_what_they_did(seed: int, tmp_path: Path) -> None:
    """So do even samples of the grammar."""
    found = {index: check(numbered(seed, index), tmp_path).problems for index in range(40)}
    assert {index: problems[0].kind for index, problems in found.items() if problems} == {}


def test_every_kind_of_program_is_generated() -> None:
    """Each kind is at least one program of a hundred, so that its faults are found early."""
    seen = Counter(kind for index in range(2000) for kind in numbered(3, index).kinds)
    assert {kind for kind, count in seen.items() if count >= 20} == set(KINDS)


def test_a_number_names_one_program() -> None:
    """The same seed and number give the same program; other ones give another."""
    assert numbered(1, 2) == numbered(1, 2)
    assert len({numbered(seed, index).text for seed in (1, 2) for index in range(20)}) > 30


def test_a_run_shows_calls_effects_and_metrics() -> None:
    """A run tells what was printed and called, and the metrics of both runtimes agree."""
    ours, original = run(PLAIN, "tracker"), run(PLAIN, "original")
    assert ours.output == "note before\ncall 1: m\nvalue None\n"
    assert ours.metrics == (("openai", "m", 1, 7, "job", None, "default", None, "standard"),)
    assert original == ours


def test_differences_are_noticed() -> None:
    """A lost id, a lost call, other output and another error are differences; no change is not."""
    before = run(PLAIN, "tracker")
    assert difference(before, run(PLAIN, "tracker")) is None
    changes = {
        'job_id="job"': ('job_id="other"', "metrics: job"),
        "    tracker.track_openai_completion(lambda: answer)()\n": ("", "lost metrics of openai"),
        "note(": ("print(", "output"),
        "show(unit)": ("unit(1)", "error"),
    }
    for old, (new, expected) in changes.items():
        found = difference(before, run(PLAIN.replace(old, new), "tracker"))
        assert found is not None, old
        assert found[0] == expected


OLD_WAYS = """\
from llm import client
from receipt_label.utils.ai_usage_context import ai_usage_context, batch_ai_usage_context
from receipt_label.utils.ai_usage_tracker import AIUsageTracker

def ask(tracker, model):
    tracker.track_openai_completion(lambda: client.chat.completions.create(model=model))()

tracker = AIUsageTracker()
tracker.set_tracking_context(job_id="outer")
with ai_usage_context("op", tracker=tracker, job_id=None, user_id="u"):
    ask(tracker, "inside")
with batch_ai_usage_context("b", tracker=tracker):
    pass
ask(tracker, "behind")
with ai_usage_context("op") as own:
    ask(own, "own")
    client.chat.completions.create(model="bare")
"""


def test_the_stand_in_does_what_the_original_did() -> None:
    """It differs from ours: None erases, users are ignored, ids and batch mode stay, no sink."""
    ours = [(row[1], *row[4:7], row[8]) for row in run(OLD_WAYS, "tracker").metrics]
    assert ours == [
        ("inside", "outer", None, "u", "standard"),
        ("behind", "outer", None, "default", "standard"),
        ("own", None, None, "default", "standard"),
        ("bare", None, None, "default", "standard"),
    ]
    original = [(row[1], *row[4:7], row[8]) for row in run(OLD_WAYS, "original").metrics]
    assert original == [
        ("inside", None, None, "default", "standard"),
        ("behind", None, "b", "default", "batch"),
    ]


def test_the_fake_clients_have_the_seam_of_the_real_ones() -> None:
    """The method that the runtime captures takes the same arguments in the same order."""
    for fake, real in ((OpenAI, openai.OpenAI), (AsyncOpenAI, openai.AsyncOpenAI)):
        names = list(inspect.signature(fake.request).parameters)
        assert list(inspect.signature(real.request).parameters)[: len(names)] == names
        assert inspect.iscoroutinefunction(fake.request) == (fake is AsyncOpenAI)


def test_a_program_is_reduced_to_what_matters() -> None:
    """Statements without which the problem remains are taken away."""
    assert reduced(PLAIN, lambda text: "job_id" in text, PATIENCE).count("\n") < 8


# What is not proven should not have been proposed: a program for that would be a fault.
# Notebooks and documents, the way back, and what a person refuses have tests of their own.
ELSEWHERE = {
    Reason.NOT_PROVEN,
    Reason.NOTEBOOK,
    Reason.SHOWS_VALUE,
    Reason.NOT_WHOLE,
    Reason.NO_WAY_BACK,
    Reason.DECLINED,
}


@pytest.mark.parametrize("reason", sorted({*Reason} - ELSEWHERE))
def test_each_reason_is_provoked(reason: str, tmp_path: Path) -> None:
    """Every reason of a refusal has a program that is refused for it."""
    text, flags = PROGRAMS[reason]
    compile(text, "receipts.py", "exec")
    files = {"receipts.py": text, **flags.get("files", {})}
    flags = {"runtime": "auto"} | {name: v for name, v in flags.items() if name != "files"}
    assert reason in migrate_project(tmp_path, files, **flags)["receipts.py"].reasons
