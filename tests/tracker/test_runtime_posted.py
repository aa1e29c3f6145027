"""Calls that a framework posts by itself, past the SDKs: litellm's handlers, and lm15's transports.

The frameworks themselves are asked by ``make matrix``; here are classes of the same shape over a
real HTTP client and the real server.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import subprocess
import sys
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx2
import pytest
from loopback import INPUT_TOKENS, OUTPUT_TOKENS
from many_cases import each_of
from runtime_calls import CHAT, MESSAGE

from tracker import AIUsageTracker, ai_usage_context
from tracker.instrumentation.frameworks import litellm, lm15
from tracker.instrumentation.frameworks.http_post import asked_at
from tracker.instrumentation.providers.usage import usage_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from loopback import LoopbackServer

    from tracker.testing import CapturedMetrics

ONCE = [(INPUT_TOKENS, OUTPUT_TOKENS)]


class HTTPHandler:
    """litellm's, as far as calls are concerned."""

    def __init__(self) -> None:
        self.client = httpx2.Client()

    def post(
        self, url: str, json: Any = None, stream: bool = False, logging_obj: Any = None
    ) -> Any:
        """Send a request; an answer that is an error raises."""
        request = self.client.build_request("POST", url, json=json)
        response = self.client.send(request, stream=stream)
        response.raise_for_status()
        return response


class AsyncHTTPHandler:
    """litellm's for asynchronous programs."""

    def __init__(self) -> None:
        self.client = httpx2.AsyncClient()

    async def post(
        self, url: str, json: Any = None, stream: bool = False, logging_obj: Any = None
    ) -> Any:
        """Send a request; an answer that is an error raises."""
        request = self.client.build_request("POST", url, json=json)
        response = await self.client.send(request, stream=stream)
        response.raise_for_status()
        return response


class Response:
    """lm15's response: an iterator of pieces."""

    def __init__(self, status: int, headers: dict[str, str], chunks: Any) -> None:
        self.status = status
        self._headers = headers
        self._chunks = chunks

    def header(self, name: str) -> str | None:
        """Return the value of a header."""
        return self._headers.get(name)


def pieces(body: bytes) -> Iterator[bytes]:
    """Give *body* in pieces that end anywhere."""
    yield from (body[start : start + 7] for start in range(0, len(body), 7))


async def pieces_async(body: bytes) -> AsyncIterator[bytes]:
    """Give *body* in pieces, asynchronously."""
    for piece in pieces(body):
        yield piece


def sent(request: Any) -> tuple[int, dict[str, str], bytes]:
    """Send a request of lm15's by the standard library alone."""
    where = urlsplit(request.url)
    connection = http.client.HTTPConnection(where.netloc)
    connection.request(request.method, where.path, json.dumps(request.body))
    response = connection.getresponse()
    headers = {name.lower(): value for name, value in response.getheaders()}
    found = response.status, headers, response.read()
    connection.close()
    return found


class StdlibTransport:
    """lm15's, which opens a stream for every request."""

    def stream(self, request: Any) -> Response:
        """Send a request."""
        status, headers, body = sent(request)
        return Response(status, headers, pieces(body))


class StdlibAsyncTransport:
    """lm15's for asynchronous programs."""

    async def _do_stream(self, request: Any) -> Response:
        status, headers, body = sent(request)
        return Response(status, headers, pieces_async(body))


def module_of(*classes: type) -> ModuleType:
    """Return a module with copies of *classes*, which may be patched."""
    module = ModuleType("litellm.llms")
    for kind in classes:
        setattr(module, kind.__name__, type(kind.__name__, (kind,), dict(vars(kind))))
    return module


@pytest.fixture
def handlers() -> ModuleType:
    """litellm's handlers, patched twice."""
    module = module_of(HTTPHandler, AsyncHTTPHandler)
    litellm.patch(module)
    litellm.patch(module)
    return module


@pytest.fixture
def handler(handlers: ModuleType) -> Iterator[Any]:
    """One of litellm's handlers."""
    handler = handlers.HTTPHandler()
    with handler.client:
        yield handler


@pytest.fixture
def transports() -> ModuleType:
    """lm15's transports, patched."""
    module = module_of(StdlibTransport, StdlibAsyncTransport)
    lm15.patch(module)
    lm15.patch_async(module)
    return module


def recorded(metrics: CapturedMetrics) -> list[tuple[int | None, int | None]]:
    """Return the tokens of each record."""
    return [(metric.input_tokens, metric.output_tokens) for metric in metrics]


def told(metrics: CapturedMetrics) -> list[tuple[Any, ...]]:
    """Return what each record says beside its tokens."""
    return [(m.service, m.operation, m.model, m.job_id, m.error, m.partial) for m in metrics]


CHAT_TOLD = ("openai", "completion", CHAT["model"], "j", None, False)
MESSAGE_TOLD = ("anthropic", "completion", MESSAGE["model"], "j", None, False)
ASKED = {"stream": True, "stream_options": {"include_usage": True}}


