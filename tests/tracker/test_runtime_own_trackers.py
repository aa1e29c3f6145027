"""Trackers that a program builds itself, used inside blocks of other trackers."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest
from runtime_calls import CHAT

from tracker import AIUsageTracker, ai_usage_context, batch_ai_usage_context

if TYPE_CHECKING:
    from collections.abc import Callable

    import openai
    from loopback import LoopbackServer

    from tracker.records.metric import Metric
    from tracker.testing import CapturedMetrics

BLOCK: dict[str, Any] = {"job_id": "serve", "batch_id": "b", "user_id": "anna", "github_pr": 7}
NOBODY = (None, None, "default", None)


def reply() -> SimpleNamespace:
    """Return a fake completion."""
    usage = SimpleNamespace(prompt_tokens=100, completion_tokens=50, total_tokens=150)
    return SimpleNamespace(model="gpt-4o-mini", usage=usage)


def who(metric: Metric) -> tuple[str | None, str | None, str, int | None]:
    """Return who *metric* is attributed to."""
    return metric.job_id, metric.batch_id, metric.user_id, metric.github_pr


def configured() -> AIUsageTracker:
    """Return a tracker that was given a job."""
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="greet")
    return tracker


def assigned() -> AIUsageTracker:
    """Return a tracker whose job was assigned."""
    tracker = AIUsageTracker()
    tracker.current_job_id = "greet"
    return tracker


def described() -> AIUsageTracker:
    """Return a tracker whose job came with a context."""
    tracker = AIUsageTracker()
    tracker.set_context({"job_id": "greet"})
    return tracker


def of_factory() -> AIUsageTracker:
    """Return a tracker of the class's factory, with a job."""
    tracker = AIUsageTracker.create_for_environment()
    tracker.set_tracking_context(job_id="greet")
    return tracker


@pytest.mark.parametrize("build", [configured, assigned, described, of_factory])
def test_a_tracker_built_inside_a_block_takes_no_id(
    build: Callable[[], AIUsageTracker], metrics: CapturedMetrics
) -> None:
    """It has the ids that it was given, and no other, whichever way they came."""
    with ai_usage_context("serve", **BLOCK):
        build().track_openai_completion(reply)()
    assert [who(m) for m in metrics] == [("greet", None, "default", None)]
    assert metrics[0].operation_type is None


def test_it_takes_none_where_it_was_never_given_any(metrics: CapturedMetrics) -> None:
    """What nobody was named for stays nobody's; the user is the environment's."""
    shared = AIUsageTracker()
    with ai_usage_context("serve", **BLOCK):
        shared.track_openai_completion(reply)()
        AIUsageTracker().track_anthropic_completion(reply)()
        AIUsageTracker(user_id="bob").track_openai_embedding(reply)()
        AIUsageTracker.create_for_environment().track_google_places("places")(reply)()
    assert [who(m) for m in metrics] == [
        NOBODY,
        NOBODY,
        (None, None, "bob", None),
        NOBODY,
    ]


def test_ids_from_before_the_block_stay_its_own(metrics: CapturedMetrics) -> None:
    """A decorated function of another tracker is booked as it is outside the block."""
    other = configured()
    ask = other.track_openai_completion(reply)
    with ai_usage_context("serve", **BLOCK):
        ask()
    assert [who(m) for m in metrics] == [("greet", None, "default", None)]


def test_batch_prices_are_the_block_s_only(metrics: CapturedMetrics) -> None:
    """A tracker of its own inside a batch block books at the list price."""
    with batch_ai_usage_context("b") as used:
        AIUsageTracker().track_openai_completion(reply)()
        used.track_openai_completion(reply)()
    assert [m.price_basis for m in metrics] == ["standard", "batch"]


def test_code_in_between_does_not_matter(client: openai.OpenAI, metrics: CapturedMetrics) -> None:
    """Physical calls inside a function that such a tracker observes are its own as well."""

    def greet() -> None:
        tracker = AIUsageTracker()
        tracker.set_tracking_context(job_id="greet")
        tracker.track_openai_completion(client.chat.completions.create)(**CHAT)

    handlers = {"greet": greet}
    with ai_usage_context("serve", **BLOCK):
        client.chat.completions.create(**CHAT)
        handlers["greet"]()
        client.chat.completions.create(**CHAT)
    assert sorted(m.job_id or "" for m in metrics) == ["greet", "serve", "serve"]
    assert {m.user_id for m in metrics if m.job_id == "greet"} == {"default"}


def test_async_functions(metrics: CapturedMetrics) -> None:
    """A coroutine function of such a tracker takes no id either."""

    async def ask() -> SimpleNamespace:
        return reply()

    async def main() -> None:
        async with ai_usage_context("serve", **BLOCK):
            await configured().track_openai_completion(ask)()

    asyncio.run(main())
    assert [who(m) for m in metrics] == [("greet", None, "default", None)]


