"""``python -m codemods.lint PATH...``: report legacy and mixed tracker code, change nothing."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from codemods.cli import caching, execution
from codemods.cli.options import into_options, remembering, reporting, working
from codemods.model.options import Mode
from codemods.report.status import DONE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from codemods.model.options import Options
    from codemods.model.outcome import RunReport

HELP = """Report legacy tracker code in PATH...; no source is written.

One line a finding, `path:line:column: CODE message`: trackers built by hand,
set_tracking_context, imports that only legacy code needs, both patterns mixed,
and a tracker that is not passed on.

\b
Examples:
  python -m codemods.lint src tests
  python -m codemods.lint --format json . > findings.json
  python -m codemods.lint --include markdown --include doctests .
  python -m codemods.lint --shard 1/4 --format json . > shard-1.json
  python -m codemods.lint --clean-cache

What a run learns of 100 files or more is kept for the next one, in .ai_usage_cache.

\b
Exit status:
  0  nothing found
  1  findings
  2  something failed: wrong usage, a file that cannot be read or parsed,
     no Python file found
"""


@click.command(help=HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("paths", nargs=-1, metavar="PATH...", callback=execution.named_paths)
@working
@remembering
@reporting(quiet="Print the findings without a summary.", shown="findings")
@click.pass_obj
@into_options
def command(pipeline: execution.Pipeline | None, options: Options) -> int:
    """Lint what the command line names, and report."""
    looking = replace(options, mode=Mode.CHECK)
    if caching.cleans_only(looking):
        return DONE
    report = caching.report_of(pipeline, _pipeline, looking, "lint")
    return execution.finish(report, looking)


def main(arguments: Sequence[str] | None = None, pipeline: execution.Pipeline | None = None) -> int:
    """Run the command; return its exit status.  *pipeline* is the real one unless given."""
    given = sys.argv[1:] if arguments is None else arguments
    name = execution.program("ai-usage-lint", "codemods.lint")
    return execution.execute(command, name, given, pipeline)


def _pipeline() -> Callable[..., RunReport]:
    from codemods.runner import pipeline

    return pipeline.lint


if __name__ == "__main__":
    sys.exit(main())
