"""Streams that a program stops reading when their end has come already: nothing of it is lost."""

from __future__ import annotations

import asyncio
import gc
import gzip
import json
from typing import TYPE_CHECKING, Any

import anthropic
import httpx2
import openai
import pytest
from loopback import INPUT_TOKENS, OUTPUT_TOKENS, chat_events, message_events, response_events
from pydantic import BaseModel
from runtime_calls import CHAT, MESSAGE

from tracker import ai_usage_context

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from tracker.testing import CapturedMetrics

EXACT = (INPUT_TOKENS, OUTPUT_TOKENS, False)
ASKED = {"stream_options": {"include_usage": True}}
LENGTH = openai.LengthFinishReasonError
FILTERED = openai.ContentFilterFinishReasonError


class Receipt(BaseModel):
    """What the answers are to be."""

    total: int


class Pieces(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A body that comes in *pieces*; ``taken`` says how many of them were asked for."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self.pieces = pieces
        self.taken = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            self.taken += 1
            yield piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            self.taken += 1
            yield piece


class Answers(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """Answers each request with a stream that comes in *pieces*."""

    def __init__(self, pieces: Sequence[bytes], encoding: str | None = None) -> None:
        self.body = Pieces(pieces)
        self._headers = {"content-type": "text/event-stream", "x-request-id": "req-unread"}
        if encoding is not None:
            self._headers["content-encoding"] = encoding

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer *request*."""
        return httpx2.Response(200, headers=self._headers, stream=self.body)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer *request*."""
        return self.handle_request(request)


def events(told: list[tuple[str | None, dict[str, Any]]]) -> list[bytes]:
    """Return the events that *told* are, each as its bytes."""
    return [
        (f"event: {name}\n" if name else "").encode() + f"data: {json.dumps(event)}\n\n".encode()
        for name, event in told
    ]


def chat(reason: str = "stop") -> list[bytes]:
    """Return the events of an answer that ends for *reason*, with its usage and ``[DONE]``."""
    told = chat_events("gpt-4o-mini", usage=True)
    for _, event in told:
        for choice in event["choices"]:
            choice["finish_reason"] = choice["finish_reason"] and reason
    return [*events(told), b"data: [DONE]\n\n"]


def client(transport: Answers) -> openai.OpenAI:
    """Return OpenAI's client, whose answers are those of *transport*."""
    http = httpx2.Client(transport=transport)
    return openai.OpenAI(base_url="https://api.openai.com/v1", api_key="x", http_client=http)


def async_client(transport: Answers) -> openai.AsyncOpenAI:
    """Return its asynchronous twin."""
    http = httpx2.AsyncClient(transport=transport)
    return openai.AsyncOpenAI(base_url="https://api.openai.com/v1", api_key="x", http_client=http)


def tokens(metrics: CapturedMetrics) -> list[tuple[int | None, int | None, bool]]:
    """Return input tokens, output tokens and partial of each metric."""
    return [(m.input_tokens, m.output_tokens, m.partial) for m in metrics]


def is_finished(chunk: Any) -> bool:
    """Whether *chunk* says why the answer ends."""
    return bool(chunk.choices and chunk.choices[0].finish_reason)


@pytest.mark.parametrize("asked", [{}, ASKED], ids=["", "asked"])
@pytest.mark.parametrize(("reason", "raised"), [("length", LENGTH), ("content_filter", FILTERED)])
def test_a_helper_that_raises_at_the_end_of_an_answer(
    reason: str, raised: type[Exception], asked: dict[str, Any], metrics: CapturedMetrics
) -> None:
    """The answer is billed: its usage came with the chunk at which the helper raised."""
    chats: Any = client(Answers([b"".join(chat(reason))])).chat.completions
    answer = chats.stream(**CHAT, response_format=Receipt, **asked)
    with ai_usage_context("op"), pytest.raises(raised), answer as stream:
        stream.until_done()
    assert tokens(metrics) == [EXACT]


@pytest.mark.parametrize("asked", [{}, ASKED], ids=["", "asked"])
def test_an_asynchronous_helper_that_raises(
    asked: dict[str, Any], metrics: CapturedMetrics
) -> None:
    """As a synchronous one."""

    async def main() -> None:
        chats: Any = async_client(Answers([b"".join(chat("length"))])).chat.completions
        async with ai_usage_context("op"):
            with pytest.raises(LENGTH):
                async with chats.stream(**CHAT, response_format=Receipt, **asked) as stream:
                    await stream.until_done()

    asyncio.run(main())
    assert tokens(metrics) == [EXACT]


@pytest.mark.parametrize("asked", [{}, ASKED], ids=["", "asked"])
@pytest.mark.parametrize("end", ["close", "drop"])
def test_a_loop_that_is_left_where_the_answer_ends(
    end: str, asked: dict[str, Any], metrics: CapturedMetrics
) -> None:
    """A program that has all of the text reads no further: the counts came with its end."""
    *begun, finish, usage, done = chat()
    transport = Answers([*begun, finish + usage + done])
    with ai_usage_context("op"):
        stream: Any = client(transport).chat.completions.create(**CHAT, stream=True, **asked)
        for chunk in stream:
            if is_finished(chunk):
                break
        if end == "close":
            stream.close()
        del stream, chunk
        gc.collect()
    assert tokens(metrics) == [EXACT]


@pytest.mark.parametrize("asked", [{}, ASKED], ids=["", "asked"])
def test_an_asynchronous_loop_that_is_left(asked: dict[str, Any], metrics: CapturedMetrics) -> None:
    """As a synchronous one."""

    async def main() -> None:
        made = async_client(Answers([b"".join(chat())]))
        async with ai_usage_context("op"):
            stream: Any = await made.chat.completions.create(**CHAT, stream=True, **asked)
            async for chunk in stream:
                if is_finished(chunk):
                    break
            await stream.close()

    asyncio.run(main())
    assert tokens(metrics) == [EXACT]


@pytest.mark.parametrize("asked", [{}, ASKED], ids=["", "asked"])
def test_nothing_is_fetched_to_learn_the_usage(
    asked: dict[str, Any], metrics: CapturedMetrics
) -> None:
    """What has not come is not waited for: the record is partial, and its counts are unknown."""
    pieces = chat()
    transport = Answers(pieces)
    with ai_usage_context("op"):
        stream: Any = client(transport).chat.completions.create(**CHAT, stream=True, **asked)
        for chunk in stream:
            if is_finished(chunk):
                break
        stream.close()
    assert transport.body.taken == len(pieces) - 2
    assert tokens(metrics) == [(None, None, True)]


@pytest.mark.parametrize("cut", [1, 40])
def test_a_piece_that_begins_inside_an_event(cut: int, metrics: CapturedMetrics) -> None:
    """The rest of an event tells nothing, and the events behind it tell all."""
    *begun, finish, usage, done = chat()
    transport = Answers([*begun, finish[:cut], finish[cut:] + usage + done])
    with ai_usage_context("op"):
        stream: Any = client(transport).chat.completions.create(**CHAT, stream=True, **ASKED)
        next(chunk for chunk in stream if is_finished(chunk))
        stream.close()
    assert tokens(metrics) == [EXACT]


def test_usage_of_which_a_part_came_is_none(metrics: CapturedMetrics) -> None:
    """An event that is not there as a whole is not guessed at."""
    *begun, finish, usage, done = chat()
    transport = Answers([*begun, finish + usage[:-9], usage[-9:] + done])
    with ai_usage_context("op"):
        stream: Any = client(transport).chat.completions.create(**CHAT, stream=True, **ASKED)
        next(chunk for chunk in stream if is_finished(chunk))
        stream.close()
    assert tokens(metrics) == [(None, None, True)]


def test_what_is_compressed_stays_unread(metrics: CapturedMetrics) -> None:
    """Of a compressed stream whose chunks the client counts only they are known."""
    transport = Answers([gzip.compress(b"".join(chat()))], "gzip")
    with ai_usage_context("op"):
        stream: Any = client(transport).chat.completions.create(**CHAT, stream=True, **ASKED)
        next(chunk for chunk in stream if is_finished(chunk))
        stream.close()
    assert tokens(metrics) == [(None, None, True)]


def test_an_event_of_an_error_that_nobody_read(metrics: CapturedMetrics) -> None:
    """It is told of the record, which stays partial."""
    error = b'data: {"error": {"type": "server_error", "message": "no"}}\n\n'
    transport = Answers([b"".join([*chat()[:2], error])])
    with ai_usage_context("op"):
        stream: Any = client(transport).chat.completions.create(**CHAT, stream=True, **ASKED)
        next(stream)
        stream.close()
    assert tokens(metrics) == [(None, None, True)]
    assert metrics[0].error == "server_error"


def test_responses_and_messages_that_are_left_early(metrics: CapturedMetrics) -> None:
    """Their last events tell the usage, too; counts of their first ones are not added to it."""
    body = b"".join(events(response_events("gpt-4o-mini")))
    with ai_usage_context("op"):
        stream: Any = client(Answers([body])).responses.create(
            model="gpt-4o-mini", input="x", stream=True
        )
        next(stream)
        stream.close()
        http = httpx2.Client(transport=Answers([b"".join(events(message_events("claude-x")))]))
        claude = anthropic.Anthropic(api_key="x", http_client=http)
        with claude.messages.stream(**MESSAGE) as helper:
            next(helper)
    assert tokens(metrics) == [EXACT, EXACT]


def test_a_stream_that_was_read_is_not_read_again(metrics: CapturedMetrics) -> None:
    """Closing it after its end changes nothing."""
    with ai_usage_context("op"):
        stream: Any = client(Answers([b"".join(chat())])).chat.completions.create(
            **CHAT, stream=True, **ASKED
        )
        assert len(list(stream)) == 5
        stream.close()
        stream.response.close()
    assert tokens(metrics) == [EXACT]
