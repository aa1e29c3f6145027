"""Every call form of both clients, seen on every path and on several at once: one record each.

``make contract-openai`` prints the matrix: a row is a call form of the real ``openai`` or
``anthropic`` client (against a server on the loopback interface), a column a path, or several
that see the same call.  A cell is ``ok`` when exactly one record was made, for the right job,
with the tokens that the server counted, and the program saw what it sees without us.
``ok*`` is the same for a response in which the provider told no tokens, since nobody was there
to ask for them before the request; ``-`` is a path that cannot see it.  Exit status 1 if any
cell is not.
"""

from __future__ import annotations

import asyncio
import inspect
import itertools
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

import anthropic
import openai
from loopback import CACHE_READ, INPUT_TOKENS, OUTPUT_TOKENS, LoopbackServer, loopback_server

from tracker import AIUsageTracker, ai_usage_context
from tracker.testing import capture

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence

    from tracker.records.metric import Metric

PATHS = ("captured", "wrapped", "decorated", "replayed")
COLUMNS = tuple(c for size in range(1, 5) for c in itertools.combinations(PATHS, size))
ASKED = {"stream_options": {"include_usage": True}}

TEXT = [{"role": "user", "content": "a receipt"}]
CHAT: dict[str, Any] = {"model": "gpt-4o-mini", "messages": TEXT}
PROMPT: dict[str, Any] = {"model": "gpt-3.5-turbo-instruct", "prompt": "a receipt"}
INPUT: dict[str, Any] = {"model": "gpt-4o-mini", "input": "a receipt"}
EMBEDDING: dict[str, Any] = {"model": "text-embedding-3-small", "input": "a receipt"}
MESSAGE: dict[str, Any] = {"model": "claude-3-5-haiku-20241022", "max_tokens": 9, "messages": TEXT}

Replay = "Callable[[Any], None]"


# --- one text for synchronous and asynchronous clients ------------------------------------


async def got(value: Any) -> Any:
    """Return *value*, awaited if it is to be."""
    return await value if inspect.isawaitable(value) else value


def is_asynchronous() -> bool:
    """Return whether an event loop runs this: proxies of other libraries have both faces."""
    return asyncio._get_running_loop() is not None


async def items(source: Any) -> AsyncIterator[Any]:
    """Iterate over *source* in the way of the program."""
    if is_asynchronous() and hasattr(source, "__aiter__"):
        async for item in source:
            yield item
    else:
        for item in source:
            yield item


