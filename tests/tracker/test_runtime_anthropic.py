"""Capture of the anthropic client, and of everything at once."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import anthropic
import pytest
from loopback import CACHE_READ, CACHE_WRITTEN, INPUT_TOKENS, OUTPUT_TOKENS
from runtime_calls import CHAT, MESSAGE

from tracker import AIUsageTracker, ai_usage_context
from tracker.instrumentation import client_patch
from tracker.instrumentation.providers import ANTHROPIC

if TYPE_CHECKING:
    from collections.abc import Iterator

    import openai
    from loopback import LoopbackServer

    from tracker.testing import CapturedMetrics


@pytest.fixture
def claude(server: LoopbackServer) -> Iterator[anthropic.Anthropic]:
    """The real client."""
    with anthropic.Anthropic(base_url=server.root_url, api_key="sk-ant-not-a-key") as client:
        yield client


def test_the_whole_metric(claude: anthropic.Anthropic, metrics: CapturedMetrics) -> None:
    """Cached tokens are part of the input; nothing that was said is stored, and no key."""
    with ai_usage_context("op", job_id="j"):
        message = claude.messages.create(**MESSAGE)
    metric = metrics[0]
    assert (metric.service, metric.operation) == ("anthropic", "completion")
    assert (metric.model, metric.operation_type) == (MESSAGE["model"], "op")
    assert (metric.input_tokens, metric.output_tokens) == (INPUT_TOKENS, OUTPUT_TOKENS)
    assert (metric.cached_input_tokens, metric.cache_write_tokens) == (CACHE_READ, CACHE_WRITTEN)
    assert metric.total_tokens == INPUT_TOKENS + OUTPUT_TOKENS
    assert metric.cost_usd
    assert metric.request_id == message._request_id
    stored = repr(metric)
    assert "Analyze" not in stored
    assert "sk-ant" not in stored


def test_a_stream_has_the_same_metric(
    claude: anthropic.Anthropic, metrics: CapturedMetrics
) -> None:
    """What is told at its start and at its end makes one usage; the request's id is known."""
    with ai_usage_context("op"):
        list(claude.messages.create(**MESSAGE, stream=True))
        claude.messages.create(**MESSAGE)
    streamed, plain = metrics
    for name in ("input_tokens", "output_tokens", "total_tokens", "cached_input_tokens"):
        assert getattr(streamed, name) == getattr(plain, name)
    assert streamed.cost_usd == plain.cost_usd
    assert streamed.request_id


def test_retries_and_failures(
    claude: anthropic.Anthropic, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """Retried attempts are one record; a failed call is one, and its exception passes."""
    server.failures[:] = [500, 529, 400]
    with ai_usage_context("op"):
        with pytest.raises(anthropic.BadRequestError):
            claude.messages.create(**MESSAGE)
        server.failures[:] = [500]
        claude.messages.create(**MESSAGE)
    assert len(server.requests) == 5
    assert [m.error for m in metrics] == ["BadRequestError: status 400", None]


def test_nothing_outside_a_block(claude: anthropic.Anthropic, metrics: CapturedMetrics) -> None:
    """A bare client that nobody observes is left alone."""
    AIUsageTracker()
    claude.messages.create(**MESSAGE)
    list(claude.messages.create(**MESSAGE, stream=True))
    assert len(metrics) == 0


def test_the_patch_can_be_taken_off(claude: anthropic.Anthropic, metrics: CapturedMetrics) -> None:
    """Put on twice it captures once; taken off it captures nothing."""
    client_patch.patch(ANTHROPIC, anthropic)
    with ai_usage_context("op"):
        claude.messages.create(**MESSAGE)
    client_patch.unpatch(ANTHROPIC, anthropic)
    try:
        with ai_usage_context("op"):
            claude.messages.create(**MESSAGE)
    finally:
        client_patch.patch(ANTHROPIC, anthropic)
    assert len(metrics) == 1


def test_a_client_of_an_unknown_version_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    """A module without any class that we know cannot be captured, and that is logged."""
    client_patch.patch(ANTHROPIC, ModuleType("anthropic"))
    assert "anthropic is not known" in caplog.text


def test_everything_at_once(
    claude: anthropic.Anthropic, client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """Both clients wrapped, Places, in decorated functions in a block, replayed: one each."""
    maps = SimpleNamespace(place=lambda place_id: {"result": place_id})
    with ai_usage_context("op", job_id="j") as tracker:
        places = AIUsageTracker.create_wrapped_places_client(maps, tracker)
        wrapped = AIUsageTracker.create_wrapped_anthropic_client(claude, tracker)
        other = AIUsageTracker.create_wrapped_openai_client(client, tracker)

        @tracker.track_google_places("place_details")
        def locate() -> Any:
            return places.place("p")

        @tracker.track_openai_completion
        @tracker.track_anthropic_completion
        def analyze() -> Any:
            with wrapped.messages.stream(**MESSAGE) as stream:
                first = stream.get_final_message()
            return first, other.chat.completions.create(**CHAT), locate()

        message, completion, _ = analyze()
        tracker.track_anthropic_completion(lambda: message)()
        tracker.track_openai_completion(lambda: completion)()
    found = [(m.service, m.operation, m.input_tokens, m.job_id) for m in metrics]
    assert sorted(found, key=str) == [
        ("anthropic", "completion", INPUT_TOKENS, "j"),
        ("google_places", "place_details", None, "j"),
        ("openai", "completion", INPUT_TOKENS, "j"),
    ]


def test_no_client_is_imported_for_its_own_sake() -> None:
    """A program that uses neither SDK, or has none installed, never loads one through us."""
    program = (
        "import sys\n"
        "for name in ('httpx', 'httpx2', 'openai', 'anthropic'): sys.modules[name] = None\n"
        "import tracker\n"
        "from tracker.testing import capture\n"
        "with capture() as metrics, tracker.ai_usage_context('op') as t:\n"
        "    t.track_openai_completion(lambda: {'usage': {'prompt_tokens': 3}})()\n"
        "assert metrics[0].input_tokens == 3\n"
        "assert not any(sys.modules[name] for name in ('openai', 'anthropic'))\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
