"""Calls that are interrupted from outside: what was sent may be billed, and is a record."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx2
import openai
import pytest
from loopback import INPUT_TOKENS, OUTPUT_TOKENS
from runtime_calls import CHAT

from tracker import AIUsageTracker, ai_usage_context
from tracker.context import scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from loopback import LoopbackServer

    from tracker.testing import CapturedMetrics

SYNC_READ = "httpcore2._backends.sync.SyncStream.read"
SYNC_CONNECT = "httpcore2._backends.sync.SyncBackend.connect_tcp"
ASYNC_READ = "httpcore2._backends.anyio.AnyIOStream.read"


class TimeIsUp(Exception):
    """What the handler of a signal raises, wherever the program happens to be."""


class Killed(BaseException):
    """What some schedulers end their threads with."""


def raising(error: type[BaseException]) -> Callable[..., Any]:
    """Return a function that raises *error*."""

    def raise_it(*_args: Any, **_kwargs: Any) -> Any:
        raise error

    return raise_it


def ask(server: LoopbackServer, **more: Any) -> None:
    """Ask *server* once, in a block."""
    http = httpx2.Client(**more)
    client = openai.OpenAI(base_url=server.base_url, api_key="x", max_retries=2, http_client=http)
    with http, ai_usage_context("op"):
        client.chat.completions.create(**CHAT)


def told(metrics: CapturedMetrics) -> list[tuple[str, int | None, str]]:
    """Return what is told of each call: its error without the place, tokens, price's basis."""
    return [(str(m.error).partition(" ")[0], m.input_tokens, m.price_basis) for m in metrics]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, TimeIsUp, Killed])
def test_while_the_answer_is_awaited(
    error: type[BaseException],
    server: LoopbackServer,
    metrics: CapturedMetrics,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The program gets its exception; the record says so, and that the cost is not known."""
    monkeypatch.setattr(SYNC_READ, raising(error))
    with pytest.raises(error):
        ask(server)
    assert told(metrics) == [(error.__name__, None, "unpriced")]
    assert metrics[0].cost_usd is None
    assert "test_runtime_interrupted_calls" in str(metrics[0].error)


def test_a_budget_takes_it_for_spent(
    server: LoopbackServer, metrics: CapturedMetrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was reserved for the call is spent, and nothing stays reserved."""
    monkeypatch.setattr(SYNC_READ, raising(TimeIsUp))
    monkeypatch.setenv("AI_USAGE_GATEWAYS", "127.0.0.1")
    client = openai.OpenAI(base_url=server.base_url, api_key="x", max_retries=2)
    with client, ai_usage_context("op", budget_usd=1):
        with pytest.raises(TimeIsUp):
            client.chat.completions.create(**CHAT, max_tokens=1000)
        node = scope.current()
        assert node is not None
        assert node.budget.spent >= 1000 * 600_000
        assert node.budget.reserved == 0
    assert told(metrics) == [("TimeIsUp", None, "unpriced")]


@pytest.mark.parametrize("error", [KeyboardInterrupt, TimeIsUp])
def test_while_it_connects(
    error: type[BaseException],
    server: LoopbackServer,
    metrics: CapturedMetrics,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing was sent, and so there is no call."""
    monkeypatch.setattr(SYNC_CONNECT, raising(error))
    with pytest.raises(error):
        ask(server)
    assert len(metrics) == 0


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_before_the_request_is_handed_over(
    error: type[BaseException], server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """A hook of the program's own that raises ends no call: there was none."""
    with pytest.raises(error):
        ask(server, event_hooks={"request": [raising(error)]})
    assert server.requests == []
    assert len(metrics) == 0


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_when_the_answer_is_there(
    error: type[BaseException], server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """What a hook for answers raises: the answer came, and is billed."""
    with pytest.raises(error):
        ask(server, event_hooks={"response": [raising(error)]})
    assert len(server.requests) == 1
    assert told(metrics) == [(error.__name__, None, "unpriced")]


def test_a_hook_that_reads_the_answer_first(
    server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """Its usage is known then."""

    def refuse(response: httpx2.Response) -> None:
        response.read()
        raise TimeIsUp

    with pytest.raises(TimeIsUp):
        ask(server, event_hooks={"response": [refuse]})
    assert [(m.input_tokens, m.output_tokens) for m in metrics] == [(INPUT_TOKENS, OUTPUT_TOKENS)]
    assert str(metrics[0].error).startswith("TimeIsUp at ")


def test_a_hook_that_raises_at_a_refusal(server: LoopbackServer, metrics: CapturedMetrics) -> None:
    """An answer that is an error was not billed: the program's own exception is no call."""
    server.failures[:] = [400]
    with pytest.raises(TimeIsUp):
        ask(server, event_hooks={"response": [raising(TimeIsUp)]})
    assert len(metrics) == 0


def test_a_transport_of_the_program_s_own(server: LoopbackServer, metrics: CapturedMetrics) -> None:
    """An Exception there may be about anything; where it is interrupted, something may be sent."""
    for error, records in ((ValueError, 0), (KeyboardInterrupt, 1)):
        with pytest.raises(error):
            ask(server, transport=httpx2.MockTransport(raising(error)))
        assert len(metrics) == records


@pytest.mark.parametrize("stream", [False, True])
def test_a_task_that_is_cancelled_once(
    stream: bool, server: LoopbackServer, metrics: CapturedMetrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by ``wait_for``: one record, also of a function that is decorated, and the task ends."""
    tracker = AIUsageTracker()

    async def main() -> None:
        reading = asyncio.Event()

        async def never(*_args: Any, **_kwargs: Any) -> bytes:
            reading.set()
            await asyncio.Event().wait()
            return b""

        monkeypatch.setattr(ASYNC_READ, never)
        client = openai.AsyncOpenAI(base_url=server.base_url, api_key="x", max_retries=2)

        @tracker.track_openai_completion
        async def ask() -> Any:
            return await client.chat.completions.create(**CHAT, stream=stream)

        async with ai_usage_context("op", tracker=tracker):
            for work in (client.chat.completions.create(**CHAT, stream=stream), ask()):
                reading.clear()
                task = asyncio.ensure_future(work)
                await reading.wait()
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task

    asyncio.run(main())
    assert told(metrics) == [("CancelledError", None, "unpriced")] * 2


def test_a_coroutine_that_is_closed(server: LoopbackServer, metrics: CapturedMetrics) -> None:
    """Nobody knows when it is: it leaves no record, and raises nothing."""

    async def main() -> None:
        class Waiting(httpx2.AsyncBaseTransport):
            async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
                reached.append(request)
                await asyncio.sleep(0)
                raise AssertionError("unreachable")

        reached: list[httpx2.Request] = []
        http = httpx2.AsyncClient(transport=Waiting())
        client = openai.AsyncOpenAI(base_url=server.base_url, api_key="x", http_client=http)
        async with ai_usage_context("op"):
            # Once for what the client keeps for all of its requests, in a thread.
            client._platform = openai._base_client.get_platform()
            asking = client.chat.completions.create(**CHAT)
            asking.send(None)
            assert reached
            asking.close()

    asyncio.run(main())
    assert len(metrics) == 0
