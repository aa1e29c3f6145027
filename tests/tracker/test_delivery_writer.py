"""The writer: the queue's bound, what is counted, and what stores may do to it."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

import pytest
from delivery_doubles import METRIC, Gate, Owner, Store, durable, metrics
from event_loops import LOOPS, Loop

import tracker
from tests.patience import PATIENCE, reached
from tracker import AIUsageTracker, ai_usage_context
from tracker.delivery import destinations, sender, writer
from tracker.delivery.backlog import WRITER, waiting
from tracker.sinks.protocol import ALL_STORED, Delivery

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker.records.metric import Metric


def balance() -> int:
    """Return 0 if every record is somewhere."""
    stats = tracker.stats()
    known = stats.waiting + stats.stored + stats.spooled + sum(stats.dropped.values())
    return stats.captured - known


def raising(error: BaseException) -> Any:
    """Return an answer that raises."""

    def answer(_metrics: Sequence[Metric]) -> Delivery:
        raise error

    return answer


def test_what_is_accepted_is_stored_in_order() -> None:
    """Leaving waits until the writer has done it."""
    store = Store()
    writer.hand_over(Owner(durable(store)), metrics("1", "2", "3"))
    writer.leave()
    assert store.ids == ["1", "2", "3"]
    assert tracker.stats() == tracker.Stats(captured=3, stored=3)


def test_the_backlog_is_empty_when_nothing_waits() -> None:
    """The end of a block asks it alone: the writer is in it until all is done, then nobody is."""
    sender.wait(PATIENCE)
    seen: list[bool] = []

    def answer(_metrics: Sequence[Metric]) -> Delivery:
        seen.append(WRITER in waiting)
        return ALL_STORED

    assert not waiting
    writer.hand_over(Owner(durable(Store(answer))), metrics("1"))
    writer.leave()
    assert seen == [True]
    assert not waiting


@pytest.mark.parametrize("error", [RuntimeError("x"), SystemExit(1), KeyboardInterrupt()])
def test_a_store_that_raises_anything_keeps_the_writer_alive(error: BaseException) -> None:
    """Its records go to the spool; the next ones are stored."""
    owner = Owner(durable(Store(raising(error))))
    writer.hand_over(owner, metrics("1"))
    writer.leave()
    store = Store()
    writer.hand_over(Owner(durable(store)), metrics("2"))
    writer.leave()
    assert store.ids == ["2"]
    stats = tracker.stats()
    assert (stats.stored, stats.spooled, balance()) == (1, 1, 0)


def test_a_store_s_answer_is_believed_only_of_what_it_was_handed() -> None:
    """Ids that it makes up, or names twice, change no count."""
    answer = Delivery(retry=frozenset({"2", "3", "other"}), rejected={"1": "no", "2": "never"})
    store = Store(lambda _metrics: answer)
    writer.hand_over(Owner(durable(store)), metrics("1", "2", "3", "4"))
    writer.leave()
    stats = tracker.stats()
    assert (stats.stored, stats.spooled, dict(stats.dropped)) == (
        1,
        1,
        {"rejected by durable": 2},
    )
    assert balance() == 0


def test_a_full_queue_drops_and_counts(caplog: pytest.LogCaptureFixture) -> None:
    """The caller waits for room for a limited time; what has none is dropped, and said so."""
    tracker.configure(queue_size=2, flush_timeout=0.01)
    gate = Gate()
    owner = Owner(durable(Store(gate)))
    writer.hand_over(owner, metrics("1"))
    reached(gate.entered)
    with caplog.at_level(logging.WARNING):
        writer.hand_over(owner, metrics("2", "3", "4", "5", "6"))
    assert tracker.stats().dropped == {"queue full": 3}
    assert "queue full" in caplog.text
    gate.opened.set()
    assert tracker.flush(PATIENCE)
    assert (tracker.stats().stored, balance()) == (3, 0)


def test_more_records_than_the_queue_holds_pass_through_it() -> None:
    """The caller hands them over as the writer makes room."""
    tracker.configure(queue_size=3)
    store = Store()
    names = [str(number) for number in range(50)]
    writer.hand_over(Owner(durable(store)), metrics(*names))
    writer.leave()
    assert store.ids == names
    assert tracker.stats().dropped == {}


def test_where_no_thread_can_be_started_the_caller_stores(monkeypatch: pytest.MonkeyPatch) -> None:
    """As at the interpreter's end: nothing waits for a writer that cannot come."""

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(writer, "_queue", writer._Queue())
    monkeypatch.setattr(threading.Thread, "start", refuse)
    store = Store()
    writer.hand_over(Owner(durable(store)), metrics("1", "2"))
    writer.leave()
    assert store.ids == ["1", "2"]


