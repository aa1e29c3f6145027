"""The middle of a run: from files to outcomes; nothing here writes, no file stops the others."""

from __future__ import annotations

import warnings
from functools import partial
from typing import TYPE_CHECKING

from codemods.model.frozen import Frozen, replace
from codemods.model.outcome import Failed, FileOutcome, RunReport, Untouched, in_line_order
from codemods.model.progress import nothing_told
from codemods.runner.candidates import Scan, scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from codemods.cache.memory import Memory
    from codemods.findings.mending.retouching import Retouch
    from codemods.linking.links import Project
    from codemods.model.options import Configuration, Options
    from codemods.model.progress import Progress
    from codemods.model.source import SourceFile
    from codemods.project.discovery import DiscoveredFile
    from codemods.runner.many_files import Choice, Review
    from codemods.runner.run import Run


def migrate(
    options: Options,
    config: Configuration,
    files: Iterable[DiscoveredFile | Failed],
    progress: Progress | None = None,
    memory: Memory | None = None,
    review: Review | None = None,
    choice: Choice | None = None,
) -> RunReport:
    """Return what a migration of *files* changes, refuses and fails at; nothing is written.

    With a *review* a person decides on the rewrites, with a *choice* they are decided on already.
    """
    with warnings.catch_warnings():
        # What the interpreter thinks of the user's escapes is not this tool's to tell.
        warnings.simplefilter("ignore")
        return _run(options, config, files, progress, memory, _How(False, review, choice=choice))


def lint(
    options: Options,
    config: Configuration,
    files: Iterable[DiscoveredFile | Failed],
    progress: Progress | None = None,
    memory: Memory | None = None,
    retouch: Retouch | None = None,
) -> RunReport:
    """Return the lint findings of *files*; with *retouch*, what of their comments changes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _run(options, config, files, progress, memory, _How(True, retouch=retouch))


def lint_alone(
    run: Run, others: Mapping[Path, SourceFile], looked_at: set[Path] | None = None
) -> RunReport:
    """Return the lint findings of the one file that *run* decides on.

    The files that were analysed for it are put into *looked_at*.
    """
    from codemods.runner.one_file import lint_file

    outcome = _outcome_in(run, others, lint_file, looked_at)
    told = () if isinstance(outcome, Untouched) else (in_line_order(outcome),)
    return RunReport(told, 1, written=False)


def outcome_of(
    options: Options,
    config: Configuration,
    source: SourceFile,
    others: Mapping[Path, SourceFile],
    work: Callable[[Project, SourceFile], FileOutcome],
) -> FileOutcome:
    """Return what *work* makes of *source*; all files but *others* are as they are on disk."""
    return _outcome_in(run_of(options, config, source, others), others, work)


def _outcome_in(
    run: Run,
    others: Mapping[Path, SourceFile],
    work: Callable[[Project, SourceFile], FileOutcome],
    looked_at: set[Path] | None = None,
) -> FileOutcome:
    from codemods.runner.one_file import guarded, lint_file

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        project = run.project_with(others)
        if work is not lint_file:
            project.look_over()
        outcome = guarded(partial(work, project), run.candidates[0])
        if looked_at is not None:
            looked_at.update(project.analysed_files)
        return outcome


def warnings_about(options: Options, config: Configuration, source: SourceFile) -> tuple[str, ...]:
    """Return what the configuration of *source* says in vain."""
    from codemods.runner.many_files import said_in_vain

    return said_in_vain(run_of(options, config, source, {}))


def run_of(
    options: Options,
    config: Configuration,
    source: SourceFile,
    others: Mapping[Path, SourceFile],
) -> Run:
    """Return the run that decides on *source* alone; its text need not be on disk.

    Nor need those of *others*.
    """
    from codemods.project.discovery import DiscoveredFile
    from codemods.runner.run import Run

    new = (one for path, one in others.items() if not path.exists())
    named = [DiscoveredFile(str(one.path), one.display) for one in (source, *new)]
    return Run(options, config, tuple(named), (source,))


class _How(Frozen):
    """What is done with files: they are linted, retouched, or migrated, with a person perhaps."""

    lint: bool
    review: Review | None = None
    retouch: Retouch | None = None
    choice: Choice | None = None

    @property
    def asks_for_comments(self) -> bool:
        """Whether comments that silence lint count."""
        return self.lint or self.choice is not None


def _with_comments(found: Scan, how: _How) -> tuple[Scan, list[FileOutcome]]:
    """Return *found*, and what there is to say of comments in files that name nothing of the API.

    Those that are to be written into are candidates instead.
    """
    writing = how.retouch or how.choice
    if writing is not None:
        mine = tuple(source for source in found.noted if source.display in writing.wanted)
        places = {str(source.path) for source in mine}
        others = tuple(file for file in found.others if file.place not in places)
        return replace(found, candidates=(*found.candidates, *mine), others=others), []
    from codemods.runner.one_file import guarded, lint_comments

    return found, [guarded(lint_comments, source) for source in found.noted]


def _run(
    options: Options,
    config: Configuration,
    files: Iterable[DiscoveredFile | Failed],
    progress: Progress | None,
    memory: Memory | None,
    how: _How,
) -> RunReport:
    told = progress or nothing_told
    found = scan(files, told, options.shard, memory)
    done: list[FileOutcome] = []
    said: tuple[str, ...] = ()
    if found.noted and how.asks_for_comments:
        found, done = _with_comments(found, how)
    if found.candidates:
        made, said = _of_candidates(options, config, found, told, how)
        done = [*done, *made]
    told_of = [o for o in (*found.failed, *done) if not isinstance(o, Untouched)]
    more = map(in_line_order, told_of)
    mine = sorted((o for o in more if found.decides(o.path)), key=lambda outcome: outcome.path)
    shard = str(options.shard or "")
    return RunReport(tuple(mine), found.scanned, written=False, warnings=said, shard=shard)


def _of_candidates(
    options: Options,
    config: Configuration,
    found: Scan,
    progress: Progress,
    how: _How,
) -> tuple[list[FileOutcome], tuple[str, ...]]:
    """Return the outcomes of the candidates, and what the reader should know of the run."""
    # Analysis, rules and editor are loaded where there is something for them to do.
    from codemods.project.discovery import DiscoveredFile
    from codemods.runner.many_files import decided, said_in_vain
    from codemods.runner.neighbours import unreadable_neighbours
    from codemods.runner.run import Run

    named = (DiscoveredFile(str(source.path), source.display) for source in found.candidates)
    run = Run(options, config, (*named, *found.others), found.candidates)
    # Lint changes nothing that the files beside legacy ones might use.
    broken = [] if how.lint else unreadable_neighbours(found.candidates, found.others)
    mine = [source for source in found.candidates if found.decides(source.display)]
    done = decided(
        run,
        mine,
        progress,
        lint=how.lint,
        review=how.review,
        retouch=how.retouch,
        choice=how.choice,
    )
    return [*broken, *done], said_in_vain(run)
