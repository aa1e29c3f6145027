"""What a process that takes part in a run does, and how the files are given out."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from codemods.runner.one_file import guarded, lint_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from codemods.linking.links import Project
    from codemods.model.outcome import FileOutcome
    from codemods.model.source import SourceFile
    from codemods.runner.run import Run

#: Neighbours share what was learned about the modules that they import.
_LARGEST_CHUNK = 16
_CHUNKS_A_PROCESS = 8


def worker(
    run: Run, work: Callable[[Project, SourceFile], FileOutcome]
) -> Callable[[SourceFile], FileOutcome]:
    """Return what works on one file, with all ready that every file needs."""
    if work is not lint_file:  # which seldom asks what the other files say
        with _no_collection():
            run.project.look_over()
            if len(run.candidates) > _LARGEST_CHUNK:
                # One of so many will change: what that takes is loaded once for all processes.
                import_module("codemods.edits.apply")
                # It stays until the end: no search for garbage need go through it, in the
                # processes that are forked neither, which would copy all of it.  That begins the
                # count to the next search anew: a program of many small runs would see none.
                gc.freeze()
    return partial(guarded, partial(work, run.project))


@contextmanager
def _no_collection() -> Iterator[None]:
    """Have the interpreter look for no circles among objects, where next to none are garbage."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def chunks(count: int, jobs: int) -> Iterator[range]:
    """Yield ranges that hold each of *count* files once, in order, for *jobs* processes."""
    size = max(1, min(_LARGEST_CHUNK, count // (jobs * _CHUNKS_A_PROCESS)))
    for start in range(0, count, size):
        yield range(start, min(start + size, count))
