"""The command ``ai-usage``: a group whose subcommands are imported when they are called."""

from __future__ import annotations

import importlib

import click

#: Each subcommand with the module of ``tracker.cli.commands`` that defines it, and a line about it.
SUBCOMMANDS = {
    "report": (
        "report",
        "Print calls, tokens and cost, summed by fields of your choice, or show a page.",
    ),
    "serve": ("serve", "Show the same on a live page of this machine, as calls are recorded."),
    "compare": ("compare", "Compare with what a provider says that was used and paid."),
    "export": ("export", "Write the records for other programs: Parquet, JSONL or CSV."),
    "spool": ("spool", "Look at the records that wait for a store, or send them."),
    "table": ("table", "Make the DynamoDB table, or look at it."),
    "unpriced": ("unpriced", "List the calls that have no price."),
    "budget": ("budget", "Look at daily and monthly budgets."),
    "reprice": ("unpriced", "Price those that can be priced by now."),
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names, in the order in which the help shows them."""
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Return a subcommand, importing its module."""
        if cmd_name not in SUBCOMMANDS:
            return None
        module = importlib.import_module(f"tracker.cli.commands.{SUBCOMMANDS[cmd_name][0]}")
        command = getattr(module, cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the list of subcommands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in SUBCOMMANDS.items()])


@click.group(
    cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="ai-usage-suite")
def cli() -> None:
    """Look at the AI usage that the tracker recorded.

    \b
    Examples:
      What the calls of the last week have cost, by job, and by model and day:
        ai-usage report --by job --since 7d
        ai-usage report --by day,model --since 7d
      The same as a page, and as a file for other programs:
        ai-usage report --since 7d --format html > usage.html
        ai-usage export --since 7d --format csv --output usage.csv
      Which calls have no price, and what the provider says that they cost:
        ai-usage unpriced
        ai-usage compare --invoice costs.csv

    Each command explains itself: ai-usage report --help
    """


def main() -> None:
    """Run the command and exit with its status."""
    cli(prog_name="ai-usage")