def test_a_writer_that_ended_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """However it ended."""
    queue = writer._Queue()
    monkeypatch.setattr(writer, "_queue", queue)
    with monkeypatch.context() as patch:
        patch.setattr(writer, "_work", raising(SystemExit()))
        queue.items.append((Owner(), False, METRIC))
        queue.thread = threading.current_thread()
        with pytest.raises(SystemExit):
            writer._run(queue)
    assert queue.thread is None
    queue.items.clear()
    store = Store()
    writer.hand_over(Owner(durable(store)), metrics("1"))
    writer.leave()
    assert store.ids == ["1"]


def test_a_record_that_cannot_be_built_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others of its batch are stored."""
    monkeypatch.delenv("AI_USAGE_STRICT")
    store = Store()
    items: list[Any] = [*metrics("1"), ValueError("no"), *metrics("2")]
    writer.hand_over(Owner(durable(store)), items)
    writer.leave()
    assert store.ids == ["1", "2"]
    assert (tracker.stats().dropped, balance()) == ({"internal error": 1}, 0)


def test_a_store_at_once_that_raises_is_counted() -> None:
    """Each store counts on its own; an interrupt passes, and is counted too."""
    fine = Store()
    owner = Owner(at_once=[Store(raising(RuntimeError("x"))), fine])
    writer.hand_over(owner, metrics("1"))
    assert fine.ids == ["1"]
    with pytest.raises(KeyboardInterrupt):
        writer.hand_over(Owner(at_once=[Store(raising(KeyboardInterrupt()))]), metrics("2"))
    assert (tracker.stats().stored, sum(tracker.stats().dropped.values())) == (1, 2)
    assert balance() == 0


def test_a_store_that_is_observed_does_not_feed_itself() -> None:
    """Calls that a store makes while it stores are attributed to nobody, or counted as its own."""

    class Client:
        def __init__(self) -> None:
            self.stored = 0

        def put_ai_usage_metric(self, _metric: Metric) -> None:
            self.stored += 1
            with ai_usage_context("storing", tracker=AIUsageTracker(dynamo_client=self)) as inner:
                inner.track_openai_completion(lambda: None)()

    client = Client()
    with ai_usage_context("op", tracker=AIUsageTracker(dynamo_client=client)) as used:
        used.track_openai_completion(lambda: None)()
    assert client.stored == 1
    assert (tracker.stats().dropped, balance()) == ({"made by a store": 1}, 0)


def test_a_store_in_the_writer_s_thread_may_record_without_waiting_for_itself() -> None:
    """Nothing stands still; what it records is counted as its own."""

    def observed(_metrics: Sequence[Metric]) -> Delivery:
        with ai_usage_context("storing") as inner:
            inner.track_openai_completion(lambda: None)()
        return ALL_STORED

    store = Store(observed)
    writer.hand_over(Owner(durable(store)), metrics("1"))
    assert tracker.flush(PATIENCE)
    assert store.ids == ["1"]
    assert tracker.stats().dropped == {"made by a store": 1}


@LOOPS
def test_a_slow_store_does_not_hold_up_an_event_loop(loop: Loop) -> None:
    """While it hangs, the loop's callbacks run on; the block's end awaits it."""
    gate = Gate()
    owner = Owner(durable(Store(gate)))
    tracker.configure(flush_timeout=60.0)
    left: list[bool] = []

    async def leave() -> None:
        await writer.leave_async()
        left.append(True)

    async def beat() -> None:
        for _ in range(100):
            await loop.pause()
        assert left == []
        gate.opened.set()

    async def program() -> int:
        async with ai_usage_context("op"):
            writer.hand_over(owner, metrics("1"))
            await loop.together(leave, beat)
        return tracker.stats().stored

    assert loop.run(program) == 1
    assert left == [True]


@LOOPS
def test_an_event_loop_waits_for_a_limited_time(loop: Loop) -> None:
    """As long as ``flush_timeout`` says; what is not stored then is the writer's."""
    gate = Gate()
    tracker.configure(flush_timeout=0.05)

    async def program() -> int:
        async with ai_usage_context("op"):
            writer.hand_over(Owner(durable(Store(gate))), metrics("1"))
        return tracker.stats().waiting

    assert loop.run(program) == 1
    gate.opened.set()
    assert tracker.flush(PATIENCE)


