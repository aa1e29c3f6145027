"""``python -m codemods.merge REPORT...``: join the reports of the shards of a run."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from codemods.cli import execution
from codemods.cli.options import into_options, named, reporting
from codemods.report import display

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codemods.model.options import Options
    from codemods.model.outcome import RunReport

HELP = """Join the JSON reports of all shards of a run into the report of the whole run.

Each machine of a build decides on its part of the files, one of them joins what they said:

\b
Examples:
  On machine K of 4:
    python -m codemods.lint --shard K/4 --format json . > shard-K.json
  On one of them, with all four reports:
    python -m codemods.merge shard-*.json

A part that is missing, or there twice, is an error: its files would count as clean.

\b
Exit status, as of the run itself:
  0  nothing is left to do
  1  changes are pending, sites need a person, or lint found something
  2  something failed: in a part, or a report that cannot be read or does not fit
"""
_LARGEST = 1 << 30


@click.command(help=HELP, context_settings={"help_option_names": ["-h", "--help"]})
@named("REPORT...")
@reporting(quiet="Report only what needs a person.")
@click.pass_obj
@into_options
def command(made_with: object, options: Options) -> int:
    """Join the reports that the command line names, and show what comes of it."""
    del made_with
    if not options.paths:
        raise click.UsageError("Name the reports of all shards.")
    report = _joined(options)
    execution.warn_of(report)
    return execution.finish(report, options)


def _joined(options: Options) -> RunReport:
    from codemods.project.regular import read_regular
    from codemods.report.joining import PartsError, joined
    from codemods.report.loading import UnreadableReportError, loaded

    found: dict[str, RunReport] = {}
    for path in options.paths:
        name = display.line(str(path))
        try:
            text = read_regular(path, _LARGEST).decode("utf-8-sig")
            found[name] = loaded(path, text)
            if options.verbose:
                part = found[name]
                execution.say(f"{name}: part {part.shard}, {part.scanned} files", err=True)
        except OSError as error:
            raise click.ClickException(f"Cannot read {name}: {error.strerror or error}.") from None
        except (UnreadableReportError, UnicodeDecodeError) as error:
            raise click.ClickException(f"Cannot use {name}: {display.line(str(error))}.") from None
    try:
        return joined(found)
    except PartsError as error:
        raise click.ClickException(f"Cannot join these reports: {error}.") from None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    name = execution.program("ai-usage-merge", "codemods.merge")
    return execution.execute(command, name, given, None)


if __name__ == "__main__":
    sys.exit(main())
