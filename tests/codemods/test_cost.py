"""What a file costs grows with the file, and not with its square.

Calls are counted, not seconds: the numbers are the same on every machine.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from harness import migrate

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

IMPORTS = """\
from llm import ask
from receipt_label.utils.ai_usage_tracker import AIUsageTracker
"""
FUNCTION = """

def work_{0}(x):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="j{0}")
    return ask(tracker, x)
"""
METHOD = """
    def work_{0}(self, x):
        self.tracker.set_tracking_context(job_id="j{0}")
        return ask(self.tracker, x)
"""
CLASS = (
    IMPORTS + "\n\nclass Work:\n    def __init__(self):\n        self.tracker = AIUsageTracker()\n"
)
PHASE = """\
    tracker.set_tracking_context(job_id="j{0}")
    ask(tracker, x, {0})
"""
PHASES = IMPORTS + "\n\ndef work(x):\n    tracker = AIUsageTracker()\n"


def calls_for(folder: Path, text: str) -> int:
    """Return how many functions are called while *text*, which is rewritten, is migrated."""
    count = 0

    def counted(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        del frame, argument
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        outcome = migrate(folder, text)
    finally:
        sys.setprofile(before)
    assert outcome.changed, outcome.refusals
    return count


@pytest.mark.parametrize(("head", "part"), [(IMPORTS, FUNCTION), (CLASS, METHOD), (PHASES, PHASE)])
def test_twice_the_sites_cost_about_twice_as_much(tmp_path: Path, head: str, part: str) -> None:
    """Functions, methods on one field, and phases of one tracker: none looks at all others."""
    small, large = (
        calls_for(tmp_path, head + "".join(map(part.format, range(count)))) for count in (40, 80)
    )
    assert large < 2.5 * small, (small, large)
