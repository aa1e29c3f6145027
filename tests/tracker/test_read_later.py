"""What a call used is told in another answer: background responses, and files of batches."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import TYPE_CHECKING, Any

import anthropic
import loopback_services
import openai
import pytest
from capture_matrix import entered, got, items, run
from loopback import CACHE_READ, INPUT_TOKENS

from tracker import AIUsageTracker, ai_usage_context, record_batch_results
from tracker.instrumentation.services import background
from tracker.testing import capture

if TYPE_CHECKING:
    from loopback import LoopbackServer

    from tracker.testing import CapturedMetrics

LATER: dict[str, Any] = {"model": "gpt-4o-mini", "input": "a receipt", "background": True}
USED = (21, 9, 4)
numbers = itertools.count(1)


async def plainly(client: Any, name: str, _tracker: Any) -> Any:
    """Ask for the response."""
    return await got(client.responses.retrieve(name))


async def rawly(client: Any, name: str, _tracker: Any) -> Any:
    """Ask for the raw answer, and parse it."""
    return await got((await got(client.responses.with_raw_response.retrieve(name))).parse())


async def unparsed(client: Any, name: str, _tracker: Any) -> Any:
    """Ask for the raw answer, and read its text."""
    answer = await got(client.responses.with_raw_response.retrieve(name))
    return answer.http_response.json()


async def streaming(client: Any, name: str, _tracker: Any) -> Any:
    """Ask for the body, and read it by and by."""
    async with entered(client.responses.with_streaming_response.retrieve(name)) as answer:
        return b"".join([part async for part in items(answer.iter_bytes())])


async def following(client: Any, name: str, _tracker: Any) -> Any:
    """Follow its events, of which the last has all."""
    return [event async for event in items(await got(client.responses.retrieve(name, stream=True)))]


def decorated(client: Any, name: str, tracker: Any) -> Any:
    """Ask inside a decorated function."""
    observe = tracker.track_openai_completion
    return got(observe(lambda: client.responses.retrieve(name))())


def wrapped(client: Any, name: str, tracker: Any) -> Any:
    """Ask by a client that carries a tracker."""
    carrier = AIUsageTracker.create_wrapped_openai_client(client, tracker)
    return got(carrier.responses.retrieve(name))


FORMS: list[Any] = [plainly, rawly, unparsed, streaming, following, decorated, wrapped]


def ran(work: Any, *, asynchronous: bool) -> Any:
    """Run *work* with an event loop, or without one."""
    return asyncio.run(work) if asynchronous else run(work)


def openai_client(server: LoopbackServer, *, asynchronous: bool) -> Any:
    """Return a client of either kind."""
    kind = openai.AsyncOpenAI if asynchronous else openai.OpenAI
    return kind(base_url=server.base_url, api_key="x")


async def begun_and_read(form: Any, server: LoopbackServer, *, asynchronous: bool) -> list[Any]:
    """Return what is recorded of a response that is begun in one block and read in another."""
    client = openai_client(server, asynchronous=asynchronous)
    with capture() as metrics:
        tracker = AIUsageTracker()
        with ai_usage_context("begin", tracker=tracker, job_id="j"):
            response = await got(client.responses.create(**LATER))
        assert list(metrics) == []
        with ai_usage_context("read", tracker=tracker, job_id="other"):
            for _ in range(4):
                await form(client, response.id, tracker)
    await got(client.close())
    return [
        (m.input_tokens, m.output_tokens, m.reasoning_tokens, m.job_id, m.operation_type, m.late)
        for m in metrics
    ]


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_response_in_the_background(asynchronous: bool, server: LoopbackServer) -> None:
    """It is one record when it has ended, of the block that began it, however it is read."""
    for form in FORMS:
        work = begun_and_read(form, server, asynchronous=asynchronous)
        found = ran(work, asynchronous=asynchronous)
        # Of a decorated function the later statement holds, as of any other.
        job = "other" if form is decorated else "j"
        assert found == [(*USED, job, "begin", True)], form.__name__


def test_a_wrapped_client_alone(
    client: openai.OpenAI, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """Outside of all blocks, begun and read by the client that carries the tracker."""
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="w")
    carrier = AIUsageTracker.create_wrapped_openai_client(client, tracker)
    response = carrier.responses.create(**LATER)
    for _ in range(3):
        response = carrier.responses.retrieve(response.id)
    tracker.track_openai_completion(lambda: response)()
    assert [(m.input_tokens, m.job_id, m.latency_ms) for m in metrics] == [(21, "w", 3000.0)]


@pytest.mark.parametrize("read", [1, 9])
def test_a_stream_that_is_read_again(
    read: int, client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """Followed to its end or broken off, or begun by the raw form: one record of each response."""
    with ai_usage_context("begin", job_id="j"):
        stream = client.responses.create(**LATER, stream=True)
        first, *_ = itertools.islice(stream, read)
        stream.close()
        raw = client.responses.with_raw_response.create(**LATER).parse()
    with ai_usage_context("read", job_id="other"):
        for _ in range(3):
            client.responses.retrieve(first.response.id)
            client.responses.retrieve(raw.id)
    assert [(m.input_tokens, m.output_tokens, m.job_id) for m in metrics] == [(21, 9, "j")] * 2


def test_a_budget_is_spent_when_the_end_is_read(
    client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """What is read costs nothing itself; what it tells was spent by who began it."""
    with ai_usage_context("op", budget_usd=1.0):
        response = client.responses.create(**LATER, max_output_tokens=50)
        for _ in range(3):
            client.responses.retrieve(response.id)
        client.batches.retrieve("batch_budget")
    assert [(m.total_tokens, m.late) for m in metrics] == [(30, False)]


def test_read_in_another_process(
    client: openai.OpenAI, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """What nobody here began is of the block that reads it, under the same id as everywhere."""
    name = loopback_services.begun(LATER)["id"]
    ids = []
    for _ in range(2):
        background.forget()
        with ai_usage_context("read", job_id="j"):
            for _ in range(3):
                client.responses.retrieve(name)
        ids += [m.id for m in metrics]
    assert ids == [ids[0]] * 2
    assert [(m.total_tokens, m.job_id) for m in metrics] == [(30, "j")]
    client.responses.retrieve(loopback_services.begun(LATER)["id"])  # nobody asked


def test_what_fails_and_what_nobody_reads(
    client: openai.OpenAI, server: LoopbackServer, metrics: CapturedMetrics
) -> None:
    """A failure is told by its code alone; of what is not read only that it was begun is known."""
    loopback_services.asked["resp_failed1"] = 1
    with ai_usage_context("op"):
        client.responses.retrieve("resp_failed1")
        client.responses.create(**LATER)
    assert [(m.error, m.cost_usd) for m in metrics] == [("server_error", None)]
    background.finish_open()
    assert len(metrics) == 2
    assert metrics[1].metadata["usage_unknown"] == background.UNREAD
    assert (metrics[1].input_tokens, metrics[1].late) == (None, True)


# --- batches -------------------------------------------------------------------------------


async def content(client: Any, name: str) -> Any:
    """Download the file as a whole."""
    return (await got(client.files.content(name))).text


async def raw_content(client: Any, name: str) -> Any:
    """Download it by the raw form."""
    return (await got(client.files.with_raw_response.content(name))).http_response.text


async def by_and_by(client: Any, name: str) -> Any:
    """Download it piece by piece."""
    async with entered(client.files.with_streaming_response.content(name)) as answer:
        parts = [part async for part in items(answer.iter_bytes(chunk_size=50))]
    return b"".join(parts).decode()


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_file_of_a_batch(asynchronous: bool, server: LoopbackServer) -> None:
    """Each answer in it is one record, at batch prices, however often it is read and imported."""

    async def downloaded(form: Any) -> None:
        client = openai_client(server, asynchronous=asynchronous)
        name = f"batch_{next(numbers)}"
        with capture() as metrics, ai_usage_context("op", job_id="j") as tracker:
            batch = await got(client.batches.retrieve(name))
            lines = await form(client, batch.output_file_id)
            await form(client, batch.output_file_id)
            assert lines.encode() == loopback_services.batch_lines(name)
            assert record_batch_results(lines, batch).recorded == 2
            tracker.flush_metrics()
            assert [
                (m.metadata["custom_id"], m.input_tokens, m.output_tokens, m.batch_id, m.job_id)
                for m in metrics
            ] == [("first", 13, 5, name, "j"), ("second", 13, 5, name, "j")]
            assert {m.price_basis[:5] for m in metrics} == {"batch"}
        await got(client.close())

    for form in (content, raw_content, by_and_by):
        ran(downloaded(form), asynchronous=asynchronous)


def test_the_ids_of_lines_are_those_of_an_import(
    client: openai.OpenAI, server: LoopbackServer
) -> None:
    """Whichever comes first, in whatever process: the stores know them as the same."""
    batch = loopback_services.batch("batch_same")
    with capture() as imported:
        record_batch_results(loopback_services.batch_lines("batch_same"), batch)
    tracker = AIUsageTracker()
    carrier = AIUsageTracker.create_wrapped_openai_client(client, tracker)
    with capture() as metrics:
        described = carrier.batches.retrieve("batch_same")
        carrier.files.content(described.output_file_id)
    assert [(m.id, m.timestamp) for m in metrics] == [(m.id, m.timestamp) for m in imported]
    assert len(metrics) == 2


def test_batches_in_a_list(client: openai.OpenAI, metrics: CapturedMetrics) -> None:
    """Who lists them has asked for them, too; a large file of another kind is let alone."""
    with ai_usage_context("op"):
        for batch in client.batches.list():
            client.files.content(str(batch.output_file_id))
        with client.files.with_streaming_response.content("file-out-x") as answer:
            assert answer.http_response.stream.__class__.__name__ != "_SyncBody"
            assert answer.read() == loopback_services.batch_lines("x")
    found = [(m.batch_id, m.metadata["custom_id"]) for m in metrics]
    assert found == [
        (name, line) for name in loopback_services.LISTED for line in ("first", "second")
    ]


def test_a_file_of_a_batch_that_nobody_asked_for(
    client: openai.OpenAI, metrics: CapturedMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told, since its lines do not name the batch."""
    with ai_usage_context("op"):
        client.files.content("file-out-batch_unknown")
    assert len(metrics) == 0
    assert "record_batch_results" in caplog.text


