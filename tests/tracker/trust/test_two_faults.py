"""A store that is down and a spool that cannot be written, at once: nobody waits for them twice."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from delivery_doubles import Gate, Owner, Store, metrics

import tracker
from benchmarks import faults
from tests.patience import PATIENCE, reached, until
from tracker import ai_usage_context
from tracker.delivery import destinations, patience, sender, writer
from tracker.delivery.patience import Vain
from tracker.errors import SinkError
from tracker.sinks.protocol import ALL_STORED, Delivery

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tracker.records.metric import Metric


class Failing:
    """An answer that fails until it is repaired, and notes in which thread it was asked."""

    def __init__(self) -> None:
        self.is_repaired = False
        self.asked: list[str] = []

    def __call__(self, _metrics: Sequence[Metric]) -> Delivery:
        """Fail, or take everything."""
        self.asked.append(threading.current_thread().name)
        if not self.is_repaired:
            raise SinkError("down")
        return ALL_STORED


@pytest.fixture
def no_spool(tmp_path: Path) -> Path:
    """A spool whose folder is a file; give the file."""
    (tmp_path / "file").touch()
    tracker.configure(spool=tmp_path / "file" / "spool.db")
    return tmp_path / "file"


@pytest.fixture(params=["durable", "remote"])
def failing(request: pytest.FixtureRequest, no_spool: Path) -> tuple[Failing, Owner]:
    """A store that is down beside that spool."""
    answer = Failing()
    is_durable = request.param == "durable"
    found = destinations.known("down", lambda: Store(answer), durable=is_durable)
    return answer, Owner(found)


def balance() -> int:
    """Return 0 if every record is somewhere."""
    stats = tracker.stats()
    known = stats.waiting + stats.stored + stats.spooled + sum(stats.dropped.values())
    return stats.captured - known


def test_what_failed_is_not_asked_while_a_program_waits(failing: tuple[Failing, Owner]) -> None:
    """T38: the first record finds out; the others are kept, and the sender alone tries."""
    answer, owner = failing
    for name in "abcdefgh":
        writer.hand_over(owner, metrics(name))
        writer.leave()
    assert not writer.flush(PATIENCE)
    assert answer.asked.count("ai-usage-writer") <= 1
    assert (tracker.stats().waiting, balance()) == (8, 0)


def test_a_store_that_takes_long_to_fail_is_left_to_the_sender(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """T38: with a spool that works: one program waits for the failure, and none after it."""
    monkeypatch.setattr(sender, "SLOW_SECONDS", -1.0)
    monkeypatch.setattr(sender, "_pause", lambda _attempts: 0.0)
    answer = Failing()
    store = Store(answer)
    owner = Owner(destinations.known("down", lambda: store, durable=True))
    for number, name in enumerate("abcd", 1):
        writer.hand_over(owner, metrics(name))
        assert until(lambda number=number: tracker.stats().spooled == number)
    assert answer.asked.count("ai-usage-writer") == 1
    answer.is_repaired = True
    assert until(lambda: tracker.stats().sent == 4)
    assert until(lambda: not sender.is_failing())
    writer.hand_over(owner, metrics("e"))
    assert until(lambda: not tracker.stats().waiting)
    assert answer.asked[-1] == "ai-usage-writer"
    assert sorted(store.ids) == list("abcde")


def test_a_block_waits_for_the_spool_behind_a_store_that_was_slow_to_fail(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """T38: on a busy machine everything is slow, and the spool is no place that fails: who leaves
    a block looks for it again and again, until the record would outlive the process."""
    monkeypatch.setattr(sender, "SLOW_SECONDS", -1.0)
    owner = Owner(destinations.known("down", lambda: Store(Failing()), durable=True))
    looks, program = threading.Semaphore(0), threading.current_thread()
    really, works = sender._spooled, writer.works

    def look(employer: Any) -> bool:
        if threading.current_thread() is program:
            looks.release()
        return works(employer)

    def spooled(destination: destinations.Destination, found: Sequence[Metric]) -> Sequence[Metric]:
        assert all(looks.acquire(timeout=PATIENCE) for _ in range(3))
        return really(destination, found)

    monkeypatch.setattr(writer, "works", look)
    monkeypatch.setattr(sender, "_spooled", spooled)
    writer.hand_over(owner, metrics("a"))
    writer.leave()
    found = tracker.stats().spooled
    for _ in range(3):
        looks.release()
    assert found == 1


@pytest.mark.parametrize("repaired", ["store", "spool"])
def test_what_was_kept_is_stored_when_either_works_again(
    repaired: str,
    failing: tuple[Failing, Owner],
    no_spool: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """T38: once each, and then both are used as before."""
    monkeypatch.setattr(sender, "_pause", lambda _attempts: 0.0)
    answer, owner = failing
    for name in "abc":
        writer.hand_over(owner, metrics(name))
        writer.leave()
    assert tracker.stats().waiting == 3
    if repaired == "store":
        answer.is_repaired = True
    else:
        no_spool.unlink()
    assert until(lambda: not tracker.stats().waiting)
    stats = tracker.stats()
    assert (stats.stored + stats.spooled, stats.dropped, balance()) == (3, {}, 0)
    if repaired == "spool":
        assert sum(sender.file().counts()["down"].values()) == 3


def test_an_exit_waits_for_a_spool_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """T38: a store that is down shortens the exit only where the spool fails too: a record that
    the writer is just putting there is waited for, however long the machine takes."""
    owner = Owner(destinations.known("down", lambda: Store(Failing()), durable=False))
    writer.hand_over(owner, metrics("a"))
    assert until(sender.is_failing)
    gate, really, stuck = threading.Event(), sender.spool, sender.is_stuck

    def spool(*given: Any) -> Sequence[Metric]:
        reached(gate)
        return really(*given)

    def asked() -> bool:
        gate.set()  # the exit is waiting now
        return stuck()

    monkeypatch.setattr(sender, "spool", spool)
    monkeypatch.setattr(sender, "is_stuck", asked)
    monkeypatch.setattr(writer, "FAILING_EXIT_SECONDS", -1.0)
    writer.hand_over(owner, metrics("b"))
    writer.finish()
    assert (tracker.stats().spooled, tracker.stats().waiting, balance()) == (2, 0, 0)


def test_memory_is_bounded(failing: tuple[Failing, Owner]) -> None:
    """T38: as many as the queue may have are kept; the others are dropped, counted and told."""
    tracker.configure(queue_size=5)
    _, owner = failing
    for name in "abcdefgh":
        writer.hand_over(owner, metrics(name))
        assert not writer.flush(PATIENCE)
    stats = tracker.stats()
    assert (stats.waiting, stats.dropped, balance()) == (5, {"no spool": 3}, 0)


def test_the_exit_tries_once_more(failing: tuple[Failing, Owner], no_spool: Path) -> None:
    """T39: what can be stored by then is; what cannot is counted as dropped."""
    answer, owner = failing
    writer.hand_over(owner, metrics("a"))
    assert not writer.flush(PATIENCE)
    answer.is_repaired = True
    writer.finish()
    assert (tracker.stats().stored, tracker.stats().dropped) == (1, {})
    answer.is_repaired = False
    writer.hand_over(owner, metrics("b"))
    assert not writer.flush(PATIENCE)
    writer.finish()
    assert (tracker.stats().waiting, tracker.stats().dropped) == (0, {"no spool": 1})


def test_a_store_that_never_answers_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """T38 T39: the second block goes on at once, though it may wait as long as it likes, and the
    exit too; when the store answers at last, nothing was lost."""
    gate = Gate()
    owner = Owner(destinations.Destination("hanging", Store(gate), durable=True))
    tracker.configure(flush_timeout=0.01)
    writer.hand_over(owner, metrics("a"))
    writer.leave()
    reached(gate.entered)
    tracker.configure(flush_timeout=60.0)
    monkeypatch.setattr(writer, "EXIT_SECONDS", 100 * PATIENCE)
    for name in "bcd":
        writer.hand_over(owner, metrics(name))
        writer.leave()
    writer.finish()
    assert tracker.stats().waiting == 4
    gate.opened.set()
    assert tracker.flush(PATIENCE)
    assert (tracker.stats().stored, balance()) == (4, 0)


def test_patience_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """T38: 50 ms once a minute while it is in vain, and all of it when it no longer is."""
    now = [1_000.0]
    monkeypatch.setattr(patience, "steady", lambda: now[0])
    vain = Vain()
    assert vain.patience(2.0, in_vain=False) == 2.0
    waits = []
    for _ in range(240):  # four blocks a second, for a minute
        now[0] += 0.25
        waits.append(vain.patience(2.0, in_vain=True))
    assert sorted(waits)[-2:] == [0.0, patience.AGAIN_SECONDS]
    assert patience.AGAIN_SECONDS <= 0.05
    assert vain.patience(2.0, in_vain=False) == 2.0


def test_a_healthy_store_is_waited_for_beside_one_that_fails(
    failing: tuple[Failing, Owner], quiet_environment: Path
) -> None:
    """T38: what another store does changes nothing for its records: they are on disk."""
    _, owner = failing
    for name in "abc":
        writer.hand_over(owner, metrics(name))
        with ai_usage_context("op") as used:
            used.track_openai_completion(lambda: None)()
        assert tracker.stats().stored == "abc".index(name) + 1


@pytest.mark.lengthy
def test_the_benchmark_in_short() -> None:
    """T38 T39: its programs run, and tell what blocks and exit cost."""
    first, second = faults.measured([("a folder", "no folder"), ("locked", "a folder")], 1.0)
    assert (first.store, second.store) == ("a folder", "locked")
    assert first.first > 0
    assert first.exit > 0
