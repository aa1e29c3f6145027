"""Threads of ours that are started when there is something for them to do."""

from __future__ import annotations

import importlib
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from tracker.config import interpreter
from tracker.error_boundary import tolerated

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable


class Employer(Protocol):
    """Who has a thread; ``lock``, which is that of ``changed``, guards it."""

    lock: threading.RLock
    changed: threading.Condition
    thread: threading.Thread | None


def start(employer: Employer, target: Callable[..., object], name: str) -> None:
    """Have *employer* run ``target(employer)`` in its thread *name*, if it has none yet.

    At the interpreter's end no thread starts any more, and some subinterpreters have none.  To be
    called without the lock: where threads are greenlets, a thread that is started runs at once, in
    the thread that started it, and waiting it would give up the lock that its starter holds.
    """
    # Python 3.11 waits for ever for a thread that is started while modules are taken apart.
    if employer.thread is not None or sys.is_finalizing():
        return
    cannot = f"Cannot start the thread {name}"
    thread = None
    with tolerated(name, cannot):
        thread = interpreter.thread_of_ours(target, name, employer)
    if thread is None:
        return
    with employer.lock:
        if employer.thread is not None:
            return
        employer.thread = thread
    try:
        with tolerated(name, cannot):
            interpreter.begin(thread)
    finally:
        if thread.ident is None:
            with employer.lock:
                employer.thread = None
                employer.changed.notify_all()


def works(employer: Employer) -> bool:
    """Whether the thread is there; one whose start a signal interrupts is not, for its handler."""
    return employer.thread is not None and employer.thread.ident is not None


def ready_for_pools() -> None:
    """Have libraries that may start a pool of threads be imported later, whenever that is.

    The module registers with the interpreter, which takes nothing any more when the main thread has
    ended: where a program ends right behind its first calls, its store's library is imported then.
    It registers for forks, too: where a thread of ours imports it while a fork waits for that
    thread, a lock is released behind the fork that was not taken before it.
    """
    with suppress(RuntimeError, ImportError):  # the main thread may have ended, modules be apart
        importlib.import_module("concurrent.futures.thread")
