"""Many small runs in one program: what they leave behind is found by the interpreter."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING
from unittest.mock import patch

from harness import migrate

if TYPE_CHECKING:
    from pathlib import Path

LEGACY = """\
from tracker.ai_usage_tracker import AIUsageTracker


def read(text):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="read-1")
    return ask(text, tracker)
"""


def test_a_small_run_does_not_put_off_the_search_for_garbage(tmp_path: Path) -> None:
    """It puts nothing aside, which would begin the count to the next search anew."""
    with patch.object(gc, "freeze") as put_aside:
        assert migrate(tmp_path, LEGACY).changed
    assert not put_aside.called
