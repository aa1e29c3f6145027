"""What is imported before the tests is looked through for garbage once."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from harness import migrate

if TYPE_CHECKING:
    from pathlib import Path

LEGACY = """\
from receipt_label.utils.ai_usage_tracker import AIUsageTracker

def read(ask):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="a")
    tracker.track_openai_completion(ask)()
"""


def test_a_run_thaws_nothing(tmp_path: Path) -> None:
    """What was frozen before a run of the tools is so behind it, and the run's own is not."""
    before = gc.get_freeze_count()
    assert before > 10_000
    assert migrate(tmp_path, LEGACY).changed
    # What is used up meanwhile leaves by itself.
    assert 0.9 * before < gc.get_freeze_count() <= before
