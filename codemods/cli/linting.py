"""The command that lints: its options and its help."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from codemods.cli import execution
from codemods.cli.lint.options import linting
from codemods.cli.lint.plain import NAME
from codemods.cli.lint.running import Asked, linted
from codemods.cli.options import (
    configuring,
    into_options,
    named,
    reading,
    remembering,
    reporting,
    sharing,
    working,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codemods.model.options import LintOptions, Options

HELP = """Report legacy tracker code in PATH...; only --fix and --add-ignores write.

One line a finding, `path:line:column: CODE message`: trackers built by hand,
set_tracking_context, imports that only legacy code needs, both patterns mixed,
and a tracker that is not passed on.

\b
Examples:
  Fail a build for what is found, and say what a rule is about:
    python -m codemods.lint src tests
    python -m codemods.lint --explain AIU001
  The same in a build, with a report for each who reads one:
    python -m codemods.lint --report sarif=lint.sarif --report github src
  Only the rules AIU001 to AIU009, but for one of them:
    python -m codemods.lint --select AIU00 --ignore legacy-import src
  Rewrite what surely keeps its meaning:
    python -m codemods.lint --fix src
  Let what is there be, and fail for what is new:
    python -m codemods.lint --baseline known.json --update-baseline .
    python -m codemods.lint --baseline known.json .
  Only what a branch has changed:
    python -m codemods.lint --since origin/main .
  Examples in documents and docstrings, too:
    python -m codemods.lint --include markdown --include doctests .
  A text that is no file yet:
    python -m codemods.lint --stdin-filename src/receipts.py - < src/receipts.py
  Look on several machines, and join what they say:
    python -m codemods.lint --shard 1/4 --format json . > shard-1.json
    python -m codemods.merge shard-*.json

\b
A comment silences a finding, and one that silences nothing is reported:
  tracker = AIUsageTracker()  # ai-usage: ignore[AIU001] the tool closes it

What a run learns of 100 files or more is kept for the next one, in .ai_usage_cache.

\b
Exit status:
  0  nothing found
  1  findings
  2  something failed: wrong usage, a file that cannot be read or parsed,
     no Python file found
"""


@click.command(help=HELP, context_settings={"help_option_names": ["-h", "--help"]})
@named("PATH...")
@working
@sharing
@reading
@configuring
@remembering
@reporting(quiet="Print the findings without a summary.", shown="findings")
@click.pass_obj
@into_options
@linting
def command(asked: Asked, options: Options, lint_options: LintOptions) -> int:
    """Lint what the command line names, and report."""
    if options.describes or lint_options.describes:
        from codemods.cli import describing  # only now: it loads what a clean tree does without

        return describing.described(options, lint_options)
    return linted(asked, options, lint_options)


def run(arguments: Sequence[str], pipeline: execution.Pipeline | None) -> int:
    """Run the command; return its exit status.  *pipeline* is the real one unless given."""
    name = execution.program(*NAME)
    return execution.execute(command, name, arguments, Asked(arguments, pipeline))
