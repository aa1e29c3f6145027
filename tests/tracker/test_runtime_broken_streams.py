"""Streams that end in another way than they should, in both clients and in every form."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
from typing import TYPE_CHECKING, Any

import anthropic
import httpx2
import openai
import pytest
from loopback import INPUT_TOKENS, OUTPUT_TOKENS
from runtime_calls import CHAT, MESSAGE

from tests.patience import joined
from tracker import AIUsageTracker, ai_usage_context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from loopback import LoopbackServer

    from tracker.testing import CapturedMetrics

EXACT = (INPUT_TOKENS, OUTPUT_TOKENS, False)
# Anthropic tells the input, and the output so far, at the start.
UNTIL_BROKEN = {"openai": (None, None, True), "anthropic": (INPUT_TOKENS, 1, True)}
PROVIDERS = list(UNTIL_BROKEN)


def start(provider: str, server: LoopbackServer) -> Any:
    """Return a stream of *provider*'s client that has just begun."""
    if provider == "openai":
        client = openai.OpenAI(base_url=server.base_url, api_key="x", max_retries=0)
        return client.chat.completions.create(**CHAT, stream=True)
    claude = anthropic.Anthropic(base_url=server.root_url, api_key="x", max_retries=0)
    return claude.messages.create(**MESSAGE, stream=True)


def async_client(provider: str, server: LoopbackServer) -> Any:
    """Return *provider*'s asynchronous client."""
    if provider == "openai":
        return openai.AsyncOpenAI(base_url=server.base_url, api_key="x")
    return anthropic.AsyncAnthropic(base_url=server.root_url, api_key="x")


async def start_async(client: Any) -> Any:
    """Return a stream of *client* that has just begun."""
    if isinstance(client, openai.AsyncOpenAI):
        return await client.chat.completions.create(**CHAT, stream=True)
    return await client.messages.create(**MESSAGE, stream=True)


def helper(provider: str, server: LoopbackServer) -> Any:
    """Return a stream helper's manager."""
    if provider == "openai":
        client = openai.OpenAI(base_url=server.base_url, api_key="x")
        return client.chat.completions.stream(**CHAT)
    return anthropic.Anthropic(base_url=server.root_url, api_key="x").messages.stream(**MESSAGE)


def tokens(metrics: CapturedMetrics) -> list[tuple[int | None, int | None, bool]]:
    """Return input tokens, output tokens and partial of each metric."""
    return [(m.input_tokens, m.output_tokens, m.partial) for m in metrics]


