"""Blocks that are shared, copied, left twice, interrupted, or read in the midst of a change."""

from __future__ import annotations

import copy
import functools
import pickle
import sqlite3
import sys
import threading
from contextlib import closing
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from tests.patience import joined
from tracker import AIUsageTracker, ai_usage_context, flush, get_current_context
from tracker.context import block as block_module
from tracker.context import pickling, scope
from tracker.delivery import counts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import FrameType

    from tracker.context.state import State
    from tracker.testing import CapturedMetrics


def call(tracker: AIUsageTracker, name: str) -> None:
    """Have *tracker* book one call."""
    response: Any = SimpleNamespace(model="gpt-4o-mini", _request_id=name)
    tracker.track_openai_completion(lambda: response)()


class Meddling(str):
    """A key that does something where it is compared, as a finaliser or a signal may at any time.

    All have one hash, so that a dict compares them.
    """

    __slots__ = ("meddle",)
    meddle: Callable[[], object]

    def __hash__(self) -> int:
        return 7

    def __eq__(self, other: object) -> bool:
        self.meddle()
        return str.__eq__(self, other)


def meddling(text: str, meddle: Callable[[], object]) -> Meddling:
    """Return *text* as a key that calls *meddle* where it is compared."""
    key = Meddling(text)
    key.meddle = meddle
    return key


def with_other_thread_changing(look: Callable[[], None]) -> None:
    """Call *look* while another thread is in the midst of changing what a tracker stands for."""
    inside, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        inside.set()
        go_on.wait()

    tracker = AIUsageTracker()
    tracker.add_context_metadata({meddling("a", wait): 1})
    changed = {meddling("b", wait): 2}
    changing = threading.Thread(target=tracker.add_context_metadata, args=(changed,))
    changing.start()
    inside.wait()
    try:
        look()
    finally:
        go_on.set()
        joined(changing)


def test_reading_waits_for_nobody() -> None:
    """A log handler, say, reads whose calls are made, and whoever changes it may wait for that."""
    found: list[Any] = []

    def read() -> None:
        with ai_usage_context("op", job_id="j") as tracker:
            found.extend((tracker.current_job_id, get_current_context()))

    def look() -> None:
        reading = threading.Thread(target=read)
        reading.start()
        joined(reading)

    with_other_thread_changing(look)
    assert found[0] == "j"
    assert found[1]["operation_type"] == "op"


def test_a_change_in_the_midst_of_a_first_look_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a signal's handler names a job while its own thread looks who calls belong to."""
    begun, changes = block_module.begun, [1]

    def interrupted(*args: Any, **kwargs: Any) -> State:
        state = begun(*args, **kwargs)
        if changes and changes.pop():
            tracker.set_tracking_context(job_id="of the handler")
        return state

    with ai_usage_context("op", job_id="j") as tracker:
        monkeypatch.setattr(block_module, "begun", interrupted)
        assert tracker.current_context["operation_type"] == "op"
        assert changes == []
        assert tracker.current_job_id == "of the handler"


def test_a_change_in_the_midst_of_another_stays() -> None:
    """As where a signal's handler names a job while its own thread adds metadata."""
    jobs = ["of the handler"]

    def meddle() -> None:
        if jobs:
            tracker.set_tracking_context(job_id=jobs.pop())

    with ai_usage_context("op") as tracker:
        tracker.add_context_metadata({meddling("a", meddle): 1})
        tracker.add_context_metadata({meddling("b", meddle): 2})
        assert jobs == []
        assert tracker.current_job_id == "of the handler"
        assert {"a", "b"} <= {str(key) for key in tracker.current_context}


def test_the_end_is_told_once_where_the_tracker_ends_it_too(metrics: CapturedMetrics) -> None:
    """A subclass's own flush may close what closes the block."""
    told = []

    class Closing(AIUsageTracker):
        def flush_metrics(self) -> None:
            told.append("flush")
            context.__exit__(None, None, None)
            super().flush_metrics()

    context = ai_usage_context("op", tracker=Closing(), job_id="j")
    with context as tracker:
        call(tracker, "a")
    assert told == ["flush"]
    assert [(m.request_id, m.job_id) for m in metrics] == [("a", "j")]


def test_the_end_is_told_once_where_another_thread_ends_it_too() -> None:
    """Whoever comes second finds it ended, also while the first flushes."""
    told = []

    class Slow(AIUsageTracker):
        def flush_metrics(self) -> None:
            told.append("flush")
            other = threading.Thread(target=context.__exit__, args=(None, None, None))
            other.start()
            joined(other)

    context = ai_usage_context("op", tracker=Slow())
    with context:
        pass
    assert told == ["flush"]


