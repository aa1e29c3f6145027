"""The sender: what is spooled arrives, once its store is up, whoever spooled it."""

from __future__ import annotations

import random
import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from delivery_doubles import METRIC, Owner, Store, metrics

import tracker
from tests.patience import PATIENCE
from tracker.config import settings
from tracker.delivery import destinations, patience, sender, writer
from tracker.delivery.backlog import SENDER, waiting
from tracker.delivery.spool.codec import encode
from tracker.delivery.spool.outbox import Spool
from tracker.errors import SinkError
from tracker.sinks.dynamodb import sink
from tracker.sinks.protocol import ALL_STORED, Delivery

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tracker.records.metric import Metric


def remote(store: Any) -> destinations.Destination:
    """Return *store* as one that is reached through the spool."""
    return destinations.known("remote", lambda: store, durable=False)


def test_spooled_records_are_sent() -> None:
    """By the sender's thread, which is started for them."""
    store = Store()
    assert not sender.spool(remote(store), metrics("1", "2"))
    assert sender.wait(PATIENCE)
    assert sorted(store.ids) == ["1", "2"]
    assert sender.file().counts() == {"remote": {"sent": 2}}


@pytest.mark.parametrize("error", [SinkError("down"), SystemExit(), ConnectionError()])
def test_a_store_that_is_down_gets_its_records_later(error: BaseException) -> None:
    """Whatever it raised; the rows are pending again at once."""
    failures = [error]

    def answer(_metrics: Sequence[Metric]) -> Delivery:
        if failures:
            raise failures.pop()
        return ALL_STORED

    destination = remote(Store(answer))
    sender.file().put("remote", [(m.id, encode(m)) for m in metrics("1")])
    assert sender.drain(destination) == (0, False)
    assert sender.file().counts() == {"remote": {"pending": 1}}
    assert sender.drain(destination) == (1, True)


def test_some_are_taken_some_rejected_some_later() -> None:
    """Each row gets the state that the store's answer gives it."""
    answer = Delivery(retry=frozenset({"1"}), rejected={"2": "too large"})
    destination = remote(Store(lambda _metrics: answer))
    sender.file().put("remote", [(m.id, encode(m)) for m in metrics("1", "2", "3")])
    assert sender.drain(destination) == (2, False)
    assert sender.file().counts() == {"remote": {"pending": 1, "rejected": 1, "sent": 1}}


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "null",
        "[]",
        "{}",
        "[" * 100_000,
        '{"id": "x", "timestamp": 5}',
        encode(METRIC).replace('"1"', '"another id"'),
        encode(METRIC).replace('"gpt-4o-mini"', "{}"),
        encode(METRIC).replace('{"stage": "ocr"}', '"text"'),
        encode(METRIC).replace('"0.000045"', '"NaN dollars"'),
    ],
)
def test_a_row_that_is_none_of_ours_holds_up_nobody(payload: str) -> None:
    """It is kept as rejected for a person to look at; its neighbours are sent."""
    store = Store()
    destination = remote(store)
    sender.file().put("remote", [("x", payload), *((m.id, encode(m)) for m in metrics("2"))])
    assert sender.drain(destination) == (2, True)
    assert store.ids == ["2"]
    assert sender.file().counts() == {"remote": {"rejected": 1, "sent": 1}}


def test_what_an_earlier_process_left_is_found(quiet_environment: Path) -> None:
    """A program that spools nothing itself looks once, when it first stores."""
    key = f"sqlite:{quiet_environment}"
    sender.file().put(key, [(METRIC.id, encode(METRIC))])
    tracker.AIUsageTracker().track_openai_completion(lambda: None)()
    assert tracker.flush(PATIENCE)
    assert sender.wait(PATIENCE)
    with closing(sqlite3.connect(quiet_environment)) as file:
        assert file.execute("SELECT count(*) FROM ai_usage").fetchone() == (2,)


def test_a_full_spool_drops_and_counts() -> None:
    """With the reason; nothing is half kept."""
    tracker.configure(spool_bytes=30_000)
    for number in range(100):
        sender.spool(remote(Store(_down)), metrics(f"{number}-{'x' * 200}"))
    stats = tracker.stats()
    assert stats.dropped["spool full"] + stats.spooled == 100
    assert stats.spooled
    kept = sender.file().counts()["remote"]
    assert sum(kept.values()) == stats.spooled


def _down(_metrics: Sequence[Metric]) -> Delivery:
    raise SinkError("down")


def test_without_a_spool_the_store_is_the_last_resort(tmp_path: Path) -> None:
    """A read-only home: remote stores get their records directly; where that fails, they count."""
    (tmp_path / "file").touch()
    tracker.configure(spool=tmp_path / "file" / "spool.db")
    store = Store()
    writer.hand_over(Owner(remote(store)), metrics("1"))
    assert tracker.flush(PATIENCE)
    assert store.ids == ["1"]
    down = destinations.known("down", lambda: Store(_down), durable=False)
    writer.hand_over(Owner(down), metrics("2"))
    assert not tracker.flush(PATIENCE)
    assert (tracker.stats().waiting, tracker.stats().dropped) == (1, {})
    writer.finish()
    assert (tracker.stats().waiting, tracker.stats().dropped) == (0, {"no spool": 1})


def test_a_broken_spool_is_set_aside_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its bytes stay; the record at hand goes into a new one."""
    path = tmp_path / "broken.db"
    path.write_bytes(b"\x00 this is no database " * 500)
    tracker.configure(spool=path)
    assert not sender.spool(remote(Store()), metrics("1"))
    assert sender.wait(PATIENCE)
    (aside,) = tmp_path.glob("broken.db.corrupt-*")
    assert aside.read_bytes().startswith(b"\x00 this")
    assert str(aside) in caplog.text
    assert Spool(path, 10**6).counts() == {"remote": {"sent": 1}}


def test_the_backlog_has_the_sender_until_it_was_asked() -> None:
    """What is spooled for a store that is elsewhere is somebody's, until the store has it."""
    seen: list[bool] = []

    def answer(_metrics: Sequence[Metric]) -> Delivery:
        seen.append(SENDER in waiting)
        return ALL_STORED

    writer.hand_over(Owner(remote(Store(answer))), metrics("1"))
    assert writer.flush(PATIENCE)
    assert seen == [True]
    assert not waiting


def test_a_new_beginning_waits_for_what_the_old_one_is_at() -> None:
    """Its thread would read the settings in between, and the next test would have them."""
    state, entered, said = sender._state, threading.Event(), list[Any]()

    def answer(_metrics: Sequence[Metric]) -> Delivery:
        entered.set()
        with state.changed:
            assert state.changed.wait_for(lambda: state.ended, PATIENCE)
        said.append(settings.current().sinks)
        return ALL_STORED

    writer.hand_over(Owner(remote(Store(answer))), metrics("1"))
    assert entered.wait(PATIENCE)
    sender.reset()
    assert said == [("sqlite",)]


def test_pauses_leave_the_program_s_random_numbers_alone() -> None:
    """A program that seeds them gets the same ones, whatever our threads do meanwhile."""
    before = random.getstate()
    assert sender._pause(3) != sender._pause(3)
    assert sink._pause(3) != sink._pause(3)
    assert random.getstate() == before


def test_pauses_grow_and_are_bounded() -> None:
    """Also after ten thousand failures."""
    assert 0 <= patience.pause(0) <= patience.FIRST_PAUSE_SECONDS
    assert 0 <= patience.pause(10_000) <= patience.LONGEST_PAUSE_SECONDS
