"""The recording decorators and the wrapped clients."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock, Mock

import pytest
from receipt_label.utils.ai_usage_tracker import AIUsageTracker

DECORATORS = [
    ("track_openai_completion", "openai", "completion"),
    ("track_openai_embedding", "openai", "embedding"),
    ("track_anthropic_completion", "anthropic", "completion"),
]


@pytest.mark.parametrize(("name", "service", "operation"), DECORATORS)
def test_a_decorator_returns_what_the_function_returns(
    name: str, service: str, operation: str, dynamo: Mock, completion: Any, stored: Any
) -> None:
    """Name and docstring stay, arguments arrive, one metric is stored."""
    tracker = AIUsageTracker(dynamo, user_id="anna")
    response = completion()

    def call(first: int, *, model: str) -> Any:
        """Ask."""
        assert (first, model) == (1, "gpt-4o-mini")
        return response

    wrapped = getattr(tracker, name)(call)
    assert (wrapped.__name__, wrapped.__doc__, wrapped.__wrapped__) == ("call", "Ask.", call)
    assert wrapped(1, model="gpt-4o-mini") is response
    (metric,) = stored()
    assert (metric.service, metric.operation, metric.model) == (service, operation, "gpt-4o-mini")
    assert (metric.input_tokens, metric.total_tokens) == (1000, 1500)
    assert (metric.user_id, metric.api_calls, metric.error) == ("anna", 1, None)
    assert metric.latency_ms >= 0


@pytest.mark.parametrize(("name", "service", "_operation"), DECORATORS)
def test_an_exception_is_raised_and_recorded(
    name: str, service: str, _operation: str, dynamo: Mock, stored: Any
) -> None:
    """The same object is raised; the metric has its text and the model that was asked for."""
    error = RuntimeError("rate limited")
    wrapped = getattr(AIUsageTracker(dynamo), name)(Mock(side_effect=error))
    with pytest.raises(RuntimeError) as raised:
        wrapped(model="some-model")
    assert raised.value is error
    (metric,) = stored()
    assert (metric.service, metric.model) == (service, "some-model")
    assert "rate limited" in metric.error


@pytest.mark.parametrize(
    "response",
    [
        None,
        "text",
        {"usage": "nonsense"},
        SimpleNamespace(usage=SimpleNamespace(prompt_tokens="many")),
        Mock(),
        MagicMock(),
    ],
    ids=lambda response: type(response).__name__,
)
@pytest.mark.parametrize(("name", "_service", "_operation"), DECORATORS)
def test_a_response_that_says_nothing_is_a_metric_too(
    name: str, _service: str, _operation: str, response: Any, dynamo: Mock, stored: Any
) -> None:
    """None, foreign and malformed responses pass through; their tokens and price are unknown."""
    wrapped = getattr(AIUsageTracker(dynamo), name)(lambda **_: response)
    assert wrapped(model="gpt-4o-mini") is response
    (metric,) = stored()
    assert metric.model == "gpt-4o-mini"
    assert (metric.input_tokens, metric.cost_usd) == (None, None)


def test_is_batch_stays_with_us(dynamo: Mock, completion: Any, stored: Any) -> None:
    """The flag halves the price and does not reach the API; the caller's metadata does."""
    api = Mock(return_value=completion())
    tracker = AIUsageTracker(dynamo)
    tracker.track_openai_completion(lambda **kwargs: api(**kwargs))(
        model="gpt-4o-mini", is_batch=True, metadata={"mine": "yes"}
    )
    api.assert_called_once_with(model="gpt-4o-mini", metadata={"mine": "yes"})
    tracker.track_openai_completion(completion)()
    batch, full = stored()
    assert batch.cost_usd * 2 == full.cost_usd


def test_a_function_that_takes_is_batch_gets_it(dynamo: Mock, completion: Any) -> None:
    """A parameter of the program's own is its own."""

    def call(is_batch: bool) -> Any:
        assert is_batch
        return completion()

    AIUsageTracker(dynamo).track_openai_completion(call)(is_batch=True)
    assert dynamo.put_ai_usage_metric.call_count == 1


