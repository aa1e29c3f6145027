"""What ``tracker.testing`` gives to tests of programs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from tracker import ai_usage_context
from tracker.testing import capture, frozen_clock

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def reply() -> Any:
    """Return a fake completion."""
    usage = SimpleNamespace(prompt_tokens=1000, completion_tokens=0, total_tokens=1000)
    return SimpleNamespace(model="gpt-4o-mini", usage=usage)


def record() -> None:
    """Record a call in a context."""
    with ai_usage_context("op", job_id="j") as tracker:
        tracker.track_openai_completion(reply)()


def test_capture_is_a_live_view() -> None:
    """It grows, can be indexed, sliced and shown, and nothing else is stored."""
    with capture() as metrics:
        record()
        seen = len(metrics)
        record()
    assert (seen, len(metrics)) == (1, 2)
    assert metrics[0].job_id == "j"
    assert [metric.id for metric in metrics.since(1)] == [metrics[1].id]
    assert "operation_type='op'" in repr(metrics)


def test_captures_nest() -> None:
    """The inner one has its own metrics; the outer one is back afterwards."""
    with capture() as outer:
        with capture() as inner:
            record()
        record()
    assert (len(inner), len(outer)) == (1, 1)


def test_the_clock_stands_until_it_is_moved() -> None:
    """Records have its time, with a time zone; afterwards time goes on."""
    with capture() as metrics:
        with frozen_clock("2026-11-20T12:00:00") as clock:
            record()
            record()
            assert clock.tick(90) == NOON + timedelta(seconds=90)
            record()
            clock.tick()
            record()
        record()
    times = [metric.timestamp - NOON for metric in metrics]
    assert [time.total_seconds() for time in times[:4]] == [0, 0, 90, 91]
    assert metrics[4].timestamp != clock.now
    assert metrics[2].metadata["start_time"] == "2026-11-20T12:01:30.000000+00:00"


def test_clocks_nest() -> None:
    """The outer one's time is back when the inner one ends."""
    with capture() as metrics, frozen_clock(NOON):
        with frozen_clock(NOON - timedelta(days=365)):
            record()
        record()
    assert [metric.timestamp.year for metric in metrics] == [2025, 2026]
    assert metrics[1].cost_usd == Decimal("0.00015")
