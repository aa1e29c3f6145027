"""The places of the providers' SDKs that capture rests on.  Invariant C1 of ARCHITECTURE.md.

A newer SDK that moves one of them fails here, by name, and not as a missing record.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import anthropic
import httpx2
import openai
import pytest
from many_cases import each_of

from tracker.instrumentation.answers import http_response_of, is_deferred, of_sdk, stream_of
from tracker.instrumentation.providers import ANTHROPIC, CAPTURED, OPENAI, endpoints

if TYPE_CHECKING:
    from types import ModuleType

    from tracker.instrumentation.providers.provider import Provider

MODULES: dict[str, ModuleType] = {"openai": openai, "anthropic": anthropic}
CLIENTS = [
    (openai, "OpenAI"),
    (openai, "AsyncOpenAI"),
    (openai, "AzureOpenAI"),
    (openai, "AsyncAzureOpenAI"),
    (anthropic, "Anthropic"),
    (anthropic, "AsyncAnthropic"),
]
#: Paths that the SDKs' own resources post to, and what is booked of them.
PATHS = [
    (OPENAI, "/chat/completions", "completion"),
    (OPENAI, "/deployments/gpt-4o/chat/completions", "completion"),
    (OPENAI, "https://example.org/v1/chat/completions?api-version=1", "completion"),
    (OPENAI, "/completions", "completion"),
    (OPENAI, "/responses", "completion"),
    (OPENAI, "/embeddings", "embedding"),
    (OPENAI, "/responses/resp_1/cancel", None),
    (OPENAI, "/batches", None),
    (OPENAI, "/files", None),
    (ANTHROPIC, "/v1/messages", "completion"),
    (ANTHROPIC, "/v1/messages?beta=true", "completion"),
    (ANTHROPIC, "/v1/messages/count_tokens", None),
    (ANTHROPIC, "/v1/messages/batches", None),
]


def patch_problems(client: Any, *, asynchronous: bool) -> list[str]:
    """Return what capture misses at a client class."""
    method = getattr(client, "request", None)
    if method is None:
        return ["no request method"]
    problems = []
    parameters = inspect.signature(method).parameters
    if list(parameters)[:3] != ["self", "cast_to", "options"]:
        problems.append(f"other arguments: {list(parameters)}")
    if "stream" not in parameters:
        problems.append("no stream argument")
    if inspect.iscoroutinefunction(inspect.unwrap(method)) != asynchronous:
        problems.append("of the other kind")
    return problems


@each_of(("module", "name"), CLIENTS)
def test_the_request_method_is_where_we_wrap_it(module: ModuleType, name: str) -> None:
    """C1: every client class has it, with the arguments that are read."""
    client = getattr(module, name)
    assert patch_problems(client, asynchronous=name.startswith("Async")) == []


def test_a_moved_method_is_seen() -> None:
    """The check can fail: another name, other arguments, another kind."""

    class Renamed:
        def send(self, cast_to: Any, options: Any) -> None: ...

    class Rearranged:
        async def request(self, options: Any, cast_to: Any) -> None: ...

    assert patch_problems(Renamed, asynchronous=False) == ["no request method"]
    assert len(patch_problems(Rearranged, asynchronous=False)) == 3


def leading(client: Any) -> list[str]:
    """Return the attributes of *client* that lead to calls, as a wrapped client sees them."""
    from tracker.instrumentation.proxy import _computed, _is_part

    return [name for name in _computed(type(client)) if _is_part(getattr(client, name), client)]


@pytest.mark.parametrize("provider", CAPTURED, ids=lambda provider: provider.name)
def test_a_resource_holds_its_client(provider: Provider) -> None:
    """C1: under the name that wrapped clients replace it by, and every known call is in one."""
    module = MODULES[provider.name]
    for name in provider.classes[:2]:
        client = getattr(module, name)(api_key="x")
        found = leading(client)
        known = {call.partition(".")[0] for call in provider.calls}
        assert "beta" in found
        assert {name for name in known if hasattr(client, name)} <= set(found)
        assert leading(object()) == []


@each_of("name", ["OpenAI", "AsyncOpenAI", "Anthropic", "AsyncAnthropic"])
def test_a_client_keeps_its_address_where_it_is_read(name: str) -> None:
    """C1: what the client says when it is asked; asking is slow."""
    module = openai if hasattr(openai, name) else anthropic
    client = getattr(module, name)(api_key="x", base_url="http://127.0.0.1:9/v1")
    assert endpoints.base_url_of(client) is client.base_url
    assert type(client) in endpoints.KEEPING


@pytest.mark.parametrize("provider", CAPTURED, ids=lambda provider: provider.name)
def test_the_options_have_the_fields_that_are_read(provider: Provider) -> None:
    """C1: the request's path, method and body; its headers, and what is merged into the body."""
    models = importlib.import_module(f"{provider.name}._models")
    options = models.FinalRequestOptions(method="post", url="/x", json_data={"model": "m"})
    assert (options.url, options.method.lower()) == ("/x", "post")
    assert options.json_data == {"model": "m"}
    assert {"url", "method", *endpoints.ASKED} <= vars(options).keys()
    # Of options of another make the same is read.
    other = endpoints.asked_of(SimpleNamespace(method="get", url="/y", json_data=1, more=2))
    assert other == {"method": "get", "url": "/y", **dict.fromkeys(endpoints.ASKED), "json_data": 1}
    client = getattr(MODULES[provider.name], provider.classes[0])(api_key="x")
    options.extra_json = {"stream_options": {"include_usage": True}}
    options.headers = {"Accept-Encoding": "identity"}
    request = client._build_request(options)
    assert json.loads(request.content) == {"model": "m", **options.extra_json}
    assert request.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("provider", CAPTURED, ids=lambda provider: provider.name)
