"""What cannot be proven is refused by itself; the other places of its file are rewritten."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from harness import migrate, report

from codemods.model.outcome import Changed
from codemods.model.refusal import Reason
from codemods.runner import proving
from codemods.validator.validate import difference

if TYPE_CHECKING:
    from pathlib import Path

IMPORT = "from tracker.ai_usage_tracker import AIUsageTracker\n"
SITE = """

def read_{0}(text):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="{0}-1")
    return ask(text, tracker)
"""


def refused_lines(folder: Path, text: str, bad: set[str]) -> tuple[list[int], str]:
    """Migrate *text* with a validator that objects to the functions *bad*.

    Returns the lines of the places that are refused for it, and the text afterwards.
    """

    def objecting(before: str, after: str, **given: Any) -> str | None:
        for name in bad:
            if f'with ai_usage_context("read_{name}"' in after:
                return f"{name} is another program"
        return difference(before, after, **given)

    with patch.object(proving, "difference", objecting):
        outcome = migrate(folder, text)
    assert outcome.failed is None
    assert set(outcome.reasons) <= {Reason.NOT_PROVEN}
    assert all("another program" in refusal.detail for refusal in outcome.refusals)
    return [refusal.finding.span.line for refusal in outcome.refusals], outcome.text


@pytest.mark.parametrize(
    "bad", [set(), {"bread"}, {"eggs"}, {"milk", "eggs"}, {"bread", "milk", "eggs"}]
)
def test_one_place_does_not_take_the_file(bad: set[str], tmp_path: Path) -> None:
    """Exactly the places that the validator objects to stay as they were."""
    names = ["bread", "milk", "eggs"]
    text = IMPORT + "".join(SITE.format(name) for name in names)
    lines, after = refused_lines(tmp_path, text, bad)
    assert lines == [5 + 6 * names.index(name) for name in names if name in bad]
    for name in names:
        rewritten = f'with ai_usage_context("read_{name}", job_id="{name}-1")' in after
        assert rewritten is (name not in bad)
    assert ("import AIUsageTracker" in after) is bool(bad)


def test_places_that_only_fail_together_are_all_refused(tmp_path: Path) -> None:
    """If no place alone is the cause, none is rewritten, and each is told of."""

    def objecting(before: str, after: str, **given: Any) -> str | None:
        together = after.count("with ai_usage_context") > 1
        return "both at once" if together else difference(before, after, **given)

    text = IMPORT + SITE.format("bread") + SITE.format("milk")
    with patch.object(proving, "difference", objecting):
        outcome = migrate(tmp_path, text)
    assert (outcome.text, outcome.reasons) == (text, [Reason.NOT_PROVEN] * 2)


def test_where_nobody_is_asked_nothing_is_left_open(tmp_path: Path) -> None:
    """With --unsafe a rewrite without a condition is checked as strictly as by default."""
    given: list[bool] = []

    def noting(before: str, after: str, **named: Any) -> str | None:
        given.append(named["unsafe"])
        return difference(before, after, **named)

    with patch.object(proving, "difference", noting):
        outcome = migrate(tmp_path, IMPORT + SITE.format("bread"), unsafe=True)
    assert (outcome.changed, given) == (True, [False])


def test_the_line_that_cannot_be_edited_is_named(tmp_path: Path) -> None:
    """The place says which line the editing parser does not read."""
    site = SITE.format("bread").replace("    return", "    (n): int = 3\n    return")
    outcome = migrate(tmp_path, IMPORT + site + SITE.format("milk"))
    assert [refusal.reason for refusal in outcome.refusals] == [Reason.CANNOT_BE_EDITED]
    assert "line 7" in outcome.refusals[0].detail
    assert outcome.changed


@pytest.mark.skipif(sys.platform != "linux", reason="names that are no UTF-8 exist on Linux only")
def test_a_file_name_that_is_not_text_is_no_hindrance(tmp_path: Path) -> None:
    """A file whose name is not UTF-8 is rewritten like any other."""
    (tmp_path / os.fsdecode(b"\xe4\xf6.py")).write_text(IMPORT + SITE.format("bread"))
    assert [type(outcome) for outcome in report(tmp_path).outcomes] == [Changed]
