"""What stream helpers hand out on the way: each form of it is known as the one billed stream."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import anthropic
import openai
import pytest
from loopback import INPUT_TOKENS, OUTPUT_TOKENS
from pydantic import BaseModel
from runtime_calls import CHAT, MESSAGE

from tracker import AIUsageTracker, ai_usage_context

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loopback import LoopbackServer

    from tracker.testing import CapturedMetrics

EXACT = (INPUT_TOKENS, OUTPUT_TOKENS)


class Receipt(BaseModel):
    """What the answers are to be."""

    total: int


def chat(server: LoopbackServer) -> Iterator[Any]:
    """Give what a chat's helper hands out, and the helper."""
    client = openai.OpenAI(base_url=server.base_url, api_key="x")
    with client.chat.completions.stream(**CHAT) as stream:
        snapshots = [event.snapshot for event in stream if event.type == "chunk"]
        yield snapshots[-1]
        yield stream.current_completion_snapshot
        yield stream
    yield snapshots[0]


def responses(server: LoopbackServer) -> Iterator[Any]:
    """Give what a response's helper hands out, and the helper."""
    client = openai.OpenAI(base_url=server.base_url, api_key="x")
    with client.responses.stream(model="gpt-4o-mini", input="x") as stream:
        (last,) = [event for event in stream if event.type == "response.completed"]
        yield last.response
        yield stream
    yield last.response


def messages(server: LoopbackServer) -> Iterator[Any]:
    """Give what a message's helper hands out, and the helper."""
    client = anthropic.Anthropic(base_url=server.root_url, api_key="x")
    with client.messages.stream(**MESSAGE) as stream:
        (last,) = [event for event in stream if event.type == "message_stop"]
        yield last.message
        yield stream.current_message_snapshot
        yield stream
    yield last.message


def beta_messages(server: LoopbackServer) -> Iterator[Any]:
    """Give what the helper of the beta interface hands out."""
    client = anthropic.Anthropic(base_url=server.root_url, api_key="x")
    with client.beta.messages.stream(**MESSAGE) as stream:
        stream.until_done()
        yield stream.current_message_snapshot
    yield stream.get_final_message()


def replay(tracker: AIUsageTracker, answer: Any) -> Any:
    """Hand *answer* to the tracker, as programs do that count for themselves."""
    is_claude = type(answer).__module__.startswith("anthropic")
    track = tracker.track_anthropic_completion if is_claude else tracker.track_openai_completion
    return track(lambda: answer)()


@pytest.mark.parametrize("handed_out", [chat, responses, messages, beta_messages])
def test_each_form_is_the_one_call(
    handed_out: Any, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """A program may hand any of it to its tracker, while the helper is open and afterwards."""
    tracker = AIUsageTracker()
    with ai_usage_context("op", tracker=tracker):
        for answer in handed_out(server):
            assert replay(tracker, answer) is answer
    assert [(m.input_tokens, m.output_tokens) for m in metrics] == [EXACT]


@pytest.mark.parametrize("handed_out", [chat, responses, messages])
def test_after_the_helper_is_gone(
    handed_out: Any, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """The answer is known when its block has ended and nobody has the helper."""
    tracker = AIUsageTracker()
    with ai_usage_context("op", tracker=tracker):
        *_, last = handed_out(server)
    replay(tracker, last)
    tracker.flush_metrics()
    assert [(m.input_tokens, m.output_tokens) for m in metrics] == [EXACT]


@pytest.mark.parametrize("handed_out", [chat, responses, messages])
def test_outside_of_contexts_the_tracker_books_it(
    handed_out: Any, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """A call that nobody saw is booked once, by who is handed its answer."""
    tracker = AIUsageTracker()
    answers = handed_out(server)
    first = next(answers)
    replay(tracker, first)
    replay(tracker, first)
    answers.close()
    tracker.flush_metrics()
    assert len(metrics) == 1


def test_two_helpers_are_two_calls(server: LoopbackServer, metrics: CapturedMetrics) -> None:
    """Equal answers of two streams stay apart."""
    tracker = AIUsageTracker()
    with ai_usage_context("op", tracker=tracker):
        for first, second in zip(messages(server), messages(server), strict=True):
            replay(tracker, first)
            replay(tracker, second)
    assert [(m.input_tokens, m.output_tokens) for m in metrics] == [EXACT] * 2


def test_what_a_program_makes_of_an_answer_is_its_own(
    server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """An answer that no helper has put together is another call, however alike it is."""
    tracker = AIUsageTracker()
    with ai_usage_context("op", tracker=tracker):
        *_, last = messages(server)
        replay(tracker, type(last).model_validate(last.model_dump()))
    assert [(m.input_tokens, m.output_tokens) for m in metrics] == [EXACT] * 2


def test_a_helper_before_its_first_chunk(server: LoopbackServer, metrics: CapturedMetrics) -> None:
    """It has nothing to hand out yet, and is the call all the same; closing it raises nothing."""
    tracker = AIUsageTracker()
    client = openai.OpenAI(base_url=server.base_url, api_key="x")
    answer = client.chat.completions.stream(**CHAT)
    with ai_usage_context("op", tracker=tracker), answer as stream:
        replay(tracker, stream)
    assert len(metrics) == 1


def test_the_answer_of_an_error(server: LoopbackServer, metrics: CapturedMetrics) -> None:
    """What ``LengthFinishReasonError`` has of the answer is no second call."""
    from loopback import chat_events

    told = chat_events("gpt-4o-mini", usage=True)
    told[-2][1]["choices"][0]["finish_reason"] = "length"
    server.events["/chat/completions"] = told
    tracker = AIUsageTracker()
    client = openai.OpenAI(base_url=server.base_url, api_key="x")
    with ai_usage_context("op", tracker=tracker):
        answer = client.chat.completions.stream(**CHAT, response_format=Receipt)
        with pytest.raises(openai.LengthFinishReasonError) as raised, answer as stream:
            stream.until_done()
        replay(tracker, raised.value.completion)
    assert [(m.input_tokens, m.output_tokens) for m in metrics] == [EXACT]


def test_asynchronous_helpers(server: LoopbackServer, metrics: CapturedMetrics) -> None:
    """As synchronous ones."""
    tracker = AIUsageTracker()

    async def main() -> None:
        client = openai.AsyncOpenAI(base_url=server.base_url, api_key="x")
        claude = anthropic.AsyncAnthropic(base_url=server.root_url, api_key="x")
        async with client, claude, ai_usage_context("op", tracker=tracker):
            async with client.responses.stream(model="gpt-4o-mini", input="x") as stream:
                async for event in stream:
                    if event.type == "response.completed":
                        replay(tracker, event.response)
            replay(tracker, stream)
            async with claude.messages.stream(**MESSAGE) as helper:
                await helper.until_done()
            replay(tracker, helper.current_message_snapshot)

    asyncio.run(main())
    assert [(m.input_tokens, m.output_tokens) for m in metrics] == [EXACT] * 2
