"""The benchmarks run and print what they promise; how long anything takes is never asserted."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections import defaultdict, deque
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tracker import ai_usage_context
from tracker.instrumentation import deduplication
from tracker.records import recorder
from tracker.records.pending_record import PendingRecord
from tracker.testing import MemorySink, capture

if TYPE_CHECKING:
    import openai

sys.path.insert(0, str(Path(__file__).resolve().parent))

from runtime_calls import CHAT

ROOT = Path(__file__).resolve().parents[2]


def run(module: str, *arguments: str) -> str:
    """Return what a benchmark printed."""
    command = [sys.executable, "-m", f"benchmarks.{module}", "--report-only", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.lengthy
def test_the_overhead_benchmark_prints_each_figure_with_its_goal() -> None:
    """Every acceptance line has a row, with the peer that it is compared with."""
    printed = run("overhead", "--number", "5", "--rounds", "2", "--records", "1000")
    for row in ("context, enter and exit", "captured call, added", "idle call, added"):
        assert row in printed
    for row in ("OTel span", "OTel gen_ai span", "openai call, loopback", "import tracker"):
        assert row in printed
    assert "memory growth over 1,000 records" in printed


def test_the_report_benchmark_finds_the_figures_of_the_shell() -> None:
    """Report and GROUP BY agree on a small file, what has no price included; the page is small."""
    pytest.importorskip("bokeh", reason="extra html")
    printed = run("report", "--rows", "2000", "--rounds", "1")
    assert "figures             the same" in printed
    assert "ratio" in printed
    assert "size of the page    1," in printed


def test_nothing_is_kept_of_calls_that_are_stored(
    client: openai.OpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After many captured calls only bounded tables have grown: of request ids, of the newest."""
    monkeypatch.setattr(deduplication, "REQUEST_IDS", 5)
    monkeypatch.setattr(deduplication, "_by_request", defaultdict(dict))
    monkeypatch.setattr(deduplication, "_older_by_request", {})
    monkeypatch.setattr(deduplication, "_by_identity", {})
    monkeypatch.setattr(deduplication, "_newest", deque())
    monkeypatch.setattr(deduplication, "NEWEST", 5)
    monkeypatch.setattr(deduplication, "GONE", 5)
    monkeypatch.setattr(deduplication, "_most", 5)
    monkeypatch.setattr(recorder, "_unsettled", {})
    monkeypatch.setattr(MemorySink, "write", lambda _self, _metrics: None)

    def calls(number: int) -> int:
        for _ in range(number):
            with ai_usage_context("op"):
                client.chat.completions.create(**CHAT)
        gc.collect()
        return sum(isinstance(thing, PendingRecord) for thing in gc.get_objects())

    with capture():
        assert calls(20) <= 15
        assert calls(40) <= 15
    assert not recorder._unsettled
    assert len(deduplication._newest) < 5
    assert len(deduplication._by_identity) <= 10
    known = [deduplication._by_request, deduplication._older_by_request]
    assert sum(len(ids) for services in known for ids in services.values()) <= 10
