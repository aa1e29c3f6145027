"""Exactly once: captured, wrapped, decorated and replayed calls, and their combinations."""

from __future__ import annotations

import itertools
import pickle
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import openai
import pytest
from loopback import INPUT_TOKENS, OUTPUT_TOKENS
from runtime_calls import CHAT, EMBEDDING

from tracker import AIUsageTracker, ai_usage_context, batch_ai_usage_context
from tracker.instrumentation import client_patch
from tracker.instrumentation.providers import OPENAI

if TYPE_CHECKING:
    from collections.abc import Callable

    from loopback import LoopbackServer

    from tracker.testing import CapturedMetrics

PATHS = ("captured", "wrapped", "decorated", "replayed")
COMBINATIONS = [
    combination
    for size in range(1, len(PATHS) + 1)
    for combination in itertools.combinations(PATHS, size)
]
RESPONSES = {"model": "gpt-4o-mini", "input": "a receipt"}


def forms(client: Any) -> dict[str, Callable[[], Any]]:
    """Return the call forms of *client* that the tests run through every path."""
    return {
        "chat": lambda: client.chat.completions.create(**CHAT),
        "parse": lambda: client.chat.completions.parse(**CHAT),
        "responses": lambda: client.responses.create(**RESPONSES),
        "embeddings": lambda: client.embeddings.create(**EMBEDDING),
        "raw": lambda: client.chat.completions.with_raw_response.create(**CHAT),
        "options": lambda: client.with_options(timeout=5).chat.completions.create(**CHAT),
    }


def expected_tokens(form: str) -> tuple[int, int]:
    """Return the tokens that the server reports for a call form."""
    return (INPUT_TOKENS, 0 if form == "embeddings" else OUTPUT_TOKENS)


def run(form: str, paths: tuple[str, ...], tracker: AIUsageTracker, client: Any) -> Any:
    """Make one call so that it is seen on each of *paths*; capture is on inside a block."""
    if "wrapped" in paths:
        client = AIUsageTracker.create_wrapped_openai_client(client, tracker)
    call = forms(client)[form]
    if "decorated" in paths:
        call = tracker.track_openai_completion(call)
    result = call()
    if "replayed" in paths:
        tracker.track_openai_completion(lambda: result)()
    return result


