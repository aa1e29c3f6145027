"""What a generated program sees of the world: clients of providers, and things that can be seen.

The OpenAI clients are fakes with the real ones' seam: every call goes through a
``request`` method that the runtime's own capture wraps.  Each response is a
fresh object with a request id of its own, and uses as many input tokens as
there were calls before it in the run: metrics and calls can be matched.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import itertools
import sys
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tracker.instrumentation.installation
from tracker.instrumentation import client_patch
from tracker.instrumentation.providers import OPENAI

from .batches import Batches
from .foreign import Auditing, Foreign, Singleton, Store, new_file, show_file

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

CALL_LIMIT = 300
OPENAI_TOKENS = ("prompt_tokens", "completion_tokens")
_request_ids = itertools.count(1)


class ProviderError(Exception):
    """A provider refused a call."""


class Boom(ValueError):
    """An error of the program's own."""


class Response:
    """One completion, as a client returns it."""

    def __init__(self, number: int, model: str, *, anthropic: bool = False) -> None:
        self.id = "same-for-all"
        self.model = model
        self._request_id = f"req-{next(_request_ids)}"
        names = ("input_tokens", "output_tokens") if anthropic else OPENAI_TOKENS
        self.usage = types.SimpleNamespace(**dict(zip(names, (number, 7), strict=True)))

    def __repr__(self) -> str:
        return f"<response of {self.model}>"


class Options:
    """One request on its way, with the fields that the real client's options have."""

    def __init__(self, url: str, body: dict[str, Any]) -> None:
        self.url = url
        self.method = "post"
        self.json_data = body
        self.headers: dict[str, str] = {}


class _Chat:
    def __init__(self, client: Any) -> None:
        self.completions = _Resource(client, "/chat/completions")


class _Resource:
    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    def create(self, **body: Any) -> Any:
        return self._client.request(Response, Options(self._url, body))


class OpenAI:
    """A client whose every call goes through ``request``."""

    base_url = "http://fake"

    def __init__(self, world: World) -> None:
        self._world = world
        self.chat = _Chat(self)
        self.embeddings = _Resource(self, "/embeddings")

    def request(self, cast_to: object, options: Options, *, stream: bool = False) -> Response:
        """Answer *options*."""
        return self._world.answer(str(options.json_data["model"]))


class AsyncOpenAI:
    """The same, for ``await``."""

    base_url = "http://fake"

    def __init__(self, world: World) -> None:
        self._world = world
        self.chat = _Chat(self)
        self.embeddings = _Resource(self, "/embeddings")

    async def request(self, cast_to: object, options: Options, *, stream: bool = False) -> Response:
        """Answer *options*, after giving other tasks a turn."""
        await asyncio.sleep(0)
        return self._world.answer(str(options.json_data["model"]))


class _Messages:
    def __init__(self, world: World) -> None:
        self._world = world

    def create(self, **body: Any) -> Response:
        return self._world.answer(str(body["model"]), anthropic=True)


class Anthropic:
    """A client of the other provider."""

    def __init__(self, world: World) -> None:
        self.messages = _Messages(world)


