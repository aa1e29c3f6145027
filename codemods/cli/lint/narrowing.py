"""Lint that tells of what is new: beside a baseline, or in lines that were changed."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codemods.cli import execution
from codemods.cli.publishing import write
from codemods.findings.baseline import LARGEST, Baseline, BaselineError, Ratchet, Scope
from codemods.findings.changes import Diff, NoDiffError, Since, changed_only
from codemods.findings.selection import Selection
from codemods.model.outcome import Failed
from codemods.project.config import Tables
from codemods.project.ignore.git import GitProblem, repository_of
from codemods.project.regular import read_regular, reason
from codemods.report import display

if TYPE_CHECKING:
    from codemods.findings.changes import Changes
    from codemods.model.options import LintOptions, Options
    from codemods.model.outcome import RunReport


class Narrowing:
    """What is told of the findings of a run; made before it, so that mistakes are told first."""

    def __init__(self, options: Options, lint_options: LintOptions) -> None:
        execution.require_paths(options.paths)
        self._options = options
        self._lint = lint_options
        self._changes = _changes(options, lint_options)
        self._baseline = _baseline(options, lint_options)

    def applied(self, report: RunReport) -> RunReport:
        """Return what is told of *report*; writes the baseline if that is asked for."""
        if self._changes is not None:
            try:
                return changed_only(report, self._changes, self._options.cwd)
            except (GitProblem, OSError) as error:
                raise click.ClickException(display.line(str(error))) from None
        if self._baseline is None:
            return report
        place = self._place()
        ratchet = Ratchet(self._baseline, report, self._scope(place))
        if not (self._lint.update_baseline or self._lint.prune_baseline):
            return ratchet.applied()
        if any(isinstance(one, Failed) for one in report.outcomes):
            execution.warn("the baseline is not written: not all files could be looked at")
            return report
        updated = ratchet.updated(only_less=self._lint.prune_baseline)
        _write(place, updated)
        return Ratchet(updated, report, self._scope(place)).applied()

    def _place(self) -> Path:
        return self._options.cwd / (self._lint.baseline or "")

    def _scope(self, place: Path) -> Scope:
        options = self._options
        tables = Tables(options.cwd, options.config_file)
        selection = Selection(tables, self._lint, options.cwd)
        return Scope(place, options.cwd, options.paths, lambda path: selection.of(path).codes)


def _changes(options: Options, lint_options: LintOptions) -> Changes | None:
    try:
        if lint_options.since is not None:
            since = Since(lint_options.since)
            since.require(options.cwd / options.paths[0])
            return since
        if lint_options.diff_from_stdin:
            content = sys.stdin.buffer.read() if sys.stdin is not None else b""
            root = repository_of(str(options.cwd))
            return Diff.read(content, [options.cwd, *([Path(root)] if root else [])])
    except (GitProblem, NoDiffError) as error:
        raise click.ClickException(display.line(str(error))) from None
    return None


def _baseline(options: Options, lint_options: LintOptions) -> Baseline | None:
    if lint_options.baseline is None:
        return None
    place = options.cwd / lint_options.baseline
    shown = display.line(str(lint_options.baseline))
    try:
        return Baseline.of(read_regular(place, LARGEST).decode())
    except FileNotFoundError:
        if lint_options.update_baseline and place.parent.is_dir():
            return Baseline()
        message = f"There is no baseline {shown}; --update-baseline writes one."
        raise click.ClickException(message) from None
    except OSError as error:
        raise click.ClickException(f"Cannot read {shown}: {reason(error)}.") from None
    except BaselineError as error:
        raise click.ClickException(f"Cannot use {shown}: {error}.") from None
    except UnicodeDecodeError:
        raise click.ClickException(f"Cannot use {shown}: it is not UTF-8.") from None


def _write(place: Path, baseline: Baseline) -> None:
    shown = os.path.relpath(place)
    try:
        write(place, baseline.text)
    except OSError as error:
        raise click.ClickException(f"Cannot write {shown}: {reason(error)}.") from None
    findings = sum(sum(one.counts.values()) for one in baseline.entries.values())
    files = len(baseline.entries)
    execution.say(
        f"{shown} is written: {findings} finding{'' if findings == 1 else 's'} in "
        f"{files} file{'' if files == 1 else 's'}.",
        err=True,
    )
