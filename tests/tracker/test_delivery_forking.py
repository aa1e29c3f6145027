"""Forking while our threads work."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from delivery_doubles import Owner, Store, durable, metrics

from tests.patience import PATIENCE, joined, reached
from tracker.config import interpreter
from tracker.delivery import destinations, fork_pause, fork_registry, sender, writer
from tracker.delivery.fork_pause import working

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest


def ends(function: Callable[[], None]) -> bool:
    """Return whether *function* comes to its end, in a thread of its own."""
    thread = threading.Thread(target=function, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    return not thread.is_alive()


def done_as(name: str) -> None:
    """Do a piece of work as the thread *name*."""
    with working(name):
        pass


def test_files_are_closed_after_our_threads_have_paused() -> None:
    """Closed before, they would keep a writer waiting that the fork waits for.

    What was registered first is done last.  A thread that installs is waited for before ours are
    stopped: it may hand a record to them.
    """
    assert [hook.__module__ for hook in fork_registry._before] == [
        "tracker.sinks.sqlite.shared_file",
        "tracker.delivery.fork_pause",
        "tracker.instrumentation.installation",
    ]


def test_a_fork_waits_for_the_work_at_hand() -> None:
    """And new work waits for the fork."""
    inside, go_on = threading.Event(), threading.Event()
    order: list[str] = []

    def work() -> None:
        with working("writer"):
            inside.set()
            reached(go_on)
            order.append("work")

    def fork() -> None:
        fork_pause._before()
        order.append("fork")
        fork_pause._after_in_parent()

    threads = [threading.Thread(target=work), threading.Thread(target=fork)]
    threads[0].start()
    reached(inside)
    threads[1].start()
    go_on.set()
    joined(*threads)
    assert order == ["work", "fork"]
    with working("writer"):
        order.append("more work")
    assert order[-1] == "more work"


def test_a_fork_waits_for_what_is_being_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that got the locks of half-imported modules could not import them any more."""
    monkeypatch.setattr(writer, "_queue", writer._Queue())
    turn = fork_pause._turns.work["loading"]
    is_taken: list[bool] = []

    def look() -> None:
        is_free = turn.acquire(blocking=False)
        is_taken.append(not is_free)
        if is_free:
            turn.release()

    def load() -> None:
        other = threading.Thread(target=look)
        other.start()
        joined(other)

    monkeypatch.setattr("tracker.pricing.quote.warm", load)
    store = Store()
    writer.hand_over(Owner(durable(store)), metrics("1"))
    writer.leave()
    assert store.ids == ["1"]
    assert is_taken == [True]
    assert fork_pause.PATIENCE_SECONDS["loading"] > 10 * fork_pause.PATIENCE_SECONDS["sender"]


FIRST_RECORD = """
import importlib, sys, types
import tracker
from tracker.delivery import writer
for name in writer.NEEDED:
    importlib.import_module(name)
known = set(sys.modules)
with tracker.ai_usage_context("first") as here:
    here.track_openai_completion(lambda: types.SimpleNamespace(model="gpt-4o-mini"))()
assert tracker.flush(60)
parts = ("tracker.delivery", "tracker.pricing", "tracker.records", "tracker.sinks")
print(*[name for name in sys.modules if name not in known and name.startswith(parts)])
"""


def test_nothing_of_ours_is_imported_behind_the_first_record(tmp_path: Path) -> None:
    """Delivery loads all its parts while a fork waits for it: it never imports one at work."""
    places = {"AI_USAGE_DATABASE": str(tmp_path / "a.db"), "AI_USAGE_SPOOL": str(tmp_path / "s.db")}
    done = subprocess.run(
        [sys.executable, "-c", FIRST_RECORD],
        env={**os.environ, **places},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == []


class _Loading(Store):
    """A store that notes whether a fork would wait while it imports what it needs."""

    def __init__(self) -> None:
        super().__init__()
        self.turn = fork_pause._turns.work["loading"]
        self.was_taken: list[bool] = []
        self.written_before: list[list[str]] = []

    def load(self) -> None:
        """Look from another thread, then miss a library."""
        self.written_before.append(list(self.ids))
        other = threading.Thread(target=self._look)
        other.start()
        joined(other)
        raise ImportError("no boto3")

    def _look(self) -> None:
        is_free = self.turn.acquire(blocking=False)
        self.was_taken.append(not is_free)
        if is_free:
            self.turn.release()


def test_a_fork_waits_for_what_the_sender_imports() -> None:
    """As long as for the writer's imports; a library that is missing is the write's to tell."""
    store = _Loading()
    assert not sender.spool(
        destinations.known("remote", lambda: store, durable=False), metrics("1")
    )
    assert sender.wait(PATIENCE)
    assert store.ids == ["1"]
    assert store.was_taken[0]
    assert store.written_before[0] == []


def test_a_fork_in_the_middle_of_the_work_itself_goes_on() -> None:
    """A store may fork while it stores: it does not wait for itself, and leaves nothing taken."""

    def fork_while_storing() -> None:
        with working("writer"):
            fork_pause._before()
            fork_pause._after_in_parent()

    assert ends(fork_while_storing)
    assert ends(lambda: done_as("writer"))


def test_a_fork_does_not_wait_for_ever() -> None:
    """For a store that does not answer; nothing stays taken afterwards."""
    inside, go_on = threading.Event(), threading.Event()

    def work() -> None:
        with working("sender"):
            inside.set()
            reached(go_on)

    thread = threading.Thread(target=work)
    thread.start()
    reached(inside)

    def fork() -> None:
        fork_pause._before()
        fork_pause._after_in_parent()

    assert ends(fork)
    go_on.set()
    joined(thread)
    assert ends(lambda: done_as("sender"))


def test_a_fork_waits_for_what_a_store_imports_while_it_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Longer than for the store: its child could never import that module."""
    inside, go_on = threading.Event(), threading.Event()
    order: list[str] = []
    (tmp_path / "imported_late.py").write_text("import imported_late_events as e; e.wait()")
    events = ModuleType("imported_late_events")
    events.wait = lambda: (inside.set(), reached(go_on))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, events.__name__, events)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(fork_pause.PATIENCE_SECONDS, "sender", 0.0)
    asked = interpreter.is_importing

    def looked(thread: int) -> bool:
        found = asked(thread)
        go_on.set()  # the import ends when the fork has seen it
        return found

    monkeypatch.setattr(interpreter, "is_importing", looked)

    def write() -> None:
        with working("sender"):
            import_module("imported_late")
            order.append("imported")

    def fork() -> None:
        fork_pause._before()
        order.append("forked")
        fork_pause._after_in_parent()

    threads = [threading.Thread(target=write), threading.Thread(target=fork)]
    threads[0].start()
    reached(inside)
    threads[1].start()
    joined(*threads)
    assert order == ["imported", "forked"]
    sys.modules.pop("imported_late")


def test_a_child_starts_with_free_turns() -> None:
    """Whatever its parent's threads held."""
    before = fork_pause._turns
    fork_pause._before()
    fork_pause._after_in_child()
    assert fork_pause._turns is not before
    with working("writer"), working("sender"):
        pass
    before.gate.release()
    for turn in before.held:
        turn.release()
