"""Streams: the caller's chunks unchanged, one record each, however they end."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

import openai
import pytest
from loopback import INPUT_TOKENS, OUTPUT_TOKENS
from runtime_calls import CHAT

from tracker import AIUsageTracker, ai_usage_context
from tracker.instrumentation.streaming import stream_usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loopback import LoopbackServer

    from tracker.testing import CapturedMetrics

TOKENS = (INPUT_TOKENS, OUTPUT_TOKENS)


@pytest.fixture(autouse=True)
def no_host_refuses() -> Iterator[None]:
    """Forget which servers refused to tell usage."""
    yield
    stream_usage.forget()


def tokens(metrics: CapturedMetrics) -> list[tuple[int | None, int | None, bool]]:
    """Return input tokens, output tokens and partial of each metric."""
    return [(m.input_tokens, m.output_tokens, m.partial) for m in metrics]


def test_a_stream_is_recorded_with_its_tokens(
    client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """We ask for the usage and hold its chunk back: the caller sees the same chunks as without."""
    bare = [chunk.choices for chunk in client.chat.completions.create(**CHAT, stream=True)]
    with ai_usage_context("op"):
        stream = client.chat.completions.create(**CHAT, stream=True)
        assert type(stream) is openai.Stream
        seen = [chunk.choices for chunk in stream]
    assert seen == bare
    assert tokens(metrics) == [(*TOKENS, False)]


def test_usage_that_the_caller_asked_for_is_the_caller_s(
    client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """The chunk that carries it comes through."""
    with ai_usage_context("op"):
        stream = client.chat.completions.create(
            **CHAT, stream=True, stream_options={"include_usage": True}
        )
        chunks = list(stream)
    assert chunks[-1].usage is not None
    assert tokens(metrics) == [(*TOKENS, False)]


def test_a_caller_who_declined_usage_is_respected(
    client: openai.OpenAI, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """Then the tokens are unknown."""
    with ai_usage_context("op"):
        list(
            client.chat.completions.create(
                **CHAT, stream=True, stream_options={"include_usage": False}
            )
        )
    assert server.requests[-1][1]["stream_options"] == {"include_usage": False}
    assert tokens(metrics) == [(None, None, False)]


def test_a_server_that_refuses_is_asked_again_without(
    client: openai.OpenAI, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """The caller notices nothing, and that server is not asked for usage any more."""
    server.refuse_stream_options = True
    with ai_usage_context("op"):
        for _ in range(2):
            assert len(list(client.chat.completions.create(**CHAT, stream=True))) == 4
    assert len(server.requests) == 3
    assert tokens(metrics) == [(None, None, False)] * 2


@pytest.mark.parametrize("end", ["close", "with", "drop"])
def test_a_broken_off_stream_is_partial(
    end: str, client: openai.OpenAI, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """Closing it, leaving its block, or dropping it books it once, as partial."""
    server.hold_after = 2
    with ai_usage_context("op"):
        stream = client.chat.completions.create(**CHAT, stream=True)
        next(stream)
        if end == "close":
            stream.close()
            stream.close()
        elif end == "with":
            with stream:
                pass
        response = stream.response
        del stream
        gc.collect()
        response.close()
    server.go_on.set()
    assert tokens(metrics) == [(None, None, True)]
    assert metrics[0].model == "gpt-4o-mini"


def test_a_stream_that_outlives_its_block_is_late(
    client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """It is booked to the block in which it was started."""
    with ai_usage_context("op", job_id="j"):
        stream = client.chat.completions.create(**CHAT, stream=True)
    assert len(metrics) == 0
    list(stream)
    assert [(m.job_id, m.late) for m in metrics] == [("j", True)]
    assert tokens(metrics) == [(*TOKENS, False)]


def test_responses_streams(client: openai.OpenAI, metrics: CapturedMetrics) -> None:
    """The responses API tells its usage in the closing event."""
    with ai_usage_context("op"):
        list(client.responses.create(model="gpt-4o-mini", input="x", stream=True))
    assert tokens(metrics) == [(*TOKENS, False)]


def test_the_stream_helper(client: openai.OpenAI, metrics: CapturedMetrics) -> None:
    """``chat.completions.stream`` goes through the same client patch."""
    with ai_usage_context("op"), client.chat.completions.stream(**CHAT) as stream:
        stream.until_done()
    assert tokens(metrics) == [(*TOKENS, False)]


@pytest.mark.parametrize("path", ["wrapped", "decorated", "replayed"])
def test_legacy_streams(path: str, client: openai.OpenAI, metrics: CapturedMetrics) -> None:
    """Outside any block, wrapped and decorated streams are recorded when they end."""
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="j")
    call: Any = client.chat.completions.create
    if path == "wrapped":
        call = AIUsageTracker.create_wrapped_openai_client(client, tracker).chat.completions.create
    elif path == "decorated":
        call = tracker.track_openai_completion(call)
    stream = call(**CHAT, stream=True)
    if path == "replayed":
        tracker.track_openai_completion(lambda: stream)()
        list(stream)
        assert len(metrics) == 1
        return
    assert len(metrics) == 0
    list(stream)
    assert [m.job_id for m in metrics] == ["j"]
    assert tokens(metrics) == [(*TOKENS, False)]


@pytest.mark.asyncio
async def test_async_streams(server: LoopbackServer, metrics: CapturedMetrics) -> None:
    """Exhausted and broken-off asynchronous streams."""
    client = openai.AsyncOpenAI(base_url=server.base_url, api_key="x")
    async with client, ai_usage_context("op"):
        stream = await client.chat.completions.create(**CHAT, stream=True)
        assert type(stream) is openai.AsyncStream
        assert len([chunk async for chunk in stream]) == 4
        server.hold_after = 2
        broken = await client.chat.completions.create(**CHAT, stream=True)
        await anext(broken)
        await broken.close()
        server.go_on.set()
    assert tokens(metrics) == [(*TOKENS, False), (None, None, True)]


@pytest.mark.parametrize("form", ["raw", "lines", "helper", "completions"])
def test_a_server_that_refuses_is_asked_again_in_every_form(
    form: str, client: openai.OpenAI, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """Nothing of what we had added is left in the second request."""
    server.refuse_stream_options = True
    chat: Any = client.chat.completions
    with ai_usage_context("op"):
        if form == "raw":
            list(chat.with_raw_response.create(**CHAT, stream=True).parse())
        elif form == "lines":
            with chat.with_streaming_response.create(**CHAT, stream=True) as response:
                list(response.iter_lines())
        elif form == "helper":
            with chat.stream(**CHAT) as stream:
                stream.until_done()
        else:
            list(client.completions.create(model="gpt-4o-mini", prompt="x", stream=True))
    assert ["stream_options" in body for _, body in server.requests] == [True, False]
    assert tokens(metrics) == [(None, None, False)]


def test_other_stream_options_are_kept(
    client: openai.OpenAI, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """A caller who set another option decided nothing about usage: it is asked for beside it."""
    options: Any = {"include_obfuscation": False}
    with ai_usage_context("op"):
        assert (
            len(list(client.chat.completions.create(**CHAT, stream=True, stream_options=options)))
            == 4
        )
    sent = server.requests[-1][1]["stream_options"]
    assert sent == {"include_obfuscation": False, "include_usage": True}
    assert options == {"include_obfuscation": False}
    assert tokens(metrics) == [(*TOKENS, False)]
