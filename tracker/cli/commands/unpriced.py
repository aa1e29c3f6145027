"""``ai-usage unpriced`` and ``ai-usage reprice``: calls whose cost is not known."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tracker.cli.commands.selecting import Chosen, choosing_source
from tracker.cli.reports.render import FORMATS, render_unpriced
from tracker.cli.reports.unpriced import reprice as price_again
from tracker.cli.reports.unpriced import unpriced_of
from tracker.config import settings
from tracker.errors import ConfigurationError, SinkError

if TYPE_CHECKING:
    from collections.abc import Iterator

SOME_LACK_A_PRICE = 1
FAILED = 2


@click.command()
@choosing_source
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    default="table",
    show_default=True,
    help="How to print it.",
)
def unpriced(chosen: Chosen, form: str) -> None:
    """List the calls that have no price, by model and endpoint, the most frequent first.

    An endpoint is named where its path is none of those that usually answer with
    tokens.  "unknown endpoint" says that it is not known what is billed there.

    "no tokens" and "all of its counts are 0" say that the answer told no usage:
    only a price for the call itself helps there.

    Write prices into a TOML file, as docs/settings.md shows it, name it with
    AI_USAGE_PRICES, and run "ai-usage reprice".  Calls that failed and told no tokens are left out.

    \b
    Examples:
      ai-usage unpriced
      ai-usage unpriced --source jsonl --file usage.jsonl --format json

    Exit status: 0 every call has a price, 1 some have none, 2 the file is missing
    or cannot be read, or the command line is wrong.
    """
    rows, left_out = chosen.ask(unpriced_of, whole=True)
    for told in left_out:
        click.echo(f"ai-usage: {told}", err=True)
    if rows or form != "table":
        click.echo(render_unpriced(rows, form), nl=False)
    if rows:
        sys.exit(SOME_LACK_A_PRICE)
    click.echo(f"ai-usage: every call in {chosen.source.name} has a price", err=True)


@click.command()
@choosing_source
@click.option(
    "--prices",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A TOML file with prices of your own.  Default: AI_USAGE_PRICES.",
)
@click.option(
    "--into",
    type=click.Path(dir_okay=False, path_type=Path),
    help="With --source jsonl: the new file.",
)
def reprice(chosen: Chosen, prices: Path | None, into: Path | None) -> None:
    """Price the calls that had no price when they were recorded, as of their own day.

    Calls that have a price keep it.  A table of DynamoDB is read whole; an item is changed only
    while it has no price.  A file of lines is not changed, for programs may write to it: all of
    its lines are written to the new file --into, which may take its place while none runs.

    \b
    Examples:
      ai-usage reprice --prices prices.toml
      ai-usage reprice --source jsonl --file usage.jsonl --into priced.jsonl

    Exit status: 0 every call has a price now, 1 some still have none, 2 a file or a table is
    missing or cannot be used, or the command line is wrong.
    """
    if (into is None) == (chosen.kind == "jsonl"):
        raise click.UsageError(
            "--source jsonl needs --into NEW_FILE: programs may be writing to the file itself."
            if into is None
            else f"--into does not belong to --source {chosen.kind}."
        )
    with _failures_told(chosen):
        if prices is not None:
            settings.configure(prices=prices)
        number, left = _price_again(chosen, into)
    click.echo(f"{number} calls priced, {left} still without a price")
    if left:
        click.echo("ai-usage: see them with ai-usage unpriced", err=True)
        sys.exit(SOME_LACK_A_PRICE)


def _price_again(chosen: Chosen, into: Path | None) -> tuple[int, int]:
    source: Any = chosen.source
    if chosen.kind == "sqlite":
        return price_again(source.path)
    from tracker.cli.reports.repricing import reprice_lines, reprice_table

    return reprice_table(source.table) if into is None else reprice_lines(source.path, into)


@contextmanager
def _failures_told(chosen: Chosen) -> Iterator[None]:
    """End the command with a message and status 2 where a file cannot be used."""
    try:
        yield
    except FileNotFoundError:
        message = chosen.missing()
    except SinkError as error:
        again = ". Name another file with --database" if chosen.kind == "sqlite" else ""
        message = f"{error}{again}"
    except ConfigurationError as error:
        message = str(error)
    else:
        return
    click.echo(f"ai-usage: {message}", err=True)
    sys.exit(FAILED)
