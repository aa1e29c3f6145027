"""The recipes of docs/recipes.md, each run as it stands there; and what they cure is told."""

from __future__ import annotations

import asyncio
import contextvars
import json
import re
import sys
from typing import TYPE_CHECKING, Any

import anyio.to_thread
import httpx
import openai
import pytest
from matrix.catalogue import entries, load
from matrix.recipes import sections
from runtime_calls import CHAT

import tracker
from tracker import ai_usage_context, ai_usage_tracked, set_current_context
from tracker.config import settings
from tracker.context import scope, unattributed
from tracker.propagate import extract, inject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from loopback import LoopbackServer

    from tracker.testing import CapturedMetrics

NOTEBOOKS = "Notebooks"
#: Recipes whose packages the suite does without: ``make matrix ONLY=recipes`` runs them.
LARGE = {load(entry.kind, entry.name).HEADING for entry in entries() if entry.kind == "recipes"}
ASYNCHRONOUS = {"/async-stream", "/async-dependency"}
PATHS = re.findall(r'^@app\.get\("(.*)"\)$', "\n".join(sections().values()), re.MULTILINE)
PATHS.remove("/neighbour")  # which the recipe of its caller asks


@pytest.fixture
def recipes(client: openai.OpenAI, server: LoopbackServer) -> dict[str, Any]:
    """What the page's code defines."""
    import fastapi
    import flask
    from fastapi.responses import StreamingResponse

    names: dict[str, Any] = {
        "AIUsageTracker": tracker.AIUsageTracker,
        "BackgroundTasks": fastapi.BackgroundTasks,
        "Depends": fastapi.Depends,
        "Request": fastapi.Request,
        "Response": flask.Response,
        "StreamingResponse": StreamingResponse,
        "ai_usage_context": ai_usage_context,
        "ai_usage_tracked": ai_usage_tracked,
        "anyio": anyio,
        "app": fastapi.FastAPI(),
        "asking": lambda _text: CHAT,
        "asyncio": asyncio,
        "client": client,
        "contextvars": contextvars,
        "extract": extract,
        "flask_app": flask.Flask(__name__),
        "inject": inject,
        "json": json,
        "pytest": pytest,
        "tracker": tracker,
        "server": server,
    }
    transport = httpx.ASGITransport(names["app"])
    names["neighbour"] = httpx.AsyncClient(transport=transport, base_url="http://neighbour")
    for heading, code in sections().items():
        if heading not in LARGE | {NOTEBOOKS}:
            exec(code, names)
    return names


def test_every_recipe_is_run() -> None:
    """Here, or in the matrix, whose entries name no recipe that is not there."""
    assert sections().keys() >= LARGE
    assert len(LARGE) == 5
    assert [heading for heading, code in sections().items() if not code] == []


def requested(app: Any, path: str) -> int:
    """Have the ASGI application *app* answer a request for *path*; return the status."""
    sent: list[dict[str, Any]] = []
    received = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if not received:
            await asyncio.Event().wait()  # the client stays
        return received.pop()

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asked = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode()}
    rest = {"http_version": "1.1", "query_string": b"", "headers": [], "root_path": ""}
    asyncio.run(app({**asked, **rest, "asgi": {"version": "3.0"}}, receive, send))
    return int(sent[0]["status"])


@pytest.mark.parametrize("path", PATHS)
def test_a_recipe_for_fastapi(
    path: str,
    recipes: dict[str, Any],
    metrics: CapturedMetrics,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each call is booked to the job that the recipe names, and nothing is told."""
    if path in ASYNCHRONOUS:
        recipes["asynchronous"] = openai.AsyncOpenAI(
            base_url=recipes["server"].base_url, api_key="sk-not-a-key"
        )
    assert requested(recipes["app"], path) == 200
    calls = 2 if "stream" in path else 1
    job = "dependency" if path == "/async-dependency" else path[1:]
    assert [metric.job_id for metric in metrics] == [job] * calls
    assert caplog.messages == []


def test_the_recipe_for_flask(recipes: dict[str, Any], metrics: CapturedMetrics) -> None:
    """The server takes the steps in one thread."""
    assert recipes["flask_app"].test_client().get("/flask-stream").get_data(as_text=True)
    assert [metric.job_id for metric in metrics] == ["flask-stream"] * 2


def test_the_recipe_for_step_functions(
    recipes: dict[str, Any], metrics: CapturedMetrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one state leaves to the next takes the job along."""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "receipts")
    event = json.loads(recipes["started"](["one", "two"]))
    event = json.loads(json.dumps(recipes["read_receipts"](event, None)))
    recipes["sum_receipts"](event, None)
    assert [(metric.job_id, metric.operation_type) for metric in metrics] == [
        ("lambda", "reading"),
        ("lambda", "reading"),
        ("lambda", "summing"),
    ]
    parents = [metric.metadata["parent_operation"] for metric in metrics]
    assert parents == ["receipts", "receipts", "reading"]


