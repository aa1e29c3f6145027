"""A wrapped client is the client in all that a program or a framework looks at, and records."""

from __future__ import annotations

import asyncio
import copy
import functools
import gc
import inspect
import pickle
import weakref
from contextvars import copy_context
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import AsyncMock, Mock

import anthropic
import openai
import pytest
from loopback import INPUT_TOKENS, OUTPUT_TOKENS
from runtime_calls import CHAT, MESSAGE

from tests.capture_matrix import got
from tracker import AIUsageTracker, ai_usage_context, error_boundary
from tracker.testing import capture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from loopback import LoopbackServer

    from tracker.testing import CapturedMetrics

CLIENTS: dict[str, Callable[[LoopbackServer], Any]] = {
    "openai": lambda server: openai.OpenAI(base_url=server.base_url, api_key="x"),
    "openai async": lambda server: openai.AsyncOpenAI(base_url=server.base_url, api_key="x"),
    "azure": lambda server: openai.AzureOpenAI(
        azure_endpoint=server.root_url, api_version="2026-01-01", api_key="x"
    ),
    "azure async": lambda server: openai.AsyncAzureOpenAI(
        azure_endpoint=server.root_url, api_version="2026-01-01", api_key="x"
    ),
    "anthropic": lambda server: anthropic.Anthropic(base_url=server.root_url, api_key="x"),
    "anthropic async": lambda server: anthropic.AsyncAnthropic(
        base_url=server.root_url, api_key="x"
    ),
}
ONCE = [(INPUT_TOKENS, OUTPUT_TOKENS)]


#: The loop of the module's tests, while some are run.
RUNNERS: list[asyncio.Runner] = []


def run(value: Any) -> Any:
    """Return *value*, awaited if it is to be, in the one loop that all clients here live in."""
    if not inspect.isawaitable(value):
        return value
    return RUNNERS[-1].run(got(value), context=copy_context())


@pytest.fixture(scope="module", params=CLIENTS)
def kept(
    request: pytest.FixtureRequest, shared_server: LoopbackServer, the_loop: None
) -> Iterator[Any]:
    """Each kind of real client in turn; to make one takes long."""
    client = CLIENTS[request.param](shared_server)
    yield client
    run(client.close())


@pytest.fixture
def real(kept: Any, server: LoopbackServer) -> Any:
    """The client, as new, with nothing asked of its server."""
    return kept.copy()


@pytest.fixture(scope="module", autouse=True)
def the_loop() -> Iterator[None]:
    """Begin a loop before the first test, and end it behind the last one.

    More than once: what one process has of the module may come in several parts.
    """
    with asyncio.Runner() as runner:
        RUNNERS.append(runner)
        yield
        RUNNERS.remove(runner)


def wrapped(client: Any, tracker: AIUsageTracker | None = None) -> Any:
    """Return *client* wrapped by the method of its provider."""
    provider = "openai" if hasattr(client, "chat") else "anthropic"
    return getattr(AIUsageTracker, f"create_wrapped_{provider}_client")(
        client, tracker or AIUsageTracker()
    )


def resource(client: Any) -> Any:
    """Return the resource of *client* that answers conversations."""
    return client.chat.completions if hasattr(client, "chat") else client.messages


def request(client: Any) -> dict[str, Any]:
    """Return what that resource's ``create`` is asked."""
    return CHAT if hasattr(client, "chat") else MESSAGE


def ask(client: Any, make: Callable[..., Any] | None = None) -> Any:
    """Ask once; *make* is the ``create`` to be called, if it is another one than the client's."""
    return run((make or resource(client).create)(**request(client)))


def recorded(metrics: CapturedMetrics) -> list[tuple[int | None, int | None]]:
    """Return the tokens of each record."""
    return [(metric.input_tokens, metric.output_tokens) for metric in metrics]


# --- what it is ---------------------------------------------------------------------------


def test_it_is_of_the_client_s_class(real: Any) -> None:
    """``isinstance``, ``issubclass`` of its type, ``__class__`` and names say the client's."""
    proxy = wrapped(real)
    assert isinstance(proxy, type(real))
    assert proxy.__class__ is type(real)
    assert issubclass(type(proxy), type(real))
    names = ("__name__", "__qualname__", "__module__", "__doc__")
    assert [getattr(type(proxy), n) for n in names] == [getattr(type(real), n) for n in names]
    assert isinstance(resource(proxy), type(resource(real)))