def test_copies_of_a_context_are_blocks_of_their_own(metrics: CapturedMetrics) -> None:
    """The end of one stores its own calls, and none of the others' before these end."""
    context = ai_usage_context("op", tracker=AIUsageTracker(), job_id="j")
    with copy.copy(context) as tracker:
        call(tracker, "outer")
        with copy.copy(context):
            call(tracker, "inner")
        assert [m.request_id for m in metrics] == ["inner"]
    assert [m.request_id for m in metrics] == ["inner", "outer"]


def test_a_context_in_use_is_told_after_earlier_uses_too() -> None:
    """However often it was entered and left before."""
    context = ai_usage_context("op")
    for _ in range(2):
        with context, pytest.raises(RuntimeError, match="in use"), context:
            pytest.fail("the block ran")
    assert get_current_context() is None


def test_threads_that_enter_a_context_at_the_same_moment(
    monkeypatch: pytest.MonkeyPatch, metrics: CapturedMetrics
) -> None:
    """Each has a block of its own, and nothing is left open where one ends."""
    monkeypatch.delenv("AI_USAGE_STRICT")
    entering, go_on, entered, leave = (threading.Event() for _ in range(4))
    make, left = AIUsageTracker.create_for_environment, []

    def made(**kwargs: Any) -> AIUsageTracker:
        if threading.current_thread() is other:
            entering.set()
            go_on.wait()
        return make(**kwargs)

    def work() -> None:
        with context as tracker:
            entered.set()
            leave.wait()
            call(tracker, "other")
        left.append(get_current_context())

    monkeypatch.setattr(AIUsageTracker, "create_for_environment", made)
    context = ai_usage_context("op", job_id="j")
    other = threading.Thread(target=work)
    other.start()
    entering.wait()
    with context as tracker:
        go_on.set()
        entered.wait()
        call(tracker, "mine")
    left.append(get_current_context())
    assert [m.request_id for m in metrics] == ["mine"]
    leave.set()
    joined(other)
    assert left == [None, None]
    assert [(m.request_id, m.job_id) for m in metrics] == [("mine", "j"), ("other", "j")]


def interrupted_at(line: int, context: Any) -> bool:
    """Enter *context*, interrupted before the *line*th line of it runs; return whether it was."""
    seen = [0]

    def count(_frame: FrameType, event: str, _told: Any) -> Any:
        if event == "line":
            seen[0] += 1
            if seen[0] == line:
                raise KeyboardInterrupt
        return count

    def look(frame: FrameType, _event: str, _told: Any) -> Any:
        return count if frame.f_code is block_module.Block.__enter__.__code__ else None

    before = sys.gettrace()
    sys.settrace(look)
    try:
        context.__enter__()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    context.__exit__(None, None, None)
    return False


def test_an_interrupt_while_a_block_is_entered() -> None:
    """Wherever it comes, no block is left open, and the context may be entered then."""
    lines = 0
    while interrupted_at(lines + 1, context := ai_usage_context("op", job_id="j")):
        lines += 1
        assert get_current_context() is None, lines
        with context as tracker:
            assert tracker.current_job_id == "j"
        assert scope.current() is None, lines
    assert lines > 10


def left_with_an_interrupt(at: int, context: Any, ends: Callable[[], object]) -> bool:
    """Have *ends* leave *context*, interrupted at the *at*th chance of that; was it?

    Python looks for interrupts where a function of its own begins, and where one in C has
    returned.  Where ``__exit__`` itself begins, nothing in it can help; nor between a lock's taking
    and its block, where Python 3.14 looks, too (findings/interrupts-leave-locks-taken.sh).
    """
    seen, inside = [0], [False]

    def count(frame: FrameType, event: str, told: Any) -> None:
        if frame.f_code is block_module.Block.__exit__.__code__ and event in ("call", "return"):
            inside[0] = event == "call"
        elif getattr(told, "__name__", "") == "__enter__":
            return
        elif inside[0] and event in ("call", "c_return"):
            seen[0] += 1
            if seen[0] == at:
                raise KeyboardInterrupt

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        ends()
    except KeyboardInterrupt:
        return True
    finally:
        sys.setprofile(before)
    return False