@asynccontextmanager
async def entered(manager: Any) -> AsyncIterator[Any]:
    """Enter *manager* in the way of the program."""
    if is_asynchronous():
        async with manager as value:
            yield value
    else:
        with manager as value:
            yield value


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run *work*, which awaits nothing that waits, without an event loop."""
    try:
        work.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("it waited")


# --- what a program does with an answer, and what it replays -------------------------------


def shown(item: Any) -> Any:
    """Return what a program sees of *item*."""
    return item.to_dict() if hasattr(item, "to_dict") else item


async def plainly(answer: Any, replay: Any) -> Any:
    """Take the answer as it is."""
    answer = await got(answer)
    replay(answer)
    return shown(answer)


async def streaming(answer: Any, replay: Any) -> Any:
    """Replay the stream, then read it."""
    answer = await got(answer)
    replay(answer)
    return [shown(item) async for item in items(answer)]


async def to_the_last(answer: Any, replay: Any) -> Any:
    """Read the stream, then replay what carried its usage."""
    seen, told = [], None
    async for item in items(await got(answer)):
        seen.append(shown(item))
        holder = getattr(item, "response", None) or item
        told = holder if getattr(holder, "usage", None) else told
    if told is not None:
        replay(told)
    return seen


async def with_helper(manager: Any, replay: Any) -> Any:
    """Read a stream helper to its end, and replay the answer that it has put together."""
    async with entered(await got(manager)) as stream:
        seen = [getattr(event, "type", None) async for event in items(stream)]
        names = ("get_final_completion", "get_final_response", "get_final_message")
        final = next(getattr(stream, name) for name in names if hasattr(stream, name))
        replay(await got(final()))
    return seen


async def rawly(answer: Any, replay: Any) -> Any:
    """Replay the raw response, and parse it."""
    answer = await got(answer)
    replay(answer)
    return shown(await got(answer.parse()))


async def rawly_streaming(answer: Any, replay: Any) -> Any:
    """Replay the raw response, and read the stream in it."""
    answer = await got(answer)
    replay(answer)
    return [shown(item) async for item in items(await got(answer.parse()))]


async def in_a_response(manager: Any, replay: Any) -> Any:
    """Read the body of a streaming response, and replay what was parsed from it."""
    async with entered(await got(manager)) as response:
        parsed = await got(response.parse())
        replay(parsed)
    return shown(parsed)


async def in_lines(manager: Any, replay: Any) -> Any:
    """Replay a streaming response, and read its lines."""
    async with entered(await got(manager)) as response:
        replay(response)
        return [line async for line in items(response.iter_lines())]


async def in_bytes(manager: Any, replay: Any) -> Any:
    """Replay a streaming response, and read its bytes."""
    async with entered(await got(manager)) as response:
        replay(response)
        return b"".join([part async for part in items(response.iter_bytes())])


# --- the call forms ----------------------------------------------------------------------


@dataclass(frozen=True)
class Form:
    """One way to make a call: *call* makes it, *use* does with the answer what programs do.

    *told* says whether the provider tells the tokens of a call that nobody observes.  *used* are
    its tokens, if they are not those of every call, *counts* some of what else is counted;
    *records* how many calls it is, on each of *columns*.
    """

    client: str
    name: str
    call: Callable[[Any], Any]
    use: Callable[[Any, Any], Coroutine[Any, Any, Any]]
    told: bool = True
    used: tuple[int | None, int | None] | None = None
    counts: Mapping[str, float] = field(default_factory=dict)
    operation: str | None = None
    records: int = 1
    columns: Sequence[tuple[str, ...]] = COLUMNS

    @property
    def output_tokens(self) -> int:
        """The output that the server counts."""
        return 0 if "embeddings" in self.name else OUTPUT_TOKENS


def _openai_forms(client: str) -> list[Form]:
    def form(name: str, call: Any, use: Any, told: bool = True) -> Form:
        return Form(client, name, call, use, told)

    return [
        form("chat", lambda c: c.chat.completions.create(**CHAT), plainly),
        form(
            "chat stream",
            lambda c: c.chat.completions.create(**CHAT, stream=True),
            streaming,
            False,
        ),
        form(
            "chat stream, usage asked",
            lambda c: c.chat.completions.create(**CHAT, stream=True, **ASKED),
            streaming,
        ),
        form(
            "chat stream, last chunk",
            lambda c: c.chat.completions.create(**CHAT, stream=True, **ASKED),
            to_the_last,
        ),
        form("embeddings", lambda c: c.embeddings.create(**EMBEDDING), plainly),
        form(
            "with_options",
            lambda c: c.with_options(timeout=9).chat.completions.create(**CHAT),
            plainly,
        ),
    ]


OPENAI_FORMS = [
    *_openai_forms("openai"),
    Form("openai", "chat parse", lambda c: c.chat.completions.parse(**CHAT), plainly),
    Form(
        "openai", "chat .stream()", lambda c: c.chat.completions.stream(**CHAT), with_helper, False
    ),
    Form(
        "openai",
        "chat .stream(), usage asked",
        lambda c: c.chat.completions.stream(**CHAT, **ASKED),
        with_helper,
    ),
    Form("openai", "completions", lambda c: c.completions.create(**PROMPT), plainly),
    Form(
        "openai",
        "completions stream",
        lambda c: c.completions.create(**PROMPT, stream=True),
        streaming,
        False,
    ),
    Form("openai", "responses", lambda c: c.responses.create(**INPUT), plainly),
    Form("openai", "responses parse", lambda c: c.responses.parse(**INPUT), plainly),
    Form(
        "openai", "responses stream", lambda c: c.responses.create(**INPUT, stream=True), streaming
    ),
    Form(
        "openai",
        "responses stream, last event",
        lambda c: c.responses.create(**INPUT, stream=True),
        to_the_last,
    ),
    Form("openai", "responses .stream()", lambda c: c.responses.stream(**INPUT), with_helper),
    Form(
        "openai", "chat raw", lambda c: c.chat.completions.with_raw_response.create(**CHAT), rawly
    ),
    Form(
        "openai",
        "embeddings raw",
        lambda c: c.embeddings.with_raw_response.create(**EMBEDDING),
        rawly,
    ),
    Form(
        "openai",
        "chat raw stream",
        lambda c: c.chat.completions.with_raw_response.create(**CHAT, stream=True),
        rawly_streaming,
        False,
    ),
    Form(
        "openai",
        "responses raw stream",
        lambda c: c.responses.with_raw_response.create(**INPUT, stream=True),
        rawly_streaming,
    ),
    Form(
        "openai",
        "chat streaming response",
        lambda c: c.chat.completions.with_streaming_response.create(**CHAT),
        in_a_response,
    ),
    Form(
        "openai",
        "chat streaming response, bytes",
        lambda c: c.chat.completions.with_streaming_response.create(**CHAT),
        in_bytes,
    ),
    Form(
        "openai",
        "chat streamed lines",
        lambda c: c.chat.completions.with_streaming_response.create(**CHAT, stream=True),
        in_lines,
        False,
    ),
    Form(
        "openai",
        "chat streamed bytes, usage asked",
        lambda c: c.chat.completions.with_streaming_response.create(**CHAT, stream=True, **ASKED),
        in_bytes,
    ),
    Form(
        "openai",
        "responses streamed lines",
        lambda c: c.responses.with_streaming_response.create(**INPUT, stream=True),
        in_lines,
    ),
]
ANTHROPIC_FORMS = [
    Form("anthropic", "messages", lambda c: c.messages.create(**MESSAGE), plainly),
    Form(
        "anthropic",
        "messages stream",
        lambda c: c.messages.create(**MESSAGE, stream=True),
        streaming,
    ),
    Form("anthropic", "messages .stream()", lambda c: c.messages.stream(**MESSAGE), with_helper),
    Form("anthropic", "messages parse", lambda c: c.messages.parse(**MESSAGE), plainly),
    Form(
        "anthropic",
        "with_options",
        lambda c: c.with_options(timeout=9).messages.create(**MESSAGE),
        plainly,
    ),
    Form("anthropic", "beta messages", lambda c: c.beta.messages.create(**MESSAGE), plainly),
    Form(
        "anthropic",
        "beta messages stream",
        lambda c: c.beta.messages.create(**MESSAGE, stream=True),
        streaming,
    ),
    Form(
        "anthropic",
        "beta messages .stream()",
        lambda c: c.beta.messages.stream(**MESSAGE),
        with_helper,
    ),
    Form(
        "anthropic", "messages raw", lambda c: c.messages.with_raw_response.create(**MESSAGE), rawly
    ),
    Form(
        "anthropic",
        "messages raw stream",
        lambda c: c.messages.with_raw_response.create(**MESSAGE, stream=True),
        rawly_streaming,
    ),
    Form(
        "anthropic",
        "messages streaming response",
        lambda c: c.messages.with_streaming_response.create(**MESSAGE),
        in_a_response,
    ),
    Form(
        "anthropic",
        "messages streamed lines",
        lambda c: c.messages.with_streaming_response.create(**MESSAGE, stream=True),
        in_lines,
    ),
    Form(
        "anthropic",
        "messages streamed bytes",
        lambda c: c.messages.with_streaming_response.create(**MESSAGE, stream=True),
        in_bytes,
    ),
]
FORMS = [*OPENAI_FORMS, *_openai_forms("azure"), *ANTHROPIC_FORMS]


# --- a cell ------------------------------------------------------------------------------


def client_of(form: Form, server: LoopbackServer, *, asynchronous: bool) -> Any:
    """Return a real client for *form*."""
    prefix = "Async" if asynchronous else ""
    if form.client == "anthropic":
        kind = getattr(anthropic, f"{prefix}Anthropic")
        return kind(base_url=server.root_url, api_key="sk-ant-not-a-key")
    if form.client == "azure":
        kind = getattr(openai, f"{prefix}AzureOpenAI")
        return kind(azure_endpoint=server.root_url, api_version="2026-01-01", api_key="x")
    kind = getattr(openai, f"{prefix}OpenAI")
    socket_url = server.websocket_url if form.name == "realtime" else None
    return kind(base_url=server.base_url, api_key="sk-x", websocket_base_url=socket_url)


def _decorator(form: Form, tracker: AIUsageTracker) -> Any:
    if form.client == "anthropic":
        return tracker.track_anthropic_completion
    if form.name.startswith("embeddings"):
        return tracker.track_openai_embedding
    return tracker.track_openai_completion


async def make(form: Form, paths: Iterable[str], tracker: AIUsageTracker, client: Any) -> Any:
    """Make one call that is seen on each of *paths*; return what the program saw."""
    if "wrapped" in paths:
        name = "anthropic" if form.client == "anthropic" else "openai"
        client = getattr(AIUsageTracker, f"create_wrapped_{name}_client")(client, tracker)
    observe = _decorator(form, tracker)

    def call() -> Any:
        return form.call(client)

    def replay(answer: Any) -> None:
        if "replayed" in paths:
            observe(lambda: answer)()

    answer = observe(call)() if "decorated" in paths else call()
    return await form.use(answer, replay)


async def observed(form: Form, paths: Iterable[str], client: Any) -> Any:
    """Make the call for the job ``j``: in a block where it is captured, else the legacy way."""
    if "captured" in paths:
        with ai_usage_context("matrix", job_id="j") as tracker:
            return await make(form, paths, tracker, client)
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="j")
    return await make(form, paths, tracker, client)


def wrong(form: Form, paths: tuple[str, ...], metrics: list[Metric]) -> str | None:
    """Return what is wrong with the records of a cell, if anything is."""
    if len(metrics) != form.records:
        return f"{len(metrics)} records"
    return next((found for one in metrics if (found := wrong_in(form, paths, one))), None)


def wrong_in(form: Form, paths: tuple[str, ...], metric: Metric) -> str | None:
    """Return what is wrong with one record."""
    expected: tuple[int | None, int | None] = form.used or (INPUT_TOKENS, form.output_tokens)
    if not form.told and paths == ("replayed",):
        expected = (None, None)
    if (metric.input_tokens, metric.output_tokens) != expected:
        return f"tokens {metric.input_tokens}/{metric.output_tokens}"
    if form.client == "anthropic" and metric.cached_input_tokens != CACHE_READ:
        return f"cached {metric.cached_input_tokens}"
    if paths != ("replayed",):  # the request was seen, too
        counts = {name: metric.counts.get(name) for name in form.counts}
        if counts != form.counts:
            return f"counts {counts}"
        if form.operation not in (None, metric.operation):
            return f"operation {metric.operation}"
    if (metric.job_id, metric.error, metric.partial, metric.late) != ("j", None, False, False):
        return "job, error, partial or late"
    service = "anthropic" if form.client == "anthropic" else "openai"
    return None if metric.service == service else f"service {metric.service}"


async def row(
    form: Form, server: LoopbackServer, columns: Sequence[tuple[str, ...]], *, asynchronous: bool
) -> list[str]:
    """Return a cell for each of *columns*."""
    cells = []
    client = client_of(form, server, asynchronous=asynchronous)
    bare = await form.use(form.call(client), lambda _: None)
    for paths in columns:
        if paths not in form.columns:
            cells.append("-")
            continue
        with capture() as metrics:
            seen = await observed(form, paths, client)
        trouble = wrong(form, paths, list(metrics))
        if trouble is None and seen != bare:
            trouble = "changed"
        untold = not form.told and paths == ("replayed",)
        cells.append(trouble or ("ok*" if untold else "ok"))
    await got(client.close())
    return cells


def matrix(
    forms: Iterable[Form],
    server: LoopbackServer,
    columns: Sequence[tuple[str, ...]] = COLUMNS,
) -> dict[str, list[str]]:
    """Return the cells of *forms*, synchronous and asynchronous, by the row's name."""
    rows = {}
    for form in forms:
        name = f"{form.client:9} {form.name}"
        rows[name] = run(row(form, server, columns, asynchronous=False))
        rows[f"{name}, async"] = asyncio.run(row(form, server, columns, asynchronous=True))
    return rows


def main() -> int:
    """Print the matrix; return 1 if a cell is not ok."""
    import capture_services as services

    heads = ["+".join(path[0].upper() for path in paths) for paths in COLUMNS]
    print("C captured in a block, W wrapped client, D decorated function, R replayed result\n")
    with loopback_server() as server:
        rows = matrix([*FORMS, *services.FORMS], server)
    width = max(map(len, rows))
    widths = [max(len(head), 3) for head in heads]
    print(" " * width, *(head.rjust(w) for head, w in zip(heads, widths, strict=True)))
    for name, cells in rows.items():
        print(name.ljust(width), *(c.rjust(w) for c, w in zip(cells, widths, strict=True)))
    cells = [cell for row_cells in rows.values() for cell in row_cells if cell != "-"]
    misses = [cell for cell in cells if not cell.startswith("ok")]
    print("\n-   is none of the path's: an answer that nobody could replay, or that is free")
    print("ok* one record; nobody had asked the provider for the tokens, so they are unknown")
    print(f"{len(cells)} cells: {len(cells) - len(misses)} ok, {len(misses)} missed")
    return 1 if misses else 0


if __name__ == "__main__":
    sys.exit(main())