def test_it_shows_and_compares_as_the_client(real: Any) -> None:
    """``repr``, ``str``, ``dir``, equality and hash are the client's; ``__wrapped__`` is it."""
    proxy = wrapped(real)
    assert (repr(proxy), str(proxy), dir(proxy)) == (repr(real), str(real), dir(real))
    assert proxy == real
    assert real == proxy
    assert hash(proxy) == hash(real)
    assert proxy.__wrapped__ is real
    assert resource(proxy) == resource(real)
    assert {real: "found"}[proxy] == "found"
    assert proxy != wrapped(CLIENTS["openai"](SimpleNamespace(base_url="http://x")))  # type: ignore[arg-type]


def test_two_trackers_make_two_clients(real: Any) -> None:
    """What is kept by client is not kept by the wrong tracker's."""
    first, second = AIUsageTracker(), AIUsageTracker()
    assert wrapped(real, first) == wrapped(real, first)
    assert wrapped(real, first) != wrapped(real, second)


def test_it_has_no_face_that_the_client_has_not(real: Any) -> None:
    """A synchronous client is not taken for an asynchronous one, nor for one that iterates."""
    proxy = wrapped(real)
    for name in ("__enter__", "__aenter__", "__iter__", "__aiter__", "__call__", "__await__"):
        assert hasattr(proxy, name) == hasattr(real, name), name
        assert hasattr(type(proxy), name) == hasattr(type(real), name), name


def test_attributes_are_shared(real: Any) -> None:
    """What is set or deleted on the wrapped client is so on the client, and the reverse."""
    proxy = wrapped(real)
    proxy.api_key = "new"
    assert real.api_key == "new"
    real.max_retries = 7
    assert proxy.max_retries == 7
    proxy.own = 1
    del real.own
    assert not hasattr(proxy, "own")
    assert proxy.base_url == real.base_url
    assert vars(proxy) is vars(real)


def methods_of(thing: Any) -> Iterator[str]:
    """Give the names of a resource's public methods."""
    # The attributes of a client that are no methods import its resources.
    functions = inspect.getmembers_static(type(thing), inspect.isfunction)
    return (name for name, _ in functions if name[0] != "_")


def test_every_method_looks_as_it_did(real: Any) -> None:
    """Name, signature, kind, documentation and owner of each method are the client's."""
    proxy = wrapped(real)
    for mine, theirs in ((proxy, real), (resource(proxy), resource(real))):
        for name in methods_of(theirs):
            method, original = getattr(mine, name), getattr(theirs, name)
            assert method.__self__ is mine, name
            assert method == getattr(mine, name), name
            assert inspect.signature(method) == inspect.signature(original), name
            for told in ("__name__", "__qualname__", "__doc__", "__module__"):
                assert getattr(method, told) == getattr(original, told), (name, told)
            for asked in (
                inspect.ismethod,
                inspect.iscoroutinefunction,
                inspect.isgeneratorfunction,
            ):
                assert asked(method) == asked(original), (name, asked)
                assert asked(inspect.unwrap(method)) == asked(inspect.unwrap(original)) or (
                    asked is inspect.ismethod
                ), (name, asked)


# What was half copied has no state that its own finaliser could ask for.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_it_is_copied_and_pickled_as_the_client_is(real: Any) -> None:
    """A deep copy and a pickle fail as the client's own do."""
    for attempt in (copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError) as plainly:
            attempt(real)
        with pytest.raises(TypeError) as as_wrapped:
            attempt(wrapped(real))
        assert str(as_wrapped.value) == str(plainly.value)
    gc.collect()


def test_it_goes_without_the_client(real: Any) -> None:
    """A wrapped client that is dropped leaves the client open, and is collected."""
    proxy = wrapped(real)
    ask(proxy)
    gone = weakref.ref(proxy)
    del proxy
    gc.collect()
    assert gone() is None
    assert not real.is_closed()
    ask(real)


# --- what it records ----------------------------------------------------------------------

WAYS: dict[str, Callable[[Any], Any]] = {
    "plain": ask,
    "raw": lambda c: ask(c, resource(c).with_raw_response.create),
    "raw by the client": lambda c: ask(c, resource(c.with_raw_response).create),
    "options": lambda c: ask(c.with_options(timeout=9)),
    "copy": lambda c: ask(c.copy()),
    "copy twice": lambda c: ask(c.copy().with_options(max_retries=1)),
    "copied": lambda c: ask(copy.copy(c)),
    "resource copied": lambda c: ask(c, copy.copy(resource(c)).create),
    "resource of its class": lambda c: ask(c, type(resource(c.__wrapped__))(c).create),
    "method taken": lambda c: ask(c, functools.partial(resource(c).create)),
    "method of the class": lambda c: ask(
        c, functools.partial(type(resource(c)).create, resource(c))
    ),
}


