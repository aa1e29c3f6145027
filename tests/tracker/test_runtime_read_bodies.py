"""Answers whose body somebody read before the program has them, and bodies that are no answer."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx2
import openai
import pytest
from runtime_calls import CHAT

from tracker import AIUsageTracker, ai_usage_context

if TYPE_CHECKING:
    from loopback import LoopbackServer

    from tracker.testing import CapturedMetrics


def read(response: httpx2.Response) -> None:
    """Read an answer, as a hook that logs does."""
    response.read()


async def read_async(response: httpx2.Response) -> None:
    """Read an answer, as a hook that logs does."""
    await response.aread()


def reading_client(server: LoopbackServer) -> openai.OpenAI:
    """Return a client whose HTTP client reads each answer as it comes."""
    http = httpx2.Client(event_hooks={"response": [read]})
    return openai.OpenAI(base_url=server.base_url, api_key="x", http_client=http)


def told(chunks: list[Any]) -> list[Any]:
    """Return what chunks tell, without what differs from one answer to the next."""
    return [(len(chunk.choices), "usage" in chunk.model_fields_set) for chunk in chunks]


def plain(client: openai.OpenAI) -> Any:
    """Read a stream."""
    return told(list(client.chat.completions.create(**CHAT, stream=True)))


def raw(client: openai.OpenAI) -> Any:
    """Parse a raw answer."""
    answer: Any = client.chat.completions.with_raw_response.create(**CHAT, stream=True)
    return told(list(answer.parse()))


def lines(client: openai.OpenAI) -> Any:
    """Read the lines of a streaming answer."""
    streaming = client.chat.completions.with_streaming_response
    with streaming.create(**CHAT, stream=True) as answer:
        data = [line[6:] for line in answer.iter_lines() if line.startswith("data: {")]
    return [(len(one["choices"]), "usage" in one) for one in map(json.loads, data)]


@pytest.mark.parametrize("ask", [plain, raw, lines])
def test_a_hook_that_reads_the_stream(
    ask: Any, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """The program gets the chunks that it asked for and none of ours; the usage is recorded."""
    with reading_client(server) as client:
        alone = ask(client)
        with ai_usage_context("op"):
            assert ask(client) == alone
    (metric,) = metrics
    assert metric.output_tokens


def test_an_async_hook_that_reads_the_stream(
    server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """As the other kind."""

    async def ask() -> Any:
        http = httpx2.AsyncClient(event_hooks={"response": [read_async]})
        url = server.base_url
        async with openai.AsyncOpenAI(base_url=url, api_key="x", http_client=http) as client:
            stream = await client.chat.completions.create(**CHAT, stream=True)
            return told([chunk async for chunk in stream])

    alone = asyncio.run(ask())
    with ai_usage_context("op"):
        assert asyncio.run(ask()) == alone
    (metric,) = metrics
    assert metric.output_tokens


@pytest.mark.parametrize("observed", [False, True])
@pytest.mark.parametrize("body", [b"", b'{"id": ', b"<html>"])
def test_an_answer_that_is_no_json(body: bytes, observed: bool, metrics: CapturedMetrics) -> None:
    """It came, and may be billed: recorded once, without tokens; the program has its error."""
    head = {"content-type": "application/json", "x-request-id": "q"}
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, content=body, headers=head))
    http = httpx2.Client(transport=transport)
    client = openai.OpenAI(base_url="http://x", api_key="x", max_retries=0, http_client=http)

    def ask() -> None:
        client.chat.completions.create(**CHAT)

    with ai_usage_context("op"):
        run = AIUsageTracker().track_openai_completion(ask) if observed else ask
        with pytest.raises(json.JSONDecodeError):
            run()
    (metric,) = metrics
    assert (metric.input_tokens, metric.cost_usd, metric.request_id) == (None, None, "q")
    assert metric.model == CHAT["model"]
    assert str(metric.error).startswith("JSONDecodeError")


@pytest.mark.parametrize("status", [400, 404, 500])
def test_an_error_is_no_answer(status: int, metrics: CapturedMetrics) -> None:
    """Whatever its body is, nothing was billed, and its status is all that is told."""
    transport = httpx2.MockTransport(lambda _: httpx2.Response(status, content=b"<html>"))
    http = httpx2.Client(transport=transport)
    client = openai.OpenAI(base_url="http://x", api_key="x", max_retries=0, http_client=http)
    with ai_usage_context("op"), pytest.raises(openai.APIStatusError):
        client.chat.completions.create(**CHAT)
    assert [(m.metadata["http_status"], m.cost_usd, m.total_tokens) for m in metrics] == [
        (status, 0, None)
    ]
