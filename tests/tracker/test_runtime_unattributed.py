"""Calls outside any context, where the deployment requires one."""

from __future__ import annotations

import asyncio
import gc
import inspect
import logging
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openai
import pytest
from runtime_calls import CHAT

from tests.patience import reached
from tracker import AIUsageTracker, ai_usage_context
from tracker.config import settings
from tracker.context import unattributed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loopback import LoopbackServer

    from tracker.testing import CapturedMetrics


@pytest.fixture(autouse=True)
def production(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Require contexts as production does, and observe."""
    unattributed.reset()
    monkeypatch.setenv("ENVIRONMENT", "production")
    AIUsageTracker()
    yield
    unattributed.reset()


def line() -> int:
    """Return the line of the caller."""
    frame = inspect.currentframe()
    assert frame is not None
    assert frame.f_back is not None
    return frame.f_back.f_lineno


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the warnings about calls outside contexts."""
    return [text for text in caplog.messages if "outside any context" in text]


def test_it_is_recorded_with_its_place(
    client: openai.OpenAI, metrics: CapturedMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    """File and line of the program's call are in the metadata; each place is told once."""
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            first = line() + 1
            client.chat.completions.create(**CHAT)
        second = line() + 1
        client.embeddings.create(model="text-embedding-3-small", input="x")
    places = [(m.metadata["caller_file"], m.metadata["caller_line"]) for m in metrics]
    assert places == [(__file__, first)] * 3 + [(__file__, second)]
    assert [(m.operation_type, m.environment) for m in metrics] == [(None, "production")] * 4
    assert metrics[0].input_tokens
    assert [text.partition(", at ")[2].partition(",")[0] for text in told(caplog)] == [
        f"{__file__}:{first}",
        f"{__file__}:{second}",
    ]


def test_async_calls_have_their_place(server: LoopbackServer, metrics: CapturedMetrics) -> None:
    """The line of the ``await``."""
    where = []

    async def work() -> None:
        async with openai.AsyncOpenAI(base_url=server.base_url, api_key="sk-none") as client:
            where.append(line() + 1)
            await client.chat.completions.create(**CHAT)

    asyncio.run(work())
    assert [(m.metadata["caller_file"], m.metadata["caller_line"]) for m in metrics] == [
        (__file__, where[0])
    ]


def test_streams_are_recorded_when_they_end(
    client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """Once, with their tokens."""
    assert list(client.chat.completions.create(**CHAT, stream=True))
    assert [(m.partial, bool(m.input_tokens)) for m in metrics] == [(False, True)]


def test_a_replay_says_whose_it_is(client: openai.OpenAI, metrics: CapturedMetrics) -> None:
    """Legacy code that hands over its responses later keeps its ids, and no call counts twice."""
    tracker = AIUsageTracker(user_id="anna")
    results = [client.chat.completions.create(**CHAT) for _ in range(3)]
    for number, result in enumerate(results):
        tracker.set_tracking_context(job_id=f"job-{number}")
        tracker.track_openai_completion(lambda result=result: result)()
    del result, results
    found = [(m.job_id, m.user_id) for m in metrics]
    assert found == [("job-0", "anna"), ("job-1", "anna"), ("job-2", "anna")]


def test_it_is_stored_when_the_response_is_gone(
    client: openai.OpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a thread of ours, without anybody asking."""
    stored = threading.Event()
    monkeypatch.setattr(AIUsageTracker, "_store_metric", lambda *_: stored.set())
    result: Any = client.chat.completions.create(**CHAT)
    assert not stored.is_set()
    del result
    gc.collect()
    reached(stored)


def test_a_program_that_keeps_all_responses(
    client: openai.OpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only so many wait; the oldest is stored."""
    monkeypatch.setattr(unattributed, "MAX_WAITING", 2)
    stored: list[Any] = []
    monkeypatch.setattr(AIUsageTracker, "_store_metric", lambda _, metric: stored.append(metric))
    kept = [client.chat.completions.create(**CHAT) for _ in range(3)]
    assert len(stored) == 1
    unattributed.settle_waiting()
    assert len(stored) == len(kept)


def test_calls_inside_contexts_do_not_change(
    client: openai.OpenAI, metrics: CapturedMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    """No place in their metadata, and no warning; one outside that fails has both."""
    with caplog.at_level(logging.WARNING), ai_usage_context("op"):
        client.chat.completions.create(**CHAT)
    tracker = AIUsageTracker()
    tracker.track_openai_completion(lambda: client.chat.completions.create(**CHAT))()
    assert told(caplog) == []
    unreachable = client.with_options(base_url="http://127.0.0.1:9", max_retries=0)
    with pytest.raises(openai.APIError):
        unreachable.chat.completions.create(**CHAT)
    assert ["caller_file" in m.metadata for m in metrics] == [False, False, True]
    assert (metrics[2].error, metrics[2].cost_usd) == ("APIConnectionError: by ConnectError", 0)


@pytest.mark.parametrize(
    ("environment", "setting", "expected"),
    [
        ("production", None, True),
        ("staging", None, False),
        ("development", None, False),
        ("production", False, False),
        ("development", True, True),
        ("misspelt", None, False),
    ],
)
def test_where_a_context_is_required(
    environment: str, setting: bool | None, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In production, unless the setting says otherwise; known once a tracker was made."""
    monkeypatch.setenv("ENVIRONMENT", environment)
    unattributed.notice_environment()
    settings.configure(require_context=setting)
    assert unattributed.is_required() is expected


def test_elsewhere_nothing_is_recorded(
    client: openai.OpenAI, metrics: CapturedMetrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bare call in development is the program's own business."""
    monkeypatch.setenv("ENVIRONMENT", "development")
    AIUsageTracker()
    client.chat.completions.create(**CHAT)
    assert len(metrics) == 0


def test_configuring_it_is_enough(server: LoopbackServer) -> None:
    """A program that makes no tracker and no context is seen, and stored at its exit."""
    program = f"""
import openai, tracker
from tracker.testing import capture
tracker.configure(require_context=True)
client = openai.OpenAI(base_url={server.base_url!r}, api_key="sk-none")
with capture() as metrics:
    client.chat.completions.create(**{CHAT!r})
print(len(metrics), metrics[0].metadata["caller_line"])
"""
    command = [sys.executable, "-c", program]
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.stdout == "1 7\n", done.stderr
