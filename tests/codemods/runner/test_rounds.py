"""Files whose rewrites leave nothing to do are analysed once; all others until nothing is left."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from harness import FIXTURES, migrate

from codemods.linking.links import Project
from codemods.runner import one_file

if TYPE_CHECKING:
    from pathlib import Path

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.model.source import SourceFile

IMPORT = "from tracker.ai_usage_tracker import AIUsageTracker\n"
SITE = """

def read(text):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="read-1")
    {work}
    return ask(text, tracker)
"""
INNER = """

def check(text, tracker: AIUsageTracker = None):
    return ask(text, tracker)
"""
EVERY = 24


def rounds(folder: Path, text: str) -> tuple[int, str]:
    """Migrate *text*; return how often it, or what became of it, was analysed, and the result."""
    asked: list[str] = []
    semantic = Project.semantic

    def counted(self: Project, source: SourceFile) -> SemanticModel:
        asked.append(source.text)
        return semantic(self, source)

    with patch.object(Project, "semantic", counted):
        outcome = migrate(folder, text)
    assert outcome.changed
    return len(asked), outcome.text


def test_a_file_without_a_tracker_by_hand_is_analysed_once(tmp_path: Path) -> None:
    """Where every set call and binding went into a block, the result is not analysed."""
    count, text = rounds(tmp_path, IMPORT + SITE.format(work="print(text)"))
    assert count == 1
    assert "set_tracking_context" not in text


@pytest.mark.parametrize(
    "more",
    [
        "\n\ndef spare(a):\n    if a:\n        other = AIUsageTracker()\n    ask(a, other)\n",
        "\n\ndef spare():\n    other = AIUsageTracker()\n    yield ask('a', other)\n",
        "\n\ndef spare(ids):\n    other = AIUsageTracker()\n"
        "    other.set_tracking_context(**ids)\n    ask('a', other)\n",
        "\n\ndef spare():\n    # once: set_tracking_context\n    return 'set_tracking_context'\n",
        "\n\ndef spare(text, ids):\n    other = AIUsageTracker()\n    try:\n"
        "        other.set_tracking_context(job_id=ids['job'])\n    except KeyError:\n"
        "        print(text)\n    ask(text, other)\n",
    ],
    ids=["conditional", "yields", "unknown fields", "only a text", "stays inside"],
)
def test_what_no_rewrite_takes_away_is_not_asked_about_again(more: str, tmp_path: Path) -> None:
    """Code that is refused for what stays there, or that a block has taken, needs no round."""
    count, text = rounds(tmp_path, IMPORT + more + SITE.format(work="print(text)"))
    assert count == 1
    assert "job_id" in text


@pytest.mark.parametrize(
    ("more", "work"),
    [
        (INNER, "check(text)"),
        ("\n\ndef spare():\n    other = AIUsageTracker()\n    STORED.append(other)\n", "pass"),
        ("\n\ndef spare():\n    other = AIUsageTracker()\n    other.keep = 1\n", "pass"),
        ("\n\ndef spare(other):\n    other.set_tracking_context(job_id='a')\n", "pass"),
        ('\n\ndef spare():\n    with ai_usage_context("spare"):\n        ask("a")\n', "pass"),
    ],
    ids=[
        "a call leaves out a tracker",
        "an escape",
        "another binding",
        "another set call",
        "a name unbound",
    ],
)
def test_what_may_have_more_work_is_analysed_again(more: str, work: str, tmp_path: Path) -> None:
    """A call that may take the block's tracker, and legacy code that is left, are looked at."""
    count, _ = rounds(tmp_path, IMPORT + more + SITE.format(work=work))
    assert count > 1


def test_a_round_that_is_left_out_would_have_changed_nothing(tmp_path: Path) -> None:
    """Text, rewrites and refusals of fixtures are those of a run that never stops early."""
    left_out = 0
    for fixture in sorted((FIXTURES / "rows").iterdir())[::EVERY]:
        before = fixture / "before.py"
        if not before.is_file():
            continue
        text = before.read_bytes().decode("utf-8", "surrogateescape")
        if not text.isascii():
            continue
        stopping = migrate(tmp_path, text)
        with patch.object(one_file, "may_go_on", lambda *_: True):
            going_on = migrate(tmp_path, text)
        assert stopping == going_on, fixture.name
        left_out += stopping.changed
    assert left_out > 10