def test_the_parser_of_an_answer_is_given_a_stream(provider: Provider) -> None:
    """C1: what stands in ``post_parser`` gets the SDK's own stream before ``request`` returns."""
    module = MODULES[provider.name]
    models = importlib.import_module(f"{provider.name}._models")
    given: list[Any] = []

    def parser(answer: Any) -> Any:
        given.append(answer)
        return answer

    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, text=""))
    http_client = httpx2.Client(transport=transport)
    client_class = getattr(module, provider.classes[0])
    client = client_class(api_key="x", http_client=http_client)
    options = models.FinalRequestOptions(method="post", url="/x", post_parser=parser)
    answer = client.request(object, options, stream=True, stream_cls=module.Stream[object])
    assert given == [answer]
    assert stream_of(answer) is answer


@pytest.mark.parametrize("provider", CAPTURED, ids=lambda provider: provider.name)
def test_a_stream_reads_from_the_iterator_that_we_replace(provider: Provider) -> None:
    """C1: both ways of iterating take what is in ``_iterator``; closing closes the response.

    It may be made when it is first read: then what stands in its place is read all the same.
    """
    module = MODULES[provider.name]
    client = getattr(module, provider.classes[0])(api_key="x", base_url="http://localhost")
    closed = []
    response = httpx2.Response(200, request=httpx2.Request("POST", "http://localhost"), text="")
    stream = module.Stream(cast_to=object, response=response, client=client)
    assert hasattr(stream, "_iterator")
    stream._iterator = iter([1, 2, 3])
    assert (next(stream), list(stream)) == (1, [2, 3])
    vars(response)["close"] = lambda: closed.append(True)
    stream.close()
    assert closed == [True]
    assert stream_of(stream) is stream
    assert http_response_of(stream) is response


@each_of(
    ("module", "method"),
    [(module, name) for p in CAPTURED for module, names in p.finals.items() for name in names],
)
def test_stream_helpers_are_what_we_take_them_for(module: str, method: str) -> None:
    """C1: a helper keeps the stream it reads, gives its whole answer, and comes of a manager."""
    kind, _, name = method.partition(".")
    helpers = importlib.import_module(module)
    helper = getattr(helpers, kind)
    assert callable(getattr(helper, name))
    assert "_raw_stream" in inspect.getsource(helper.__init__)
    manager = getattr(helpers, f"{kind}Manager")
    assert of_sdk(manager.__new__(manager))
    assert is_deferred(manager.__new__(manager))
    assert hasattr(manager, "__aenter__" if "Async" in kind else "__enter__")