def test_what_a_handler_posts_is_recorded(
    handler: Any, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """Plain answers and streams of both providers, once each, with the provider's own id."""
    with ai_usage_context("op", job_id="j"):
        response = handler.post(f"{server.base_url}/chat/completions", json=CHAT)
        assert response.json()["usage"]
        handler.post(f"{server.root_url}/v1/messages", json=MESSAGE)
        body = MESSAGE | {"stream": True}
        streamed = handler.post(f"{server.root_url}/v1/messages", json=body, stream=True)
        assert any("message_stop" in line for line in streamed.iter_lines())
    assert recorded(metrics) == ONCE * 3
    assert told(metrics) == [CHAT_TOLD, MESSAGE_TOLD, MESSAGE_TOLD]
    assert metrics[0].request_id == response.headers["x-request-id"]


@pytest.mark.asyncio
async def test_what_an_asynchronous_handler_posts_is_recorded(
    handlers: ModuleType, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """The same, awaited."""
    handler = handlers.AsyncHTTPHandler()
    async with handler.client, ai_usage_context("op", job_id="j"):
        await handler.post(f"{server.root_url}/v1/messages", json=MESSAGE)
        url = f"{server.base_url}/chat/completions"
        streamed = await handler.post(url, json=CHAT | ASKED, stream=True)
        assert [line async for line in streamed.aiter_lines()]
    assert recorded(metrics) == ONCE * 2
    assert told(metrics) == [MESSAGE_TOLD, CHAT_TOLD]


def test_nothing_is_recorded_where_nobody_observes(
    handler: Any, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """Outside of blocks and observed functions, posts are as they were; an observed one counts."""
    url = f"{server.base_url}/chat/completions"
    handler.post(url, json=CHAT)
    assert len(metrics) == 0
    AIUsageTracker().track_openai_completion(lambda: handler.post(url, json=CHAT))()
    assert recorded(metrics) == ONCE


def test_an_error_is_booked_as_one(
    handler: Any, transports: ModuleType, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """One that the handler raises, and an answer that says it: each once, and not billed."""
    server.failures[:] = [500, 400]
    with ai_usage_context("op"):
        with pytest.raises(httpx2.HTTPStatusError):
            handler.post(f"{server.base_url}/chat/completions", json=CHAT)
        answer = transports.StdlibTransport().stream(posting(server, "/v1/messages", MESSAGE))
        assert answer.status == 400
        del answer
    assert [(m.service, m.error, m.metadata["http_status"], m.cost_usd) for m in metrics] == [
        ("openai", "HTTPStatusError: status 500", 500, 0),
        ("anthropic", "status 400", 400, 0),
    ]


def call(**facts: str) -> SimpleNamespace:
    """Return what litellm hands along of a call."""
    return SimpleNamespace(**facts)


@each_of(
    ("path", "known", "expected"),
    [
        ("/v1/chat/completions", None, ("openai", "completion", "m")),
        (
            "/v1/chat/completions",
            call(custom_llm_provider="mistral", call_type="acompletion"),
            ("mistral", "completion", "m"),
        ),
        (
            "/v1/responses",
            call(custom_llm_provider="azure", call_type="responses"),
            ("openai", "completion", "m"),
        ),
        (
            "/model/x/converse",
            call(custom_llm_provider="bedrock", call_type="acompletion", model="x"),
            ("bedrock", "completion", "m"),
        ),
        (
            "/v2/embed",
            call(custom_llm_provider="cohere", call_type="embedding"),
            ("cohere", "embedding", "m"),
        ),
        ("/v1beta/models/gemini-2.0-flash:generateContent", None, ("google", "completion", "m")),
        ("/api/public/ingestion", None, None),
        ("/v1/files", call(custom_llm_provider="openai", call_type="acreate_file"), None),
        ("/v1/messages/count_tokens", None, None),
    ],
)
def test_what_is_billed_is_known(path: str, known: Any, expected: Any) -> None:
    """By its path, else by the call's type; reports to logging services are neither."""
    url = f"https://example.org{path}"
    found = litellm._look((url,), {"json": {"model": "m"}, "logging_obj": known})
    assert found == expected


def test_an_answer_without_known_counts_is_recorded_without(
    handler: Any, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """A form that is not ours leaves a record whose tokens and price are unknown, and not 0."""
    known = call(custom_llm_provider="bedrock", call_type="completion", model="x")
    with ai_usage_context("op"):
        url = f"{server.root_url}/v1/messages/batches"
        handler.post(url, json={}, logging_obj=known)
    assert told(metrics)[0][:3] == ("bedrock", "completion", "x")
    assert (metrics[0].total_tokens, metrics[0].cost_usd) == (None, None)


def posting(server: LoopbackServer, path: str, body: dict[str, Any]) -> SimpleNamespace:
    """Return a request of lm15's."""
    return SimpleNamespace(method="POST", url=f"{server.root_url}{path}", body=body)


def test_what_a_transport_streams_is_recorded(
    transports: ModuleType, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """Its pieces pass unchanged, and tell the tokens."""
    transport = transports.StdlibTransport()
    requests = [posting(server, "/v1/messages", MESSAGE | extra) for extra in ({}, ASKED)]
    bodies = [b"".join(StdlibTransport().stream(request)._chunks) for request in requests]
    with ai_usage_context("op", job_id="j"):
        seen = [b"".join(transport.stream(request)._chunks) for request in requests]
    assert seen == bodies
    assert recorded(metrics) == ONCE * 2
    assert told(metrics) == [MESSAGE_TOLD] * 2
    assert all(metric.request_id for metric in metrics)


def test_what_an_asynchronous_transport_streams_is_recorded(
    transports: ModuleType, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """The same, awaited."""

    async def use() -> None:
        request = posting(server, "/v1/chat/completions", CHAT | ASKED)
        response = await transports.StdlibAsyncTransport()._do_stream(request)
        assert [piece async for piece in response._chunks]

    with ai_usage_context("op", job_id="j"):
        asyncio.run(use())
    assert recorded(metrics) == ONCE
    assert told(metrics) == [CHAT_TOLD]


@pytest.mark.parametrize(("last", "partial"), [(b"message_delta", False), (b"content_block", True)])
def test_a_stream_is_whole_when_all_is_told(
    last: bytes,
    partial: bool,
    transports: ModuleType,
    server: LoopbackServer,
    metrics: CapturedMetrics,
) -> None:
    """Who stops reading at the final counts has read all; who stops before has not."""
    with ai_usage_context("op"):
        request = posting(server, "/v1/messages", MESSAGE | ASKED)
        pieces = iter(transports.StdlibTransport().stream(request)._chunks)
        seen = b""
        while b"event: " + last not in seen.rpartition(b"\n\n")[0]:
            seen += next(pieces)
        pieces.close()
    assert [metric.partial for metric in metrics] == [partial]


def test_a_version_that_is_not_known_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """Where litellm or lm15 has moved its method, a warning names what is not captured."""
    litellm.patch(ModuleType("litellm.llms"))
    lm15.patch(ModuleType("lm15.transports"))
    said = [record.getMessage() for record in caplog.records]
    assert ["HTTPHandler" in text for text in said] == [True, True, False]
    assert "this version of lm15 is not known" in said[-1]


def test_google_s_counts_are_read() -> None:
    """Thoughts are part of the output, what was cached of the input; texts are no counts."""
    counts = {"promptTokenCount": 9, "toolUsePromptTokenCount": 2, "cachedContentTokenCount": 4}
    counts |= {"candidatesTokenCount": 3, "thoughtsTokenCount": 5, "totalTokenCount": 19}
    assert usage_of({"usageMetadata": counts}) == (11, 8, 19, 4, None, 5)
    assert usage_of({"usageMetadata": {"promptTokenCount": "9"}}).input_tokens is None
    assert usage_of({"usageMetadata": None}) == (None,) * 6
    found = asked_at("https://x/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse")
    assert found == ("google", "completion", "gemini-2.5-pro")


HANDLER = """
import httpx2
class HTTPHandler:
    def post(self, url, json=None, logging_obj=None):
        return httpx2.post(url, json=json)
class AsyncHTTPHandler:
    async def post(self, url, json=None, logging_obj=None):
        raise NotImplementedError
"""
TRANSPORT = """
class StdlibTransport:
    def stream(self, request):
        raise NotImplementedError
"""
PROGRAM = """
import importlib, sys
from tracker import ai_usage_context
from tracker.instrumentation.installation import install
from tracker.testing import capture
if sys.argv[2] == "ours first":
    install()
handler = importlib.import_module("litellm.llms.custom_httpx.http_handler")
transport = importlib.import_module("dspy._vendor.lm15.transports._sync")
with capture() as metrics, ai_usage_context("op"):
    handler.HTTPHandler().post(sys.argv[1], json={"model": "m", "messages": []})
print(len(metrics), hasattr(transport.StdlibTransport.stream, "__wrapped__"))
"""


@pytest.mark.parametrize("order", ["ours first", "theirs first"])
def test_the_frameworks_are_found_when_they_are_imported(
    order: str, server: LoopbackServer, tmp_path: Path
) -> None:
    """Before or after our capture was installed."""
    for path, text in (
        ("litellm/llms/custom_httpx/http_handler.py", HANDLER),
        ("dspy/_vendor/lm15/transports/_sync.py", TRANSPORT),
    ):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{PROGRAM}"
    url = f"{server.base_url}/chat/completions"
    done = subprocess.run(
        [sys.executable, "-c", program, url, order], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["1", "True"]
