"""Decorated functions, wrapped clients, and what is noted of their calls."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest
from original_app.expected import completion

if TYPE_CHECKING:
    from original_app.metric_store import AIUsageMetric, MetricStore

DECORATORS = {
    "track_openai_completion": ("openai", "completion"),
    "track_openai_embedding": ("openai", "embedding"),
    "track_anthropic_completion": ("anthropic", "completion"),
}


def one(store: MetricStore) -> AIUsageMetric:
    """Return the only metric of *store*."""
    (metric,) = store.metrics
    return metric


@pytest.fixture
def tracker(app: Any, store: MetricStore) -> Any:
    """A tracker with the application's store."""
    return app.AIUsageTracker(dynamo_client=store)


@pytest.mark.parametrize("name", DECORATORS)
def test_a_decorated_function(name: str, tracker: Any, store: MetricStore, response: Any) -> None:
    """It returns what it returned, keeps its name, and its call is a metric."""

    def ask(first: int, *, model: str) -> Any:
        """Ask."""
        assert (first, model) == (1, "gpt-4o-mini")
        return response

    decorated = getattr(tracker, name)(ask)
    assert (decorated.__name__, decorated.__doc__) == ("ask", "Ask.")
    assert decorated(1, model="gpt-4o-mini") is response
    metric = one(store)
    assert (metric.service, metric.operation) == DECORATORS[name]
    assert (metric.model, metric.input_tokens) == ("gpt-4o-mini", 1000)
    assert (metric.metadata["function"], metric.api_calls, metric.error) == ("ask", 1, None)


ERRORS = [ValueError("rate limited"), RuntimeError("API Error"), KeyError("x"), TimeoutError("t")]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("name", DECORATORS)
def test_a_failed_call(name: str, error: Exception, tracker: Any, store: MetricStore) -> None:
    """The same exception is raised; its text, and nothing before it, is the metric's error."""

    def ask(model: str) -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        getattr(tracker, name)(ask)(model="some-model")
    assert raised.value is error
    assert (one(store).error, one(store).model) == (str(error), "some-model")


def test_a_failed_call_s_item(app: Any, dynamo: Mock, item: Any) -> None:
    """Its text is there, too."""
    tracker = app.AIUsageTracker(dynamo_client=dynamo)
    with pytest.raises(RuntimeError):
        tracker.track_openai_completion(Mock(side_effect=RuntimeError("API Error"), __name__="f"))()
    assert item()["error"] == {"S": "API Error"}


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("track_openai_completion", {"temperature": 0.7}),
        ("track_openai_completion", {"max_tokens": 100}),
        ("track_openai_completion", {"temperature": 0, "max_tokens": 1}),
        ("track_anthropic_completion", {"max_tokens": 100}),
        ("track_anthropic_completion", {"temperature": 1.0, "max_tokens": 9}),
    ],
)
def test_arguments_that_are_noted(
    name: str, arguments: dict[str, Any], tracker: Any, store: MetricStore, response: Any
) -> None:
    """``temperature`` and ``max_tokens`` are metadata, as they were given."""
    getattr(tracker, name)(lambda **_: response)(**arguments)
    assert arguments.items() <= one(store).metadata.items()


@pytest.mark.parametrize(
    ("given", "count"), [(["a", "b", "c"], 3), (["a"], 1), ("a text", 1), ([], 0)]
)
def test_how_many_were_embedded(
    given: Any, count: int, tracker: Any, store: MetricStore, response: Any
) -> None:
    """``input_count`` is metadata: of a text it is one."""
    tracker.track_openai_embedding(lambda **_: response)(input=given)
    assert one(store).metadata["input_count"] == count


@pytest.mark.parametrize("answer", [None, "text", {"usage": "x"}, SimpleNamespace(usage=None)])
@pytest.mark.parametrize("name", DECORATORS)
def test_an_answer_that_says_nothing(
    name: str, answer: Any, tracker: Any, store: MetricStore
) -> None:
    """It is a metric all the same, of the model that was asked for."""
    assert getattr(tracker, name)(lambda **_: answer)(model="m") is answer
    assert (one(store).model, one(store).input_tokens) == ("m", None)


@pytest.mark.parametrize("how", ["argument", "mode"])
def test_batches_cost_half(how: str, tracker: Any, store: MetricStore, response: Any) -> None:
    """By the call's own argument, which is ours, or by the tracker's mode."""
    ask = tracker.track_openai_completion(lambda: response)
    ask()
    tracker.set_batch_mode(how == "mode")
    ask(**({"is_batch": True} if how == "argument" else {}))
    full, half = (metric.cost_usd for metric in store.metrics)
    assert full is not None
    assert half == pytest.approx(full / 2)


