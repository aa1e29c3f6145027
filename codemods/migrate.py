"""``python -m codemods.migrate PATH...``: rewrite legacy tracker code, show it, or put it back."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codemods.cli import caching, campaign, execution, interactive
from codemods.cli.options import (
    Choice,
    configuring,
    into_options,
    named,
    reading,
    remembering,
    reporting,
    sharing,
    working,
)
from codemods.model.options import Mode
from codemods.model.runtime import Runtime
from codemods.report import display
from codemods.report.status import DONE, FAILED, LEFT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from codemods.findings.texts import Text
    from codemods.model.options import Options
    from codemods.model.outcome import RunReport
    from codemods.project.undo.restore import Undone

HELP = """Move legacy tracker code in PATH... to context managers, in place.

Only rewrites whose meaning is kept are made, each with the reason why, and
with what it assumes, if anything.  A site that needs a person is left as it is,
with the place that blocks it and what to do.  A file that fails does not stop the others.

PATH is a file or a folder.  In folders, what git, .gitignore or `exclude` leaves
out is passed over; what is named itself is taken, but for --force-exclude.

\b
Examples:
  See what would happen, as a patch:
    python -m codemods.migrate --diff src > migrate.patch
    git apply migrate.patch
  Migrate in place, and put everything back:
    python -m codemods.migrate src
    python -m codemods.migrate --undo
  Decide on each rewrite, with its patch in sight (? explains the answers):
    python -m codemods.migrate --interactive src
  Go back to legacy calls for a while, and forth again:
    python -m codemods.migrate --rollback src
    python -m codemods.migrate src
  Migrate the examples in documents and docstrings with the code:
    python -m codemods.migrate --include markdown --include rst --include doctests .
  Print what becomes of a text that is no file yet (the report is on standard error):
    python -m codemods.migrate --stdin-filename src/receipts.py - < src/receipts.py
  Fail a build while legacy code is left:
    python -m codemods.migrate --check src
  The same in a build, with a report for each who reads one:
    python -m codemods.migrate --check --report junit=migrate.xml --report github src
  Look on several machines, and join what they say:
    python -m codemods.migrate --check --shard 1/4 --format json . > shard-1.json
    python -m codemods.merge shard-*.json
  Migrate many repositories, each on a branch of a clone (the same again goes on):
    python -m codemods.migrate --repos repos.txt

\b
In repos.txt each line is an address or a path, and what is to be looked at there:
  https://github.com/acme/receipts.git
  git@github.com:acme/billing.git  revision=release/2.1
  ../tools                         path=services/api path=lib  # as far as it is ours
Clones, patches and one report are in the folder repos-campaign. Nothing is pushed:
  git -C repos-campaign/NAME/checkout push origin ai-usage-migration

\b
Configuration, in pyproject.toml:
  [tool.ai-usage]
  runtime = "tracker"                                  # as --runtime, or "auto"
  modules = {"acme.llm.tracker" = "acme.llm.context"}  # your homes of the class
  operations = {"acme.jobs:process" = "receipt_scan"}  # operation type of a function
  exclude = ["generated/"]
  batch-pricing = true

\b
Exit status:
  0  nothing is left to do
  1  changes are pending (--diff, --check), or sites need a person
  2  something failed: wrong usage, a file that cannot be read, parsed or
     written, no Python file found
