"""Old ways are struck through by type checkers and told once a place at run time."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tracker import AIUsageTracker, ai_usage_context, batch_ai_usage_context
from tracker.config import deprecation, settings
from tracker.config.deprecation import LegacyTrackingWarning

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = """\
from tracker import AIUsageTracker, ai_usage_context

tracker = AIUsageTracker()
tracker.set_tracking_context(job_id="a")  # old
tracker.set_context(job_id="a")  # old
tracker.set_context({"operation_type": "op"}, job_id="a")  # old
tracker.current_job_id = "a"  # old
tracker.current_batch_id = "a"  # old
tracker.github_pr = 1  # old
tracker.user_id = "a"  # old
tracker.set_context({"operation_type": "op"})
tracker.add_context_metadata({"note": 1})
tracker.set_batch_mode(True)
tracker.flush_metrics()
print(tracker.current_job_id, tracker.batch_mode)
with ai_usage_context("op", job_id="a") as given:
    print(given)
"""


@pytest.fixture(autouse=True)
def nothing_told() -> Iterator[None]:
    """Warn anew in each test."""
    deprecation.reset()
    yield
    deprecation.reset()


def told(function: Any, times: int = 1) -> list[warnings.WarningMessage]:
    """Return what was warned about while *function* ran."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(times):
            function()
    return caught


def by_hand(tracker: AIUsageTracker) -> list[Any]:
    """Return each old way as a function; a place of its own for each."""

    def assign(name: str, value: object) -> Any:
        return lambda: setattr(tracker, name, value)

    return [
        lambda: tracker.set_tracking_context(job_id="a"),
        lambda: tracker.set_context(job_id="a"),
        lambda: tracker.set_context({"operation_type": "op"}, job_id="a"),
        assign("current_job_id", "a"),
    ]


@pytest.mark.parametrize("way", range(4))
def test_each_old_way_warns_where_it_is_called(way: int) -> None:
    """The warning is ours, says what to write, and points into this file."""
    (warning,) = told(by_hand(AIUsageTracker())[way])
    assert warning.category is LegacyTrackingWarning
    assert issubclass(warning.category, DeprecationWarning)
    assert warning.filename == __file__
    assert "ai_usage_context" in str(warning.message)


def test_a_place_is_told_once() -> None:
    """Two places, three rounds: two warnings, whatever Python's filter says."""
    tracker = AIUsageTracker()

    def both() -> None:
        tracker.set_tracking_context(job_id="a")
        tracker.set_tracking_context(job_id="b")

    assert len({warning.lineno for warning in told(both, times=3)}) == 2
    assert told(both) == []


def test_new_ways_and_our_own_calls_do_not_warn() -> None:
    """Building a tracker stays supported, and contexts use nothing that is deprecated."""

    def new() -> None:
        tracker = AIUsageTracker(user_id="anna")
        tracker.set_context({"operation_type": "op", "job_id": "a"})
        with batch_ai_usage_context("b", tracker=tracker), ai_usage_context("op", job_id="a"):
            tracker.add_context_metadata({"note": 1})
        tracker.track_github_claude_review(7)

    assert told(new) == []


def test_it_can_be_switched_off() -> None:
    """``AI_USAGE_DEPRECATIONS=0``, or the setting."""
    settings.configure(deprecations=False)
    assert told(by_hand(AIUsageTracker())[0]) == []


def test_a_deprecated_method_keeps_its_name_and_says_so() -> None:
    """Tools that look at run time find PEP 702's attribute."""
    method = AIUsageTracker.set_tracking_context
    assert method.__name__ == "set_tracking_context"
    assert "ai_usage_context" in method.__deprecated__  # type: ignore[attr-defined]


def test_type_checkers_see_it(tmp_path: Path) -> None:
    """mypy reports exactly the lines of the sample that do it the old way."""
    sample = tmp_path / "sample.py"
    sample.write_text(SAMPLE)
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--enable-error-code",
        "deprecated",
        "--no-error-summary",
    ]
    command += ["--follow-imports=silent", "--config-file=", "--cache-dir", str(tmp_path / "cache")]
    done = subprocess.run(
        [*command, str(sample)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    lines = {int(line.split(":")[1]) for line in done.stdout.splitlines() if "[deprecated]" in line}
    old = [number for number, line in enumerate(SAMPLE.splitlines(), 1) if line.endswith("# old")]
    assert sorted(lines) == old, done.stdout + done.stderr
