"""Functions that ask more than one service: each answer has one record, whoever saw it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import anthropic
import httpx2
import openai
import pytest
from loopback import INPUT_TOKENS, OUTPUT_TOKENS
from runtime_calls import CHAT, EMBEDDING, MESSAGE

from tracker import AIUsageTracker, ai_usage_context

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from loopback import LoopbackServer

    from tracker.records.metric import Metric
    from tracker.testing import CapturedMetrics

Row = tuple[str, str, int | None]


class Reply:
    """The answer of a client that is not captured."""

    model = "gpt-4o-mini"

    def __init__(self, tokens: int) -> None:
        self.usage = SimpleNamespace(prompt_tokens=tokens, completion_tokens=3)


def rows(metrics: CapturedMetrics) -> list[Row]:
    """Return service, operation and input tokens of each record, in a fixed order."""
    return sorted(
        ((m.service, m.operation, m.input_tokens) for m in metrics), key=lambda row: str(row)
    )


PLACE: Row = ("google_places", "details", None)
ASKED: Row = ("openai", "completion", INPUT_TOKENS)


@pytest.mark.parametrize("in_block", [False, True])
def test_a_place_and_an_answer_are_two_records(
    in_block: bool, client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """A function decorated for Places that also asks OpenAI: each its own, with its own tokens."""
    tracker = AIUsageTracker()

    @tracker.track_google_places("details")
    def look_up(place: str) -> dict[str, str]:
        client.chat.completions.create(**CHAT)
        return {"name": place}

    if in_block:
        with ai_usage_context("op", tracker=tracker, job_id="j"):
            assert look_up("a") == {"name": "a"}
        assert {m.job_id for m in metrics} == {"j"}
    else:
        assert look_up("a") == {"name": "a"}
    assert rows(metrics) == [PLACE, ASKED]
    assert {m.metadata["function"] for m in metrics} == {"look_up"}


def test_the_second_service_fails(client: openai.OpenAI, metrics: CapturedMetrics) -> None:
    """The place is recorded, and that its function failed; a call that failed costs nothing."""
    tracker = AIUsageTracker()

    @tracker.track_google_places("details")
    def look_up() -> None:
        client.chat.completions.create(**CHAT)
        raise LookupError("nothing there")

    with pytest.raises(LookupError):
        look_up()
    assert rows(metrics) == [PLACE, ASKED]
    place = next(m for m in metrics if m.service == "google_places")
    assert place.error is not None


def test_retries_are_not_further_calls(
    client: openai.OpenAI, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """The SDK's own retries stay one record, beside the place."""
    server.failures.extend([500, 500])
    tracker = AIUsageTracker()

    @tracker.track_google_places("details")
    def look_up() -> Any:
        return client.chat.completions.create(**CHAT)

    look_up()
    assert rows(metrics) == [PLACE, ASKED]


def test_nested_observers_of_two_services(client: openai.OpenAI, metrics: CapturedMetrics) -> None:
    """Places, places again inside, and OpenAI inside that: the inner place is the only one."""
    tracker = AIUsageTracker()
    ask = tracker.track_openai_completion(lambda: client.chat.completions.create(**CHAT))

    @tracker.track_google_places("details")
    def inner() -> Any:
        return ask()

    @tracker.track_google_places("search")
    def outer() -> Any:
        return inner()

    outer()
    assert rows(metrics) == [PLACE, ASKED]


def test_a_generator_of_two_services(client: openai.OpenAI, metrics: CapturedMetrics) -> None:
    """Exhausted or closed early, a generator for Places leaves its own record and OpenAI's."""
    tracker = AIUsageTracker()

    @tracker.track_google_places("details")
    def places() -> Iterator[int]:
        yield 1
        client.chat.completions.create(**CHAT)
        yield 2

    assert list(places()) == [1, 2]
    broken = places()
    assert [next(broken), next(broken)] == [1, 2]
    broken.close()
    assert rows(metrics) == [PLACE, PLACE, ASKED, ASKED]


