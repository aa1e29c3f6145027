"""What the clients offer beside chat and embeddings: counted, and named while it has no price."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import anthropic
import openai
import pytest
from capture_matrix import entered, got, run
from click.testing import CliRunner
from many_cases import each_of
from websockets.sync.server import serve

from tracker import AIUsageTracker, ai_usage_context, flush
from tracker.cli.main import cli
from tracker.instrumentation.providers import ANTHROPIC, OPENAI
from tracker.instrumentation.providers.endpoints import path_of, place_of
from tracker.instrumentation.services import pieces
from tracker.testing import capture

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from loopback import LoopbackServer

    from tracker.records.metric import Metric
    from tracker.testing import CapturedMetrics

USAGE = {
    "input_tokens": 40,
    "input_tokens_details": {"cached_tokens": 8, "cache_write_tokens": 0},
    "output_tokens": 2,
    "total_tokens": 42,
}
RANKED = {"results": [{"index": 0}], "model": "gpt-4o-mini", "usage": USAGE}
DECISION = {"id": "d-1", "object": "decision", "model": "gpt-6-luna", "answers": [], "usage": USAGE}
VIDEO = {"id": "video_1", "object": "video", "model": "sora-2", "status": "queued"}


def told(metric: Metric) -> tuple[Any, ...]:
    """Return what is recorded of a call."""
    where = metric.metadata.get("api_path")
    return metric.operation, metric.model, metric.input_tokens, metric.cost_usd, where


def test_an_endpoint_that_is_not_known(
    client: openai.OpenAI, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """A call of it is one record: host, path and tokens, and no price, though the model has one."""
    server.answers["/rerank"] = RANKED
    with ai_usage_context("op", job_id="j"):
        answer = client.post("/rerank", cast_to=object, body={"model": "gpt-4o-mini"})
    assert answer == RANKED
    (metric,) = metrics
    assert told(metric) == ("other", "gpt-4o-mini", 40, None, "/rerank")
    assert metric.metadata["api_host"] == server.root_url.removeprefix("http://")
    assert (metric.job_id, metric.price_basis) == ("j", "unpriced")


def test_services_of_the_newest_client(
    client: openai.OpenAI, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """Decisions tell their tokens; a video tells nothing, and is there all the same."""
    server.answers |= {"/decisions": DECISION, "/videos/video_1/remix": VIDEO}
    with ai_usage_context("op"):
        client.decisions.create(model="gpt-6-luna", input="x", questions=[])
        client.post("/videos/video_1/remix", cast_to=object, body={"prompt": "x"})
    assert [told(m)[:3] + told(m)[4:] for m in metrics] == [
        ("decision", "gpt-6-luna", 40, "/decisions"),
        ("video", "sora-2", None, "/videos/{id}/remix"),
    ]


def test_what_is_not_billed_gives_none(
    client: openai.OpenAI, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """Managing things costs nothing."""
    server.answers |= {"/vector_stores": {"id": "vs_1"}, "/conversations": {"id": "c"}}
    with ai_usage_context("op"):
        client.vector_stores.create(name="x")
        client.conversations.create()
    assert len(metrics) == 0


def test_each_once_on_every_path(
    client: openai.OpenAI, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """Decorated, by a wrapped client, and both in a block: one record each."""
    server.answers["/rerank"] = RANKED
    tracker = AIUsageTracker()
    wrapped = AIUsageTracker.create_wrapped_openai_client(client, tracker)
    observed = tracker.track_openai_completion(wrapped.post)
    with ai_usage_context("op", tracker=tracker):
        observed("/rerank", cast_to=object, body={"model": "m"})
    wrapped.post("/rerank", cast_to=object, body={"model": "m"})
    assert [m.metadata["api_path"] for m in metrics] == ["/rerank"] * 2


@pytest.mark.asyncio
async def test_asynchronous_clients(server: LoopbackServer, metrics: CapturedMetrics) -> None:
    """As the synchronous ones, of both providers."""
    server.answers |= {"/rerank": RANKED, "/s1/events": {"data": []}, "/holograms": {}}
    one = openai.AsyncOpenAI(base_url=server.base_url, api_key="x")
    other = anthropic.AsyncAnthropic(base_url=server.root_url, api_key="x")
    async with one, other, ai_usage_context("op"):
        await one.post("/rerank", cast_to=object, body={})
        await other.post("/v1/sessions/s1/events", cast_to=object, body={})
        await other.post("/v1/holograms", cast_to=object, body={})
    assert [(m.service, m.operation, m.metadata["api_path"]) for m in metrics] == [
        ("openai", "other", "/rerank"),
        ("anthropic", "agent", "/sessions/{id}/events"),
        ("anthropic", "other", "/holograms"),
    ]


def recorded(client: openai.OpenAI, database: Path) -> None:
    """Record two calls of one unknown endpoint, one of another, and a video."""
    with ai_usage_context("op"):
        for item in ("a1", "a2"):
            client.post(f"/rank/{item}", cast_to=object, body={"model": "gpt-4o-mini"})
        client.post("/rerank", cast_to=object, body={"model": "gpt-4o-mini"})
        client.post("/videos/video_1/remix", cast_to=object, body={"prompt": "x"})
    assert flush(60)
    assert database.is_file()


def test_unpriced_names_them(
    client: openai.OpenAI, server: LoopbackServer, quiet_environment: Path
) -> None:
    """By host and path; they are no model's lack of a price, and ``reprice`` leaves them."""
    server.answers |= {"/rerank": RANKED, "/rank/a1": RANKED, "/rank/a2": RANKED, "/remix": VIDEO}
    recorded(client, quiet_environment)
    arguments = ["--database", str(quiet_environment)]
    result = CliRunner().invoke(cli, ["unpriced", *arguments, "--format", "json"])
    assert result.exit_code == 1
    host = server.root_url.removeprefix("http://")
    assert [
        (row["endpoint"], row["reason"], row["calls"]) for row in json.loads(result.stdout)
    ] == [
        (f"{host}/rank/{{id}}", "unknown endpoint", 2),
        (f"{host}/rerank", "unknown endpoint", 1),
        (f"{host}/videos/{{id}}/remix", "no tokens", 1),
    ]
    table = CliRunner().invoke(cli, ["unpriced", *arguments])
    assert f"{host}/rank/{{id}}" in table.stdout
    again = CliRunner().invoke(cli, ["reprice", *arguments])
    assert again.stdout == "0 calls priced, 4 still without a price\n"


