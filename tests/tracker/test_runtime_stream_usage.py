"""Asking servers for a stream's usage: the request stays the caller's own in all else."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx2
import openai
import pytest
from loopback import INPUT_TOKENS, OUTPUT_TOKENS, loopback_server
from runtime_calls import CHAT

from tracker import AIUsageTracker, ai_usage_context
from tracker.instrumentation.streaming import stream_usage
from tracker.instrumentation.streaming.accumulator import Accumulator
from tracker.instrumentation.streaming.body_readers import watch
from tracker.records.pending_record import opened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loopback import LoopbackServer

    from tracker.testing import CapturedMetrics

TOKENS = (INPUT_TOKENS, OUTPUT_TOKENS)
ASKED = {"stream_options": {"include_usage": True}}
#: How servers word that they do not take what we add, and with which status.
REFUSALS = [
    (400, "unknown parameter: stream_options"),
    (400, "Unrecognized request argument"),
    (404, "No endpoints found that can handle the requested parameters"),
    (422, "Extra inputs are not permitted"),
    (500, "Internal Server Error"),
    (501, "not implemented"),
]


@pytest.fixture(autouse=True)
def no_server_is_known() -> Iterator[None]:
    """Forget which servers refused and granted."""
    stream_usage.forget()
    yield
    stream_usage.forget()


@pytest.fixture
def once(server: LoopbackServer) -> Iterator[openai.OpenAI]:
    """A client that does not try again by itself."""
    with openai.OpenAI(base_url=server.base_url, api_key="x", max_retries=0) as client:
        yield client


def tokens(metrics: CapturedMetrics) -> list[tuple[int | None, int | None]]:
    """Return the tokens of each record."""
    return [(m.input_tokens, m.output_tokens) for m in metrics]


def asked(server: LoopbackServer) -> list[Any]:
    """Return what each request said of its stream's options."""
    return [body.get("stream_options") for _, body in server.requests]


def behind(error: BaseException) -> BaseException | None:
    """Return another error of the SDK in whose handling *error* was raised, or None."""
    context = error.__context__
    while context is not None and not isinstance(context, openai.APIError):
        context = context.__context__
    return context


# --- what the caller decided ---------------------------------------------------------------