def test_the_recipe_for_notebooks(
    client: openai.OpenAI, metrics: CapturedMetrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each cell with the magic is a block; what it binds stays, and cells without are nobody's."""
    from IPython.core.interactiveshell import InteractiveShell

    # A shell puts a module of its own in its place: what starts processes later looks for this one.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    shell = InteractiveShell.instance()
    try:
        shell.push({"client": client, "CHAT": CHAT, "ai_usage_context": ai_usage_context})
        cells = [
            sections()[NOTEBOOKS],
            "%%usage first\nanswer = client.chat.completions.create(**CHAT)",
            "%%usage second\nclient.chat.completions.create(**CHAT); kept = answer.model",
            "client.chat.completions.create(**CHAT)",
        ]
        for cell in cells:
            shell.run_cell(cell, silent=True).raise_error()
        assert shell.user_ns["kept"] == CHAT["model"]
    finally:
        shell.reset()
        InteractiveShell.clear_instance()
    assert [metric.job_id for metric in metrics] == ["first", "second"]


def test_the_recipe_for_a_runner(
    recipes: dict[str, Any], metrics: CapturedMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    """The context is handed over; else the call is nobody's, and the end of the block says so."""

    async def work() -> None:
        recipes["client"].chat.completions.create(**CHAT)

    with asyncio.Runner() as runner:
        runner.run(work())
        assert not told_as_missed(caplog)
        for _ in range(2):
            with ai_usage_context("work", job_id="around"):
                runner.run(work())
        assert len(metrics) == 0
        recipes["answered"](runner, work)
        with ai_usage_context("nothing"):
            pass
    assert [metric.job_id for metric in metrics] == ["runner"]
    assert told_as_missed(caplog) == [str(__file__)]


def told_as_missed(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the files of the blocks that were told to have missed a call."""
    said = [record.message for record in caplog.records if "older than the block" in record.message]
    return [message.partition("block at ")[2].partition(":")[0] for message in said]


def test_a_runner_s_calls_where_contexts_are_required(
    recipes: dict[str, Any], metrics: CapturedMetrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are recorded as nobody's, with the line that made them, which is told at once."""
    monkeypatch.setenv("AI_USAGE_REQUIRE_CONTEXT", "1")
    settings.reset()

    async def work() -> None:
        recipes["client"].chat.completions.create(**CHAT)

    with asyncio.Runner() as runner:
        runner.run(asyncio.sleep(0))
        with ai_usage_context("work", job_id="around"):
            runner.run(work())
    unattributed.settle_waiting()
    (metric,) = metrics
    assert (metric.operation_type, metric.job_id) == (None, None)
    assert metric.metadata["caller_file"] == __file__


def test_a_runner_that_an_ended_block_made(
    recipes: dict[str, Any], metrics: CapturedMetrics
) -> None:
    """Its context is that block's: the calls are booked there, as late ones."""

    async def work() -> None:
        recipes["client"].chat.completions.create(**CHAT)

    runner = asyncio.Runner()
    with ai_usage_context("first", job_id="first"):
        runner.run(work())
    with ai_usage_context("second", job_id="second"):
        runner.run(work())
    runner.close()
    assert [(m.job_id, m.late) for m in metrics] == [("first", False), ("first", True)]


def test_the_recipe_for_pytest(recipes: dict[str, Any], metrics: CapturedMetrics) -> None:
    """The test's calls are in the fixture's block."""
    fixture = recipes["in_a_block"]
    steps = getattr(fixture, "__wrapped__", getattr(fixture, "_fixture_function", None))()
    next(steps)
    recipes["client"].chat.completions.create(**CHAT)
    assert next(steps, None) is None
    assert [metric.job_id for metric in metrics] == ["fixture"]


def stepped_by_to_thread(generator: Iterator[Any]) -> None:
    """Take each step in a copy of the context, as Starlette does."""

    async def steps() -> None:
        while await asyncio.to_thread(next, generator, None) is not None:
            pass

    asyncio.run(steps())


def stepped_by_anyio(generator: Iterator[Any]) -> None:
    """Take each step in a thread of anyio."""

    async def steps() -> None:
        while await anyio.to_thread.run_sync(next, generator, None) is not None:
            pass

    asyncio.run(steps())


def stepped_by_new_threads(generator: Iterator[Any]) -> None:
    """Take each step in a thread of the pool that has one only for it."""

    async def steps() -> None:
        from concurrent.futures import ThreadPoolExecutor

        going = True
        while going:
            with ThreadPoolExecutor(1) as pool:
                loop = asyncio.get_running_loop()
                going = await loop.run_in_executor(pool, next, generator, None) is not None

    asyncio.run(steps())


@pytest.mark.parametrize(
    "stepped", [stepped_by_to_thread, stepped_by_anyio, stepped_by_new_threads]
)
def test_a_generator_whose_steps_run_in_threads(
    stepped: Callable[[Iterator[Any]], None],
    client: openai.OpenAI,
    metrics: CapturedMetrics,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its context is lost between them, which is told by file and line, once; decorated not."""

    def plain() -> Iterator[str]:
        with ai_usage_context("op", job_id="plain"):
            for _ in range(2):
                client.chat.completions.create(**CHAT)
                yield "answer"

    @ai_usage_tracked("op")
    def decorated(job_id: str) -> Iterator[str]:
        for _ in range(2):
            client.chat.completions.create(**CHAT)
            yield "answer"

    stepped(plain())
    stepped(plain())
    line = plain.__code__.co_firstlineno + 1
    assert caplog.messages == [scope.STRAYED % f"{__file__}:{line}"]
    caplog.clear()
    stepped(decorated(job_id="decorated"))
    # Of each plain one the first call, which was made in the step that entered the block.
    assert [metric.job_id for metric in metrics] == ["plain"] * 2 + ["decorated"] * 2
    assert caplog.messages == []


def test_a_manager_that_is_entered_in_a_thread(caplog: pytest.LogCaptureFixture) -> None:
    """As FastAPI enters sync dependencies: told, with the place of the block."""
    from contextlib import contextmanager

    @contextmanager
    def dependency() -> Iterator[None]:
        with ai_usage_context("op"):
            yield

    async def request() -> None:
        manager = dependency()
        await anyio.to_thread.run_sync(manager.__enter__)
        await anyio.to_thread.run_sync(manager.__exit__, None, None, None)

    asyncio.run(request())
    line = dependency.__wrapped__.__code__.co_firstlineno + 2  # type: ignore[attr-defined]
    assert caplog.messages == [scope.STRAYED % f"{__file__}:{line}"]


def _generator() -> Iterator[int]:
    with ai_usage_context("op"):
        yield 1
        yield 2


async def _broken_off() -> None:
    async def steps() -> Any:
        async with ai_usage_context("op"):
            yield 1
            yield 2

    async for _ in steps():
        break  # the loop closes it, in a task of its own


def _interleaved() -> None:
    first, second = _generator(), _generator()
    next(first), next(second)
    list(first), list(second)


def _hidden() -> None:
    with ai_usage_context("op"):
        set_current_context(None)


def _dropped() -> None:
    steps = _generator()
    asyncio.run(asyncio.to_thread(next, steps))


@pytest.mark.parametrize(
    "harmless", [_interleaved, _hidden, _dropped, lambda: asyncio.run(_broken_off())]
)
def test_what_loses_nothing_is_not_told(
    harmless: Callable[[], object], caplog: pytest.LogCaptureFixture
) -> None:
    """Blocks that overlap, are closed early, or were taken away by the program itself."""
    harmless()
    assert caplog.messages == []
