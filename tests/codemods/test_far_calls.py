"""Blocks that call more functions than are followed: then anything may run in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from harness import migrate_project

from codemods.analysis.dataflow import call_graph
from codemods.analysis.dataflow.deferred import held_code

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """\
from receipt_label.utils.ai_usage_context import ai_usage_context
from receipt_label.utils.ai_usage_tracker import AIUsageTracker
"""
LEGACY = """

def flow(text, ask):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="j1")
    step_0(text)
    return tracker.track_openai_completion(ask)(text)
"""
CONTEXT = """

def flow(text, ask):
    with ai_usage_context("flow", job_id="j1") as tracker:
        step_0(text)
        return tracker.track_openai_completion(ask)(text)
"""
LAST = """

def step_{0}(text, ask=len):
    own = AIUsageTracker()
    own.set_tracking_context(user_id="u1")
    return own.track_openai_completion(ask)(text)
"""
STEPS = 30


def project(flow: str, last: str = LAST, *, apart: bool) -> dict[str, str]:
    """Return the files of a project in which *flow* calls a chain that ends in *last*."""
    chain = "".join(f"\n\ndef step_{n}(text):\n    step_{n + 1}(text)\n" for n in range(STEPS))
    steps = chain + last.format(STEPS)
    if not apart:
        return {"flow.py": HEAD + steps + flow}
    return {"steps.py": HEAD + steps, "flow.py": HEAD + "from steps import step_0\n" + flow}


@pytest.fixture
def near(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let few functions be followed."""
    monkeypatch.setattr(call_graph, "FARTHEST", STEPS // 2)


@pytest.mark.usefixtures("near")
@pytest.mark.parametrize("apart", [False, True])
def test_block_that_calls_more_than_is_followed(tmp_path: Path, apart: bool) -> None:
    """A new block is refused, and the reason says that it calls too much."""
    outcome = migrate_project(tmp_path, project(LEGACY, apart=apart))["flow.py"]
    assert "two-trackers" in outcome.reasons
    details = [r.detail for r in outcome.refusals]
    assert any("the block calls more than the" in detail for detail in details)


@pytest.mark.usefixtures("near")
@pytest.mark.parametrize("apart", [False, True])
def test_context_that_calls_more_than_is_followed(tmp_path: Path, apart: bool) -> None:
    """What may run in a context that is there already gets no block."""
    outcomes = migrate_project(tmp_path, project(CONTEXT, apart=apart))
    outcome = outcomes["steps.py" if apart else "flow.py"]
    assert outcome.reasons == ["two-trackers"]


@pytest.mark.parametrize("apart", [False, True])
def test_block_whose_calls_are_followed_to_their_ends(tmp_path: Path, apart: bool) -> None:
    """A chain that ends within what is followed is no reason to refuse anything."""
    quiet = "\n\ndef step_{0}(text):\n    return text\n"
    outcome = migrate_project(tmp_path, project(LEGACY, quiet, apart=apart))["flow.py"]
    assert outcome.changed
    assert outcome.reasons == []


def test_variable_with_more_values_than_are_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a table holds beyond what is followed may be anything, too."""
    monkeypatch.setattr(held_code, "FARTHEST", 5)
    names = [f"k{n}" for n in range(10)]
    table = "".join(f"def {name}(text):\n    return text\n\n\n" for name in names)
    table += f"TABLE = [{', '.join(names)}]\n"
    flow = LEGACY.replace("step_0(text)", "[step(text) for step in TABLE]")
    files = {"table.py": table, "flow.py": HEAD + "from table import TABLE\n" + flow}
    assert migrate_project(tmp_path, files)["flow.py"].reasons == ["two-trackers"]
