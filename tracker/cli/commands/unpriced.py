"""``ai-usage unpriced`` and ``ai-usage reprice``: calls whose cost is not known."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tracker.cli.reports.render import FORMATS, render_unpriced
from tracker.cli.reports.unpriced import reprice as price_again
from tracker.cli.reports.unpriced import unpriced_in
from tracker.config import settings
from tracker.errors import ConfigurationError, SinkError
from tracker.sinks.sqlite.sink import default_database

if TYPE_CHECKING:
    from collections.abc import Iterator

SOME_LACK_A_PRICE = 1
FAILED = 2

_database = click.option(
    "--database",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The SQLite file.  Default: AI_USAGE_DATABASE, else the file in your data folder.",
)


@click.command()
@_database
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    default="table",
    show_default=True,
    help="How to print it.",
)
def unpriced(database: Path | None, form: str) -> None:
    """List the calls that have no price, by model and endpoint, the most frequent first.

    An endpoint is named where its path is none of those that usually answer with
    tokens.  "unknown endpoint" says that it is not known what is billed there.

    Write prices for them into a TOML file, name it with AI_USAGE_PRICES, and run
    "ai-usage reprice".  Calls that failed and told no tokens are left out.

    Exit status: 0 every call has a price, 1 some have none, 2 the file is missing
    or cannot be read, or the command line is wrong.
    """
    path = database or default_database()
    with _failures_told(path):
        rows = unpriced_in(path)
    if rows or form != "table":
        click.echo(render_unpriced(rows, form), nl=False)
    if rows:
        sys.exit(SOME_LACK_A_PRICE)
    click.echo(f"ai-usage: every call in {path} has a price", err=True)


@click.command()
@_database
@click.option(
    "--prices",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A TOML file with prices of your own.  Default: AI_USAGE_PRICES.",
)
def reprice(database: Path | None, prices: Path | None) -> None:
    """Price the calls that had no price when they were recorded, as of their own day.

    Calls that have a price keep it.

    Exit status: 0 every call has a price now, 1 some still have none, 2 a file is
    missing or cannot be used, or the command line is wrong.
    """
    path = database or default_database()
    with _failures_told(path):
        if prices is not None:
            settings.configure(prices=prices)
        number, left = price_again(path)
    click.echo(f"{number} calls priced, {left} still without a price")
    if left:
        click.echo("ai-usage: see them with ai-usage unpriced", err=True)
        sys.exit(SOME_LACK_A_PRICE)


@contextmanager
def _failures_told(path: Path) -> Iterator[None]:
    """End the command with a message and status 2 where a file cannot be used."""
    try:
        yield
    except FileNotFoundError:
        message = f"there is no database {path}. Name the file with --database"
    except SinkError as error:
        message = f"{error}. Name another file with --database"
    except ConfigurationError as error:
        message = str(error)
    else:
        return
    click.echo(f"ai-usage: {message}", err=True)
    sys.exit(FAILED)
