"""What becomes of the candidates of a run: one by one, in several processes, and together."""

from __future__ import annotations

import gc
import os
from functools import partial
from typing import TYPE_CHECKING, Protocol

from codemods.analysis.syntax.parsed_module import on_deep_stack
from codemods.project.embedded.files import is_document
from codemods.runner.cross_file import Together, together
from codemods.runner.one_file import as_left, guarded_rewrite, lint_file, migrate_file
from codemods.runner.worker import prepared, worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from codemods.findings.mending.retouching import Retouch
    from codemods.linking.links import Project
    from codemods.model.options import ProjectConfig
    from codemods.model.outcome import FileOutcome
    from codemods.model.progress import Progress
    from codemods.model.source import SourceFile
    from codemods.runner.run import Run
    from codemods.runner.worker import Worker


class Review(Protocol):
    """A person who decides on the rewrites of a run, one after the other."""

    def begin(self, files: int) -> None:
        """Be told how many files there are."""

    def migrate_file(self, project: Project, source: SourceFile) -> FileOutcome:
        """Return what becomes of *source*."""

    def together(self, found: Together) -> list[FileOutcome]:
        """Return the outcomes of all files, with what of the rewrites *found* is accepted."""


class Choice(Protocol):
    """What of the rewrites of a run is made, where that is known before.

    It can be sent to other processes.
    """

    @property
    def wanted(self) -> Mapping[str, object]:
        """What is wanted, by the paths of files."""

    def of_file(self, project: Project, source: SourceFile) -> FileOutcome:
        """Return what becomes of *source*."""

    def together(
        self, project: Project, before: Sequence[SourceFile], found: Together
    ) -> list[FileOutcome]:
        """Return the outcomes of all files, with what of the rewrites *found* is made.

        *before* are the files of *project* as they were.
        """


#: Files that are worth a process of their own; fewer are done before one has started.
_FILES_A_PROCESS = 4


def decided(
    run: Run,
    sources: Sequence[SourceFile],
    progress: Progress,
    *,
    lint: bool,
    review: Review | None = None,
    retouch: Retouch | None = None,
    choice: Choice | None = None,
) -> list[FileOutcome]:
    """Return the outcome of each of *sources*, candidates of *run*; *progress* is told of each.

    With a *review* a person decides on the rewrites, with a *choice* they are decided on already.
    """
    work = _linting(retouch) if lint else _work(run, review, choice)
    if review is not None:
        review.begin(len(sources))
    if run.options.cluster and sources:
        from codemods.runner import cluster

        done = cluster.outcomes(run, work, sources, run.options.cluster, progress)
    else:
        try:
            done = _done(partial(worker, run, work), sources, run.options.jobs, progress)
        finally:
            gc.unfreeze()
    if lint or not run.options.unsafe or run.options.rollback:
        return done
    pairs = zip(sources, done, strict=True)
    left = [as_left(*p) for p in pairs if not is_document(p[0].path)]
    # What one file needs a deep stack for must not stop all of them here.
    if review is not None or choice is not None:
        found = on_deep_stack(partial(Together, done, left, run.project_with, guarded_rewrite))
        if review is not None:
            return review.together(found)
        assert choice is not None
        return on_deep_stack(partial(choice.together, run.project, sources, found))
    return on_deep_stack(partial(together, done, left, run.project_with, guarded_rewrite))


def _linting(retouch: Retouch | None) -> Callable[[Project, SourceFile], FileOutcome]:
    if retouch is None:
        return lint_file
    from codemods.findings.mending.retouching import retouch_file

    return partial(retouch_file, retouch)


def _work(
    run: Run, review: Review | None, choice: Choice | None
) -> Callable[[Project, SourceFile], FileOutcome]:
    if review is not None:
        return review.migrate_file
    if choice is not None:
        return choice.of_file
    if not run.options.rollback:
        return migrate_file
    from codemods.runner.rolling_back import roll_back_file

    return roll_back_file


def _done(
    make: Callable[[], Worker],
    sources: Sequence[SourceFile],
    asked: int | None,
    progress: Progress,
) -> list[FileOutcome]:
    """Return the outcome of each of *sources*, in this process where others are not worth it."""
    jobs = processes(asked, len(sources))
    if jobs == 1:
        return _one_by_one(make, sources, progress)
    from codemods.runner import parallel

    return parallel.outcomes(make, sources, jobs, progress)


def _one_by_one(
    make: Callable[[], Worker],
    sources: Sequence[SourceFile],
    progress: Progress,
) -> list[FileOutcome]:
    if not sources:
        return []
    work = prepared(make(), len(sources))
    done: list[FileOutcome] = []
    for source in sources:
        done.append(work(source))
        progress(len(done), len(sources))
    return done


def processors() -> int:
    """Return the number of processors that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def processes(asked: int | None, files: int) -> int:
    """Return how many processes work on *files* files: as *asked*, else by processors and work."""
    if asked is not None:
        return max(1, min(asked, files))
    return max(1, min(processors(), files // _FILES_A_PROCESS))


def said_in_vain(run: Run) -> tuple[str, ...]:
    """Return what the configuration of files with work in them says in vain."""
    tables = {
        (table.source, table.parts): table
        for table in (run.config.of(source.path) for source in run.candidates)
    }
    return tuple(
        dict.fromkeys(
            f"{table.source}: [tool.ai-usage] {text}"
            for table in tables.values()
            for text in (*run.project.unused_keys(table), *_unmatched(table))
        )
    )


def _unmatched(table: ProjectConfig) -> Iterator[str]:
    if table.exclude or table.lint is not None or table.overrides:
        from codemods.project.tables.unmatched import unmatched  # only now: most say no such thing

        yield from unmatched(table)
