"""Rewrites that are not proven: made on request only, and never without what to confirm."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import execute, migrate, refuses
from rows import execute_on_original

FIXTURE = """\
import pytest
from receipt_label.utils.ai_usage_tracker import AIUsageTracker


@pytest.fixture
def meter():
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="test-1")
    yield tracker
    tracker.flush_metrics()
"""
# What pytest does with the fixture and a test that uses it.
DRIVER = """
def run():
    steps = meter()
    tracker = next(steps)
    tracker.track_openai_completion(lambda: reply)()
    return next(steps, "over")
"""
PYTEST = """\
class pytest:
    @staticmethod
    def fixture(function):
        return function
"""


class Reply:
    """What a client returns, as far as it is recorded."""

    model = "gpt-4o-mini"
    id = "reply-1"

    class usage:
        """The tokens that were billed."""

        prompt_tokens = 11
        completion_tokens = 3


@pytest.mark.parametrize("runtime", ["tracker", "conservative"])
def test_fixture_needs_a_request(runtime: str, tmp_path: Path) -> None:
    """A pytest fixture that gives a tracker out is refused, and the advice names the option."""
    outcome = refuses(tmp_path, FIXTURE, "yields-inside", runtime=runtime)
    (refusal,) = outcome.refusals
    assert "--unsafe" in refusal.advice
    assert refusal.blocking is not None
    assert refusal.blocking.line == 9


@pytest.mark.parametrize("runtime", ["tracker", "conservative"])
def test_fixture_on_request_says_what_to_confirm(runtime: str, tmp_path: Path) -> None:
    """With --unsafe the yield lies in the block, and the report names what the tests must keep."""
    outcome = migrate(tmp_path, FIXTURE, runtime=runtime, unsafe=True)
    (applied,) = outcome.applied
    assert len(applied.confirm) == 2
    assert all("meter" in condition for condition in applied.confirm)
    texts = [text.replace("import pytest\n", PYTEST) + DRIVER for text in (FIXTURE, outcome.text)]
    run = execute if runtime == "tracker" else execute_on_original
    before, after = (run(text, {"reply": Reply()}) for text in texts)
    assert before == after
    assert before.error == ""
    assert [metric[3 if runtime != "tracker" else 4] for metric in after.metrics] == ["test-1"]


def test_manager_that_does_more_stays_refused(tmp_path: Path) -> None:
    """--unsafe puts the one ``yield`` of a manager into a block, and no other."""
    text = FIXTURE.replace("import pytest\n", "from contextlib import contextmanager\n")
    text = text.replace("@pytest.fixture", "@contextmanager")
    twice = text.replace("    yield tracker\n", "    yield tracker\n    yield tracker\n")
    (tmp_path / "once").mkdir()
    refuses(tmp_path, twice, "escapes", unsafe=True)
    (applied,) = migrate(tmp_path / "once", text, unsafe=True).applied
    assert applied.confirm


def test_proven_rewrites_ask_for_nothing(tmp_path: Path) -> None:
    """With --unsafe a rewrite that is proven is still announced as safe."""
    text = FIXTURE.replace("@pytest.fixture\n", "").replace(
        "    yield tracker\n", "    use(tracker)\n"
    )
    (applied,) = migrate(tmp_path, text, unsafe=True).applied
    assert applied.confirm == ()


def test_what_reads_an_id_that_may_go_is_told(tmp_path: Path) -> None:
    """Beside the condition about the id; reads of other ids give what they gave."""
    text = (
        "from tracker.ai_usage_tracker import AIUsageTracker\n\n"
        "def scan(text, settings):\n"
        "    tracker = AIUsageTracker()\n"
        "    tracker.set_tracking_context(job_id='a', batch_id='b')\n"
        "    tracker.set_tracking_context(job_id={})\n"
        "    print(tracker.current_batch_id)\n"
        "    print(tracker.current_job_id)\n"
        "    return use(tracker)\n"
    )
    may_be_none = text.format("settings.get('job')")
    (applied,) = migrate(tmp_path / "none", may_be_none, unsafe=True, runtime="tracker").applied
    assert applied.confirm == (
        "an earlier job_id may go where settings.get('job') is None",
        "line 8 may read another current_job_id than today",
    )
    given = text.format("'c'")
    (applied,) = migrate(tmp_path / "given", given, unsafe=True, runtime="tracker").applied
    assert applied.confirm == ()