def test_the_tracker_of_a_block_around_books_to_that_block(metrics: CapturedMetrics) -> None:
    """Used inside another tracker's block, it takes nothing of the inner one."""
    own = AIUsageTracker()
    outer = ai_usage_context("outer", tracker=own, job_id="outer")
    with outer, ai_usage_context("inner", job_id="inner", user_id="anna"):
        own.track_openai_completion(reply)()
    assert [(who(m), m.operation_type) for m in metrics] == [
        (("outer", None, "default", None), "outer")
    ]


def test_the_tracker_of_a_context_around_does_too(metrics: CapturedMetrics) -> None:
    """Whoever made it: the call is told to that tracker, not to the inner one."""
    with ai_usage_context("outer", job_id="outer") as made:
        with ai_usage_context("inner", job_id="inner", user_id="anna"):
            made.track_openai_completion(reply)()
        made.track_openai_completion(reply)()
    assert [(who(m), m.operation_type) for m in metrics] == [
        (("outer", None, "default", None), "outer")
    ] * 2


def test_a_wrapped_client_takes_the_current_block_s_ids(
    client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """Also of a tracker that was given some before: the later statement wins."""
    for own in (AIUsageTracker(), configured()):
        wrapped = AIUsageTracker.create_wrapped_openai_client(client, own)
        with ai_usage_context("serve", **BLOCK):
            wrapped.chat.completions.create(**CHAT)
    assert [who(m) for m in metrics] == [("serve", "b", "anna", 7)] * 2


def test_a_wrapped_client_of_a_tracker_that_is_configured_inside_takes_none(
    client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """Whatever the block's own tracker is told meanwhile."""
    with ai_usage_context("serve", **BLOCK) as used:
        wrapped = AIUsageTracker.create_wrapped_openai_client(client, configured())
        wrapped.chat.completions.create(**CHAT)
        used.add_context_metadata({"page": 1})
        wrapped.chat.completions.create(**CHAT)
    assert [who(m) for m in metrics] == [("greet", None, "default", None)] * 2


@pytest.mark.parametrize("build", [configured, AIUsageTracker])
def test_a_captured_call_that_it_is_handed_is_its_own(
    build: Callable[[], AIUsageTracker], client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """Recorded once, with its ids, at once and in its own store."""
    dynamo = Mock(spec=["put_ai_usage_metric"])
    own = build()
    own.dynamo_client = dynamo
    with ai_usage_context("serve", **BLOCK) as used:
        answer = client.chat.completions.create(**CHAT)
        assert own.track_openai_completion(lambda: answer)() is answer
        stored = dynamo.put_ai_usage_metric.call_args.args[0]
        assert who(stored) == (own.current_job_id, None, "default", None)
        assert used.pending_metrics == []
    assert dynamo.put_ai_usage_metric.call_count == 1
    assert len(metrics) == 0


def test_the_first_that_is_handed_a_call_keeps_it(
    client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """As where nothing was captured: a second replay of the same response adds nothing."""
    with ai_usage_context("serve", **BLOCK) as used:
        answer = client.chat.completions.create(**CHAT)
        used.track_openai_completion(lambda: answer)()
        configured().track_openai_completion(lambda: answer)()
        other = client.chat.completions.create(**CHAT)
        configured().track_openai_completion(lambda: other)()
        used.track_openai_completion(lambda: other)()
    assert sorted(m.job_id or "" for m in metrics) == ["greet", "serve"]


def test_a_stream_that_it_is_handed_is_its_own(
    client: openai.OpenAI, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """A stream that ends later is booked to it when it ends."""
    with ai_usage_context("serve", **BLOCK):
        stream = client.chat.completions.create(**CHAT, stream=True)
        configured().track_openai_completion(lambda: stream)()
        assert len(list(stream)) > 0
        assert [who(m) for m in metrics] == [("greet", None, "default", None)]
    assert len(metrics) == 1


def test_functions_of_two_trackers_store_where_each_belongs() -> None:
    """A call is stored by the tracker that observed it nearest, not by an outer one."""
    inner, outer = Mock(spec=["put_ai_usage_metric"]), Mock(spec=["put_ai_usage_metric"])
    ask = AIUsageTracker(dynamo_client=inner).track_openai_completion(reply)
    AIUsageTracker(dynamo_client=outer).track_openai_completion(lambda: ask())()
    assert (inner.put_ai_usage_metric.call_count, outer.put_ai_usage_metric.call_count) == (1, 0)


def test_a_block_that_it_is_given_to_inherits_as_every_block(metrics: CapturedMetrics) -> None:
    """Opening a context asks for the ids of the one around it."""
    own = AIUsageTracker()
    with ai_usage_context("serve", job_id="serve"), ai_usage_context("step", tracker=own):
        own.track_openai_completion(reply)()
    own.track_openai_completion(reply)()
    assert [m.job_id for m in metrics] == ["serve", None]


def test_the_tracker_of_an_ended_context_still_belongs_to_contexts(
    metrics: CapturedMetrics,
) -> None:
    """One that a context made takes the ids of the block that it is used in."""
    with ai_usage_context("first", job_id="first") as made:
        pass
    with ai_usage_context("second", job_id="second"):
        made.track_openai_completion(reply)()
    assert [m.job_id for m in metrics] == ["second"]