@pytest.mark.parametrize("kind", ["own tracker", "given tracker", "subclass", "left elsewhere"])
def test_an_interrupt_while_a_block_is_left(kind: str, metrics: CapturedMetrics) -> None:
    """Wherever it comes, no block is left open, and what was booked to it is stored.

    Where it ends a store of the program's own, nobody knows what that has: then it is counted.
    """

    class Own(AIUsageTracker):
        def flush_metrics(self) -> None:
            super().flush_metrics()

    chances = 0
    while True:
        given = {"given tracker": AIUsageTracker, "subclass": Own}.get(kind)
        with ai_usage_context("around"):
            around = scope.current()
            context = ai_usage_context("op", tracker=None if given is None else given())
            call(context.__enter__(), f"{kind} {chances}")
            inner = ai_usage_context("inner") if kind == "left elsewhere" else None
            if inner is not None:
                inner.__enter__()
            error = ValueError("x")
            ends = functools.partial(context.__exit__, ValueError, error, None)
            chances += 1
            is_interrupted = left_with_an_interrupt(chances, context, ends)
            assert context.closed, chances
            if inner is not None:
                assert scope.current() is inner, chances
                inner.__exit__(None, None, None)
            assert scope.current() is around, chances
        if not is_interrupted:
            break
    assert chances > 10
    stored = [m.request_id for m in metrics]
    lost = [f"{kind} {n}" for n in range(chances) if f"{kind} {n}" not in stored]
    assert len(stored) == len(set(stored)) == chances - len(lost)
    assert counts.stats().dropped.get("a store in the program failed", 0) == len(lost) < 20


def test_an_interrupt_while_records_are_handed_over(quiet_environment: Path) -> None:
    """Wherever it comes, each is stored once: what nobody took by then is given back."""
    tracker, names = AIUsageTracker(), []
    while True:
        context = ai_usage_context("op", tracker=tracker)
        names.append(f"handed {len(names)}")
        call(context.__enter__(), names[-1])
        ends = functools.partial(context.__exit__, None, None, None)
        if not left_with_an_interrupt(len(names), context, ends):
            break
    assert flush()
    with closing(sqlite3.connect(quiet_environment)) as file:
        found = [name for (name,) in file.execute("SELECT request_id FROM ai_usage")]
    assert sorted(found) == sorted(names)


def test_a_subclass_that_looks_its_attributes_up_in_a_tracker(metrics: CapturedMetrics) -> None:
    """It stands for what that one stands for."""

    class Proxy(AIUsageTracker):
        def __init__(self, inner: AIUsageTracker) -> None:
            self.inner = inner

        def __getattr__(self, name: str) -> Any:
            return getattr(self.__dict__["inner"], name)

    inner = AIUsageTracker(user_id="alice")
    proxy = Proxy(inner)
    proxy.set_tracking_context(job_id="j")
    assert inner.current_job_id == "j"
    with ai_usage_context("op", tracker=proxy):
        call(proxy, "in")
    call(proxy, "out")
    assert [(m.job_id, m.user_id) for m in metrics] == [("j", "alice")] * 2


def test_a_subclass_whose_lookup_knows_no_tracker(metrics: CapturedMetrics) -> None:
    """Whatever it gives or raises for a name that it does not know, the tracker has a state."""

    class Generous(AIUsageTracker):
        def __init__(self) -> None:
            pass

        def __getattr__(self, name: str) -> Any:
            return None

    class Strict(Generous):
        def __getattr__(self, name: str) -> Any:
            raise KeyError(name)

    for tracker in (Generous(), Strict()):
        with ai_usage_context("op", tracker=tracker, job_id="j"):
            call(tracker, type(tracker).__name__)
    assert [(m.request_id, m.job_id) for m in metrics] == [("Generous", "j"), ("Strict", "j")]


def test_a_tracker_that_an_earlier_version_pickled() -> None:
    """Queues hold some while a program is brought up to date."""

    def earlier(tracker: AIUsageTracker) -> Mapping[str, Any]:
        own = {name: value for name, value in vars(tracker).items() if name != "_standing"}
        state = tracker.node().state
        return {**own, "_standing": state._replace(given=dict(state.context)), "_latest": None}

    told = pickle.loads(pickle.dumps(earlier(AIUsageTracker(user_id="anna"))))
    assert pickling.received(AIUsageTracker, told).user_id == "anna"


def test_both_ways_of_making_a_block_make_the_same() -> None:
    """A block that is made at once has all that one has which is made by a call more."""
    tracker = AIUsageTracker()
    made = ai_usage_context("op", tracker=tracker, environment="test", note=1)
    other = block_module.Block().given("op", tracker, made._make_tracker, "test", {"note": 1})
    slots = [name for kind in type(made).__mro__ for name in getattr(kind, "__slots__", ())]
    missing = object()
    assert [(name, getattr(made, name, missing)) for name in slots if hasattr(made, name)] == [
        (name, getattr(other, name, missing)) for name in slots if hasattr(other, name)
    ]
