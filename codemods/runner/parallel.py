"""Work on many files in several processes: the same outcomes in the same order as in one.

A process that dies, by a signal or for want of memory, costs the one file that it worked on.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
import warnings
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import TYPE_CHECKING

from codemods.model.outcome import Failed
from codemods.model.progress import Progress, nothing_told
from codemods.runner.worker import chunks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from concurrent.futures import Executor

    from codemods.model.outcome import FileOutcome
    from codemods.model.source import SourceFile

    Work = Callable[[SourceFile], FileOutcome]

#: A process that was forked finds here what its parent had: set right before, for it alone.
_inherited: Work | None = None


def outcomes(
    make: Callable[[], Work],
    sources: Sequence[SourceFile],
    jobs: int,
    progress: Progress = nothing_told,
) -> list[FileOutcome]:
    """Return the outcome of each of *sources*, worked on by *jobs* processes, in their order.

    *make* returns what does the work.  It is called once in this process where the others
    can be forked from it, and else, pickled with all that it holds, in each of them.
    """
    done: dict[int, FileOutcome] = {}
    start = _starter(make)
    waiting = list(chunks(len(sources), jobs))
    while waiting:
        with start(jobs) as pool:
            waiting = _finished(pool, sources, waiting, done, progress)
        # What a dead process worked on is among those that come first.
        suspects, waiting = waiting[: 2 * jobs + 1], waiting[2 * jobs + 1 :]
        for index in (index for chunk in suspects for index in chunk):
            with start(1) as pool:
                done[index] = _alone(pool, sources[index])
    global _inherited
    _inherited = None
    return [done[index] for index in range(len(sources))]


def _starter(make: Callable[[], Work]) -> Callable[[int], Executor]:
    """Return what starts a number of processes that are ready to work."""
    if _may_fork():
        global _inherited
        _inherited = make()
        begin = partial(_begin, None)
        method = "fork"
    else:
        begin = partial(_begin, make)
        method = "spawn"
    context = multiprocessing.get_context(method)
    return lambda count: ProcessPoolExecutor(count, mp_context=context, initializer=begin)


def _may_fork() -> bool:
    """Whether a fork is sound: not with other systems' libraries, nor beside other threads."""
    return sys.platform == "linux" and threading.active_count() == 1


def _begin(make: Callable[[], Work] | None) -> None:
    """Get ready to work, in a process of its own: the parent alone answers to Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore")
    if make is not None:
        global _inherited
        _inherited = make()


def _finished(
    pool: Executor,
    sources: Sequence[SourceFile],
    chunks: Iterable[range],
    done: dict[int, FileOutcome],
    progress: Progress,
) -> list[range]:
    """Put the outcomes of *chunks* into *done*; return those that a dead process took along."""
    given = [(chunk, _given(pool, [sources[index] for index in chunk])) for chunk in chunks]
    lost: list[range] = []
    try:
        for chunk, future in given:
            try:
                done.update(zip(chunk, future.result(), strict=True))
                progress(len(done), len(sources))
            except BrokenProcessPool:
                lost.append(chunk)
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    return lost


def _given(pool: Executor, sources: Sequence[SourceFile]) -> Future[list[FileOutcome]]:
    try:
        return pool.submit(_work_on, sources)
    except BrokenProcessPool as error:  # it died before it was given everything
        failed: Future[list[FileOutcome]] = Future()
        failed.set_exception(error)
        return failed


def _alone(pool: Executor, source: SourceFile) -> FileOutcome:
    """Return the outcome of *source*, whose process may die of it."""
    try:
        return pool.submit(_work_on, [source]).result()[0]
    except BrokenProcessPool:
        message = "the process that worked on it ended before it was done"
        advice = "is there enough memory? --jobs 1 shows what it dies of; or leave the file out"
        return Failed(source.display, "analyse", message, advice)


def _work_on(sources: Sequence[SourceFile]) -> list[FileOutcome]:
    assert _inherited is not None
    return [_inherited(source) for source in sources]
