"""Lint of a text that is read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from codemods.cli import execution
from codemods.cli.stdin import reading
from codemods.findings.texts import lint_text, source_of
from codemods.model.outcome import Failed, RunReport
from codemods.project.config import ConfigError
from codemods.report import display

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codemods.findings.texts import Text
    from codemods.model.options import LintOptions, Options
    from codemods.project.config import Tables


def is_asked(options: Options, lint_options: LintOptions) -> bool:
    """Whether the text of standard input is to be linted; raises UsageError for contradictions."""
    others = (
        (lint_options.writes, "--fix and --add-ignores"),
        (lint_options.baseline is not None, "--baseline"),
        (lint_options.since is not None, "--since"),
        (lint_options.diff_from_stdin, "--diff-from-stdin"),
    )
    return reading.is_asked(options, others)


def report_of(options: Options, lint_options: LintOptions) -> tuple[RunReport, Mapping[str, bytes]]:
    """Return what is found in standard input, as if it were the content of the file it is called.

    The other files of the project are as they are on disk.  With it comes the content by its path.
    """
    text = reading.text_read(options)
    config = execution.load_config(options)
    try:
        return _report(options, lint_options, config, text), {text.shown: text.content}
    except ConfigError as error:
        raise click.ClickException(display.line(str(error))) from None


def _report(options: Options, lint_options: LintOptions, config: Tables, text: Text) -> RunReport:
    report = lint_text(options, lint_options, config, text)
    source = source_of(text) if report.scanned else None
    if source is None or isinstance(source, Failed):
        return report
    from codemods.runner.pipeline import warnings_about  # only now: it loads every rule

    return replace(report, warnings=warnings_about(options, config, source))
