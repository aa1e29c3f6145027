"""Beside others who observe the same clients: they, the program and we see what each sees alone.

Stand-ins for what real libraries do (``make matrix`` has the libraries themselves): they wrap the
request method, below us or above; their streams have the methods of both kinds, or are
generators; they come in by the stream's class, or by the iterator that it makes when it is read.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, get_origin

import anthropic
import openai
import pytest
import wrapt
from capture_matrix import CHAT, INPUT, MESSAGE, entered, got, items, run, shown
from loopback import INPUT_TOKENS, OUTPUT_TOKENS

from tracker import ai_usage_context
from tracker.instrumentation import client_patch
from tracker.instrumentation.providers import ANTHROPIC, OPENAI
from tracker.instrumentation.streaming import stream_usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from loopback import LoopbackServer

    from tracker.testing import CapturedMetrics

SDKS = {"openai": (OPENAI, openai), "anthropic": (ANTHROPIC, anthropic)}
KINDS = {"sync": False, "async": True}
ORDERS = ("ours first", "theirs first")


class BothFaces(wrapt.ObjectProxy):
    """A stream that can be iterated in both ways, whichever it wraps, as openinference's."""

    def __init__(self, stream: Any, seen: list[Any]) -> None:
        super().__init__(stream)
        self._self_seen = seen

    def __iter__(self) -> Any:
        return self

    def __aiter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        chunk = self.__wrapped__.__next__()
        self._self_seen.append(shown(chunk))
        return chunk

    async def __anext__(self) -> Any:
        chunk = await self.__wrapped__.__anext__()
        self._self_seen.append(shown(chunk))
        return chunk


def generated(stream: Any, seen: list[Any]) -> Any:
    """Give the chunks of *stream* by a generator, which has nothing else of a stream."""
    if hasattr(stream, "__aiter__"):

        async def chunks() -> Any:
            async for chunk in stream:
                seen.append(shown(chunk))
                yield chunk

        return chunks()

    def chunks_at_once() -> Any:
        for chunk in stream:
            seen.append(shown(chunk))
            yield chunk

    return chunks_at_once()


def wrapping(made: Callable[[Any, list[Any]], Any]) -> Any:
    """Return a wrapper of a request method that notes requests, and gives what *made* makes."""

    def wrapper(method: Any, seen: list[Any]) -> Any:
        def note(args: Any, kwargs: Any) -> None:
            options = kwargs.get("options") or args[-1]
            seen.append(dict(options.json_data))

        @functools.wraps(method)
        def request(*args: Any, **kwargs: Any) -> Any:
            note(args, kwargs)
            answer = method(*args, **kwargs)
            return made(answer, seen) if kwargs.get("stream") else answer

        @functools.wraps(method)
        async def request_async(*args: Any, **kwargs: Any) -> Any:
            note(args, kwargs)
            answer = await method(*args, **kwargs)
            return made(answer, seen) if kwargs.get("stream") else answer

        return request_async if inspect.iscoroutinefunction(method) else request

    return wrapper


def by_class(method: Any, seen: list[Any]) -> Any:
    """Have the request make a stream of a class that notes chunks where they are parsed."""

    def noting(kwargs: dict[str, Any]) -> dict[str, Any]:
        kind = kwargs.get("stream_cls")
        if not kwargs.get("stream") or kind is None:
            return kwargs

        class Sync(kind):  # type: ignore[misc, valid-type]
            def __stream__(self) -> Any:
                for chunk in super().__stream__():
                    seen.append(shown(chunk))
                    yield chunk

        class Async(kind):  # type: ignore[misc, valid-type]
            async def __stream__(self) -> Any:
                async for chunk in super().__stream__():
                    seen.append(shown(chunk))
                    yield chunk

        asynchronous = hasattr(get_origin(kind) or kind, "__aiter__")
        return {**kwargs, "stream_cls": Async if asynchronous else Sync}

    @functools.wraps(method)
    def request(*args: Any, **kwargs: Any) -> Any:
        return method(*args, **noting(kwargs))

    return request


OTHERS = {
    "both faces": wrapping(BothFaces),
    "generator": wrapping(generated),
    "stream class": by_class,
}


@contextmanager
def beside(other: Any, sdk: str, order: str, seen: list[Any]) -> Iterator[None]:
    """Have *other* wrap the clients' request method, below ours or above it."""
    provider, module = SDKS[sdk]
    names = [name for name in provider.classes[:2] if hasattr(module, name)]
    client_patch.patch(provider, module)
    if order == "theirs first":
        client_patch.unpatch(provider, module)
    before = {name: vars(getattr(module, name)).get("request") for name in names}
    for name in names:
        client = getattr(module, name)
        client.request = other(client.request, seen)
    client_patch.patch(provider, module)
    try:
        yield
    finally:
        client_patch.unpatch(provider, module)
        for name in names:
            client = getattr(module, name)
            del client.request
            if before[name] is not None:
                client.request = before[name]
        client_patch.patch(provider, module)


def client_of(sdk: str, server: LoopbackServer, *, asynchronous: bool) -> Any:
    """Return a real client; reading certificates for it would take most of a test's time."""
    module = SDKS[sdk][1]
    prefix = "Async" if asynchronous else ""
    kind = getattr(module, prefix + {"openai": "OpenAI", "anthropic": "Anthropic"}[sdk])
    http_client = getattr(module, f"Default{prefix}HttpxClient")(verify=False)
    url = server.base_url if sdk == "openai" else server.root_url
    return kind(base_url=url, api_key="sk-not-a-key", max_retries=0, http_client=http_client)


