"""The text of a rewrite: which comments go, how blocks are called, and the order of the report."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import migrate, report

from codemods.model.outcome import Changed
from codemods.report.text import render
from codemods.rules.planning.operation_types import snake, unique
from codemods.runner import proving
from codemods.validator.validate import difference

IMPORT = "from tracker.ai_usage_tracker import AIUsageTracker\n\n\n"
CALL = 'result = client.chat.completions.create(model="m", messages=messages)'
RECORDING = "tracker.track_openai_completion(lambda: result)()"
FUNCTION = """\
def read(client, messages):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="read-1")
    {call}
{lines}
    return result
"""


def left(folder: Path, lines: list[str]) -> list[str]:
    """Return what is left of *lines*, which stand between a call and the ``return`` of it."""
    inner = "\n".join(f"    {line}" if line else "" for line in lines)
    outcome = migrate(folder, IMPORT + FUNCTION.format(call=CALL, lines=inner))
    assert outcome.changed, outcome.refusals
    below = outcome.text.partition(f"{CALL}\n")[2].partition("    return result")[0].rstrip(" ")
    return [line.strip() for line in below.splitlines()]


@pytest.mark.parametrize(
    ("lines", "stays"),
    [
        (["", "# Manual metric storage", RECORDING], [""]),
        (["# record the call", RECORDING], []),
        (["# one thing more:", "# usage goes to the table", RECORDING], []),
        ([f"{RECORDING}  # by hand"], []),
        ([RECORDING, "# flush everything", "tracker.flush_metrics()"], []),
        (["# store it", RECORDING, "", "print(result)"], ["", "print(result)"]),
        (["# above", "", "# tracked by hand", RECORDING], ["# above", ""]),
    ],
)
def test_the_comment_goes_with_its_statement(
    lines: list[str], stays: list[str], tmp_path: Path
) -> None:
    """What described a recording or a flush says nothing once that is gone."""
    assert left(tmp_path, lines) == stays


@pytest.mark.parametrize(
    ("lines", "stays"),
    [
        (["# Step 2: the totals", RECORDING], ["# Step 2: the totals"]),
        (["# the metrics follow", "", RECORDING], ["# the metrics follow", ""]),
        ([RECORDING, "# now the usage", "print(1)"], ["# now the usage", "print(1)"]),
        (["# save the answer", RECORDING, "save(result)"], ["# save the answer", "save(result)"]),
        (["print(1)  # metrics", RECORDING], ["print(1)  # metrics"]),
        (["# fmt: off # metrics", RECORDING], ["# fmt: off # metrics"]),
        (["# ai-usage: recorded", RECORDING], ["# ai-usage: recorded"]),
        (["# noqa: metrics", "# metrics", RECORDING], ["# noqa: metrics", "# metrics"]),
    ],
)
def test_other_comments_stay(lines: list[str], stays: list[str], tmp_path: Path) -> None:
    """A comment about something else, at a distance, for a tool, or on another line is kept."""
    assert left(tmp_path, lines) == stays


@pytest.mark.parametrize(
    ("comment", "stays"), [("# flush on errors too", False), ("# whatever happens", True)]
)
def test_a_finally_takes_its_comment_along(comment: str, stays: bool, tmp_path: Path) -> None:
    """The same holds for a flush that had a ``finally`` for itself."""
    flush = f"{comment}\n        tracker.flush_metrics()"
    lines = f"    try:\n        print(1)\n    finally:\n        {flush}"
    text = IMPORT + FUNCTION.format(call="work(tracker)", lines=lines)
    text = text.replace("return result", "return 1")
    outcome = migrate(tmp_path, text)
    assert "finally" not in outcome.text
    assert (comment in outcome.text) is stays


def test_the_report_says_that_a_comment_went(tmp_path: Path) -> None:
    """Who reads the report need not look for it."""
    described = f"    # Manual metric storage\n    {RECORDING}"
    for name, lines in (("a", described), ("b", f"    {RECORDING}")):
        (tmp_path / name).mkdir()
        outcome = migrate(tmp_path / name, IMPORT + FUNCTION.format(call=CALL, lines=lines))
        [note] = [n for n in outcome.applied[0].notes if "recording is removed" in n]
        assert ("with its comment" in note) is (name == "a")


def test_no_name_is_cut_within_a_word() -> None:
    """A name that is too long ends with a whole word, also with something behind it."""
    long = "summarize_the_quarterly_receipts_of_all_merchants_and_customers"
    assert snake(long) == "summarize_the_quarterly_receipts_of_all_merchants"
    assert snake(long, "_step") == "summarize_the_quarterly_receipts_of_all"
    assert snake("x" * 60) == ""
    name = snake(long)
    taken = {name}
    for number in range(2, 12):
        made = unique([name], taken, {})
        taken.add(made)
        assert len(made) <= 50
        assert set(made.split("_")) <= {*long.split("_"), str(number)}
    assert len(taken) == 11


SITES = """\
class Reader:
    def read(self, text):
        tracker = AIUsageTracker()
        tracker.set_tracking_context(job_id="read-1")
        return ask(text, tracker)


class Other:
    class Reader:
        def read(self, text):
            tracker = AIUsageTracker()
            tracker.set_tracking_context(job_id="read-2")
            return ask(text, tracker)
"""


def test_a_place_that_fails_its_proof_takes_no_name(tmp_path: Path) -> None:
    """The name that would have been its own is the next one's."""

    def objecting(before: str, after: str, **given: Any) -> str | None:
        found = 'job_id="read-1")' in after.replace("context(job_id", "")
        return "another program" if found else difference(before, after, **given)

    (tmp_path / "both").mkdir()
    both = migrate(tmp_path / "both", IMPORT + SITES)
    first, second = re.findall(r'ai_usage_context\("(\w+)"', both.text)
    assert first != second
    with patch.object(proving, "difference", objecting):
        outcome = migrate(tmp_path, IMPORT + SITES)
    assert outcome.reasons == ["not-proven"]
    assert re.findall(r'ai_usage_context\("(\w+)"', outcome.text) == [first]


def test_the_report_follows_the_lines(tmp_path: Path) -> None:
    """Rewrites and refusals of a file are told in the order of their places."""
    good, bad = "ask(tracker)", "return tracker"
    parts = [
        f"def work_{n}():\n    tracker = AIUsageTracker()\n"
        f'    tracker.set_tracking_context(job_id="{n}")\n    {what}\n'
        for n, what in enumerate((bad, good, bad, good, good, bad))
    ]
    (tmp_path / "m.py").write_text(IMPORT + "\n\n".join(parts))
    told = report(tmp_path)
    [outcome] = told.outcomes
    assert isinstance(outcome, Changed)
    first = [line for line in render(told).splitlines() if line.startswith("m.py")]
    lines = [int(line.split(":")[1]) for line in first]
    assert lines == sorted(lines)
    assert len(lines) == len(parts)
    for found in (outcome.applied, outcome.refusals):
        spans = [one.finding.span for one in found]
        assert spans == sorted(spans)
