"""What the running interpreter does with threads and processes; it differs by version and build."""

from __future__ import annotations

import signal
import sys
import threading
from contextvars import Context
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


#: Bytes of stack that are enough for whatever a thread of ours does.
ROOM = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Interpreter:
    """What holds here; each field has a test that asks the interpreter itself."""

    #: Whether a thread begins in the block of the thread that starts it.  Since 3.14 that
    #: is a setting (``-X thread_inherit_context``), which is on in free-threaded builds.
    #: A pool's threads then stay in the block in which the pool started them.
    threads_inherit: bool
    #: How ``multiprocessing`` starts processes unless it is told: only ``fork`` takes the
    #: current block along.
    process_start: str
    #: Whether threads run Python code at the same time.
    free_threaded: bool


def running() -> Interpreter:
    """Return what holds on this interpreter."""
    return Interpreter(
        threads_inherit=bool(getattr(sys.flags, "thread_inherit_context", False)),
        process_start=_process_start(),
        free_threaded=not getattr(sys, "_is_gil_enabled", lambda: True)(),
    )


def _process_start() -> str:
    if sys.platform in ("win32", "darwin"):
        return "spawn"
    return "forkserver" if sys.version_info >= (3, 14) else "fork"


def thread_of_ours(target: Callable[..., object], name: str, *args: Any) -> threading.Thread:
    """Return a thread of this package that is still to be started.

    It belongs to no block, wherever it is started: it outlives all of them, and would
    keep the first one's context alive.  It takes none of the signals that are sent to the process:
    a program may block one in the only thread that it has, as Celery's workers do while they hold
    a lock.  Another thread would take it then, and where that ends the process, the lock is never
    released.
    """
    given: dict[str, Any] = {"context": Context()} if sys.version_info >= (3, 14) else {}
    args = (threading.get_native_id(), target, *args)
    return threading.Thread(target=_without_signals, args=args, name=name, daemon=True, **given)


def begin(thread: threading.Thread) -> None:
    """Start *thread*, which is ours, with a stack on which libraries can be imported.

    A program of many small threads may have chosen less for all of them, and a thread that has not
    enough ends the process.
    """
    size = threading.stack_size()
    if not 0 < size < ROOM:
        thread.start()
        return
    threading.stack_size(ROOM)
    try:
        thread.start()
    finally:
        threading.stack_size(size)


def _without_signals(starter: int, target: Callable[..., object], *args: Any) -> None:
    # Where threads are greenlets, this one is the starter's, and the signals are that one's too.
    if hasattr(signal, "pthread_sigmask") and threading.get_native_id() != starter:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals() - _OWN_SIGNALS)
    target(*args)


#: What a thread brings on itself, or a profiler asks of the one that runs.
_OWN_SIGNALS = {
    getattr(signal, name)
    for name in ("SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGPROF", "SIGSEGV", "SIGSYS", "SIGTRAP")
    if hasattr(signal, name)
}


def is_importing(thread: int) -> bool:
    """Whether the thread with the identifier *thread* is in the middle of importing a module.

    A child that is forked now could not import that module any more: the interpreter keeps a lock
    for each module on its way, and has no other list of them.
    """
    locks = getattr(sys.modules.get("_frozen_importlib"), "_module_locks", {})
    for reference in list(locks.values()):
        lock = reference()
        if lock is not None and lock.owner == thread:
            return True
    return False