@pytest.mark.asyncio
async def test_asynchronous_functions_of_two_services(
    server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """A coroutine and an asynchronous generator, as their synchronous twins."""
    tracker = AIUsageTracker()
    async with openai.AsyncOpenAI(base_url=server.base_url, api_key="x") as client:

        @tracker.track_google_places("details")
        async def look_up() -> None:
            await client.chat.completions.create(**CHAT)

        @tracker.track_google_places("details")
        async def places() -> AsyncIterator[int]:
            yield 1
            await client.chat.completions.create(**CHAT)

        await look_up()
        assert [item async for item in places()] == [1]
    assert rows(metrics) == [PLACE, PLACE, ASKED, ASKED]


def embedding(client: openai.OpenAI) -> None:
    """Make a captured call of another kind."""
    client.embeddings.create(**EMBEDDING)


def same_model(client: openai.OpenAI) -> None:
    """Make a captured call of the same kind."""
    client.chat.completions.create(**CHAT)


@pytest.mark.parametrize("before", [embedding, same_model])
def test_an_answer_of_a_client_that_is_not_captured(
    before: Callable[[openai.OpenAI], None], client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """It is recorded once, beside what the function asked a captured client for."""
    tracker = AIUsageTracker()

    @tracker.track_openai_completion
    def answer() -> Any:
        before(client)
        return Reply(90)

    answer()
    assert [m.input_tokens for m in metrics] == [INPUT_TOKENS, 90]


def test_an_answer_over_plain_http(
    client: openai.OpenAI, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """A message that a function fetched itself, of another provider, with the same tokens."""
    tracker = AIUsageTracker()

    @tracker.track_anthropic_completion
    def answer() -> Any:
        client.chat.completions.create(**CHAT)
        return httpx2.post(f"{server.root_url}/v1/messages", json=MESSAGE).json()

    answer()
    assert [(m.service, m.output_tokens) for m in metrics] == [
        ("openai", OUTPUT_TOKENS),
        ("anthropic", OUTPUT_TOKENS),
    ]


def dumped(answers: list[Any]) -> Any:
    """Return the answer as a dict."""
    return answers[0].model_dump()


def copied(answers: list[Any]) -> Any:
    """Return a copy."""
    return answers[0].model_copy()


def added_up(answers: list[Any]) -> Any:
    """Return an object of the program's own with the tokens of all."""
    total = sum(one.usage.prompt_tokens for one in answers)
    out = sum(one.usage.completion_tokens for one in answers)
    usage = {"prompt_tokens": total, "completion_tokens": out}
    return {"model": answers[0].model, "usage": usage}


def converted(answers: list[Any]) -> Any:
    """Return the answer in the form of another interface, under the same model."""
    usage = answers[-1].usage
    told = {"input_tokens": usage.prompt_tokens, "output_tokens": usage.completion_tokens}
    return {"model": answers[-1].model, "usage": told}


def all_of_them(answers: list[Any]) -> Any:
    """Return the list."""
    return answers


@pytest.mark.parametrize("make", [dumped, copied, added_up, converted, all_of_them])
def test_what_is_made_of_captured_answers_adds_nothing(
    make: Callable[[list[Any]], Any], client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """A dict, a copy, a sum or a list of answers that were captured is not another one."""
    tracker = AIUsageTracker()

    @tracker.track_openai_completion
    def answer() -> Any:
        return make([client.chat.completions.create(**CHAT) for _ in range(3)])

    answer()
    assert [m.input_tokens for m in metrics] == [INPUT_TOKENS] * 3


def test_two_answers_in_one_function(metrics: CapturedMetrics) -> None:
    """A list or a tuple of answers of a client that is not captured: a record for each."""
    tracker = AIUsageTracker()
    twice = Reply(5)
    tracker.track_openai_completion(lambda: [Reply(1), Reply(2)])()
    tracker.track_openai_completion(lambda: (Reply(3), 0.25))()
    tracker.track_openai_completion(lambda: [twice, twice])()
    assert [m.input_tokens for m in metrics] == [1, 2, 3, 5]


def test_answers_that_are_handed_in_again(client: openai.OpenAI, metrics: CapturedMetrics) -> None:
    """A list of answers that were captured or booked already adds nothing."""
    tracker = AIUsageTracker()
    replay = tracker.track_openai_completion(lambda: answers)
    with ai_usage_context("op", tracker=tracker):
        answers: list[Any] = [client.chat.completions.create(**CHAT) for _ in range(2)]
        answers.append(tracker.track_openai_completion(lambda: Reply(4))())
        replay()
    assert [m.input_tokens for m in metrics] == [INPUT_TOKENS, INPUT_TOKENS, 4]


def test_a_router_between_providers(server: LoopbackServer, metrics: CapturedMetrics) -> None:
    """A function decorated for one provider that asks another and returns text: one record."""
    tracker = AIUsageTracker()
    with anthropic.Anthropic(base_url=server.root_url, api_key="x") as client:

        @tracker.track_openai_completion
        def answer() -> Any:
            return client.messages.create(**MESSAGE).content[0]

        answer()
    assert [m.service for m in metrics] == ["anthropic"]


def test_an_open_stream_leaves_doubt(client: openai.OpenAI, metrics: CapturedMetrics) -> None:
    """What is returned beside a stream that has not ended may be made of it: it adds nothing."""
    tracker = AIUsageTracker()
    kept: list[Any] = []

    @tracker.track_openai_completion
    def answer() -> Any:
        kept.append(client.chat.completions.create(**CHAT, stream=True))
        return {"model": "gpt-4o-mini", "usage": {"prompt_tokens": 1, "completion_tokens": 1}}

    answer()
    list(kept.pop())
    found: list[Metric] = list(metrics)
    assert [m.input_tokens for m in found] == [INPUT_TOKENS]