def test_each_way_to_ask_gives_one_record(real: Any) -> None:
    """However the call is reached from the wrapped client, it is booked once, to its tracker."""
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="mine")
    for way, use in WAYS.items():
        with capture() as metrics:
            use(wrapped(real, tracker))
        assert (recorded(metrics), metrics[0].job_id) == (ONCE, "mine"), way
    with capture() as metrics:
        ask(real)
    assert len(metrics) == 0


def test_each_way_to_ask_in_a_block_gives_one_record(real: Any) -> None:
    """Inside a block, too, where the client's calls are captured anyhow."""
    for way, use in WAYS.items():
        with capture() as metrics, ai_usage_context("op", job_id="mine") as tracker:
            use(wrapped(real, tracker))
        assert (recorded(metrics), metrics[0].job_id) == (ONCE, "mine"), way


@pytest.mark.parametrize("kind", CLIENTS)
def test_the_client_that_a_with_gives_records(
    kind: str, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """``with wrapped as c`` and ``async with`` give the wrapped client itself, and close it."""
    real = CLIENTS[kind](server)
    proxy = wrapped(real)

    async def use() -> None:
        async with proxy as client:
            assert client is proxy
            await resource(client).create(**request(client))

    if kind.endswith("async"):
        run(use())
    else:
        with proxy as client:
            assert client is proxy
            ask(client)
    assert real.is_closed()
    assert recorded(metrics) == ONCE


def post(client: Any) -> Any:
    """Ask by the client's own ``post``, as callers of what no resource offers do."""
    if hasattr(client, "chat"):
        path, kind = "/chat/completions", openai.types.chat.ChatCompletion
    else:
        path, kind = "/v1/messages", anthropic.types.Message
    return run(client.post(path, body=request(client), cast_to=kind))


def test_calls_outside_of_the_resources_are_recorded(real: Any, metrics: CapturedMetrics) -> None:
    """What is billed is recorded, by whatever method the request is made; the rest is not."""
    proxy = wrapped(real)
    assert type(post(proxy)) is type(post(real))
    assert recorded(metrics) == ONCE
    with pytest.raises((openai.NotFoundError, anthropic.NotFoundError)):
        run(proxy.post("/v1/nowhere", body={}, cast_to=object))
    assert recorded(metrics) == ONCE


def test_a_call_outside_of_the_resources_that_fails_leaves_its_error(
    real: Any, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """As a resource's call does."""
    server.failures[:] = [400]
    with pytest.raises((openai.BadRequestError, anthropic.BadRequestError)):
        post(wrapped(real))
    assert [metric.total_tokens for metric in metrics] == [None]
    assert "BadRequestError" in str(metrics[0].error)


def test_calls_that_a_method_makes_later_are_recorded(
    server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """A helper that keeps the client, as the tool runner does, has the wrapped one."""
    with anthropic.Anthropic(base_url=server.root_url, api_key="x") as client:
        runner = wrapped(client).beta.messages.tool_runner(**MESSAGE, tools=[])
        assert len(metrics) == 0
        runner.until_done()
    assert recorded(metrics) == ONCE


def test_is_batch_is_taken_out_on_each_way(
    real: Any, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """``is_batch=True`` is ours, in the raw form too."""
    create = resource(wrapped(real)).with_raw_response.create
    run(create(**request(real), is_batch=True))
    assert "is_batch" not in server.requests[-1][1]
    assert metrics[0].price_basis.startswith("batch")


def test_a_method_that_others_replaced_is_theirs_and_recorded(
    real: Any, metrics: CapturedMetrics
) -> None:
    """An instrumentation that replaced ``create`` of this client, before or after, is called."""
    for replaced in (resource(real), resource(wrapped(real))):
        original, seen = replaced.create, []

        def create(*args: Any, original: Any = original, seen: Any = seen, **kwargs: Any) -> Any:
            seen.append(kwargs["model"])
            return original(*args, **kwargs)

        replaced.create = create
        ask(wrapped(real))
        assert seen == [request(real)["model"]]
        del replaced.create
        ask(wrapped(real))
        assert len(seen) == 1
    assert recorded(metrics) == ONCE * 4


def test_a_double_in_a_resource_s_place_is_recorded_by_its_answer(
    metrics: CapturedMetrics,
) -> None:
    """A real client of which a test replaced ``chat`` is not asked itself."""
    usage = SimpleNamespace(prompt_tokens=3, completion_tokens=4, total_tokens=7)
    with openai.OpenAI(api_key="x") as client:
        proxy = wrapped(client)
        proxy.chat = Mock()
        client.chat.completions.create.return_value = SimpleNamespace(model="m", usage=usage)
        proxy.chat.completions.create(model="m")
        client.chat.completions.create.assert_called_once_with(model="m")
        del proxy.chat
        assert isinstance(proxy.chat, openai.resources.Chat)
    assert recorded(metrics) == [(3, 4)]


def test_a_client_that_is_wrapped_twice_is_recorded_once(
    real: Any, metrics: CapturedMetrics
) -> None:
    """The inner one books; it takes what the outer one alone knows, also from copies of it."""
    inner, outer = AIUsageTracker(), AIUsageTracker()
    outer.set_tracking_context(job_id="outer", batch_id="outer")
    inner.set_tracking_context(job_id="inner")
    proxy = wrapped(wrapped(real, inner), outer)
    assert proxy.__class__ is type(real)
    for each in (proxy, proxy.copy(), copy.copy(proxy)):
        ask(each)
        post(each)
    assert recorded(metrics) == ONCE * 6
    assert {(metric.job_id, metric.batch_id) for metric in metrics} == {("inner", "outer")}


class Older(openai.OpenAI):
    """A client that makes its resources at once, as the SDK's did before 1.64."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.chat = openai.resources.Chat(self)  # type: ignore[misc] # it was no property then
        self.chat.completions = openai.resources.chat.Completions(self)  # type: ignore[misc]


class Closed(openai.OpenAI):
    """A client of whose class there can be no other."""

    def __init_subclass__(cls) -> None:
        raise TypeError("final")


@pytest.mark.parametrize("kind", [Older, Closed])
def test_clients_of_other_makes_are_recorded(
    kind: type[openai.OpenAI], server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """Resources that are plain attributes, and classes that nobody may inherit from."""
    with wrapped(kind(base_url=server.base_url, api_key="x")) as proxy:
        assert isinstance(proxy, kind)
        for each in (proxy, copy.copy(proxy)):
            ask(each)
            ask(each, each.chat.completions.with_raw_response.create)
    assert recorded(metrics) == ONCE * 4
    error_boundary.reset()


# --- doubles, and other people's clients -----------------------------------------------------


class Double:
    """Something with the shape of a client, which can be copied and pickled."""

    def __init__(self) -> None:
        self.messages = self
        self.asked = 0

    def create(self, **_: Any) -> dict[str, Any]:
        """Answer as the server does."""
        self.asked += 1
        return {"usage": {"input_tokens": INPUT_TOKENS, "output_tokens": OUTPUT_TOKENS}}

    def __enter__(self) -> Double:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is to be closed."""


def test_a_double_is_wrapped_as_itself(metrics: CapturedMetrics) -> None:
    """Its methods keep name and signature; ``with`` and copies give a wrapped double."""
    double = Double()
    proxy = AIUsageTracker.create_wrapped_anthropic_client(double, AIUsageTracker())
    create = proxy.messages.create
    assert create.__name__ == "create"
    assert create.__wrapped__ == double.create
    assert inspect.signature(create) == inspect.signature(double.create)
    with proxy as entered_double:
        for each in (proxy, entered_double, copy.copy(proxy), copy.deepcopy(proxy)):
            each.messages.create(model="m")
    assert double.asked == 3  # the deep copy counts for itself, the shallow one shares nothing else
    assert recorded(metrics) == ONCE * 4


def test_a_mock_is_still_asked_as_one(metrics: CapturedMetrics) -> None:
    """What a test asserts of a method of its mock, it may assert of the wrapped one."""
    proxy = AIUsageTracker.create_wrapped_openai_client(Mock(), AIUsageTracker())
    proxy.chat.completions.create(model="m")
    proxy.chat.completions.create.assert_called_once_with(model="m")
    assert len(metrics) == 1


@pytest.mark.asyncio
async def test_an_asynchronous_mock_is_one(metrics: CapturedMetrics) -> None:
    """Its methods are coroutine functions, and ``async with`` gives the wrapped mock."""
    mock = AsyncMock()
    mock.__aenter__.return_value = mock
    proxy = AIUsageTracker.create_wrapped_openai_client(mock, AIUsageTracker())
    assert inspect.iscoroutinefunction(proxy.chat.completions.create)
    async with proxy as client:
        await client.chat.completions.create(model="m")
    mock.chat.completions.create.assert_awaited_once_with(model="m")
    assert len(metrics) == 1
