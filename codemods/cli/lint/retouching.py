"""Lint that writes: comments that silence findings, or that silence nothing and go."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from codemods.cli import execution
from codemods.findings import needless
from codemods.findings.judging import ABOUT_COMMENTS
from codemods.findings.retouching import Retouch, place_of
from codemods.model.outcome import Changed, Failed, Linted, Refused, RunReport
from codemods.project.writing import write_changes
from codemods.runner import pipeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from codemods.findings.retouching import Place
    from codemods.model.finding import Finding
    from codemods.model.options import LintOptions, Options
    from codemods.model.outcome import FileOutcome


def retouched(
    report: RunReport, options: Options, lint_options: LintOptions, again: Callable[[], RunReport]
) -> RunReport:
    """Write what is asked for about the findings of *report*; return what is found *again* then."""
    found = [one for one in report.outcomes if isinstance(one, Linted)]
    wanted = {one.path: frozenset(map(place_of, _of(one, lint_options))) for one in found}
    wanted = {path: places for path, places in wanted.items() if places}
    if not wanted:
        return report
    written = _written(wanted, options, lint_options)
    _say_what_was_done(written, lint_options)
    failed = {one.path: one for one in written.outcomes if isinstance(one, Failed)}
    after = again()
    outcomes = [*failed.values(), *(one for one in after.outcomes if one.path not in failed)]
    ordered = tuple(sorted(outcomes, key=lambda one: one.path))
    return replace(after, outcomes=ordered, warnings=report.warnings)


def _written(
    wanted: Mapping[str, frozenset[Place]], options: Options, lint_options: LintOptions
) -> RunReport:
    retouch = Retouch(wanted, lint_options.add_ignores)
    work = without_warnings(partial(pipeline.lint, retouch=retouch))
    made = execution.run_pipeline(work, options, execution.load_config(options))
    mine = tuple(_possible(one) for one in made.outcomes if one.path in wanted)
    named = [options.cwd / path for path in options.paths]
    return write_changes(replace(made, outcomes=mine), options.cwd, named)


def without_warnings(lint: Callable[..., RunReport]) -> Callable[..., RunReport]:
    """Return the pipeline *lint* without what it has to say of the run, which was told already."""

    def quietly(*given: object, **named: object) -> RunReport:
        return replace(lint(*given, **named), warnings=())

    return quietly


def _possible(outcome: FileOutcome) -> FileOutcome:
    """Return *outcome*, or the failure that it is: a document may not take what is put into it."""
    if not isinstance(outcome, Refused):
        return outcome
    message = "its text cannot take a comment: a magic of IPython, or the ends of its lines"
    return Failed(outcome.path, "edit", message, "write the comment by hand")


def _say_what_was_done(written: RunReport, lint_options: LintOptions) -> None:
    changed = [one for one in written.outcomes if isinstance(one, Changed)]
    findings = _count(sum(len(one.applied) for one in changed), "finding")
    done = "mended" if lint_options.fix else "silenced"
    undo = "; ai-usage-migrate --undo puts them back" if changed else ""
    execution.say(f"{findings} {done} in {_count(len(changed), 'file')}{undo}.", err=True)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _of(linted: Linted, lint_options: LintOptions) -> Iterable[Finding]:
    """Return those of the findings of a file that are to be mended, or silenced."""
    if lint_options.fix:
        return (one for one in linted.findings if one.code == needless.CODE)
    return (one for one in linted.findings if one.code not in ABOUT_COMMENTS)
