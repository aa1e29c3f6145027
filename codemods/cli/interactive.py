"""``--interactive``: a person is asked about each rewrite; what they accepted is written."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codemods.cli import caching, execution
from codemods.model.options import Mode
from codemods.model.outcome import Changed
from codemods.report import display
from codemods.report.formats import DEFAULT
from codemods.report.status import LEFT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from codemods.cache.memory import Memory
    from codemods.model.options import Configuration, Options
    from codemods.model.outcome import Failed, RunReport
    from codemods.model.progress import Progress
    from codemods.project.discovery import DiscoveredFile
    from codemods.review.session import Session

_NOBODY = (
    "--interactive asks about each rewrite, and nobody is there to answer: run it in a terminal, "
    "or pipe one answer a line (y, n, a, d, e, q) into it. --check shows what would be asked."
)


def refuse_contradictions(options: Options, *, elsewhere: bool) -> None:
    """Refuse options that leave a person nothing to answer, or nobody to ask.

    *elsewhere* says that the work is done in clones of repositories.
    """
    given = (
        (options.mode is Mode.CHECK, "--check", "writes nothing"),
        (options.mode is Mode.DIFF, "--diff", "writes nothing"),
        (options.mode is Mode.UNDO, "--undo", "makes no rewrite"),
        (options.rollback, "--rollback", "proves all blocks of a file together"),
        (elsewhere, "--repos", "works on clones"),
        (options.jobs is not None, "--jobs", "decides on several files at once"),
        (bool(options.cluster), "--executor", "decides on several files at once"),
        (options.shard is not None, "--shard", "decides on a part, for others to join"),
        (execution.printed_formats(options) != [DEFAULT], "--format", "prints for programs"),
        (options.quiet, "--quiet", "leaves out what is asked about"),
    )
    for is_given, name, does in given:
        if is_given:
            message = f"--interactive asks a person about each rewrite; {name} {does}. Choose one."
            raise click.UsageError(message)


def run(options: Options, pipeline: execution.Pipeline | None) -> int:
    """Ask about the rewrites, write those that were accepted, report; return the exit status.

    Nothing is written before the last question is answered.
    """
    from codemods.cli.terminal import HungUpError, NoAnswerError

    sessions: list[Session] = []
    # A question waits for its answer: there is no second file to decide on meanwhile.
    options = replace(options, jobs=1)
    try:
        memory = caching.memory_of(options, "migrate") if pipeline is None else None
        report = caching.report_of(pipeline, lambda: _asking(options, sessions), options, memory)
    except NoAnswerError:
        raise click.UsageError(_NOBODY) from None
    except HungUpError:
        raise BrokenPipeError from None
    except KeyboardInterrupt:
        execution.say("\nInterrupted. Nothing was written.", err=True)
        return execution.INTERRUPTED
    session = sessions[0] if sessions else None
    return _finish(report, options, session)


def _asking(options: Options, sessions: list[Session]) -> Callable[..., RunReport]:
    """Return the pipeline that asks; its session is put into *sessions*."""
    from codemods.cli.terminal import Terminal
    from codemods.review.names import Names
    from codemods.review.session import Session
    from codemods.runner import pipeline

    def asking(
        run: Options,
        config: Configuration,
        files: Iterable[DiscoveredFile | Failed],
        progress: Progress | None,
        memory: Memory | None = None,
    ) -> RunReport:
        names = Names(config, _homes(options))
        session = Session(Terminal(colour=execution.use_colour(options)), names)
        sessions.append(session)
        report = pipeline.migrate(run, names, files, progress, memory, session)
        return names.added_to(report)

    return asking


def _homes(options: Options) -> Sequence[Path]:
    """Return the folders that the run may write in, as it was started."""
    named = [Path(os.path.realpath(options.cwd / path)) for path in options.paths]
    folders = [path if path.is_dir() else path.parent for path in named]
    return [Path(os.path.realpath(options.cwd)), *folders]


def _finish(report: RunReport, options: Options, session: Session | None) -> int:
    from codemods.project.writing import write_changes

    named = [options.cwd / path for path in options.paths]
    written = write_changes(report, options.cwd, named)
    status = execution.finish(written, options)
    for outcome in written.outcomes:
        if isinstance(outcome, Changed) and not outcome.applied:
            execution.say(f"The names that you gave are in {display.line(outcome.path)}.")
    if session is not None and session.is_over:
        execution.say("The review was ended: what was accepted until then is written.")
        return max(status, LEFT)
    return status
