"""Budgets of blocks: asked before each call, settled after it."""

from __future__ import annotations

import asyncio
import copy
import logging
import pickle
import threading
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import openai
import pytest
from loopback import INPUT_TOKENS, OUTPUT_TOKENS

import tracker
from tracker import ai_usage_context, ai_usage_tracked, batch_ai_usage_context
from tracker.budgets import expected, gate
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