@pytest.mark.parametrize("form", ["stream", "raw", "lines"])
def test_usage_that_extra_body_asks_for_is_the_caller_s(
    form: str, once: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """Its chunk comes through, as it does outside a block, and is counted."""

    def seen() -> Any:
        chat: Any = once.chat.completions
        if form == "stream":
            return [c.to_dict() for c in chat.create(**CHAT, stream=True, extra_body=ASKED)]
        if form == "raw":
            raw = chat.with_raw_response.create(**CHAT, stream=True, extra_body=ASKED)
            return [c.to_dict() for c in raw.parse()]
        manager = chat.with_streaming_response.create(**CHAT, stream=True, extra_body=ASKED)
        with manager as response:
            return list(response.iter_lines())

    bare = seen()
    with ai_usage_context("op"):
        assert seen() == bare
    assert json.dumps(bare[-1] if form != "lines" else bare[-4]).count("prompt_tokens") == 1
    assert tokens(metrics) == [TOKENS]


def test_usage_that_extra_body_declines_is_declined(
    once: openai.OpenAI, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """It is sent as it is, and the tokens are unknown."""
    declined = {"stream_options": {"include_usage": False}}
    with ai_usage_context("op"):
        list(once.chat.completions.create(**CHAT, stream=True, extra_body=declined))
    assert asked(server) == [{"include_usage": False}]
    assert tokens(metrics) == [(None, None)]


def test_extra_body_has_the_last_word(
    once: openai.OpenAI, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """As the SDK merges it: over the arguments, for the options and for the model."""
    extra = {"stream_options": {"include_obfuscation": False}, "model": "gpt-4o", "seed": 3}
    with ai_usage_context("op"):
        stream = once.chat.completions.create(
            **CHAT, stream=True, stream_options={"include_usage": True}, extra_body=extra
        )
        assert all(chunk.choices for chunk in stream)
    assert asked(server) == [{"include_obfuscation": False, "include_usage": True}]
    assert server.requests[0][1]["seed"] == 3
    assert extra["stream_options"] == {"include_obfuscation": False}
    assert tokens(metrics) == [TOKENS]
    assert metrics[0].model == "gpt-4o"


def test_a_model_in_extra_body_is_the_one_that_is_booked(
    once: openai.OpenAI, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """Also where the stream ends before it names one."""
    server.cut_after = 0
    with ai_usage_context("op"):
        stream = once.chat.completions.create(**CHAT, stream=True, extra_body={"model": "other"})
        with pytest.raises(Exception, match=r"(?i)peer closed|incomplete|connection"):
            list(stream)
    assert [m.model for m in metrics] == ["other"]


def test_chunks_do_not_tell_that_somebody_asked(
    once: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """Who is asked says in every other chunk that it has no usage yet; the caller's are without."""
    with ai_usage_context("op"):
        chunks = list(once.chat.completions.create(**CHAT, stream=True))
        with once.chat.completions.with_streaming_response.create(**CHAT, stream=True) as raw:
            lines = list(raw.iter_lines())
    assert ["usage" in chunk.to_dict() for chunk in chunks] == [False] * 4
    assert not any("usage" in line for line in lines)
    assert tokens(metrics) == [TOKENS] * 2


# --- compressed answers --------------------------------------------------------------------


@pytest.mark.parametrize("form", ["stream", "raw", "lines"])
def test_a_server_that_compresses(
    form: str, once: openai.OpenAI, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """The caller sees no chunk that it did not ask for, in any form."""
    server.compress = True
    chat: Any = once.chat.completions

    def seen() -> Any:
        if form == "stream":
            return [c.to_dict() for c in chat.create(**CHAT, stream=True)]
        if form == "raw":
            raw = chat.with_raw_response.create(**CHAT, stream=True)
            return [c.to_dict() for c in raw.parse()]
        with chat.with_streaming_response.create(**CHAT, stream=True) as response:
            return list(response.iter_lines())

    bare = seen()
    with ai_usage_context("op"):
        assert seen() == bare
    assert tokens(metrics) == [TOKENS]


@pytest.mark.parametrize("place", ["call", "client"])
def test_a_compression_that_the_caller_asked_for_is_kept(
    place: str, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """Then the usage of a raw stream is not asked for: it could not be taken out again."""
    server.compress = True
    wish = {"Accept-Encoding": "gzip"}
    headers = wish if place == "client" else {}
    client = openai.OpenAI(base_url=server.base_url, api_key="x", default_headers=headers)
    extra = wish if place == "call" else {}
    with client, ai_usage_context("op"):
        chat: Any = client.chat.completions.with_streaming_response
        with chat.create(**CHAT, stream=True, extra_headers=extra) as response:
            assert response.headers["content-encoding"] == "gzip"
            assert not any("prompt_tokens" in line for line in response.iter_lines())
    assert asked(server) == [None]
    assert tokens(metrics) == [(None, None)]


# --- servers that refuse -------------------------------------------------------------------


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal[1])
def test_a_server_that_refuses_in_its_own_words(
    refusal: tuple[int, str], once: openai.OpenAI, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """The call is made as the caller wrote it, and the server is not asked any more."""
    server.refuse_stream_options, server.refusal = True, refusal
    with ai_usage_context("op"):
        for _ in range(2):
            assert len(list(once.chat.completions.create(**CHAT, stream=True))) == 4
    assert asked(server) == [{"include_usage": True}, None, None]
    assert tokens(metrics) == [(None, None)] * 2


def test_a_refusal_in_an_event_loop(server: LoopbackServer, metrics: CapturedMetrics) -> None:
    """As without one."""
    server.refuse_stream_options, server.refusal = True, REFUSALS[3]

    async def calls() -> list[int]:
        counts = []
        url = server.base_url
        async with openai.AsyncOpenAI(base_url=url, api_key="x", max_retries=0) as client:
            for _ in range(2):
                stream = await client.chat.completions.create(**CHAT, stream=True)
                counts.append(len([chunk async for chunk in stream]))
        return counts

    with ai_usage_context("op"):
        assert asyncio.run(calls()) == [4, 4]
    assert asked(server) == [{"include_usage": True}, None, None]
    assert tokens(metrics) == [(None, None)] * 2


def test_what_is_remembered_is_the_server(server: LoopbackServer, metrics: CapturedMetrics) -> None:
    """By its base URL: another client of it asks no more, and another server is asked."""
    server.refuse_stream_options = True
    with loopback_server() as other, ai_usage_context("op"):
        for url in (server.base_url, server.base_url, other.base_url):
            with openai.OpenAI(base_url=url, api_key="x", max_retries=0) as client:
                list(client.chat.completions.create(**CHAT, stream=True))
        assert asked(other) == [{"include_usage": True}]
    assert asked(server) == [{"include_usage": True}, None, None]
    assert tokens(metrics) == [(None, None), (None, None), TOKENS]


def test_an_error_of_the_caller_s_own_is_the_caller_s(
    once: openai.OpenAI, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """It is the error of the request that the caller wrote, and knows of no other."""
    server.failures = [400, 400]
    with ai_usage_context("op"):
        with pytest.raises(openai.BadRequestError) as raised:
            once.chat.completions.create(**CHAT, stream=True)
        assert behind(raised.value) is None
        assert asked(server) == [{"include_usage": True}, None]
        # Nothing was learnt of the server: it answered neither.
        list(once.chat.completions.create(**CHAT, stream=True))
    assert tokens(metrics) == [(None, None), TOKENS]


@pytest.mark.parametrize("status", [401, 403, 408, 409, 429, 502, 503, 504])
def test_errors_that_no_body_cures_are_not_tried_again(
    status: int, once: openai.OpenAI, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """Who may ask, how often, and whether anybody is there, does not depend on our wish."""
    server.failures = [status]
    with ai_usage_context("op"), pytest.raises(openai.APIStatusError):
        once.chat.completions.create(**CHAT, stream=True)
    assert len(server.requests) == 1
    assert [m.metadata["http_status"] for m in metrics] == [status]


def test_a_server_that_granted_it_once_means_something_else(
    once: openai.OpenAI, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """An error that names nothing of ours is not tried again; one that does is."""
    with ai_usage_context("op"):
        list(once.chat.completions.create(**CHAT, stream=True))
        server.failures = [400]
        with pytest.raises(openai.BadRequestError):
            once.chat.completions.create(**CHAT, stream=True)
        assert len(server.requests) == 2
        server.refuse_stream_options = True
        list(once.chat.completions.create(**CHAT, stream=True))
    assert asked(server)[2:] == [{"include_usage": True}, None]
    assert tokens(metrics) == [TOKENS, (None, None), (None, None)]


# --- bodies --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_body_with_both_faces_is_read_in_either_way(kind: str, metrics: CapturedMetrics) -> None:
    """One that was given as a whole has both; which client reads it is not asked of it."""

    class Whole(httpx2.SyncByteStream, httpx2.AsyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield body

        async def __aiter__(self) -> Any:
            yield body

    usage = {"prompt_tokens": INPUT_TOKENS, "completion_tokens": OUTPUT_TOKENS}
    body = json.dumps({"model": "gpt-4o-mini", "usage": usage}).encode()
    headers = {"content-type": "application/json"}
    response = httpx2.Response(200, headers=headers, stream=Whole())
    tracker = AIUsageTracker()
    node = tracker.node()
    watch(
        response,
        Accumulator(opened(tracker, node, node.state), "openai", "completion", None),
    )

    async def parts() -> list[bytes]:
        return [part async for part in response.aiter_bytes()]

    read = asyncio.run(parts()) if kind == "async" else list(response.iter_bytes())
    assert b"".join(read) == body
    assert tokens(metrics) == [TOKENS]


# --- usage that stands inside another field -------------------------------------------------

GROQ = {"queue_time": 0.03, "prompt_tokens": 18, "completion_tokens": 7, "total_tokens": 25}
CACHED = {"prompt_tokens_details": {"cached_tokens": 11}}


def groq_events(*, is_asked: bool) -> list[tuple[None, dict[str, Any]]]:
    """Return the events of a chat stream of Groq, which tells its usage unasked in ``x_groq``."""
    head = {"id": "chatcmpl-1", "created": 1, "model": "llama-3.3", "service_tier": "flex"}
    head |= {"object": "chat.completion.chunk"}
    choice = {"index": 0, "finish_reason": None}
    chunks = [head | {"choices": [choice | {"delta": {"content": one}}]} for one in "abc"]
    chunks[0]["x_groq"] = {"id": "req_1"}
    usage = {"id": "req_1", "usage": GROQ | CACHED}
    chunks.append(head | {"choices": [choice | {"delta": {}, "finish_reason": "stop"}]})
    chunks[-1]["x_groq"] = usage
    if is_asked:
        chunks.append(head | {"choices": [], "usage": GROQ | CACHED, "x_groq": usage})
    return [(None, chunk) for chunk in chunks]


@pytest.mark.parametrize("answer", ["as asked", "not as asked", "declined"])
@pytest.mark.parametrize("form", ["stream", "async", "lines", "left at its end"])
def test_usage_in_a_field_of_groq_is_counted_once(
    form: str, answer: str, once: openai.OpenAI, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """Whether or not the usual chunk comes, too; the program's chunks are those of the server."""
    events = groq_events(is_asked=answer == "as asked")
    server.events = {"/chat/completions": events}
    theirs = {"stream_options": {"include_usage": False}} if answer == "declined" else {}
    chat: Any = once.chat.completions

    async def seen_by_a_task() -> list[Any]:
        async with openai.AsyncOpenAI(base_url=server.base_url, api_key="x") as client:
            given: Any = client.chat.completions.create
            return [c.to_dict() async for c in await given(**CHAT, stream=True, **theirs)]

    def seen() -> list[Any]:
        if form == "async":
            return asyncio.run(seen_by_a_task())
        if form == "lines":
            with chat.with_streaming_response.create(**CHAT, stream=True, **theirs) as response:
                return [json.loads(line[6:]) for line in response.iter_lines() if line[:1] == "d"]
        stream = chat.create(**CHAT, stream=True, **theirs)
        if form == "stream":
            return [chunk.to_dict() for chunk in stream]
        with stream:
            return [next(stream).to_dict() for _ in range(4)]

    with ai_usage_context("op"):
        found = seen()
    assert found == [event for _, event in events[:4]]
    assert tokens(metrics) == [(18, 7)]
    (metric,) = metrics
    assert (metric.cached_input_tokens, metric.model) == (11, "llama-3.3")
    assert metric.metadata.get("partial") is None
    assert metric.conditions["service_tier"] == "flex"


def test_a_field_of_groq_that_tells_no_usage_is_nothing(
    once: openai.OpenAI, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """Its id alone, or something that is no object: the tokens are unknown, not 0."""
    events = groq_events(is_asked=False)
    for (_, event), told in zip(events, ({"id": "x"}, "x", None, {"usage": None}), strict=True):
        event["x_groq"] = told
    server.events = {"/chat/completions": events}
    with ai_usage_context("op"):
        found = [c.to_dict() for c in once.chat.completions.create(**CHAT, stream=True)]
    assert found == [event for _, event in events]
    assert tokens(metrics) == [(None, None)]