@LOOPS
@pytest.mark.parametrize("form", ["context", "decorated", "observed", "generator"])
def test_leaving_an_async_block_awaits_what_it_recorded(
    form: str, loop: Loop, quiet_environment: Any
) -> None:
    """Also that of a decorated or observed coroutine outside any block: it is stored by then."""
    stats: list[tracker.Stats] = []

    async def call(**_ids: Any) -> None:
        return None

    async def steps(**_ids: Any) -> Any:
        AIUsageTracker().track_openai_completion(lambda: None)()
        yield 1

    async def program() -> None:
        used = AIUsageTracker()
        if form == "context":
            async with ai_usage_context("op", tracker=used):
                used.track_openai_completion(lambda: None)()
        elif form == "decorated":
            await tracker.ai_usage_tracked(used.track_openai_completion(call))()
        elif form == "observed":
            await used.track_openai_completion(call)()
        else:
            async for _ in used.track_openai_completion(steps)():
                pass
        stats.append(tracker.stats())

    loop.run(program)
    assert stats[0].captured
    assert stats[0].waiting == 0
    assert stats[0].stored == stats[0].captured


@LOOPS
def test_a_plain_block_in_an_event_loop_does_not_wait(loop: Loop) -> None:
    """Its records are the writer's, and the loop goes on; where it ends, it has them stored."""
    gate = Gate()

    async def program() -> int:
        writer.hand_over(Owner(durable(Store(gate))), metrics("1"))
        with ai_usage_context("op"):
            pass
        waiting = tracker.stats().waiting
        gate.opened.set()
        return waiting

    assert loop.run(program) == 1
    assert tracker.stats().stored == 1


@LOOPS
def test_in_lambda_an_event_loop_waits_for_the_sender(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a block without a loop does, in a thread."""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "f")
    store = Store()
    remote = destinations.known("remote", lambda: store, durable=False)

    async def program() -> None:
        async with ai_usage_context("op"):
            writer.hand_over(Owner(remote), metrics("1"))

    loop.run(program)
    assert store.ids == ["1"]


def test_in_lambda_leaving_waits_for_the_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine is frozen afterwards: what was spooled is sent first, as far as it can be."""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "f")
    store = Store()
    remote = destinations.known("remote", lambda: store, durable=False)
    writer.hand_over(Owner(remote), metrics("1"))
    writer.leave()
    assert store.ids == ["1"]
    stats = tracker.stats()
    assert (stats.spooled, stats.sent) == (1, 1)


def test_losses_are_told_at_exit(caplog: pytest.LogCaptureFixture) -> None:
    """Once, with their reasons."""
    writer.hand_over(Owner(at_once=[Store(raising(RuntimeError("x")))]), metrics("1"))
    with caplog.at_level(logging.WARNING):
        writer.finish()
        writer.finish()  # a child of multiprocessing may end in two ways
    told = "AI usage metrics that were dropped: 1 (a store in the program failed)"
    assert caplog.messages.count(told) == 1