@pytest.mark.parametrize("operation", ["Place Details", "nearby_search", "geocode"])
def test_places(operation: str, tracker: Any, store: MetricStore) -> None:
    """A call of the Places API is of one model, and of the operation that was named."""

    @tracker.track_google_places(operation)
    def details(place: str) -> Any:
        return {"status": "OK", "place": place}

    assert details("p-1") == {"status": "OK", "place": "p-1"}
    metric = one(store)
    assert (metric.service, metric.model, metric.operation) == (
        "google_places",
        "places_api",
        operation,
    )
    assert metric.metadata["function"] == "details"


PLACES = {
    "place": "place_details",
    "places": "place_search",
    "places_nearby": "nearby_search",
    "places_autocomplete": "autocomplete",
    "geocode": "geocode",
}


@pytest.mark.parametrize("named", [True, False], ids=["keyword", "position"])
@pytest.mark.parametrize("method", PLACES)
def test_a_wrapped_places_client(
    method: str, named: bool, app: Any, tracker: Any, store: MetricStore
) -> None:
    """Each method is an operation; the client comes by the original's keyword, too."""
    client = SimpleNamespace(**{method: lambda **kwargs: kwargs}, key="k")
    wrap = app.AIUsageTracker.create_wrapped_places_client
    wrapped = wrap(places_client=client, tracker=tracker) if named else wrap(client, tracker)
    assert getattr(wrapped, method)(text="pizza") == {"text": "pizza"}
    assert wrapped.key == "k"
    metric = one(store)
    assert (metric.model, metric.operation) == ("places_api", PLACES[method])


@pytest.mark.parametrize("named", [True, False], ids=["keyword", "position"])
@pytest.mark.parametrize("kind", ["completion", "embedding"])
def test_a_wrapped_openai_client(
    kind: str, named: bool, app: Any, tracker: Any, store: MetricStore, response: Any
) -> None:
    """Both resources are tracked; all else of the client is there."""
    client = Mock()
    resource = client.chat.completions if kind == "completion" else client.embeddings
    resource.create.return_value = response
    client.models.list.return_value = ["gpt-4o-mini"]
    wrap = app.AIUsageTracker.create_wrapped_openai_client
    wrapped = wrap(openai_client=client, tracker=tracker) if named else wrap(client, tracker)
    asked = wrapped.chat.completions if kind == "completion" else wrapped.embeddings
    assert asked.create(model="gpt-4o-mini", input=["a"], temperature=0.5) is response
    assert wrapped.models.list() == ["gpt-4o-mini"]
    resource.create.assert_called_once_with(model="gpt-4o-mini", input=["a"], temperature=0.5)
    metric = one(store)
    assert (metric.service, metric.operation) == ("openai", kind)
    noted = ("temperature", 0.5) if kind == "completion" else ("input_count", 1)
    assert noted in metric.metadata.items()


def test_a_wrapped_client_that_fails(app: Any, tracker: Any, store: MetricStore) -> None:
    """The exception is the client's, its text the metric's."""
    client = Mock()
    client.chat.completions.create.side_effect = RuntimeError("API Error")
    wrapped = app.AIUsageTracker.create_wrapped_openai_client(client, tracker)
    with pytest.raises(RuntimeError, match="API Error"):
        wrapped.chat.completions.create(model="gpt-4o-mini")
    assert (one(store).error, one(store).model) == ("API Error", "gpt-4o-mini")


@pytest.mark.parametrize("tokens", [1000, 5000])
def test_a_review(tokens: int, tracker: Any, store: MetricStore) -> None:
    """Of its estimate 70 % is input; it is the action's, and its pull request's."""
    tracker.track_github_claude_review(pr_number=9, estimated_tokens=tokens)
    metric = one(store)
    assert (metric.service, metric.operation, metric.github_pr) == ("anthropic", "code_review", 9)
    assert (metric.input_tokens, metric.output_tokens) == (tokens * 7 // 10, tokens * 3 // 10)
    assert metric.user_id == "github-actions"


def test_a_dated_model_has_a_price(tracker: Any, store: MetricStore) -> None:
    """Providers answer with the dated name."""
    tracker.track_openai_completion(lambda: completion("gpt-4o-mini-2024-07-18"))()
    assert one(store).cost_usd == pytest.approx(0.00045)


def test_a_coroutine_has_its_tokens(tracker: Any, store: MetricStore, response: Any) -> None:
    """It is recorded when it has run."""

    @tracker.track_openai_completion
    async def ask() -> Any:
        return response

    assert asyncio.run(ask()) is response
    assert one(store).input_tokens == 1000