@pytest.mark.parametrize("paths", COMBINATIONS, ids="+".join)
@pytest.mark.parametrize("form", list(forms(None)))
def test_one_record_a_response(
    form: str, paths: tuple[str, ...], client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """Whichever paths see a response, it is booked once, with its exact tokens."""
    if "captured" in paths:
        with ai_usage_context("op", job_id="j") as tracker:
            run(form, paths, tracker, client)
    else:
        tracker = AIUsageTracker()
        tracker.set_tracking_context(job_id="j")
        run(form, paths, tracker, client)
    if form == "raw" and paths == ("replayed",):
        # Nobody looked while it happened, and the replay has only an unparsed body.
        assert len(metrics) == 1
        return
    found = [(m.job_id, m.input_tokens, m.output_tokens) for m in metrics]
    assert found == [("j", *expected_tokens(form))]


@pytest.mark.parametrize("form", ["chat", "parse", "responses", "embeddings", "raw"])
@pytest.mark.asyncio
async def test_one_record_a_response_async(
    form: str, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """The asynchronous client, wrapped, decorated and replayed inside a block, gives one record."""
    async with openai.AsyncOpenAI(base_url=server.base_url, api_key="x") as client:
        with ai_usage_context("op") as tracker:
            wrapped = AIUsageTracker.create_wrapped_openai_client(client, tracker)

            @tracker.track_openai_completion
            async def analyze() -> Any:
                return await forms(wrapped)[form]()

            result = await analyze()
            tracker.track_openai_completion(lambda: result)()
    found = [(m.input_tokens, m.output_tokens) for m in metrics]
    assert found == [expected_tokens(form)]
    assert metrics[0].metadata["function"] == "analyze"


@pytest.mark.parametrize("path", ["wrapped", "decorated", "replayed"])
@pytest.mark.asyncio
async def test_legacy_async_code_is_recorded(
    path: str, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """Without any block each legacy path records the awaited response, never a coroutine."""
    tracker = AIUsageTracker()
    async with openai.AsyncOpenAI(base_url=server.base_url, api_key="x") as client:
        if path == "wrapped":
            wrapped = AIUsageTracker.create_wrapped_openai_client(client, tracker)
            await wrapped.chat.completions.create(**CHAT)
        elif path == "decorated":
            call = tracker.track_openai_completion(lambda: client.chat.completions.create(**CHAT))
            await call()
        else:
            result = await client.chat.completions.create(**CHAT)
            tracker.track_openai_completion(lambda: result)()
    assert [(m.input_tokens, m.output_tokens) for m in metrics] == [(INPUT_TOKENS, OUTPUT_TOKENS)]


def test_the_whole_metric(client: openai.OpenAI, metrics: CapturedMetrics) -> None:
    """A captured call's metric has operation, ids, model, tokens, cost, latency and time."""
    with ai_usage_context("op", job_id="j", batch_id="b", user_id="u", github_pr=5):
        client.chat.completions.create(**CHAT)
    metric = metrics[0]
    assert (metric.service, metric.operation, metric.model) == (
        "openai",
        "completion",
        "gpt-4o-mini",
    )
    assert (metric.operation_type, metric.job_id, metric.batch_id) == ("op", "j", "b")
    assert (metric.user_id, metric.github_pr, metric.environment) == ("u", 5, "development")
    assert metric.total_tokens == INPUT_TOKENS + OUTPUT_TOKENS
    assert metric.cost_usd is not None
    assert metric.cost_usd > 0
    assert metric.price_basis == "standard"
    assert metric.latency_ms is not None
    assert metric.latency_ms > 0
    assert metric.timestamp.utcoffset() is not None
    assert metric.request_id is not None
    assert metric.error is None


def test_neither_prompt_nor_completion_nor_key_is_stored(
    client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """Nothing of what was said, and no credential, is in the metric."""
    with ai_usage_context("op"):
        client.chat.completions.create(**CHAT)
    stored = repr(metrics[0])
    assert "Analyze" not in stored
    assert "total" not in stored.replace("total_tokens", "")
    assert "sk-not-a-key" not in stored


def test_nothing_is_recorded_outside_a_block(
    client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """A bare client that nobody observes is left alone."""
    AIUsageTracker()
    client.chat.completions.create(**CHAT)
    assert len(metrics) == 0


def test_calls_that_cost_nothing_are_not_recorded(
    client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """Listing models is not a billed call; its error passes unchanged."""
    with ai_usage_context("op"), pytest.raises(openai.APIStatusError):
        client.models.list()
    assert len(metrics) == 0


def test_the_sdk_s_retries_are_one_record(
    client: openai.OpenAI, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """Two failed attempts and a good one are one billed response."""
    server.failures[:] = [500, 500]
    with ai_usage_context("op"):
        client.with_options(max_retries=2).chat.completions.create(**CHAT)
    assert len(server.requests) == 3
    assert len(metrics) == 1


@pytest.mark.parametrize("path", ["wrapped", "decorated"])
def test_a_failure_that_is_observed_leaves_one_record(
    path: str, client: openai.OpenAI, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """Decorators and wrapped clients record the error and re-raise it, inside a block too."""
    server.failures[:] = [400]
    with ai_usage_context("op", job_id="j") as tracker, pytest.raises(openai.BadRequestError):
        run("chat", (path,), tracker, client)
    assert [(m.job_id, m.total_tokens) for m in metrics] == [("j", None)]
    assert metrics[0].error is not None
    assert "BadRequestError" in metrics[0].error


def test_a_function_with_two_calls_gives_two_records(
    client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """Each billed response counts, whatever the decorated function returns."""
    tracker = AIUsageTracker()

    @tracker.track_openai_completion
    def analyze() -> str:
        client.chat.completions.create(**CHAT)
        client.embeddings.create(**EMBEDDING)
        return "text"

    assert analyze() == "text"
    assert [m.operation for m in metrics] == ["completion", "embedding"]
    assert [m.metadata["function"] for m in metrics] == ["analyze", "analyze"]


def test_nested_observers_give_one_record(client: openai.OpenAI, metrics: CapturedMetrics) -> None:
    """A decorated function round a decorated function round a wrapped client is one call."""
    tracker = AIUsageTracker()
    wrapped = AIUsageTracker.create_wrapped_openai_client(client, tracker)
    inner = tracker.track_openai_completion(lambda: wrapped.chat.completions.create(**CHAT))
    tracker.track_openai_completion(lambda: inner())()
    assert len(metrics) == 1


def test_equal_responses_are_two_calls(client: openai.OpenAI, metrics: CapturedMetrics) -> None:
    """The server repeats its response id: two responses stay two records."""
    tracker = AIUsageTracker()
    for _ in range(2):
        result = client.chat.completions.create(**CHAT)
        tracker.track_openai_completion(lambda result=result: result)()
    assert len(metrics) == 2


def test_a_replay_after_the_block_adds_nothing(
    client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """A result that was captured and stored is ignored later, also after pickling."""
    with ai_usage_context("op") as tracker:
        result = client.chat.completions.create(**CHAT)
    tracker.track_openai_completion(lambda: result)()
    copy = pickle.loads(pickle.dumps(result))
    AIUsageTracker().track_openai_completion(lambda: copy)()
    assert len(metrics) == 1


def test_a_replay_by_another_tracker_brings_its_own_ids(
    client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """Inside a block, unmigrated code hands the result to its tracker, which speaks for itself."""
    with ai_usage_context("outer", job_id="outer", user_id="anna"):
        legacy = AIUsageTracker()
        legacy.set_tracking_context(job_id="inner")
        result = client.chat.completions.create(**CHAT)
        legacy.track_openai_completion(lambda: result)()
    assert [(m.job_id, m.user_id) for m in metrics] == [("inner", "default")]
    assert metrics[0].operation_type is None


def test_ids_set_before_the_block_do_not_override_it(
    client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """A module-level tracker with an old job is used in a block with a new one: the block wins."""
    module_level = AIUsageTracker()
    module_level.set_tracking_context(job_id="old", batch_id="kept")
    wrapped = AIUsageTracker.create_wrapped_openai_client(client, module_level)
    with ai_usage_context("op", job_id="new"):
        wrapped.chat.completions.create(**CHAT)
    assert [(m.job_id, m.batch_id, m.operation_type) for m in metrics] == [("new", "kept", "op")]


def test_is_batch_is_ours(
    client: openai.OpenAI, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """``is_batch=True`` halves the price and never reaches the provider; metadata does."""
    tracker = AIUsageTracker()
    wrapped = AIUsageTracker.create_wrapped_openai_client(client, tracker)
    wrapped.chat.completions.create(**CHAT, is_batch=True, metadata={"mine": "yes"})
    _, body = server.requests[-1]
    assert "is_batch" not in body
    assert body["metadata"] == {"mine": "yes"}
    metric = metrics[0]
    assert metric.cost_usd is not None
    assert metric.list_cost_usd == metric.cost_usd * 2


def test_batch_prices_and_list_prices_are_both_kept(
    client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """In a batch block the booked cost is half, and the list price stands beside it."""
    with ai_usage_context("op"):
        client.chat.completions.create(**CHAT)
    with batch_ai_usage_context("b", item_count=1):
        client.chat.completions.create(**CHAT)
    full, half = metrics
    assert half.price_basis == "batch"
    assert half.list_cost_usd == full.cost_usd
    assert half.cost_usd is not None
    assert half.cost_usd * 2 == full.cost_usd


def test_a_fake_client_is_recorded_by_its_result(metrics: CapturedMetrics) -> None:
    """A wrapped double makes no physical call: the object that it returns is read."""
    usage = SimpleNamespace(prompt_tokens=3, completion_tokens=4, total_tokens=7)
    reply = SimpleNamespace(model="gpt-4o-mini", usage=usage)
    fake = SimpleNamespace(
        chat=SimpleNamespace(completions=SimpleNamespace(create=lambda **_: reply)), name="fake"
    )
    tracker = AIUsageTracker()
    wrapped = AIUsageTracker.create_wrapped_openai_client(fake, tracker)
    assert wrapped.chat.completions.create(model="gpt-4o-mini") is reply
    assert wrapped.name == "fake"
    assert [(m.input_tokens, m.output_tokens) for m in metrics] == [(3, 4)]


@pytest.mark.parametrize(
    "result", [None, "text", {"usage": None}, {"usage": {"total_tokens": "x"}}]
)
def test_a_malformed_response_still_leaves_a_metric(result: Any, metrics: CapturedMetrics) -> None:
    """Unknown tokens and prices are None, never 0."""
    tracker = AIUsageTracker()
    assert tracker.track_openai_completion(lambda **_: result)(model="gpt-4o-mini") == result
    metric = metrics[0]
    assert (metric.model, metric.total_tokens, metric.cost_usd) == ("gpt-4o-mini", None, None)
    assert metric.price_basis == "unpriced"


def test_a_wrapped_client_is_still_a_client(client: openai.OpenAI) -> None:
    """It passes for the class that it wraps, and other attributes go through."""
    wrapped = AIUsageTracker.create_wrapped_openai_client(client, AIUsageTracker())
    assert isinstance(wrapped, openai.OpenAI)
    assert wrapped.api_key == client.api_key
    assert wrapped.models == client.models
    assert wrapped.base_url is client.base_url


def test_the_patch_can_be_taken_off(client: openai.OpenAI, metrics: CapturedMetrics) -> None:
    """Without it nothing is captured; put on again it works again."""
    client_patch.unpatch(OPENAI, openai)
    try:
        with ai_usage_context("op"):
            client.chat.completions.create(**CHAT)
        assert len(metrics) == 0
    finally:
        client_patch.patch(OPENAI, openai)
    with ai_usage_context("op"):
        client.chat.completions.create(**CHAT)
    assert len(metrics) == 1


@pytest.mark.parametrize("name", ["OpenAI", "AsyncOpenAI"])
def test_the_patched_method_is_where_we_expect_it(name: str) -> None:
    """A new SDK that moves the request method, or its arguments, fails here first."""
    import inspect

    method = getattr(openai, name).request
    assert list(inspect.signature(method).parameters)[:3] == ["self", "cast_to", "options"]
