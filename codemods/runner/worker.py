"""What a process that takes part in a run does, and how the files are given out."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from codemods.linking.shares import EVERYTHING, Share, alone
from codemods.rules.conflicts.enclosing_contexts import has_contexts
from codemods.runner.one_file import guarded, lint_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from codemods.linking.links import Project
    from codemods.linking.shares import Gathering
    from codemods.model.outcome import FileOutcome
    from codemods.model.source import SourceFile
    from codemods.runner.run import Run

#: Neighbours share what was learned about the modules that they import.
_LARGEST_CHUNK = 16
_CHUNKS_A_PROCESS = 8


@dataclass(frozen=True, slots=True)
class Worker:
    """Works on one file after the other.

    Before the first one it may find out together with others what all need: ``gather``.
    """

    work: Callable[[SourceFile], FileOutcome]
    gather: Callable[[Share], Gathering] | None = None

    def __call__(self, source: SourceFile) -> FileOutcome:
        """Return what becomes of *source*."""
        return self.work(source)


def worker(run: Run, work: Callable[[Project, SourceFile], FileOutcome]) -> Worker:
    """Return what works on the files of *run*."""
    project = run.project
    each = partial(guarded, partial(work, project))
    if work is lint_file:  # which seldom asks what the other files say
        return Worker(each)
    project.expect_rewrites()
    if len(run.candidates) > _LARGEST_CHUNK:
        # One of so many will change: what that takes is loaded once for all processes.
        import_module("codemods.edits.apply")
        # Nor need a search for garbage go through that, and copy it in each process.
        gc.freeze()
    return Worker(each, partial(project.looking_over, has_contexts))


def prepared(one: Worker, files: int) -> Worker:
    """Return *one* with all ready that each of that many *files* needs."""
    if one.gather is not None:
        with no_collection(files):
            alone(one.gather(EVERYTHING))
    return one


@contextmanager
def no_collection(files: int) -> Iterator[None]:
    """Have the interpreter look for no circles among objects, where next to none are garbage.

    Of so many *files* they stay until the end: no search for garbage need go through them later.
    That begins the count to the next search anew: a program of many small runs would see none.
    """
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if files > _LARGEST_CHUNK:
            gc.freeze()
        if before:
            gc.enable()


def chunks(count: int, jobs: int) -> Iterator[range]:
    """Yield ranges that hold each of *count* files once, in order, for *jobs* processes."""
    size = max(1, min(_LARGEST_CHUNK, count // (jobs * _CHUNKS_A_PROCESS)))
    for start in range(0, count, size):
        yield range(start, min(start + size, count))


def parts(sources: Sequence[SourceFile], count: int) -> list[range]:
    """Return *count* ranges that hold each of *sources* once, in order, of about as much text."""
    whole = sum(len(source.text) for source in sources)
    found: list[range] = []
    start = done = 0
    for at, source in enumerate(sources):
        done += len(source.text)
        if len(found) < count - 1 and done * count >= whole * (len(found) + 1):
            found.append(range(start, at + 1))
            start = at + 1
    found += [range(start, len(sources))]
    return found + [range(0)] * (count - len(found))