@pytest.fixture
def holding(server: LoopbackServer) -> Iterator[LoopbackServer]:
    """The server, which sends the first two events of a stream and holds back the others."""
    server.hold_after = 2
    yield server
    server.go_on.set()


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("end", ["close", "with", "response", "drop"])
def test_a_stream_that_the_program_breaks_off(
    end: str, provider: str, holding: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """However it lets go, one partial record has what was told until then."""
    with ai_usage_context("op"):
        stream = start(provider, holding)
        next(stream)
        if end == "close":
            stream.close()
        elif end == "with":
            with stream:
                pass
        elif end == "response":
            stream.response.close()
        response = stream.response
        del stream
        gc.collect()
        response.close()
    assert tokens(metrics) == [UNTIL_BROKEN[provider]]
    assert metrics[0].error is None
    assert metrics[0].late is False


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_helper_that_the_program_breaks_off(
    provider: str, holding: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """Leaving the helper's block books it at once: nothing has to be collected first."""
    with ai_usage_context("op"):
        with helper(provider, holding) as stream:
            next(iter(stream))
        assert holding.requests
    assert tokens(metrics) == [UNTIL_BROKEN[provider]]
    assert metrics[0].late is False


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_connection_that_is_lost(
    provider: str, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """The program gets the client's exception, and the record has it too."""
    server.cut_after = 2
    with (
        ai_usage_context("op"),
        pytest.raises((openai.APIConnectionError, anthropic.APIError, httpx2.HTTPError)),
    ):
        list(start(provider, server))
    assert tokens(metrics) == [UNTIL_BROKEN[provider]]
    assert metrics[0].error is not None


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_error_told_inside_a_stream(
    provider: str, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """The server answered 200 and fails later: one partial record with the error."""
    server.error_after = 2
    with ai_usage_context("op"), pytest.raises((openai.APIError, anthropic.APIError)):
        list(start(provider, server))
    assert tokens(metrics) == [UNTIL_BROKEN[provider]]
    assert metrics[0].error is not None


def test_an_error_told_inside_raw_lines(server: LoopbackServer, metrics: CapturedMetrics) -> None:
    """The program reads the lines itself and sees no exception; the record has the error."""
    server.error_after = 2
    client = anthropic.Anthropic(base_url=server.root_url, api_key="x")
    with client, ai_usage_context("op"):
        form = client.messages.with_streaming_response.create(**MESSAGE, stream=True)
        with form as response:
            assert len(list(response.iter_lines())) > 2
    assert tokens(metrics) == [UNTIL_BROKEN["anthropic"]]
    assert metrics[0].error == "overloaded_error"


@pytest.mark.parametrize("read", [0, 1])
def test_raw_lines_that_are_broken_off(
    read: int, holding: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """Leaving the block early, or reading nothing at all, is partial."""
    client = anthropic.Anthropic(base_url=holding.root_url, api_key="x")
    with client, ai_usage_context("op"):
        form = client.messages.with_streaming_response.create(**MESSAGE, stream=True)
        with form as response:
            lines = response.iter_lines()
            for _ in range(read):
                next(lines)
    assert tokens(metrics) == [UNTIL_BROKEN["anthropic"] if read else (None, None, True)]


def test_a_raw_response_that_nobody_reads(server: LoopbackServer, metrics: CapturedMetrics) -> None:
    """It is booked when it is dropped."""
    client = openai.OpenAI(base_url=server.base_url, api_key="x")
    with client, ai_usage_context("op"):
        raw: Any = client.chat.completions.with_raw_response.create(**CHAT, stream=True)
        response = raw.http_response
        del raw
        response.close()
        del response
        gc.collect()
    assert tokens(metrics) == [(None, None, True)]


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.asyncio
async def test_a_task_that_is_cancelled(
    provider: str, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """The task is cancelled while it waits for a chunk: one partial record."""
    server.hold_after = 1
    begun = asyncio.Event()

    async def read(client: Any) -> None:
        async for _ in await start_async(client):
            begun.set()

    async with async_client(provider, server) as client, ai_usage_context("op"):
        task = asyncio.create_task(read(client))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        server.go_on.set()
    assert tokens(metrics) == [UNTIL_BROKEN[provider]]


@pytest.mark.asyncio
async def test_a_call_that_is_cancelled_is_one_record(
    server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """No response came, and it may be billed: the record says that it was cancelled."""
    tracker = AIUsageTracker()

    class Never(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            asked.set()
            await asyncio.Event().wait()
            raise AssertionError("unreachable")

    asked = asyncio.Event()
    http = httpx2.AsyncClient(transport=Never())
    async with openai.AsyncOpenAI(base_url=server.base_url, api_key="x", http_client=http) as c:

        @tracker.track_openai_completion
        async def decorated() -> Any:
            return await c.chat.completions.create(**CHAT)

        async def captured() -> Any:
            async with ai_usage_context("op"):
                return await c.chat.completions.create(**CHAT)

        for work in (captured(), decorated()):
            asked.clear()
            task = asyncio.create_task(work)
            await asked.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
    assert [metric.metadata.get("function") for metric in metrics] == [None, "decorated"]
    assert all(str(metric.error).startswith("CancelledError at ") for metric in metrics)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_stream_that_another_thread_finishes(
    provider: str, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """It is booked to the block in which it was started."""
    with ai_usage_context("op", job_id="j"):
        stream = start(provider, server)
        next(stream)
        thread = threading.Thread(target=lambda: list(stream))
        thread.start()
        joined(thread)
    assert tokens(metrics) == [EXACT]
    assert [(m.job_id, m.late) for m in metrics] == [("j", False)]


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.asyncio
async def test_a_stream_that_another_task_finishes(
    provider: str, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """After the block it is late, and still the block's."""

    async def read(stream: Any) -> None:
        async for _ in stream:
            pass

    async with async_client(provider, server) as client:
        async with ai_usage_context("op", job_id="j"):
            stream = await start_async(client)
            await anext(stream)
        async with ai_usage_context("other", job_id="other"):
            await asyncio.create_task(read(stream))
    assert tokens(metrics) == [EXACT]
    assert [(m.job_id, m.late) for m in metrics] == [("j", True)]


@pytest.mark.parametrize("stream", [False, True])
def test_compressed_bodies(stream: bool, server: LoopbackServer, metrics: CapturedMetrics) -> None:
    """Raw bytes go on as they came, and their text is read beside them."""
    server.compress = True
    client = anthropic.Anthropic(base_url=server.root_url, api_key="x")
    with client, ai_usage_context("op"):
        form: Any = client.messages.with_streaming_response.create(**MESSAGE, stream=stream)
        with form as response:
            assert response.headers["content-encoding"] == "gzip"
            raw = b"".join(response.http_response.iter_raw())
    assert raw.startswith(b"\x1f\x8b")
    assert tokens(metrics) == [EXACT]


def test_a_stream_in_a_transport_without_a_network(metrics: CapturedMetrics) -> None:
    """A test's transport hands over the whole body at once, in plain and in raw form."""
    events = [
        {"id": "1", "object": "chat.completion.chunk", "model": "gpt-4o-mini", "choices": []},
        {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}},
    ]
    body = "".join(f"data: {httpx2.Response(200, json=e).text}\n\n" for e in events)
    head = {"content-type": "text/event-stream"}
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, text=body, headers=head))
    http = httpx2.Client(transport=transport)
    client = openai.OpenAI(base_url="http://localhost/v1", api_key="x", http_client=http)
    with ai_usage_context("op"):
        list(client.chat.completions.create(**CHAT, stream=True))
        raw: Any = client.chat.completions.with_raw_response.create(**CHAT, stream=True)
        list(raw.parse())
    assert tokens(metrics) == [(3, 4, False)] * 2


@pytest.mark.parametrize("kind", ["sync", "async", "generator", "async generator"])
def test_decorated_functions_that_read_a_stream(
    kind: str, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """Outside any block the record is made once, and knows the function."""
    tracker = AIUsageTracker()

    def analyze() -> int:
        return len(list(analyze_in_steps()))

    def analyze_in_steps() -> Iterator[Any]:
        with anthropic.Anthropic(base_url=server.root_url, api_key="x") as client:
            yield from client.messages.create(**MESSAGE, stream=True)

    async def analyze_async() -> int:
        async with async_client("anthropic", server) as c:
            return len([item async for item in await start_async(c)])

    async def analyze_async_in_steps() -> Any:
        async with async_client("anthropic", server) as c:
            async for item in await start_async(c):
                yield item

    async def drained() -> int:
        steps: Callable[[], Any] = tracker.track_anthropic_completion(analyze_async_in_steps)
        return len([item async for item in steps()])

    observe = tracker.track_anthropic_completion
    if kind == "sync":
        count = observe(analyze)()
    elif kind == "async":
        count = asyncio.run(observe(analyze_async)())
    elif kind == "generator":
        count = len(list(observe(analyze_in_steps)()))
    else:
        count = asyncio.run(drained())
    assert count == 6
    assert tokens(metrics) == [EXACT]
    assert str(metrics[0].metadata["function"]).startswith("analyze")


def told_by_claude(*events: dict[str, Any]) -> anthropic.Anthropic:
    """Return a client whose streams have *events* behind a first one, and end there."""
    usage = {"input_tokens": INPUT_TOKENS, "output_tokens": 1}
    first = {"id": "m", "type": "message", "role": "assistant", "content": [], "usage": usage}
    whole = [{"type": "message_start", "message": first | {"model": "claude-sonnet-4-5"}}, *events]
    text = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in whole)
    answer = httpx2.Response(200, headers={"content-type": "text/event-stream"}, text=text)
    transport = httpx2.MockTransport(lambda _request: answer)
    return anthropic.Anthropic(api_key="x", http_client=httpx2.Client(transport=transport))


@pytest.mark.parametrize("form", ["stream", "helper", "lines"])
@pytest.mark.parametrize("has_end", [False, True])
def test_a_stream_that_ends_where_it_should_not(
    has_end: bool, form: str, metrics: CapturedMetrics
) -> None:
    """The client says nothing of an end that came too early; the first counts are no final ones."""
    last = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}
    usage = {"usage": {"input_tokens": INPUT_TOKENS, "output_tokens": OUTPUT_TOKENS}}
    claude = told_by_claude(*([last | usage] if has_end else []))
    with ai_usage_context("op"):
        if form == "stream":
            list(claude.messages.create(**MESSAGE, stream=True))
        elif form == "helper":
            with claude.messages.stream(**MESSAGE) as stream:
                stream.until_done()
        else:
            raw: Any = claude.messages.with_raw_response.create(**MESSAGE, stream=True)
            list(raw.http_response.iter_lines())
    assert tokens(metrics) == [EXACT if has_end else UNTIL_BROKEN["anthropic"]]


def told_by(events: list[dict[str, Any]]) -> Any:
    """Return a stream that tells *events*, by a client that asks for its usage itself."""
    chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "choices": []}
    body = "".join(f"data: {httpx2.Response(200, json=chunk | e).text}\n\n" for e in events)
    head = {"content-type": "text/event-stream"}
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, text=body, headers=head))
    http = httpx2.Client(transport=transport)
    client = openai.OpenAI(base_url="http://localhost/v1", api_key="x", http_client=http)
    asked: Any = {"include_usage": True}
    return client.chat.completions.create(**CHAT, stream=True, stream_options=asked)


USED: dict[str, Any] = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
SAYS: dict[str, Any] = {"choices": [{"index": 0, "delta": {"content": "x"}}]}


def test_what_comes_among_chunks_that_tell_nothing(metrics: CapturedMetrics) -> None:
    """Another model, and usage that is told before the end, are read whatever came before."""
    events = [
        *[SAYS | {"model": "gpt-4o"}] * 3,
        SAYS | {"model": "gpt-4o-mini"},
        SAYS | {"model": "gpt-4o-mini", "usage": USED},
        *[SAYS | {"model": "gpt-4o-mini"}] * 2,
    ]
    with ai_usage_context("op"):
        seen = [chunk.model for chunk in told_by(events)]
    assert seen == [event["model"] for event in events]
    assert [m.model for m in metrics] == ["gpt-4o-mini"]
    assert tokens(metrics) == [(3, 4, False)]


def test_a_stream_that_is_read_in_parts(metrics: CapturedMetrics) -> None:
    """A loop that is left is no end: the next loop, or ``next``, goes on where it stopped."""
    model = {"model": "gpt-4o-mini"}
    with ai_usage_context("op"):
        stream = told_by([*[SAYS | model] * 4, model | {"usage": USED}])
        for _ in stream:
            break
        next(stream)
        rest = iter(stream)
        next(rest)
        rest.close()
        gc.collect()
        assert len(list(stream)) == 2
        assert not list(stream)
    assert tokens(metrics) == [(3, 4, False)]


def test_an_error_in_the_loop_is_none_of_the_stream(metrics: CapturedMetrics) -> None:
    """What is thrown into a reader at a chunk breaks it off; fetching a chunk did not fail."""
    model = {"model": "gpt-4o-mini"}
    with ai_usage_context("op"):
        stream = told_by([SAYS | model] * 3)
        rest: Any = iter(stream)
        next(rest)
        with pytest.raises(KeyError):
            rest.throw(KeyError("the program's"))
        stream.close()
    assert [(m.partial, m.error) for m in metrics] == [(True, None)]