def test_no_output_has_a_price(dynamo: Mock, completion: Any, stored: Any) -> None:
    """A completion with zero output tokens costs its input."""
    AIUsageTracker(dynamo).track_openai_completion(lambda: completion(outputs=0))()
    assert stored()[0].cost_usd > 0


def test_places(dynamo: Mock, stored: Any) -> None:
    """The decorator takes the operation's name; a call has no tokens."""
    tracker = AIUsageTracker(dynamo)

    @tracker.track_google_places("Place Details")
    def details(place: str) -> dict[str, str]:
        return {"place": place}

    assert details("abc") == {"place": "abc"}
    (metric,) = stored()
    assert (metric.service, metric.operation) == ("google_places", "Place Details")
    assert (metric.api_calls, metric.input_tokens) == (1, None)


def test_a_review_is_estimated(dynamo: Mock, stored: Any) -> None:
    """70 % of the tokens are input, and the workflow's user is booked."""
    AIUsageTracker(dynamo).track_github_claude_review(12, estimated_tokens=1000)
    (metric,) = stored()
    assert (metric.github_pr, metric.user_id) == (12, "github-actions")
    assert (metric.input_tokens, metric.output_tokens, metric.total_tokens) == (700, 300, 1000)
    assert (metric.service, metric.model) == ("anthropic", "claude-3-opus-20240229")


def test_a_double_answers_many_calls(dynamo: Mock, completion: Any) -> None:
    """The same response again is another call where nothing tells otherwise; a replay is not."""
    response = Mock(**vars(completion()))
    client = Mock()
    client.chat.completions.create.return_value = response
    tracker = AIUsageTracker(dynamo)
    wrapped = AIUsageTracker.create_wrapped_openai_client(client, tracker)
    decorated = tracker.track_openai_completion(client.chat.completions.create)
    for _ in range(3):
        wrapped.chat.completions.create(model="gpt-4o-mini")
        decorated(model="gpt-4o-mini")
    assert dynamo.put_ai_usage_metric.call_count == 6
    tracker.track_openai_completion(lambda: response)()
    assert dynamo.put_ai_usage_metric.call_count == 6


def test_a_wrapped_openai_client(dynamo: Mock, completion: Any, stored: Any) -> None:
    """Completions and embeddings are booked, positional too; everything else passes through."""
    client = Mock()
    client.chat.completions.create.return_value = completion()
    client.embeddings.create.return_value = completion("text-embedding-3-small", outputs=0)
    wrapped = AIUsageTracker.create_wrapped_openai_client(client, AIUsageTracker(dynamo))
    assert wrapped.chat.completions.create([], model="gpt-4o-mini", is_batch=True).id
    client.chat.completions.create.assert_called_once_with([], model="gpt-4o-mini")
    wrapped.embeddings.create(model="text-embedding-3-small", input="text")
    assert wrapped.models.list() is client.models.list.return_value
    assert wrapped.api_key is client.api_key
    assert [metric.operation for metric in stored()] == ["completion", "embedding"]


def test_a_wrapped_places_client(dynamo: Mock, stored: Any) -> None:
    """Each of its searches is booked, with positional and named arguments."""
    client = Mock()
    wrapped = AIUsageTracker.create_wrapped_places_client(client, AIUsageTracker(dynamo))
    assert wrapped.place("abc") is client.place.return_value
    assert wrapped.places_nearby((1, 2), radius=5) is client.places_nearby.return_value
    assert wrapped.geocode(address="here") is client.geocode.return_value
    client.places_nearby.assert_called_once_with((1, 2), radius=5)
    assert {metric.service for metric in stored()} == {"google_places"}
    assert len(stored()) == 3


def test_a_coroutine_is_awaited(dynamo: Mock, completion: Any, stored: Any) -> None:
    """An async function stays one, and its tokens are known."""

    async def call() -> Any:
        return completion()

    wrapped = AIUsageTracker(dynamo).track_openai_completion(call)
    assert asyncio.iscoroutinefunction(wrapped)
    assert asyncio.run(wrapped()).model == "gpt-4o-mini"
    assert [metric.input_tokens for metric in stored()] == [1000]
