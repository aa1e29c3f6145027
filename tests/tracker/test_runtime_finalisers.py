"""Streams that the garbage collector ends: it runs in any thread, whatever that is at."""

from __future__ import annotations

import gc
import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from delivery_doubles import Gate, Owner, Store, durable, metrics
from runtime_calls import CHAT

import tracker
from tests.delivered import spooled
from tests.patience import PATIENCE, reached
from tracker import ai_usage_context
from tracker.context import unattributed
from tracker.delivery import sender, writer
from tracker.delivery.attempt import finalising
from tracker.sinks.protocol import ALL_STORED, Delivery

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import openai

    from tracker.records.metric import Metric
    from tracker.testing import CapturedMetrics

FORMS = ("stream", "raw")


@pytest.fixture(autouse=True)
def collected_by_hand() -> Iterator[None]:
    """Leave it to the test when garbage is collected."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def break_off(client: openai.OpenAI, form: str) -> None:
    """Begin a stream, and leave it to the garbage collector."""
    if form == "stream":
        stream: Any = client.chat.completions.create(**CHAT, stream=True)
        next(stream)
        stream.kept = stream
    else:
        raw: Any = client.chat.completions.with_raw_response.create(**CHAT, stream=True)
        raw.http_response.kept = raw.http_response


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the threads that waited for the writer to get on, as they do so."""
    names: list[str] = []

    def note(waited_on: threading.Condition) -> None:
        wait = waited_on.wait

        def noted(timeout: float | None = None) -> bool:
            if timeout is not None:  # the writer itself waits for work as long as it takes
                names.append(threading.current_thread().name)
            return wait(timeout)

        monkeypatch.setattr(waited_on, "wait", noted)

    note(writer._queue.changed)
    note(writer._queue.room)
    return names


def stored(database: Path) -> list[str]:
    """Return the jobs in the database, sorted."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT job_id FROM usage_metrics ORDER BY job_id").fetchall()
    return [row[0] for row in rows]


@pytest.mark.parametrize("form", FORMS)
def test_while_the_writer_stores(
    form: str, client: openai.OpenAI, quiet_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record is the program's and not the store's: it is stored like the others."""
    from tracker.sinks.sqlite.sink import SqliteSink

    write = SqliteSink.write

    def collecting(sink: SqliteSink, metrics: Sequence[Metric]) -> Delivery:
        gc.collect()
        return write(sink, metrics)

    monkeypatch.setattr(SqliteSink, "write", collecting)
    with ai_usage_context("op", job_id="broken"):
        break_off(client, form)
    with ai_usage_context("op", job_id="whole"):
        client.chat.completions.create(**CHAT)
    spooled()
    assert stored(quiet_environment) == ["broken", "whole"]
    assert tracker.stats().dropped == {}


@pytest.mark.parametrize("form", FORMS)
def test_between_two_stores_of_the_writer(
    form: str,
    client: openai.OpenAI,
    quiet_environment: Path,
    waits: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The writer does not wait for itself, so the block's end does not wait for it."""
    monkeypatch.setattr(sender, "look", gc.collect)
    with ai_usage_context("op", job_id="broken"):
        break_off(client, form)
    with ai_usage_context("op", job_id="whole"):
        client.chat.completions.create(**CHAT)
    spooled()
    assert "ai-usage-writer" not in waits
    assert stored(quiet_environment) == ["broken", "whole"]


def test_a_block_that_ends_in_the_writer_s_thread(
    waits: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A finaliser of the program may record too, and is not waited for either."""
    tracker.configure(queue_size=2)
    recorded: list[str] = []

    def record() -> None:
        if recorded:
            return
        recorded.append(threading.current_thread().name)
        for _ in range(4):
            with ai_usage_context("op") as used:
                used.track_openai_completion(lambda: None)()

    monkeypatch.setattr(sender, "look", record)
    store = Store()
    writer.hand_over(Owner(durable(store)), metrics("1"))
    writer.leave()
    assert store.ids == ["1"]
    assert recorded == ["ai-usage-writer"]
    assert "ai-usage-writer" not in waits


def test_a_finaliser_does_not_wait(waits: list[str]) -> None:
    """Neither for what was accepted, nor for room in a full queue."""
    tracker.configure(queue_size=1)
    gate = Gate()
    owner = Owner(durable(Store(gate)))
    writer.hand_over(owner, metrics("1"))
    reached(gate.entered)
    with finalising(of_store=False):
        writer.hand_over(owner, metrics("2", "3"))
        writer.leave()
    assert waits == []
    gate.opened.set()
    assert tracker.flush(PATIENCE)
    assert (tracker.stats().stored, tracker.stats().dropped) == (2, {"queue full": 1})


def test_a_stream_that_a_store_began(client: openai.OpenAI) -> None:
    """However it ends, it is the store's own doing, and does not feed it for ever."""

    def observed(_metrics: Sequence[Metric]) -> Delivery:
        with ai_usage_context("storing"):
            break_off(client, "stream")
        gc.collect()
        return ALL_STORED

    writer.hand_over(Owner(durable(Store(observed))), metrics("1"))
    assert tracker.flush(PATIENCE)
    assert tracker.stats().dropped == {"made by a store": 1}


def test_while_a_call_outside_contexts_is_noted(
    client: openai.OpenAI, metrics: CapturedMetrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stream is noted in the midst of it: nothing stands still, and neither call is lost."""
    unattributed.reset()
    tracker.configure(require_context=True)
    monkeypatch.setattr(unattributed, "_settler", None)

    class Collecting(threading.Thread):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            if kwargs.get("name") == "ai-usage-outside":
                gc.collect()
            super().__init__(*args, **kwargs)

    break_off(client, "stream")
    with monkeypatch.context() as patch:
        patch.setattr(unattributed.threading, "Thread", Collecting)
        client.chat.completions.create(**CHAT)
    unattributed.settle_waiting()
    assert len(metrics) == 2
