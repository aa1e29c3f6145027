"""A lint, from its options to its report; nothing here needs click, but to say what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from codemods.cli import caching, execution
from codemods.model.frozen import Frozen, replace
from codemods.model.options import Mode
from codemods.model.outcome import Linted
from codemods.report import display
from codemods.report.formats import OF_OWNERS
from codemods.report.status import DONE, LEFT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from codemods.model.options import LintOptions, Options
    from codemods.model.outcome import RunReport

#: What tells its runs from those of other commands.
COMMAND = "lint"


class Asked(Frozen):
    """How the command was called: with which arguments, and a pipeline in the real one's place."""

    arguments: Sequence[str]
    pipeline: execution.Pipeline | None


def linted(asked: Asked, options: Options, lint_options: LintOptions) -> int:
    """Lint what *options* name, and report; return the exit status."""
    looking = replace(options, mode=Mode.CHECK, unsafe=lint_options.unsafe_fixes)
    if caching.cleans_only(looking):
        return DONE
    if _is_read(looking, lint_options):
        return _lint_what_is_read(looking, lint_options)
    memory = caching.memory_of(looking, COMMAND) if asked.pipeline is None else None
    narrowed = _narrowing(looking, lint_options)
    found = caching.report_of(asked.pipeline, _pipeline, looking, memory, again=True)
    report = narrowed(_selected(found, looking, lint_options))
    if lint_options.writes and report.outcomes:
        from codemods.cli.lint.retouching import retouched, without_warnings

        def again(unsafe: bool) -> RunReport:
            quietly, more = without_warnings(_pipeline()), replace(looking, unsafe=unsafe)
            after = caching.report_of(asked.pipeline, lambda: quietly, more, None)
            return narrowed(_selected(after, looking, lint_options))

        report = retouched(report, looking, lint_options, again)
    status = _finished(report, looking, lint_options)
    # A run that cleans the cache has something to do each time.
    # So has one that writes, a report into a file or comments into sources, and one that asks
    # what else than its files has to say.
    has_more_to_do = (
        looking.clean_cache
        or lint_options.writes
        or lint_options.narrows
        or looking.verbose
        or any(one.file is not None for one in looking.reports)
        or not OF_OWNERS.isdisjoint(execution.printed_formats(looking))
    )
    if memory is not None and not has_more_to_do and not execution.use_colour(looking):
        printed = execution.shown(report, looking)
        memory.keep_printed(COMMAND, asked.arguments, printed, status)
    return status


def _selected(report: RunReport, options: Options, lint_options: LintOptions) -> RunReport:
    """Return *report* with what is selected of its findings; a tree without any asks nothing."""
    if not any(isinstance(one, Linted) for one in report.outcomes):
        return report
    from codemods.findings.selection import Selection
    from codemods.project.config import ConfigError, Tables

    tables = Tables(options.cwd, options.config_file)
    try:
        return Selection(tables, lint_options, options.cwd).applied(report)
    except ConfigError as error:
        raise execution.problem(display.line(str(error))) from None


def _is_read(options: Options, lint_options: LintOptions) -> bool:
    """Whether a text is read, and no file is looked at; asked without loading what reads it."""
    if Path("-") not in options.paths and options.stdin_filename is None:
        return False
    from codemods.cli.stdin import linted

    return linted.is_asked(options, lint_options)


def _lint_what_is_read(options: Options, lint_options: LintOptions) -> int:
    from codemods.cli.stdin import linted

    report, texts = linted.report_of(options, lint_options)
    execution.warn_of(report)
    return _finished(report, options, lint_options, texts)


def _finished(
    report: RunReport,
    options: Options,
    lint_options: LintOptions,
    texts: Mapping[str, bytes] | None = None,
) -> int:
    """Print *report*; return the exit status."""
    status = execution.finish(report, options, texts=texts)
    return DONE if status == LEFT and lint_options.exit_zero else status


def _narrowing(options: Options, lint_options: LintOptions) -> Callable[[RunReport], RunReport]:
    """Return what leaves out findings that are no news."""
    if not lint_options.narrows:
        return lambda report: report
    from codemods.cli.lint.narrowing import Narrowing

    return Narrowing(options, lint_options).applied


def _pipeline() -> Callable[..., RunReport]:
    from codemods.runner import pipeline

    return pipeline.lint