@each_of(
    ("url", "path"),
    [
        ("/videos/video_68d7512d07848190b3e45da0ecbebcde/remix", "videos/{id}/remix"),
        ("https://example.org/openai/v1/rank?key=1", "rank"),
        ("//v1/rank/", "rank"),
        ("/a-word-that-is-much-longer-than-any-name-of-a-service", "{id}"),
        ("", ""),
    ],
)
def test_a_path_has_no_ids(url: str, path: str) -> None:
    """What is counted together is one path, and nobody's id is kept."""
    assert path_of(url) == path


def test_a_place_has_no_secrets() -> None:
    """Neither the user and password of an address nor its query is kept."""
    place = place_of(None, "https://anna:secret@models.example.org/v1/rank?key=abc")
    assert place == {"api_host": "models.example.org", "api_path": "/rank"}
    assert place_of(None, "/rank")["api_host"] == "unknown"


def test_paths_that_look_alike() -> None:
    """A deployment of Azure is not one of Anthropic's, and what has a known end is known."""
    assert OPENAI.operation_of("/deployments/gpt-4o/chat/completions") == "completion"
    assert OPENAI.operation_of("/deployments/gpt-4o/holograms") == "other"
    assert ANTHROPIC.operation_of("/v1/deployments/d1/run") == "agent"
    assert ANTHROPIC.operation_of("/v1/deployments/d1/pause") is None
    assert OPENAI.operation_of("/chat/completions/c1") is None


# --- connections ---------------------------------------------------------------------------


@contextmanager
def websocket_server() -> Iterator[str]:
    """Serve a websocket that answers each message with itself; give the client's base URL."""

    def echo(connection: Any) -> None:
        for message in connection:
            connection.send(message)

    with serve(echo, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.socket.getsockname()[1]}/v1"
        finally:
            server.shutdown()
            thread.join()


