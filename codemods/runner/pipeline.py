"""The middle of a run: from files to outcomes; nothing here writes, no file stops the others."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from codemods.model.outcome import Changed, Failed, FileOutcome, RunReport, Untouched
from codemods.runner.candidates import scan

if TYPE_CHECKING:
    from codemods.model.options import Configuration, Options
    from codemods.project.discovery import DiscoveredFile
    from codemods.runner.candidates import Scan

Progress = Callable[[int], None]


def migrate(
    options: Options,
    config: Configuration,
    files: Iterable[DiscoveredFile | Failed],
    progress: Progress | None = None,
) -> RunReport:
    """Return what a migration of *files* changes, refuses and fails at; nothing is written."""
    with warnings.catch_warnings():
        # What the interpreter thinks of the user's escapes is not this tool's to tell.
        warnings.simplefilter("ignore")
        return _run(options, config, files, progress, lint=False)


def lint(
    options: Options,
    config: Configuration,
    files: Iterable[DiscoveredFile | Failed],
    progress: Progress | None = None,
) -> RunReport:
    """Return the lint findings of *files*."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _run(options, config, files, progress, lint=True)


def _run(
    options: Options,
    config: Configuration,
    files: Iterable[DiscoveredFile | Failed],
    progress: Progress | None,
    *,
    lint: bool,
) -> RunReport:
    found = scan(files, progress, options.shard)
    done, said = _of_candidates(options, config, found, lint=lint) if found.candidates else ([], ())
    told = [o for o in (*found.failed, *done) if not isinstance(o, Untouched)]
    told = sorted((o for o in told if found.decides(o.path)), key=lambda outcome: outcome.path)
    shard = str(options.shard or "")
    return RunReport(tuple(told), found.scanned, _runtimes(told), False, said, shard)


def _of_candidates(
    options: Options, config: Configuration, found: Scan, *, lint: bool
) -> tuple[list[FileOutcome], tuple[str, ...]]:
    """Return the outcomes of the candidates, and what the reader should know of the run."""
    # Analysis, rules and editor are loaded where there is something for them to do.
    from codemods.project.discovery import DiscoveredFile
    from codemods.runner.many_files import decided, unused_keys
    from codemods.runner.neighbours import unreadable_neighbours
    from codemods.runner.run import Run

    named = (DiscoveredFile(str(source.path), source.display) for source in found.candidates)
    run = Run(options, config, (*named, *found.others), found.candidates)
    broken = unreadable_neighbours(found.candidates, found.others)
    mine = [source for source in found.candidates if found.decides(source.display)]
    return [*broken, *decided(run, mine, lint=lint)], unused_keys(run)


def _runtimes(outcomes: Iterable[FileOutcome]) -> str:
    """Return the runtimes that the rewrites rely on, as the report names them."""
    used = {a.runtime for o in outcomes if isinstance(o, Changed) for a in o.applied if a.runtime}
    return " and ".join(sorted(used))