@pytest.mark.parametrize("beta", [False, True])
@pytest.mark.parametrize("asynchronous", [False, True])
def test_results_of_a_message_batch(asynchronous: bool, beta: bool, server: LoopbackServer) -> None:
    """Each message is one record when it is read; the decoder and the lines are the program's."""

    async def read() -> None:
        kind = anthropic.AsyncAnthropic if asynchronous else anthropic.Anthropic
        client: Any = kind(base_url=server.root_url, api_key="x")
        batches = (client.beta if beta else client).messages.batches
        name = f"msgbatch_{next(numbers)}"
        with capture() as metrics, ai_usage_context("op", job_id="j"):
            results = await got(batches.results(name))
            lines = [line async for line in items(results)]
            assert [line.custom_id for line in lines] == ["first", "second", "third"]
            record_batch_results(lines, await got(batches.retrieve(name)))
        await got(client.close())
        assert [
            (m.metadata["custom_id"], m.input_tokens, m.cached_input_tokens, m.batch_id, m.job_id)
            for m in metrics
        ] == [(one, INPUT_TOKENS, CACHE_READ, name, "j") for one in ("first", "second")]

    ran(read(), asynchronous=asynchronous)


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("asynchronous", [False, True])
def test_messages_that_a_program_counts_itself(
    asynchronous: bool, raw: bool, server: LoopbackServer
) -> None:
    """Handed to a tracker, while they come or when they are downloaded again, they are no calls."""

    async def read() -> None:
        kind = anthropic.AsyncAnthropic if asynchronous else anthropic.Anthropic
        client: Any = kind(base_url=server.root_url, api_key="x")
        batches = client.messages.batches
        name = f"msgbatch_{next(numbers)}"
        tracker = AIUsageTracker()
        with capture() as metrics, ai_usage_context("op", tracker=tracker):
            await got(batches.retrieve(name))
            for _ in range(2):
                results = await got((batches.with_raw_response if raw else batches).results(name))
                results = await got(results.parse()) if raw else results
                async for line in items(results):
                    if line.result.type == "succeeded":
                        told = line.result.message
                        assert tracker.track_anthropic_completion(lambda told=told: told)() is told
        await got(client.close())
        assert [m.metadata["custom_id"] for m in metrics] == ["first", "second"]
        assert {m.price_basis for m in metrics} <= {"batch", "batch_assumed"}

    ran(read(), asynchronous=asynchronous)


def test_messages_of_a_download_that_nobody_saw(server: LoopbackServer) -> None:
    """Outside of contexts the program's own statement is what records them."""
    client = anthropic.Anthropic(base_url=server.root_url, api_key="x")
    name = f"msgbatch_{next(numbers)}"
    tracker = AIUsageTracker()
    with client, capture() as metrics:
        client.messages.batches.retrieve(name)
        for line in client.messages.batches.results(name):
            if line.result.type == "succeeded":
                told = line.result.message
                tracker.track_anthropic_completion(lambda told=told: told)()
        tracker.flush_metrics()
        assert [m.input_tokens for m in metrics] == [INPUT_TOKENS] * 2


def test_lines_that_are_no_results(client: openai.OpenAI, metrics: CapturedMetrics) -> None:
    """Whatever stands in a file passes, and a program's own file is none of ours."""
    assert json.loads(loopback_services.batch_lines("b").splitlines()[0])["custom_id"] == "first"
    with ai_usage_context("op"), pytest.raises(openai.NotFoundError):
        client.files.content("file-of-mine")
    assert len(metrics) == 0
