"""Budgets of blocks: asked before each call, settled after it."""

from __future__ import annotations

import asyncio
import copy
import logging
import os
import pickle
import sys
import threading
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import openai
import pytest
from loopback import INPUT_TOKENS, OUTPUT_TOKENS

import tracker
from tracker import ai_usage_context, ai_usage_tracked, batch_ai_usage_context
from tracker.budgets import expected, gate, limit, request_size, tokenizer
from tracker.budgets.limit import Budget
from tracker.config import settings
from tracker.context import scope
from tracker.errors import BudgetExceededError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loopback import LoopbackServer

    from tracker.testing import CapturedMetrics

MODEL = "gpt-4o-mini"
#: What the list says of it, in dollars for a token.
INPUT, OUTPUT = Decimal("0.15") / 10**6, Decimal("0.6") / 10**6
COST = INPUT_TOKENS * INPUT + OUTPUT_TOKENS * OUTPUT


@pytest.fixture(autouse=True)
def unarmed() -> Iterator[None]:
    """No budget was set before, no call was made, and none is left."""
    gate.armed = False
    expected.forget()
    yield
    gate.armed = False
    settings.reset()


def ask(client: openai.OpenAI, text: str = "hi", **options: Any) -> Any:
    """Make a call that may answer with as many tokens as it will, if nothing else is said."""
    given = {"max_tokens": OUTPUT_TOKENS, **options}
    return client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": text}], **given
    )


def budget_here() -> Any:
    """Return the budget of the current block."""
    node = scope.current()
    assert node is not None
    return node.budget


def test_calls_within_a_budget_are_made(client: openai.OpenAI, metrics: CapturedMetrics) -> None:
    """What they cost is spent, to the picodollar, and nothing stays reserved."""
    with ai_usage_context("op", budget_usd=1):
        ask(client)
        ask(client)
        budget = budget_here()
        assert (budget.spent, budget.reserved) == (int(2 * COST * 10**12), 0)
    assert [metric.cost_usd for metric in metrics] == [COST, COST]
    assert "budget_usd" not in metrics[0].metadata


def test_a_call_over_the_budget_is_not_sent(
    client: openai.OpenAI, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """The error says which budget, how much is spent, reserved and needed, and what to do."""
    with ai_usage_context("op", budget_usd=COST * 3):
        ask(client)
        with pytest.raises(BudgetExceededError) as caught:
            ask(client, max_tokens=1000)
        ask(client)
    error = caught.value
    assert len(server.requests) == len(metrics) == 2
    assert (error.limit_usd, error.spent_usd, error.reserved_usd) == (COST * 3, COST, 0)
    assert error.needed_usd >= 1000 * OUTPUT
    for part in ("budget_usd of the block 'op'", "spent", "reserved", "Raise the budget"):
        assert part in str(error)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.spent_usd) == (str(error), error.spent_usd)
    assert str(copy.copy(error)) == str(error)


def test_inner_blocks_spend_of_the_outer_budget(
    client: openai.OpenAI, server: LoopbackServer
) -> None:
    """An inner block without a budget has the outer one's; its own is bound by that, too."""
    with ai_usage_context("outer", budget_usd=COST * 3) as _:
        outer = budget_here()
        with ai_usage_context("inner"):
            ask(client)
        with ai_usage_context("rich", budget_usd=100):
            ask(client)
            with pytest.raises(BudgetExceededError, match="'outer'"):
                ask(client, max_tokens=100)
        poor = pytest.raises(BudgetExceededError, match="'poor'")
        with ai_usage_context("poor", budget_usd=0), poor:
            ask(client)
        assert (outer.spent, outer.reserved) == (int(2 * COST * 10**12), 0)
    assert len(server.requests) == 2


