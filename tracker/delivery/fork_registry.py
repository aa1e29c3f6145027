"""Forks and ends of this process: the one place where the package hears of them.

Whoever holds a lock, a thread or a file says here what a fork needs of it.  What stores the
last records is called where the interpreter ends, and where a process ends without it:
children of ``multiprocessing`` and of what is made like it (``billiard``, ``multiprocess``)
leave by ``os._exit``, after their own finalisers, and a worker of Celery after its signal.
Celery ends workers in the midst of that signal, though, if they took the place of others: there
the end of each task counts too.  None of these packages is imported here: a process that runs in
one has imported it.
"""

from __future__ import annotations

import atexit

# What is registered first is done last before a fork: logging's locks must be free as long as
# we wait for threads that may log.
import logging  # noqa: F401 - for its part in forking
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Hook = Callable[[], object]

#: Modules with the finalisers that a child process runs before it leaves.
FINALISERS = ("multiprocessing.util", "billiard.util", "multiprocess.util")
#: Behind all finalisers of the program: those may still record.
LAST = -1_000_000

_before: list[Hook] = []
_in_parent: list[Hook] = []
_in_child: list[Hook] = []
_at_exit: list[Hook] = []
_at_task_end: list[Hook] = []
#: What was asked to call us; ``billiard`` hands on the functions of ``multiprocessing``.
_watched: set[object] = set()


def at_fork(
    *, before: Hook | None = None, in_parent: Hook | None = None, in_child: Hook | None = None
) -> None:
    """Have functions called around each fork.

    What was registered first is done last before a fork, and first after it.
    """
    for hook, hooks in ((before, _before), (in_parent, _in_parent), (in_child, _in_child)):
        if hook is not None:
            hooks.append(hook)


def at_exit(finish: Hook) -> None:
    """Have *finish* called where this process ends, and where one that it forks does.

    It may be called more than once, and may be followed by further records.
    """
    _at_exit.append(finish)
    atexit.register(finish)
    watch()


def at_task_end(store: Hook) -> None:
    """Have *store* called where a task has ended in a process that may be killed behind it."""
    _at_task_end.append(store)


def watch() -> None:
    """Look for packages whose processes end without the interpreter's end."""
    for name in FINALISERS:
        util: Any = sys.modules.get(name)
        if util is not None and util.register_after_fork not in _watched:
            _watched.add(util.register_after_fork)
            # A child forgets its parent's finalisers, and then calls this.
            util.register_after_fork(_finish, lambda finish, util=util: _finalise(util, finish))
            _finalise(util, _finish)  # this may be such a child, in the middle of its work
    signals: Any = sys.modules.get("celery.signals")
    if signals is not None and signals not in _watched:
        _watched.add(signals)
        signals.worker_process_shutdown.connect(_worker_ends, weak=False)
        signals.task_postrun.connect(_task_ends, weak=False)


def _finalise(util: Any, finish: Hook) -> None:
    util.Finalize(None, finish, exitpriority=LAST)


def _finish() -> None:
    _each(_at_exit)


def _worker_ends(**_told: object) -> None:
    _finish()


def _task_ends(**_told: object) -> None:
    # In a pool of threads, and without a pool, other tasks go on in this process.
    pool: Any = sys.modules.get("billiard.process")
    if pool is not None and pool.current_process()._identity:
        _each(_at_task_end)


def _each(hooks: Iterable[Hook]) -> None:
    """Call all of *hooks*, also where one fails; raise the first failure."""
    failure: Exception | None = None
    for hook in hooks:
        try:
            hook()
        except Exception as error:  # noqa: BLE001 - raised below, when the others are done
            failure = failure or error
    if failure is not None:
        raise failure


def _after_in_child() -> None:
    _each(_in_child)
    watch()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=lambda: _each(reversed(_before)),
        after_in_parent=lambda: _each(_in_parent),
        after_in_child=_after_in_child,
    )