class World:
    """The providers and the names that the module ``llm`` gives to one run of a program.

    ``batches`` knows the calls that were made in batch contexts.  ``stored`` returns how many
    metrics there are in the store of all trackers.
    """

    def __init__(self, stored: Callable[[], int] = int) -> None:
        self.calls = 0
        self.batches = Batches()
        self._flaky = 0
        self._stored = stored
        self._files: list[str] = []
        self.foreign = Foreign(self._ask_with)

    def answer(self, model: str, *, anthropic: bool = False) -> Response:
        """Return the response to a call of *model*; models called ``bad...`` are refused."""
        self.calls += 1
        if self.calls > CALL_LIMIT:
            raise RuntimeError("the program makes calls without end")
        print(f"call {self.calls}: {model}")
        self.batches.note(self.calls, sys._getframe())
        if model.startswith("bad"):
            raise ProviderError(f"no model {model}")
        return Response(self.calls, model, anthropic=anthropic)

    def module(self) -> types.ModuleType:
        """Return the module ``llm``."""
        module = types.ModuleType("llm")
        vars(module).update(
            client=OpenAI(self),
            aclient=AsyncOpenAI(self),
            claude=Anthropic(self),
            settings={"job": "job-of-settings"},
            registry=[],
            Boom=Boom,
            boom=_boom,
            flaky=self._sometimes,
            note=_note,
            make_id=self._make_id,
            rows=_rows,
            arows=_arows,
            span=_span,
            aspan=_aspan,
            ask_with=self._ask_with,
            gate=self.foreign.gate,
            pending=self.foreign.pending,
            started=self.foreign.started,
            Store=Store,
            Singleton=Singleton,
            Auditing=Auditing,
            stored=self._stored,
            new_file=self._new_file,
            show_file=show_file,
            call_it=lambda work: work(),
            note_of=lambda value: value,
            show=self._show,
            tell=self._print,
        )
        return module

    def _sometimes(self, label: str) -> str:
        self._flaky += 1
        print(f"flaky {label}")
        if self._flaky % 2 == 0:
            raise Boom(label)
        return label

    def _make_id(self) -> str:
        print("make_id")
        return "made-id"

    def _new_file(self) -> str:
        self._files.append(new_file())
        return self._files[-1]

    def close(self) -> None:
        """Remove the files that the program was given, and let its threads end."""
        self.foreign.gate.set()
        for name in self._files:
            Path(name).unlink(missing_ok=True)

    def _ask_with(self, tracker: Any, model: str) -> Response:
        ask = tracker.track_openai_completion(lambda: self.answer(model))
        answer: Response = ask()
        return answer

    def _show(self, unit: Callable[[], Any]) -> None:
        """Print what *unit* gives, or its error; coroutines are run, iterators used up."""
        for step in (lambda: self._print(unit()), self.foreign.finish):
            try:
                step()
            except Exception as error:  # noqa: BLE001 - whatever it raises is what is compared
                print(f"raised {type(error).__name__}: {error}")

    def _print(self, value: Any) -> None:
        if inspect.iscoroutine(value):
            self._print(asyncio.run(value))
        elif inspect.isasyncgen(value):
            for item in asyncio.run(_collected(value)):
                self._print(item)
        elif inspect.isgenerator(value):
            for item in value:
                self._print(item)
        elif isinstance(value, Response):
            print(f"response of {value.model}")
        elif callable(getattr(value, "track_openai_completion", None)):
            self._ask_with(value, "afterwards")
        elif inspect.isfunction(value):
            self._print(value())
        else:
            print(f"value {value!r}")


def _note(value: Any) -> Any:
    print(f"note {value}")
    return value


def _boom(label: str) -> None:
    raise Boom(label)


def _rows(count: int) -> Iterator[str]:
    for number in range(count):
        print(f"row {number}")
        yield f"row{number}"


async def _arows(count: int) -> AsyncIterator[str]:
    for number in range(count):
        print(f"row {number}")
        yield f"row{number}"


@contextlib.contextmanager
def _span(label: str) -> Iterator[str]:
    print(f"enter {label}")
    try:
        yield label
    finally:
        print(f"leave {label}")


@contextlib.asynccontextmanager
async def _aspan(label: str) -> AsyncIterator[str]:
    print(f"enter {label}")
    try:
        yield label
    finally:
        print(f"leave {label}")


async def _collected(items: AsyncIterator[Any]) -> list[Any]:
    return [item async for item in items]


def _capture() -> None:
    provider = types.ModuleType("fake_openai")
    vars(provider).update(OpenAI=OpenAI, AsyncOpenAI=AsyncOpenAI)
    tracker.instrumentation.installation.install()
    client_patch.patch(OPENAI, provider)


_capture()
