"""Lint of a text that is read, as editors and hooks have one that is on no disk yet."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codemods.cli import execution
from codemods.findings.texts import Text, lint_text, source_of
from codemods.model.outcome import Failed, RunReport
from codemods.project.config import ConfigError
from codemods.project.sources import LARGEST
from codemods.report import display

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codemods.model.options import LintOptions, Options
    from codemods.project.config import Tables

NAME = Path("-")


def is_asked(options: Options, lint_options: LintOptions) -> bool:
    """Whether the text of standard input is to be linted; raises UsageError for contradictions."""
    if NAME not in options.paths:
        if lint_options.stdin_filename is not None:
            raise click.UsageError("--stdin-filename names what is read: write `-` as PATH.")
        return False
    given = (
        (len(options.paths) > 1, "other PATHs"),
        (lint_options.writes, "--fix and --add-ignores"),
        (lint_options.baseline is not None, "--baseline"),
        (lint_options.since is not None, "--since"),
        (lint_options.diff_from_stdin, "--diff-from-stdin"),
        (options.shard is not None, "--shard"),
        (bool(options.cluster), "--executor"),
    )
    for is_given, name in given:
        if is_given:
            raise click.UsageError(f"`-` reads one text, which {name} cannot be about. Choose one.")
    return True


def report_of(options: Options, lint_options: LintOptions) -> tuple[RunReport, Mapping[str, bytes]]:
    """Return what is found in standard input, as if it were the content of the file it is called.

    The other files of the project are as they are on disk.  With it comes the content by its path.
    """
    path = Path(os.path.normpath(options.cwd / (lint_options.stdin_filename or NAME)))
    shown = _shown(path, options.cwd)
    content = sys.stdin.buffer.read(LARGEST + 1) if sys.stdin is not None else b""
    config = execution.load_config(options)
    text = Text(path, shown, content)
    try:
        return _report(options, lint_options, config, text), {shown: content}
    except ConfigError as error:
        raise click.ClickException(display.line(str(error))) from None


def _report(options: Options, lint_options: LintOptions, config: Tables, text: Text) -> RunReport:
    report = lint_text(options, lint_options, config, text)
    source = source_of(text) if report.scanned else None
    if source is None or isinstance(source, Failed):
        return report
    from codemods.runner.pipeline import warnings_about  # only now: it loads every rule

    return replace(report, warnings=warnings_about(options, config, source))


def _shown(path: Path, cwd: Path) -> str:
    found = path.relative_to(cwd) if path.is_relative_to(cwd) else path
    return display.line(found.as_posix())