def test_outside_of_budgets_nothing_is_asked(
    client: openai.OpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that sets none does not come past the gate; a block without one is not priced."""
    from tracker.budgets import reserving

    with ai_usage_context("op"):
        ask(client)
    assert not gate.armed
    with ai_usage_context("other", budget_usd=1):
        pass
    assert gate.armed
    monkeypatch.setattr(reserving, "expect", None)
    with ai_usage_context("op"):
        ask(client, max_tokens=10**9)


def test_a_batch_has_a_budget_of_list_prices(client: openai.OpenAI) -> None:
    """Calls that are made one by one are billed in full, whatever price the block declares."""
    with batch_ai_usage_context("b", budget_usd=1):
        ask(client)
        assert budget_here().spent == int(COST * 10**12)


def test_a_stream_settles_when_it_ends(client: openai.OpenAI) -> None:
    """Until then it is reserved, and another call has that much less."""
    with ai_usage_context("op", budget_usd=COST * 3):
        budget = budget_here()
        stream = ask(client, stream=True)
        next(stream)
        assert budget.spent == 0
        assert budget.reserved >= int(OUTPUT_TOKENS * OUTPUT * 10**12)
        list(stream)
        assert (budget.spent, budget.reserved) == (int(COST * 10**12), 0)


def test_a_failed_call_gives_back_what_it_reserved(
    client: openai.OpenAI, server: LoopbackServer
) -> None:
    """An error of the server costs nothing; a mistake of the program's was never sent."""
    with ai_usage_context("op", budget_usd=1):
        budget = budget_here()
        server.failures[:] = [400]
        with pytest.raises(openai.BadRequestError):
            ask(client)
        assert (budget.spent, budget.reserved) == (0, 0)
        with pytest.raises(TypeError):
            ask(client, extra_body={"x": object()})
        assert (budget.spent, budget.reserved) == (0, 0)


def test_a_stream_that_is_closed_at_once_counts_as_expected(server: LoopbackServer) -> None:
    """Nobody was told what of it is billed."""
    server.hold_after = 0

    async def run() -> tuple[int, int]:
        async with openai.AsyncOpenAI(base_url=server.base_url, api_key="k") as client:
            with ai_usage_context("op", budget_usd=1):
                budget = budget_here()
                call = asyncio.ensure_future(_ask_async(client, stream=True))
                while not server.requests:
                    await asyncio.sleep(0)
                stream = await call
                await stream.close()
                return budget.spent, budget.reserved

    spent, reserved = asyncio.run(run())
    server.go_on.set()
    assert spent >= int(OUTPUT_TOKENS * OUTPUT * 10**12)
    assert reserved == 0


async def _ask_async(client: openai.AsyncOpenAI, **options: Any) -> Any:
    return await client.chat.completions.create(
        model=MODEL,
        messages=[{"role": "user", "content": "hi"}],
        max_tokens=OUTPUT_TOKENS,
        **options,
    )


def test_tasks_share_the_budget_of_their_block(server: LoopbackServer) -> None:
    """Of many at once only as many go as the budget has room for."""
    made = expected_calls = 5

    async def run() -> int:
        async with openai.AsyncOpenAI(base_url=server.base_url, api_key="k") as client:
            with ai_usage_context("op", budget_usd=COST * expected_calls):
                tasks = [_ask_async(client) for _ in range(20)]
                done = await asyncio.gather(*tasks, return_exceptions=True)
                assert budget_here().reserved == 0
                assert budget_here().spent <= int(COST * expected_calls * 10**12)
        return sum(not isinstance(one, BudgetExceededError) for one in done)

    made = asyncio.run(run())
    assert 0 < made <= expected_calls
    assert len(server.requests) == made


def test_threads_share_the_budget_of_their_block(
    client: openai.OpenAI, server: LoopbackServer
) -> None:
    """What they spend together is never more than it."""
    refused: list[BudgetExceededError] = []

    def work() -> None:
        for _ in range(5):
            try:
                ask(client)
            except BudgetExceededError as error:
                refused.append(error)

    with ai_usage_context("op", budget_usd=COST * 7):
        threads = [threading.Thread(target=tracker.wrap(work)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        budget = budget_here()
        assert budget.reserved == 0
        assert budget.spent == int(COST * len(server.requests) * 10**12) <= budget.limit
    assert len(refused) + len(server.requests) == 20
    assert refused


def test_it_may_warn_instead(
    client: openai.OpenAI, metrics: CapturedMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    """Then the call is made, and counted."""
    tracker.configure(over_budget="warn")
    with caplog.at_level(logging.WARNING, "tracker"), ai_usage_context("op", budget_usd=COST / 2):
        ask(client)
        assert budget_here().spent == int(COST * 10**12)
    assert len(metrics) == 1
    assert "budget_usd of the block 'op'" in caplog.text


@pytest.mark.parametrize("wrong", [-1, "5", True, float("nan"), 10**9, object()])
def test_what_is_no_amount_is_an_error(wrong: object) -> None:
    """Who asks for a budget has one, and no block without."""
    with pytest.raises(ConfigurationError, match="budget_usd"):
        ai_usage_context("op", budget_usd=wrong)
    with pytest.raises(ConfigurationError, match="budget_usd"):
        ai_usage_tracked(budget_usd=wrong)


def test_each_run_of_a_function_has_a_budget_of_its_own(
    client: openai.OpenAI, server: LoopbackServer
) -> None:
    """With either decorator."""

    @ai_usage_context("op", budget_usd=COST * 2)
    def one() -> None:
        ask(client)

    @ai_usage_tracked("op", budget_usd=COST * 2)
    def other() -> None:
        ask(client)
        with pytest.raises(BudgetExceededError):
            ask(client, max_tokens=1000)

    for _ in range(3):
        one()
        other()
    assert len(server.requests) == 6


def test_what_is_told_later_is_spent_too(client: openai.OpenAI) -> None:
    """A response that no client of ours made is counted, and once."""
    answer = ask(client)
    with ai_usage_context("op", budget_usd=1) as usage:
        usage.track_openai_completion(lambda: answer)()
        assert budget_here().spent == int(COST * 10**12)
        second = ask(client)
        usage.track_openai_completion(lambda: second)()
        assert budget_here().spent == int(2 * COST * 10**12)


def test_last_calls_say_what_the_next_may_cost(
    client: openai.OpenAI, server: LoopbackServer
) -> None:
    """A call that names no limit is expected to be as long as the longest of its operation."""
    with ai_usage_context("op", budget_usd=COST * 10):
        with pytest.raises(BudgetExceededError) as first:
            client.chat.completions.create(model=MODEL, messages=[])
        assert first.value.needed_usd == expected.UNKNOWN_OUTPUT * OUTPUT
        ask(client)
        for _ in range(3):
            client.chat.completions.create(model=MODEL, messages=[])
    assert len(server.requests) == 4


def test_a_model_without_a_price_is_told_of(
    client: openai.OpenAI, caplog: pytest.LogCaptureFixture
) -> None:
    """Its calls go on, and a warning says that the budget does not count them."""
    with caplog.at_level(logging.WARNING, "tracker"), ai_usage_context("op", budget_usd=1):
        client.chat.completions.create(model="own-model-7", messages=[])
        assert (budget_here().spent, budget_here().reserved) == (0, 0)
    assert "own-model-7 has no price" in caplog.text


def test_a_refused_call_is_no_failed_call(client: openai.OpenAI, metrics: CapturedMetrics) -> None:
    """Nothing was sent, so nothing is recorded, also not by a decorator around it."""
    with ai_usage_context("op", budget_usd=0) as usage:
        asking = usage.track_openai_completion(lambda: ask(client))
        with pytest.raises(BudgetExceededError):
            asking()
    assert len(metrics) == 0


def test_a_cancelled_call_counts_as_expected(server: LoopbackServer) -> None:
    """It may have been sent, and billed."""

    async def run() -> tuple[int, int]:
        async def cancel(request: Any) -> None:
            raise asyncio.CancelledError

        hooks = {"request": [cancel]}
        http = openai.DefaultAsyncHttpxClient(event_hooks=hooks)
        async with openai.AsyncOpenAI(
            base_url=server.base_url, api_key="k", http_client=http
        ) as client:
            with ai_usage_context("op", budget_usd=1):
                with pytest.raises(asyncio.CancelledError):
                    await _ask_async(client)
                return budget_here().spent, budget_here().reserved

    spent, reserved = asyncio.run(run())
    assert spent >= int(OUTPUT_TOKENS * OUTPUT * 10**12)
    assert reserved == 0


def test_a_free_call_needs_no_budget(client: openai.OpenAI, server: LoopbackServer) -> None:
    """Moderation is not billed: it goes where nothing is left."""
    server.answers["/moderations"] = {"id": "m", "model": "omni-moderation-latest", "results": []}
    with ai_usage_context("op", budget_usd=0):
        client.moderations.create(input="text")
        assert budget_here().spent == 0
    assert len(server.requests) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")
def test_a_forked_child_owes_nothing_for_its_parent_s_calls() -> None:
    """What was spent stays spent there; what was reserved is the parent's."""
    budget = Budget("b", 10)
    limit.reserve([budget], 4, anyhow=False)
    limit.settle([budget], 0, 3)
    child = os.fork()
    if not child:
        full = limit.reserve([budget], 7, anyhow=False)
        os._exit(0 if full is None and (budget.spent, budget.reserved) == (3, 7) else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert (budget.spent, budget.reserved) == (3, 4)


PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 99_999}}


@pytest.mark.parametrize(
    ("body", "least", "most"),
    [
        ({"messages": [{"role": "user", "content": "a" * 300}]}, 100, 130),
        ({"input": "\u00e4" * 300}, 150, 250),
        ({"input": [[1, 2, 3], [4, 5]]}, 5, 5),
        ({"input": ["one", "two"]}, 2, 20),
        ({"messages": [{"role": "user", "content": [PICTURE]}]}, 1500, 1600),
        ({"system": "x" * 30, "messages": []}, 10, 10),
        ({"model": "x" * 3000, "user": "y" * 3000}, 0, 0),
        ({}, 0, 0),
    ],
)
def test_a_request_is_as_large_as_what_the_model_reads(
    body: dict[str, Any], least: int, most: int
) -> None:
    """Texts count by their bytes, tokens as they are, and a file by its kind and not its bytes."""
    assert least <= request_size.tokens_sent(body, None) <= most


@pytest.mark.parametrize(
    ("body", "tokens"),
    [
        ({"max_tokens": 5}, 5),
        ({"max_completion_tokens": 7, "max_tokens": 5, "n": 3}, 21),
        ({"max_output_tokens": 0}, 0),
        ({"max_tokens": None}, None),
        ({"max_tokens": True}, None),
        ({}, None),
    ],
)
def test_a_request_says_how_long_its_answers_may_be(
    body: dict[str, Any], tokens: int | None
) -> None:
    """All of them together; what is no number says nothing."""
    assert request_size.asked_for(body) == tokens


def test_a_tokenizer_that_is_loaded_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """And one whose vocabulary would have to be fetched does not."""
    asked: list[str] = []

    def get_encoding(name: str) -> Any:
        asked.append(name)
        return SimpleNamespace(encode=lambda text, disallowed_special: text.split())

    def known() -> str:
        return "https://there.invalid/vocabulary"

    names = {"mine": "loaded", "theirs": "absent"}
    registry = SimpleNamespace(ENCODINGS={"loaded": object()})
    public = SimpleNamespace(ENCODING_CONSTRUCTORS={"absent": known})
    stand_in = SimpleNamespace(
        get_encoding=get_encoding, encoding_name_for_model=names.__getitem__, registry=registry
    )
    monkeypatch.setitem(sys.modules, "tiktoken", stand_in)  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "tiktoken_ext", SimpleNamespace(openai_public=public))  # type: ignore[arg-type]
    tokenizer.counter.cache_clear()
    assert request_size.tokens_sent({"input": "one two three"}, "mine") == 3
    assert request_size.tokens_sent({"input": "one two three"}, "theirs") == 5
    assert asked == ["loaded"]
    tokenizer.counter.cache_clear()


@pytest.mark.parametrize("part", ["deduplication.remember", "recorder.accept"])
def test_a_mistake_of_ours_leaves_nothing_reserved(
    client: openai.OpenAI, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    """The program has its answer, and the call counts as it was expected to."""

    def fail(*_given: object) -> None:
        raise LookupError(part)

    monkeypatch.delenv("AI_USAGE_STRICT")
    monkeypatch.setattr(f"tracker.instrumentation.physical_call.{part}", fail)
    with ai_usage_context("op", budget_usd=1):
        assert ask(client).usage.total_tokens == INPUT_TOKENS + OUTPUT_TOKENS
        assert budget_here().reserved == 0
        assert budget_here().spent >= int(OUTPUT_TOKENS * OUTPUT * 10**12)


def test_results_of_a_batch_are_spent_at_its_price() -> None:
    """Nobody could refuse them; they count where they are read."""
    usage = {"prompt_tokens": 1000, "completion_tokens": 0, "total_tokens": 1000}
    body = {"id": "x", "model": MODEL, "usage": usage}
    line = {"custom_id": "one", "response": {"status_code": 200, "body": body}, "error": None}
    with ai_usage_context("op", budget_usd=1):
        tracker.record_batch_results([line], {"id": "b-budget", "created_at": 1795000000})
        assert budget_here().spent == int(1000 * INPUT / 2 * 10**12)
        assert budget_here().reserved == 0


def test_an_estimate_that_was_too_low(client: openai.OpenAI, server: LoopbackServer) -> None:
    """What the call did cost is spent, above the budget too; the next one is expected to be so."""
    long = {"prompt_tokens": 9, "completion_tokens": 9000, "total_tokens": 9009}
    message = {"role": "assistant", "content": "x"}
    server.answers["/chat/completions"] = {
        "id": "c",
        "created": 1,
        "model": MODEL,
        "object": "chat.completion",
        "usage": long,
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
    }
    cost = 9 * INPUT + 9000 * OUTPUT
    assert expected.UNKNOWN_OUTPUT < 9000
    with ai_usage_context("op", budget_usd=cost / 2):
        ask(client, max_tokens=None)
        assert (budget_here().spent, budget_here().reserved) == (int(cost * 10**12), 0)
        with pytest.raises(BudgetExceededError) as caught:
            ask(client, max_tokens=1)
    assert caught.value.spent_usd == cost > caught.value.limit_usd
    with ai_usage_context("op", budget_usd=cost * Decimal("1.5")):
        ask(client, max_tokens=None)
        with pytest.raises(BudgetExceededError) as caught:
            ask(client, max_tokens=None)
        assert caught.value.needed_usd >= 9000 * OUTPUT
    assert len(server.requests) == 2


def test_estimates_of_calls_side_by_side_that_were_too_low(
    client: openai.OpenAI, server: LoopbackServer
) -> None:
    """No more is spent above the budget than the calls under way cost more than was expected."""
    dear = {"prompt_tokens": 9, "completion_tokens": 3000, "total_tokens": 3009}
    message = {"role": "assistant", "content": "x"}
    server.answers["/chat/completions"] = {
        "id": "c",
        "created": 1,
        "model": MODEL,
        "object": "chat.completion",
        "usage": dear,
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
    }
    cost, refused = 9 * INPUT + 3000 * OUTPUT, []

    def calls(block: Any) -> None:
        try:
            while True:
                ask(client, max_tokens=None)
        except BudgetExceededError as error:
            refused.append(error)

    budget = cost * 10
    with ai_usage_context("op", budget_usd=budget) as block:
        threads = [threading.Thread(target=tracker.wrap(calls), args=(block,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(refused) == 4
        assert budget_here().reserved == 0
        assert budget_here().spent == len(server.requests) * int(cost * 10**12)
        assert budget_here().spent <= (budget + 4 * cost) * 10**12