"""


@click.command(help=HELP, context_settings={"help_option_names": ["-h", "--help"]})
@named("PATH...")
@click.option("--diff", is_flag=True, help="Write nothing; print a patch for `git apply`.")
@click.option("--check", is_flag=True, help="Write nothing; report what would be done.")
@click.option("--undo", is_flag=True, help="Restore the files of the last run (in PATH).")
@click.option(
    "--rollback", is_flag=True, help="Turn blocks back into legacy calls, as far as that is proven."
)
@click.option(
    "--batch-pricing/--no-batch-pricing",
    default=None,
    help="Record batch loops at batch prices (the default), or at full prices.",
)
@click.option(
    "--runtime",
    type=Choice([r.value for r in Runtime if r is not Runtime.AUTO]),
    callback=lambda _context, _parameter, given: Runtime(given) if given else None,
    help="What contexts of the project do when it runs, which rewrites rely on: as the runtime "
    "of this package, as the migration guide says, or as the original, which does least.  "
    "Looked up in the project by default.",
)
@click.option(
    "--interactive",
    "-i",
    is_flag=True,
    help="Show each rewrite, and ask: yes, no, all, none in this file, edit its name, quit.",
)
@click.option("--strict", is_flag=True, help="Leave what rests on an assumption to a person.")
@click.option(
    "--unsafe",
    is_flag=True,
    help="Also make rewrites that are safe under a condition only; it is named.",
)
@working
@sharing
@reading
@configuring
@remembering
@campaign.campaigning
@reporting(quiet="Report only what needs a person, and assumptions.")
@click.pass_obj
@into_options
def command(
    pipeline: execution.Pipeline | None,
    options: Options,
    *,
    diff: bool,
    check: bool,
    undo: bool,
    repos: Path | None,
    branch: str | None,
    place: Path | None,
) -> int:
    """Run what the command line asks for."""
    options = replace(options, mode=_mode(diff=diff, check=check, undo=undo))
    if options.describes and repos is None:
        from codemods.cli import describing  # only now: most runs describe nothing

        return describing.described(options)
    if options.interactive:
        interactive.refuse_contradictions(options, elsewhere=repos is not None)
    if Path("-") in options.paths or options.stdin_filename is not None:
        from codemods.cli.stdin import migrated  # only now: most runs are about files

        if migrated.is_asked(options, elsewhere=repos is not None):
            return _printed(*migrated.report_of(options), options)
    if repos is None:
        campaign.refuse_without_list(branch, place)
        if options.mode is Mode.UNDO:
            _refuse_what_undo_is_not_about(options)
            return _undo(options)
    _refuse_contradictions(options)
    if repos is not None:
        return campaign.run(options, repos, branch, place)
    if caching.cleans_only(options):
        return DONE
    if options.interactive:
        return interactive.run(options, pipeline)
    memory = caching.memory_of(options, "migrate") if pipeline is None else None
    return _finish(caching.report_of(pipeline, _pipeline, options, memory), options)


def main(arguments: Sequence[str] | None = None, pipeline: execution.Pipeline | None = None) -> int:
    """Run the command; return its exit status.  *pipeline* is the real one unless given."""
    given = sys.argv[1:] if arguments is None else arguments
    name = execution.program("ai-usage-migrate", "codemods.migrate")
    return execution.execute(command, name, given, pipeline)


def _mode(*, diff: bool, check: bool, undo: bool) -> Mode:
    if undo and (diff or check):
        raise click.UsageError("--undo writes; --diff and --check do not. Choose one.")
    if diff and check:
        raise click.UsageError("--diff prints a patch, and --check a report. Choose one.")
    if undo:
        return Mode.UNDO
    if diff:
        return Mode.DIFF
    return Mode.CHECK if check else Mode.MIGRATE


def _refuse_what_undo_is_not_about(options: Options) -> None:
    """Refuse options that say how a run is done, where one is taken back; raises UsageError."""
    given = (
        (options.rollback, "--rollback"),
        (options.strict, "--strict"),
        (options.unsafe, "--unsafe"),
        (options.runtime is not None, "--runtime"),
        (options.batch_pricing is not None, "--batch-pricing"),
        (bool(options.include), "--include"),
        (options.shard is not None, "--shard"),
        (options.statistics, "--statistics"),
        (bool(options.reports), "--report"),
    )
    for is_given, name in given:
        if is_given:
            raise click.UsageError(f"--undo takes a run back, and {name} is about one. Choose one.")


def _refuse_contradictions(options: Options) -> None:
    if options.strict and options.unsafe:
        message = "--strict makes fewer rewrites than are proven, --unsafe more. Choose one."
        raise click.UsageError(message)
    if options.rollback and options.strict:
        message = "--rollback asks the migration, which --strict would hold back. Choose one."
        raise click.UsageError(message)
    if options.shard is not None and options.unsafe:
        message = "--unsafe joins rewrites over several files, and --shard takes them apart."
        raise click.UsageError(f"{message} Choose one.")


def _finish(report: RunReport, options: Options) -> int:
    """Write, or print the patch, as the mode says; then report."""
    if options.mode is Mode.MIGRATE:
        from codemods.project.writing import write_changes

        named = [options.cwd / path for path in options.paths]
        report = write_changes(report, options.cwd, named)
    if options.mode is Mode.DIFF:
        _print_patch(report, options)
    return execution.finish(report, options, err=options.mode is Mode.DIFF)


def _printed(report: RunReport, text: Text, options: Options) -> int:
    """Print what becomes of *text*, or what the mode asks for; then report.

    A text that nothing becomes of is printed as it is.  Of one that fails nothing is printed, so
    that nobody takes that for a result.
    """
    from codemods.model.outcome import Changed, Failed

    if options.mode is Mode.MIGRATE:
        report = replace(report, written=True)
        if not any(isinstance(one, Failed) for one in report.outcomes):
            changed = (one.after for one in report.outcomes if isinstance(one, Changed))
            execution.show_patch(next(changed, text.content))
    elif options.mode is Mode.DIFF:
        _print_patch(report, options)
    execution.warn_of(report)
    texts = {text.shown: text.content}
    return execution.finish(report, options, err=options.mode is not Mode.CHECK, texts=texts)


def _print_patch(report: RunReport, options: Options) -> None:
    from codemods.model.outcome import Changed
    from codemods.project.patchbase import patch_base
    from codemods.report.diff import unified

    changes = [outcome for outcome in report.outcomes if isinstance(outcome, Changed)]
    base = patch_base([change.source.path for change in changes], options.paths, options.cwd)
    execution.show_patch(unified(changes, base))
    if not options.cwd.resolve().is_relative_to(base):
        where = display.line(str(base))
        execution.say(f"The paths of the patch are relative to {where}: apply it there.", err=True)


def _undo(options: Options) -> int:
    from codemods.project.undo import restore

    try:
        named = [options.cwd / path for path in options.paths]
        undone = restore.undo(named, options.cwd)
    except (restore.NothingToUndo, restore.JournalDamaged) as error:
        raise click.ClickException(f"Cannot undo: {display.line(str(error))}.") from None
    _show_undone(undone, quiet=options.quiet)
    if undone.failed:
        return FAILED
    return LEFT if undone.edited else DONE


def _show_undone(undone: Undone, *, quiet: bool) -> None:
    shown = display.line
    for failure in undone.failed:
        execution.say(f"{shown(failure.path)}: not restored: {shown(failure.message)}")
        execution.say(f"    to do: {shown(failure.advice)}")
    for edited in undone.edited:
        place = shown(str(edited.original))
        execution.say(
            f"{shown(str(edited.path))}: kept, because it was edited or removed since the run"
        )
        execution.say(f"    to do: compare it with its content before the run, {place}")
    if not quiet:
        for path in undone.restored:
            execution.say(f"{shown(str(path))}: restored")
        count = len(undone.restored)
        rest = f", {undone.untouched} were as before" if undone.untouched else ""
        execution.say(f"The run of {shown(undone.started)} is undone: {count} restored{rest}.")


def _pipeline() -> Callable[..., RunReport]:
    from codemods.runner import pipeline

    return pipeline.migrate


if __name__ == "__main__":
    sys.exit(main())
