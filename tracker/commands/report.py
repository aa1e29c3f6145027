"""``ai-usage report``: what was recorded, and what it cost."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn

import click

from tracker.environment_config import Environment
from tracker.errors import SinkError
from tracker.report import DIMENSIONS, FORMATS, render, usage_by
from tracker.sinks.sqlite import default_database

NOTHING_RECORDED = 1
FAILED = 2


@click.command()
@click.option(
    "--database",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The SQLite file.  Default: AI_USAGE_DATABASE, else the file in your data folder.",
)
@click.option(
    "--by",
    "dimension",
    type=click.Choice(list(DIMENSIONS)),
    default="operation_type",
    show_default=True,
    help="What to sum by.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    default="table",
    show_default=True,
    help="How to print it.  JSON keeps costs exact, as strings.",
)
@click.option("--days", type=click.IntRange(min=1), help="Only calls of the last so many days.")
@click.option(
    "--environment",
    type=click.Choice(["all", *(environment.value for environment in Environment)]),
    default="all",
    show_default=True,
    help="Only calls made in this environment.",
)
def report(
    database: Path | None, dimension: str, form: str, days: int | None, environment: str
) -> None:
    """Print calls, tokens and cost, summed by one dimension, dearest first.

    Costs are in US dollars.  Calls without a known price are counted as
    "unpriced" and are not part of the cost.

    Exit status: 0 there is something to show, 1 nothing was recorded, 2 the
    file is missing or cannot be read, or the command line is wrong.
    """
    path = database or default_database()
    only = None if environment == "all" else environment
    try:
        rows = usage_by(path, dimension, days=days, environment=only)
    except FileNotFoundError:
        _fail(
            f"there is no database {path}; nothing was recorded there yet, or the programs"
            " run with another AI_USAGE_DATABASE. Name the file with --database"
        )
    except SinkError as error:
        _fail(f"{error}. Name another file with --database")
    click.echo(render(rows, dimension, form), nl=False)
    if not rows:
        click.echo(f"ai-usage: nothing recorded in {path} for this selection", err=True)
        sys.exit(NOTHING_RECORDED)


def _fail(message: str) -> NoReturn:
    click.echo(f"ai-usage: {message}", err=True)
    sys.exit(FAILED)
