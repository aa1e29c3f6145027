"""Migration of a text that is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from codemods.cli import execution
from codemods.cli.stdin import reading
from codemods.findings.texts import is_left_out, source_of
from codemods.model.options import Mode
from codemods.model.outcome import Failed, RunReport, Untouched, in_line_order
from codemods.project.config import ConfigError
from codemods.report import display

if TYPE_CHECKING:
    from codemods.findings.texts import Text
    from codemods.model.options import Options
    from codemods.project.config import Tables


def is_asked(options: Options, *, elsewhere: bool) -> bool:
    """Whether the text of standard input is to be migrated; raises UsageError for contradictions.

    *elsewhere* says that clones of repositories are meant.
    """
    others = (
        (elsewhere, "--repos"),
        (options.mode is Mode.UNDO, "--undo"),
        (options.rollback, "--rollback"),
        (options.interactive, "--interactive"),
        (options.unsafe, "--unsafe, which joins rewrites over several files,"),
    )
    return reading.is_asked(options, others)


def report_of(options: Options) -> tuple[RunReport, Text]:
    """Return what becomes of standard input, as if it were the content of the file it is called.

    The other files of the project are as they are on disk.  With it comes what was read.
    """
    text = reading.text_read(options)
    config = execution.load_config(options)
    try:
        return _report(options, config, text), text
    except ConfigError as error:
        raise click.ClickException(display.line(str(error))) from None


def _report(options: Options, config: Tables, text: Text) -> RunReport:
    """Return the report on *text*, which need not be on disk."""
    if is_left_out(options, config.excludes, text.path):
        return RunReport((), 0, written=False)
    source = source_of(text)
    if source is None:
        return RunReport((), 1, written=False)
    if isinstance(source, Failed):
        return RunReport((source,), 1, written=False)
    from codemods.runner.one_file import migrate_file  # only now: it loads every rule
    from codemods.runner.pipeline import outcome_of, warnings_about

    outcome = outcome_of(options, config, source, {}, migrate_file)
    told = () if isinstance(outcome, Untouched) else (in_line_order(outcome),)
    warnings = warnings_about(options, config, source)
    return RunReport(told, 1, written=False, warnings=warnings)
