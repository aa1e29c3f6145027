"""Forking while our threads work."""

from __future__ import annotations

import threading

from tracker.delivery import forking
from tracker.delivery.forking import working


def test_a_fork_waits_for_the_work_at_hand() -> None:
    """And new work waits for the fork."""
    inside, go_on = threading.Event(), threading.Event()
    order: list[str] = []

    def work() -> None:
        with working("writer"):
            inside.set()
            go_on.wait()
            order.append("work")

    def fork() -> None:
        forking._before()
        order.append("fork")
        forking._after_in_parent()

    threads = [threading.Thread(target=work), threading.Thread(target=fork)]
    threads[0].start()
    inside.wait()
    threads[1].start()
    go_on.set()
    for thread in threads:
        thread.join()
    assert order == ["work", "fork"]
    with working("writer"):
        order.append("more work")
    assert order[-1] == "more work"


def test_a_fork_in_the_middle_of_the_work_itself_goes_on() -> None:
    """A store may fork while it stores: it does not wait for itself."""
    with working("writer"):
        forking._before()
        forking._after_in_parent()


def test_a_fork_does_not_wait_for_ever() -> None:
    """For a store that does not answer; nothing stays taken afterwards."""
    inside, go_on = threading.Event(), threading.Event()

    def work() -> None:
        with working("sender"):
            inside.set()
            go_on.wait()

    thread = threading.Thread(target=work)
    thread.start()
    inside.wait()
    forking._before()
    forking._after_in_parent()
    go_on.set()
    thread.join()
    with working("sender"):
        pass


def test_a_child_starts_with_free_turns() -> None:
    """Whatever its parent's threads held."""
    before = forking._turns
    forking._before()
    forking._after_in_child()
    assert forking._turns is not before
    with working("writer"), working("sender"):
        pass
    before.gate.release()
    for turn in before.held:
        turn.release()