CALLS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "chat": ("openai", lambda c: c.chat.completions.create(**CHAT, stream=True)),
    "chat, usage asked": (
        "openai",
        lambda c: c.chat.completions.create(
            **CHAT, stream=True, stream_options={"include_usage": True}
        ),
    ),
    "responses": ("openai", lambda c: c.responses.create(**INPUT, stream=True)),
    "messages": ("anthropic", lambda c: c.messages.create(**MESSAGE, stream=True)),
}


async def chunks_of(call: Callable[[Any], Any], client: Any) -> list[Any]:
    """Return what the program sees of a stream."""
    chunks = [shown(chunk) async for chunk in items(await got(call(client)))]
    await got(client.close())
    return chunks


def ran(work: Any, *, asynchronous: bool) -> Any:
    """Run *work*, in an event loop if its client wants one."""
    return asyncio.run(work) if asynchronous else run(work)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("other", OTHERS)
def test_a_stream_beside_another_observer(
    other: str,
    order: str,
    kind: str,
    call: str,
    server: LoopbackServer,
    metrics: CapturedMetrics,
) -> None:
    """The program and the other see in a block what they see outside; we record one call."""
    asynchronous = KINDS[kind]
    sdk, make = CALLS[call]
    seen: list[Any] = []
    with beside(OTHERS[other], sdk, order, seen):
        client = client_of(sdk, server, asynchronous=asynchronous)
        bare = ran(chunks_of(make, client), asynchronous=asynchronous)
        alone = list(seen)
        seen.clear()
        client = client_of(sdk, server, asynchronous=asynchronous)
        with ai_usage_context("op", job_id="j"):
            chunks = ran(chunks_of(make, client), asynchronous=asynchronous)
    assert alone
    assert (chunks, seen) == (bare, alone)
    assert [(m.input_tokens, m.output_tokens, m.partial, m.job_id) for m in metrics] == [
        (INPUT_TOKENS, OUTPUT_TOKENS, False, "j")
    ]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("order", ORDERS)
def test_a_stream_helper_beside_another_observer(
    order: str, kind: str, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """The helper reads the other's stream with both faces, and ends well."""

    async def read(client: Any) -> list[Any]:
        async with entered(client.chat.completions.stream(**CHAT)) as stream:
            types = [event.type async for event in items(stream)]
        await got(client.close())
        return types

    asynchronous = KINDS[kind]
    with beside(OTHERS["both faces"], "openai", order, []):
        client = client_of("openai", server, asynchronous=asynchronous)
        bare = ran(read(client), asynchronous=asynchronous)
        with ai_usage_context("op"):
            client = client_of("openai", server, asynchronous=asynchronous)
            assert ran(read(client), asynchronous=asynchronous) == bare
    assert [(m.input_tokens, m.output_tokens) for m in metrics] == [(INPUT_TOKENS, OUTPUT_TOKENS)]


@pytest.mark.parametrize("kind", KINDS)
def test_who_comes_in_when_the_iterator_is_made_still_does(
    kind: str, server: LoopbackServer, metrics: CapturedMetrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anthropic's streams make theirs when they are first read, and Sentry wraps it there."""
    asynchronous = KINDS[kind]
    stream_class = anthropic.AsyncStream if asynchronous else anthropic.Stream
    own: Any = vars(stream_class)["_iterator"]
    assert hasattr(own, "func")
    seen: list[Any] = []

    def made(stream: Any) -> Any:
        iterator = own.func(stream)
        return generated(iterator, seen) if hasattr(stream, "is_theirs") else iterator

    theirs = cached_property(made)
    theirs.__set_name__(stream_class, "_iterator")
    monkeypatch.setattr(stream_class, "_iterator", theirs)

    async def read() -> list[Any]:
        client = client_of("anthropic", server, asynchronous=asynchronous)
        stream = await got(client.messages.create(**MESSAGE, stream=True))
        stream.is_theirs = True
        chunks = [shown(chunk) async for chunk in items(stream)]
        await got(client.close())
        return chunks

    with ai_usage_context("op"):
        chunks = ran(read(), asynchronous=asynchronous)
    assert seen == chunks
    assert len(chunks) == 6
    assert [(m.output_tokens, m.partial) for m in metrics] == [(OUTPUT_TOKENS, False)]


def test_a_stream_that_nobody_reads_is_let_go_at_once(
    server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """Neither the wrapper nor an iterator that is not made yet keeps a dropped stream alive."""
    client = client_of("anthropic", server, asynchronous=False)
    server.hold_after = 2
    with ai_usage_context("op"):
        stream = client.messages.create(**MESSAGE, stream=True)
        next(stream)
        del stream
        client.messages.create(**MESSAGE, stream=True)
    server.go_on.set()
    client.close()
    assert [m.partial for m in metrics] == [True, True]


@pytest.mark.parametrize("order", ORDERS)
def test_taking_our_patch_off_leaves_theirs(
    order: str, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """Below ours, or above it: their wrapper goes on, whoever was first."""
    seen: list[Any] = []
    with beside(OTHERS["both faces"], "openai", order, seen):
        client_patch.unpatch(OPENAI, openai)
        client = client_of("openai", server, asynchronous=False)
        client.chat.completions.create(**CHAT)
        client.close()
        assert [body["model"] for body in seen] == ["gpt-4o-mini"]
    assert len(metrics) == 0


@pytest.fixture(autouse=True)
def no_server_is_known() -> Iterator[None]:
    """Forget which servers tell usage."""
    stream_usage.forget()
    yield
    stream_usage.forget()