def test_a_connection_is_counted(metrics: CapturedMetrics) -> None:
    """Entered or by ``enter()``, each is one record, with its model and path, and works."""
    event = {"type": "session.created", "event_id": "e", "session": {"type": "realtime"}}
    with websocket_server() as url, openai.OpenAI(base_url=url, api_key="x") as client:
        with ai_usage_context("op", job_id="j"):
            with client.realtime.connect(model="gpt-realtime") as connection:
                connection.send(event)  # type: ignore[arg-type] # a server's, which comes back
                assert connection.recv().type == "session.created"
            client.responses.connect().enter().close()
        with client.realtime.connect(model="gpt-realtime"):
            pass  # outside: nobody asked
    assert [told(m)[:3] + told(m)[4:] for m in metrics] == [
        ("realtime", "gpt-realtime", None, "/realtime"),
        ("realtime", "unknown", None, "/responses"),
    ]
    assert {m.job_id for m in metrics} == {"j"}


def test_unpriced_says_why_nothing_is_known(client: openai.OpenAI, quiet_environment: Path) -> None:
    """Of a plain text, and of what is spoken, by model; a moderation costs nothing, and says so."""
    with ai_usage_context("op"):
        client.audio.speech.create(model="voice-of-mine", voice="alloy", input="a receipt")
        heard = {"model": "ears-of-mine", "file": ("a.mp3", b"x"), "response_format": "srt"}
        client.audio.transcriptions.create(**heard)  # type: ignore[call-overload]
        client.moderations.create(model="omni-moderation-latest", input="a receipt")
    assert flush(60)
    arguments = ["--database", str(quiet_environment), "--format", "json"]
    rows = json.loads(CliRunner().invoke(cli, ["unpriced", *arguments]).stdout)
    assert {row["model"]: row["reason"] for row in rows} == {
        "voice-of-mine": pieces.SPEECH,
        "ears-of-mine": pieces.AS_TEXT,
    }
    report = json.loads(CliRunner().invoke(cli, ["report", *arguments, "--by", "model"]).stdout)
    costs = {row["model"]: (row["cost_usd"], row["unpriced"]) for row in report}
    assert costs["omni-moderation-latest"] == ("0.00", 0)


def test_an_asynchronous_connection_is_counted(metrics: CapturedMetrics) -> None:
    """As a synchronous one."""

    async def connect(url: str) -> None:
        async with openai.AsyncOpenAI(base_url=url, api_key="x") as client:
            async with ai_usage_context("op"), client.realtime.connect(model="gpt-realtime"):
                pass
            manager = client.realtime.connect(model="gpt-realtime")
            with ai_usage_context("op"):
                await (await manager.enter()).close()

    with websocket_server() as url:
        asyncio.run(connect(url))
    assert [told(m)[:2] for m in metrics] == [("realtime", "gpt-realtime")] * 2


def test_a_connection_that_fails(server: LoopbackServer, metrics: CapturedMetrics) -> None:
    """The error is the program's; a record says so, and that it costs nothing."""
    client = openai.OpenAI(base_url=server.base_url, api_key="x")
    unreachable = client.with_options(base_url="http://127.0.0.1:9")
    with client, ai_usage_context("op"):
        with pytest.raises(Exception, match="HTTP 404"):
            client.realtime.connect(model="gpt-realtime").enter()
        with pytest.raises(OSError, match="refused"):
            unreachable.realtime.connect(model="gpt-realtime").enter()
    first, second = metrics
    assert (first.error, first.cost_usd) == ("InvalidStatus: status 404", 0)
    assert first.model == "gpt-realtime"
    assert (second.error, second.cost_usd) == ("ConnectionRefusedError: ECONNREFUSED", 0)


DONE = {
    "type": "response.done",
    "event_id": "e",
    "response": {"id": "r", "object": "realtime.response", "usage": USAGE, "status": "completed"},
}
FAILED = {
    **DONE,
    "response": {
        "id": "r",
        "status": "failed",
        "status_details": {"type": "failed", "error": {"type": "server_error", "code": "x y"}},
        "usage": None,
    },
}
SESSION = {
    "type": "session.updated",
    "event_id": "e",
    "session": {
        "type": "realtime",
        "audio": {"input": {"transcription": {"model": "gpt-4o-transcribe"}}},
    },
}
HEARD = {
    "type": "conversation.item.input_audio_transcription.completed",
    "event_id": "e",
    "item_id": "i",
    "content_index": 0,
    "transcript": 'they said "usage"',
    "usage": {"type": "tokens", "input_tokens": 22, "output_tokens": 9, "total_tokens": 31},
}
DELTA = {"type": "response.output_text.delta", "event_id": "e", "delta": '"usage": {"a": 1}'}
EVENTS = [SESSION, DELTA, DONE, HEARD, DONE, FAILED]
TOLD = [
    ("realtime", "gpt-realtime", 40, 2, None),
    ("audio", "gpt-4o-transcribe", 22, 9, None),
    ("realtime", "gpt-realtime", 40, 2, None),
    ("realtime", "gpt-realtime", None, None, "server_error"),
]


