"""Answers that were billed and that the SDK cannot parse."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import anthropic
import httpx2
import openai
import pydantic
import pytest
from runtime_calls import CHAT, MESSAGE

from tracker import AIUsageTracker, ai_usage_context

if TYPE_CHECKING:
    from tracker.testing import CapturedMetrics


class Total(pydantic.BaseModel):
    """What the answer is to be."""

    total: int


def chat(finish: str, content: str) -> dict[str, Any]:
    """Return a chat completion."""
    message = {"role": "assistant", "content": content}
    choice = {"index": 0, "finish_reason": finish, "message": message}
    usage = {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500}
    known = {"id": "c", "object": "chat.completion", "created": 1, "model": "gpt-4o"}
    return {**known, "choices": [choice], "usage": usage}


def response(content: str) -> dict[str, Any]:
    """Return a response of the newer interface."""
    text = {"type": "output_text", "text": content, "annotations": []}
    output = {"type": "message", "id": "m", "role": "assistant", "status": "completed"}
    known = {"id": "r", "object": "response", "created_at": 1, "model": "gpt-4o", "tools": []}
    usage = {"input_tokens": 1000, "output_tokens": 500, "total_tokens": 1500}
    return {**known, "output": [{**output, "content": [text]}], "usage": usage}


def message(content: str) -> dict[str, Any]:
    """Return a message of Anthropic's."""
    known = {"id": "m", "type": "message", "role": "assistant", "model": "gpt-4o"}
    usage = {"input_tokens": 1000, "output_tokens": 500}
    text = [{"type": "text", "text": content}]
    return {**known, "stop_reason": "end_turn", "content": text, "usage": usage}


ANSWERS = {
    "length": chat("length", '{"total": 1'),
    "filter": chat("content_filter", ""),
    "wrong": chat("stop", '{"sum": 1}'),
    "responses": response("nonsense"),
    "anthropic": message("nonsense"),
}
ASYNC = (False, True)


def client(kind: str, is_async: bool) -> Any:
    """Return a client that is answered with *kind*."""

    def handle(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json=ANSWERS[kind], headers={"x-request-id": "q"})

    transport = httpx2.MockTransport(handle)
    http: Any = (httpx2.AsyncClient if is_async else httpx2.Client)(transport=transport)
    names = ("Anthropic", "AsyncAnthropic") if kind == "anthropic" else ("OpenAI", "AsyncOpenAI")
    module: Any = anthropic if kind == "anthropic" else openai
    made = getattr(module, names[is_async])
    return made(base_url="http://x", api_key="k", max_retries=0, http_client=http)


def parse(kind: str, on: Any) -> Any:
    """Ask for a parsed answer."""
    if kind == "anthropic":
        return on.messages.parse(**MESSAGE, output_format=Total)
    if kind == "responses":
        return on.responses.parse(model="gpt-4o", input="x", text_format=Total)
    return on.chat.completions.parse(**CHAT, response_format=Total)


def run(kind: str, is_async: bool) -> None:
    """Make the call, in a loop if it needs one."""

    async def call() -> None:
        await parse(kind, client(kind, True))

    if is_async:
        asyncio.run(call())
    else:
        parse(kind, client(kind, False))


@pytest.mark.parametrize("is_async", ASYNC)
@pytest.mark.parametrize("observed", [False, True])
@pytest.mark.parametrize("kind", ANSWERS)
def test_it_is_recorded_once(
    kind: str, observed: bool, is_async: bool, metrics: CapturedMetrics
) -> None:
    """With its tokens, model, request id and the error, which the program gets as it is."""
    with ai_usage_context("op"):
        used = AIUsageTracker()
        call = used.track_openai_completion(run) if observed else run
        with pytest.raises((openai.OpenAIError, pydantic.ValidationError)) as caught:
            call(kind, is_async)
    (metric,) = metrics
    assert (metric.total_tokens, metric.model, metric.request_id) == (1500, "gpt-4o", "q")
    assert str(metric.error).startswith(type(caught.value).__name__)


def test_a_raw_response_is_parsed_later(metrics: CapturedMetrics) -> None:
    """What the program parses itself is recorded without an error, and fails where it did."""
    with ai_usage_context("op"):
        raw = client("wrong", False).chat.completions.with_raw_response.parse(
            **CHAT, response_format=Total
        )
        with pytest.raises(pydantic.ValidationError):
            raw.parse()
    (metric,) = metrics
    assert (metric.total_tokens, metric.error) == (1500, None)
