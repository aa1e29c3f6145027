"""Calls that fail: one record each, which says how, costs nothing, and has none of the text."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import anthropic
import openai
import pytest
from capture_matrix import COLUMNS, FORMS, client_of, got, observed, run
from click.testing import CliRunner
from runtime_calls import CHAT, EMBEDDING, MESSAGE

from tracker import AIUsageTracker, ai_usage_context, flush
from tracker.cli.main import cli
from tracker.testing import capture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loopback import LoopbackServer

    from tracker.testing import CapturedMetrics

#: A form of each kind; all paths but the replay, which has nothing to replay.
KINDS = [
    form
    for form in FORMS
    if form.client != "azure"
    and form.name
    in (
        *("chat", "chat stream", "chat .stream()", "chat raw", "chat streamed lines"),
        *("embeddings", "responses parse", "messages", "messages stream"),
    )
]
PATHS = [paths for paths in COLUMNS if "replayed" not in paths and len(paths) != 2]
QUOTA = {"type": "insufficient_quota", "code": "rate_limit_exceeded", "param": "a secret text"}


async def failing(form: Any, server: LoopbackServer, *, asynchronous: bool) -> list[Any]:
    """Return what is wrong with the records of *form*'s failures, by path."""
    client = client_of(form, server, asynchronous=asynchronous)
    wrong = []
    for paths in PATHS:
        server.failures[:] = [403]
        errors = (openai.APIStatusError, anthropic.APIStatusError)
        with capture() as metrics, pytest.raises(errors) as raised:
            await observed(form, paths, client)
        seen = [
            (m.error, *map(m.metadata.get, ("http_status", "error_code")), m.job_id, m.cost_usd)
            for m in metrics
        ]
        code = "rate_limit_exceeded"
        expected = (f"PermissionDeniedError: status 403, {code}", 403, code, "j", 0)
        model = "text-embedding-3-small" if form.name == "embeddings" else None
        known = seen == [expected] and (model is None or metrics[0].model == model)
        known = known and raised.type.__name__ == "PermissionDeniedError"
        if not known or metrics[0].input_tokens is not None or "secret" in repr(list(metrics)):
            wrong.append((form.client, form.name, paths, seen))
    await got(client.close())
    return wrong


def test_each_form_by_each_path(server: LoopbackServer) -> None:
    """The exception is the program's, and there is one record of the status and code."""
    server.error = QUOTA
    wrong = [found for form in KINDS for found in run(failing(form, server, asynchronous=False))]
    assert wrong == []


def test_each_form_by_each_path_asynchronously(server: LoopbackServer) -> None:
    """As synchronous ones."""
    server.error = QUOTA

    async def all_of_them() -> list[Any]:
        return [found for form in KINDS for found in await failing(form, server, asynchronous=True)]

    assert asyncio.run(all_of_them()) == []


def test_the_sdk_s_retries_are_one_failure(
    client: openai.OpenAI, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """Three attempts that fail are one record; the program's own second try is another call."""
    server.failures[:] = [500] * 3
    tracker = AIUsageTracker()

    @tracker.track_openai_completion
    def ask() -> Any:
        try:
            return client.with_options(max_retries=2).chat.completions.create(**CHAT)
        except openai.InternalServerError:
            return client.chat.completions.create(**CHAT)

    ask()
    assert len(server.requests) == 4
    assert [(m.error, m.input_tokens, m.metadata["function"]) for m in metrics] == [
        ("InternalServerError: status 500", None, "ask"),
        (None, 11, "ask"),
    ]
    assert (metrics[0].price_basis, metrics[0].cost_usd) == ("free", 0)
    assert "function_error" not in metrics[0].metadata


def _steps(ended: list[str]) -> Iterator[None]:
    try:
        yield
    finally:
        ended.append("the generator")


@pytest.mark.parametrize("path", ["context", "decorator", "replay"])
def test_a_failure_keeps_nothing_of_the_program(
    client: openai.OpenAI, server: LoopbackServer, metrics: CapturedMetrics, path: str
) -> None:
    """What a function holds is let go of where it returns, and not when garbage is searched."""
    server.failures[:] = [403]
    tracker, ended = AIUsageTracker(), list[str]()

    def ask() -> Any:
        return client.chat.completions.create(**CHAT)

    def work() -> None:
        steps = _steps(ended)
        next(steps)
        with suppress(openai.PermissionDeniedError):
            if path == "context":
                with ai_usage_context("work"):
                    ask()
            elif path == "decorator":
                tracker.track_openai_completion(ask)()
            else:
                tracker.track_openai_completion(lambda: ask())()

    gc.disable()
    try:
        work()
    finally:
        gc.enable()
    assert ended == ["the generator"]
    assert len(metrics) == 1


class _Silent(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Read all of the request: what is closed with bytes unread is a reset connection."""
        self.rfile.read(int(self.headers["content-length"]))

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def silent_server() -> Iterator[str]:
    """Take each request to its end, and close the connection; give the URL."""
    with HTTPServer(("127.0.0.1", 0), _Silent) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join()


def test_a_connection_that_is_lost(metrics: CapturedMetrics) -> None:
    """One that was never made costs nothing; after one that was, an answer may be billed."""
    with silent_server() as url, ai_usage_context("op"):
        for where in ("http://127.0.0.1:9", url):
            client = openai.OpenAI(base_url=where, api_key="x", max_retries=0)
            with client, pytest.raises(openai.APIConnectionError):
                client.embeddings.create(**EMBEDDING)
    assert [(m.error, m.cost_usd, m.price_basis) for m in metrics] == [
        ("APIConnectionError: by ConnectError", 0, "free"),
        ("APIConnectionError: by RemoteProtocolError", None, "unpriced"),
    ]


def test_a_failure_at_an_endpoint_that_nobody_knows(
    client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """Whether it says anything of what is billed is not known either."""
    with ai_usage_context("op"), pytest.raises(openai.NotFoundError):
        client.post("/holograms", cast_to=object, body={})
    assert len(metrics) == 0


def test_the_report_counts_them(client: openai.OpenAI, server: LoopbackServer) -> None:
    """Their number and rate by any field, and by their own kind; none of them lacks a price."""
    claude = anthropic.Anthropic(base_url=server.root_url, api_key="x")
    with claude, ai_usage_context("op"):
        server.failures[:] = [429] * 3
        with pytest.raises(openai.RateLimitError):
            client.embeddings.create(**EMBEDDING)
        for _ in range(3):
            client.embeddings.create(**EMBEDDING)
        server.failures[:] = [413]
        with pytest.raises(anthropic.APIStatusError):
            claude.messages.create(**MESSAGE)
    assert flush(60)

    def report(*arguments: str) -> str:
        return CliRunner().invoke(cli, ["report", *arguments]).stdout

    by_model = {row["model"]: row for row in json.loads(report("--by", "model", "--format=json"))}
    row = by_model["text-embedding-3-small"]
    assert (row["calls"], row["errors"], row["error_rate"], row["unpriced"]) == (4, 1, 0.25, 0)
    found = json.loads(report("--by", "error", "--format=json"))
    by_error = {row["error"]: row["calls"] for row in found}
    assert by_error == {
        None: 3,
        "RateLimitError: status 429": 1,
        "ContentTooLargeError: status 413": 1,
    }
    assert "25.0%" in report("--by", "model")