def answers(metrics: CapturedMetrics) -> list[tuple[Any, ...]]:
    """Return what is recorded of the answers on a connection."""
    return [
        (m.operation, m.model, m.input_tokens, m.output_tokens, m.error)
        for m in metrics
        if m.job_id == "j"
    ]


async def exchange(manager: Any, events: list[Any], *, raw: bool = False) -> list[str]:
    """Send *events*, which come back, and return what the program sees of them."""
    seen = []
    async with entered(manager) as connection:
        for event in events:
            await got(connection.send(event))
            event = await got(connection.recv_bytes() if raw else connection.recv())
            seen.append(json.loads(event)["type"] if raw else event.type)
    return seen


@pytest.mark.parametrize("asynchronous", [False, True])
def test_what_is_told_on_a_connection(asynchronous: bool) -> None:
    """Each answer is one record: read as events or bytes, in a block, by a wrapped client."""

    async def talk(url: str) -> None:
        kind = openai.AsyncOpenAI if asynchronous else openai.OpenAI
        client: Any = kind(base_url=url, api_key="x")
        tracker = AIUsageTracker()
        tracker.set_tracking_context(job_id="j")
        wrapped = AIUsageTracker.create_wrapped_openai_client(client, tracker)
        for source, raw in ((client, False), (client, True), (wrapped, False)):
            block = ai_usage_context("op", job_id="j") if source is client else nullcontext()
            with capture() as metrics, block:
                manager = source.realtime.connect(model="gpt-realtime")
                seen = await exchange(manager, EVENTS, raw=raw)
                tracker.flush_metrics()
                flush(60)
            assert seen == [event["type"] for event in EVENTS]
            assert answers(metrics) == TOLD
            assert len(metrics) == len(TOLD)
        await got(client.close())

    with websocket_server() as url:
        asyncio.run(talk(url)) if asynchronous else run(talk(url))


def test_other_connections(metrics: CapturedMetrics) -> None:
    """Responses by a websocket, and a live session with what it delegates, and its seconds."""
    completed = {"type": "response.completed", "sequence_number": 1}
    completed["response"] = {"id": "r", "model": "gpt-6", "usage": USAGE, "object": "response"}
    decided = {"type": "decision.completed", "decision": DECISION}
    live = [
        {"type": "session.usage.updated", "event_id": "e", "usage": {"seconds": 3.5}},
        {"type": "response.event", "event_id": "e", "event": completed},
        {"type": "decision.event", "event_id": "e", "event": decided},
        {"type": "session.closed", "event_id": "e", "reason": "expired", "usage": {"seconds": 9.5}},
    ]
    block = ai_usage_context("op", job_id="j")
    with websocket_server() as url, block, openai.OpenAI(base_url=url, api_key="x") as client:
        run(exchange(client.responses.connect(), [completed]))
        run(exchange(client.live.connect(), live))
    assert answers(metrics) == [
        ("completion", "gpt-6", 40, 2, None),
        ("completion", "gpt-6", 40, 2, None),
        ("decision", "gpt-6-luna", 40, 2, None),
        ("realtime", "unknown", None, None, None),
    ]
    assert dict(metrics[-1].counts) == {"seconds": 9.5}
    assert "usage_unknown" not in metrics[-1].metadata


def test_a_connection_whose_block_has_ended(metrics: CapturedMetrics) -> None:
    """What is told later is its block's, and late; an end that nobody waits for is one, too."""
    with websocket_server() as url, openai.OpenAI(base_url=url, api_key="x") as client:
        with ai_usage_context("op", job_id="j"):
            connection = client.realtime.connect(model="gpt-realtime").enter()
            silent = client.realtime.connect(model="gpt-realtime").enter()
        connection.send(DONE)  # type: ignore[arg-type] # a server's, which comes back
        connection.recv()
        connection.close()
        silent._connection.close()
        del silent
        gc.collect()
    assert [(m.input_tokens, m.job_id, m.late) for m in metrics] == [
        (40, "j", True),
        (None, "j", True),
    ]
    assert "usage_unknown" in metrics[1].metadata
