"""What lint says of contexts inside of others, and of what only looks like that."""

from __future__ import annotations

from textwrap import indent
from typing import TYPE_CHECKING

import pytest

from codemods import lint

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    #: Lints a text, and returns the lines on which a rule reports.
    Told = Callable[[str, str], list[int]]

IMPORTS = """\
from tracker.ai_usage_context import ai_usage_context, ai_usage_tracked, batch_ai_usage_context
from tracker.ai_usage_tracker import AIUsageTracker

"""
INNER = 'with ai_usage_context("line", job_id=job):'
ITEM = 'with ai_usage_context("item", job_id=item):'


@pytest.fixture
def told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Told:
    """Return what lints a text, and returns the lines on which a rule reports."""
    monkeypatch.chdir(tmp_path)

    def run(code: str, text: str) -> list[int]:
        (tmp_path / "a.py").write_text(IMPORTS + text)
        capsys.readouterr()
        lint.main(["--no-cache", "--select", code, "--format", "concise", "."])
        out = capsys.readouterr().out
        lines = (line for line in out.splitlines() if f" {code}" in line)
        return [int(line.split(":")[1]) - IMPORTS.count("\n") for line in lines]

    return run


def inside(*lines: str, header: str = 'ai_usage_context("reading", job_id=job) as tracker') -> str:
    """Return a function with a block of *lines*."""
    return f"def read(items, job):\n    with {header}:\n{indent(chr(10).join(lines), ' ' * 8)}\n"


def batch(*lines: str) -> str:
    """Return a function with the block of a batch around *lines*."""
    return inside(*lines, header='batch_ai_usage_context("batch-1", len(items)) as tracker')


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (inside(INNER, "    ask()"), 3),
        (inside("if job:", f"    {INNER}", "        ask()"), 4),
        (inside('with ai_usage_context("line") as other:', "    ask(other)"), 3),
        (batch('with ai_usage_context("line", job_id=job):', "    ask()"), 3),
    ],
)
def test_a_context_in_another_one(told: Told, text: str, line: int) -> None:
    """It is given no tracker, so it makes one of its own."""
    assert told("AIU007", text) == [line]


@pytest.mark.parametrize(
    "text",
    [
        inside('with ai_usage_context("line", tracker=tracker):', "    ask()"),
        inside('with ai_usage_context("line", tracker=job.tracker):', "    ask()"),
        inside('with ai_usage_context("line", tracker=None):', "    ask()"),
        inside('with ai_usage_context("line", tracker=tracker, job_id=1) as t:', "    ask(t)"),
        inside("ask()") + f"    {INNER}\n        ask()\n",
        inside("ask()") + inside("ask()").replace("read", "other"),
        inside(f"def inner():\n    {INNER}\n        ask()"),
        inside(f"async def inner():\n    {INNER}\n        ask()"),
        inside(f"class Inner:\n    def ask(self):\n        {INNER}\n            ask()"),
        inside('make = lambda: ai_usage_context("line")'),
        inside('other = ai_usage_context("line")'),
        inside('ask(ai_usage_context("line"))'),
        inside("ask(reading)") + f"\n\ndef reading(job):\n    {INNER}\n        ask()\n",
        inside("with other_context('line'):", "    ask()"),
        inside("with open(job) as file:", "    ask()"),
        inside("with tracker.ai_usage_context('line'):", "    ask()"),
        inside(INNER, "    ask()", header="other_context(job) as tracker"),
        inside(INNER, "    ask()", header="open(job) as tracker"),
        inside(INNER, "    ask()", header='make(ai_usage_context("reading")) as tracker'),
        inside("@ai_usage_tracked\ndef inner():\n    ask()"),
        batch("for item in items:", f"    {ITEM}", "        ask()"),
        f"def read(ai_usage_context, job):\n    with ai_usage_context():\n        {INNER}\n"
        "            ask()\n",
        "try:\n" + indent(inside("ask()"), "    ") + f"finally:\n    {INNER}\n        ask()\n",
    ],
)
def test_a_context_that_is_in_no_other_one(told: Told, text: str) -> None:
    """It has a tracker, runs elsewhere, or one of the two is no context of ours."""
    assert told("AIU007", text) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (batch("for item in items:", f"    {ITEM}", "        ask(item)"), 4),
        (batch("while items:", "    item = items.pop()", f"    {ITEM}", "        ask(item)"), 5),
        (batch("for item in items:", "    if item:", f"        {ITEM}", "            ask()"), 5),
    ],
)
def test_a_context_for_each_item(told: Told, text: str, line: int) -> None:
    """Each item of a batch is a block, where the batch is one already."""
    assert told("AIU011", text) == [line]


@pytest.mark.parametrize(
    "text",
    [
        batch("for item in items:", "    ask(item, tracker)"),
        batch(ITEM.replace("item)", "job)"), "    ask()"),
        batch("ask(items)", "for item in items:", "    add(item)"),
        batch(ITEM.replace("item)", "job)"), "    for item in items:", "        ask(item)"),
        batch("for item in items:", "    with open(item):", "        ask(item)"),
        batch("for item in items:", "    with other_context(item):", "        ask(item)"),
        batch("for item in items:", "    make(ai_usage_context('item'))"),
        batch("for item in items:", f"    def one():\n        {ITEM}\n            ask(item)"),
        batch(
            "for item in items:",
            f"    class One:\n        def go(self):\n            {ITEM}\n                ask(item)",
        ),
        batch("for item in items:", "    later(lambda: ai_usage_context('item'))"),
        batch("for item in items:", "    one(item)")
        + f"\n\ndef one(item):\n    {ITEM}\n        ask(item)\n",
        batch("for item in items:", "    add(item)", "else:", f"    {ITEM}", "        ask()"),
        batch("ask(items)") + f"    for item in items:\n        {ITEM}\n            ask(item)\n",
        f"def read(items):\n    for item in items:\n        {ITEM}\n            ask(item)\n",
        inside("for item in items:", f"    {ITEM}", "        ask(item)"),
        inside("for item in items:", f"    {ITEM}", "        ask()", header="open(job) as tracker"),
        "def read(groups):\n    for items in groups:\n"
        + indent(batch("ask(items)").split("\n", 1)[1], "    "),
        "def read(groups, job):\n    for items in groups:\n"
        "        with batch_ai_usage_context(job, 3):\n"
        f"            {ITEM.replace('item)', 'job)')}\n"
        "                ask(items)\n",
        f"for item in items:\n    {ITEM}\n        ask(item)\n",
        batch("answers = [ask(item) for item in items]"),
        batch("with batch_ai_usage_context('inner', 3, tracker=tracker):", "    ask(items)"),
    ],
)
def test_a_context_for_more_than_an_item(told: Told, text: str) -> None:
    """It is in no loop of the batch, runs elsewhere, or one of the two is no context of ours."""
    assert told("AIU011", text) == []
