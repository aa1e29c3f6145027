"""Lint that writes: rewrites of what is found, and comments that silence it or are needless."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from codemods.cli import execution
from codemods.findings.judging import ABOUT_COMMENTS
from codemods.findings.mending.fixing import Fix
from codemods.findings.mending.retouching import Retouch, place_of
from codemods.findings.selection import Selection
from codemods.model.outcome import Changed, Failed, Linted, Refused, RunReport
from codemods.project.writing import write_changes
from codemods.report import text
from codemods.report.formats import Look
from codemods.runner import pipeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from codemods.findings.mending.retouching import Place
    from codemods.model.finding import Finding
    from codemods.model.options import LintOptions, Options
    from codemods.model.outcome import FileOutcome

    Wanted = Mapping[str, frozenset[Place]]


def retouched(
    report: RunReport,
    options: Options,
    lint_options: LintOptions,
    again: Callable[[bool], RunReport],
) -> RunReport:
    """Write what is asked for about the findings of *report*; return what is found *again* then.

    With True that is also what is found only where rewrites need not be proven.
    """
    wanted = _wanted(report, lint_options)
    if not wanted:
        return report
    writing = _Writing(options, lint_options)
    written = writing.written(wanted)
    failed = {one.path: one for one in written.outcomes if isinstance(one, Failed)}
    after = again(options.unsafe)
    is_safe = lint_options.fix and not options.unsafe
    hidden = writing.hidden(_wanted(again(True), lint_options)) if is_safe else 0
    _say_what_was_done(written, options, lint_options, hidden)
    outcomes = [*failed.values(), *(one for one in after.outcomes if one.path not in failed)]
    ordered = tuple(sorted(outcomes, key=lambda one: one.path))
    return replace(after, outcomes=ordered, warnings=report.warnings)


@dataclass(frozen=True)
class _Writing:
    """What a run writes because of findings."""

    options: Options
    lint_options: LintOptions

    def written(self, wanted: Wanted) -> RunReport:
        """Write what is *wanted*."""
        made = self._made(wanted, self.options)
        named = [self.options.cwd / path for path in self.options.paths]
        return write_changes(made, self.options.cwd, named)

    def hidden(self, wanted: Wanted) -> int:
        """Return how many fixes of what is *wanted* a person would have to confirm."""
        if not wanted or self.options.shard is not None:
            return 0
        made = self._made(wanted, replace(self.options, unsafe=True))
        changed = (one for one in made.outcomes if isinstance(one, Changed))
        return sum(bool(applied.confirm) for one in changed for applied in one.applied)

    def _made(self, wanted: Wanted, options: Options) -> RunReport:
        config = execution.load_config(options)
        if self.lint_options.fix:
            fix = Fix(wanted, Selection(config, self.lint_options, options.cwd))
            work = without_warnings(partial(pipeline.migrate, choice=fix))
        else:
            work = without_warnings(
                partial(pipeline.lint, retouch=Retouch(wanted, self.lint_options.add_ignores))
            )
        made = execution.run_pipeline(work, options, config)
        if self.lint_options.fix:
            return made
        mine = tuple(_possible(one) for one in made.outcomes if one.path in wanted)
        return replace(made, outcomes=mine)


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


def _say_what_was_done(
    written: RunReport, options: Options, lint_options: LintOptions, hidden: int
) -> None:
    """Say what is written, what of that rests on assumptions, and what else could be fixed."""
    changed = tuple(one for one in written.outcomes if isinstance(one, Changed))
    rewrites = replace(written, outcomes=changed)
    look = Look(quiet=True, coloured=execution.use_colour(options, err=True))
    assumed = text.render(rewrites, look).removesuffix("\n")
    if assumed:
        execution.show_lines(assumed, colour=look.coloured)
    done = _count(sum(len(one.applied) for one in changed), "finding")
    said = f"{done} {'fixed' if lint_options.fix else 'silenced'} in {_count(len(changed), 'file')}"
    more = f"{_count(hidden, 'hidden fix', 'hidden fixes')} can be enabled with --unsafe-fixes"
    if not changed and lint_options.fix:
        said = "No fixes are safe here" if hidden else "No fixes are known here"
    said += f" ({more})" if hidden else ""
    undo = "; ai-usage-migrate --undo puts them back" if changed else ""
    execution.say(f"{said}{undo}.", err=True)


def _count(number: int, noun: str, plural: str = "") -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {plural or noun + 's'}"


def _wanted(report: RunReport, lint_options: LintOptions) -> Wanted:
    """Return the places of *report* that are to be fixed, or silenced, by the paths of files."""
    found = [one for one in report.outcomes if isinstance(one, Linted)]
    wanted = {one.path: frozenset(map(place_of, _of(one, lint_options))) for one in found}
    return {path: places for path, places in wanted.items() if places}


def _of(linted: Linted, lint_options: LintOptions) -> Iterable[Finding]:
    """Return those of the findings of a file that are to be fixed, or silenced."""
    if lint_options.fix:
        return linted.findings
    return (one for one in linted.findings if one.code not in ABOUT_COMMENTS)