@pytest.mark.parametrize(
    ("module", "kind", "kept"),
    [
        ("openai.lib.streaming.chat", "ChatCompletionStream", "current_completion_snapshot"),
        ("openai.lib.streaming.responses", "ResponseStream", "_state"),
        ("openai.lib.streaming.responses._responses", "ResponseStreamState", "_completed_response"),
        ("anthropic.lib.streaming", "MessageStream", "current_message_snapshot"),
        ("anthropic.lib.streaming", "BetaMessageStream", "current_message_snapshot"),
    ],
)
def test_stream_helpers_keep_what_they_put_together(module: str, kind: str, kept: str) -> None:
    """C1: where it is looked for when a program hands in a part of it; and closing is a method."""
    helper = getattr(importlib.import_module(module), kind)
    assert hasattr(helper, kept) or f"self.{kept}" in inspect.getsource(helper.__init__)
    assert kind.endswith("State") or callable(helper.close)


def test_a_decoder_of_lines_reads_them_off_its_iterator() -> None:
    """C1: what stands in ``_iterator`` of a batch's results is what a program gets."""
    decoders = importlib.import_module("anthropic._decoders.jsonl")
    for kind in (decoders.JSONLDecoder, decoders.AsyncJSONLDecoder):
        assert isinstance(vars(kind)["_iterator"], functools.cached_property)
    decoder = decoders.JSONLDecoder(raw_iterator=iter(()), line_type=object, http_response=None)
    decoder._iterator = iter(["ours"])
    assert list(decoder) == ["ours"]


@pytest.mark.parametrize("provider", CAPTURED, ids=lambda provider: provider.name)
def test_streaming_responses_are_deferred_and_hold_the_http_response(provider: Provider) -> None:
    """C1: the request is sent on entering; the raw forms keep what they were read from."""
    responses = importlib.import_module(f"{provider.name}._response")
    for name in ("ResponseContextManager", "AsyncResponseContextManager"):
        kind = getattr(responses, name)
        assert is_deferred(kind.__new__(kind))
    assert "http_response" in responses.BaseAPIResponse.__annotations__


def test_a_response_reads_from_the_byte_stream_that_we_replace() -> None:
    """C1: what stands in ``stream`` is what ``iter_raw`` and all above it give."""

    class Bytes(httpx2.SyncByteStream):
        def __init__(self, *parts: bytes) -> None:
            self.parts = parts

        def __iter__(self) -> Any:
            yield from self.parts

    response = httpx2.Response(200, stream=Bytes(b"theirs"))
    response.stream = Bytes(b"ou", b"rs")
    assert not response.is_stream_consumed
    assert response.read() == b"ours"
    assert response.is_stream_consumed


@each_of(("provider", "url", "operation"), PATHS)
def test_the_billed_paths(provider: Provider, url: str, operation: str | None) -> None:
    """C1: what is billed is told by its path, also behind a deployment or a whole URL."""
    assert provider.operation_of(url) == operation


@pytest.mark.parametrize("provider", CAPTURED, ids=lambda provider: provider.name)
def test_the_resources_post_to_the_billed_paths(provider: Provider) -> None:
    """C1: the paths that we know are those that the SDK's own resources spell."""
    names = {
        "openai": (
            "chat.completions.completions",
            "completions",
            "responses.responses",
            "embeddings",
        ),
        "anthropic": ("messages.messages", "beta.messages.messages"),
    }[provider.name]
    for name in names:
        source = inspect.getsource(importlib.import_module(f"{provider.name}.resources.{name}"))
        assert any(f'"{path}' in source for path in provider.operations), name
