"""``ai-usage report``: what was recorded, and what it cost."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn

import click

from tracker.cli.reports.query import DIMENSIONS, Row, usage_in
from tracker.cli.reports.render import FORMATS, render
from tracker.environment_config import AIUsageEnvironmentConfig, Environment, table_for
from tracker.errors import AIUsageError, SinkError
from tracker.sinks.sqlite.damage import asides
from tracker.sinks.sqlite.sink import default_database

NOTHING_RECORDED = 1
FAILED = 2
PARTLY_READ = 3


@click.command()
@click.option(
    "--source",
    type=click.Choice(["sqlite", "dynamodb"]),
    default="sqlite",
    show_default=True,
    help="Where to read.",
)
@click.option(
    "--table",
    help="The DynamoDB table.  Default: that of --environment, or of ENVIRONMENT if it is all.",
)
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
    source: str,
    table: str | None,
    database: Path | None,
    dimension: str,
    form: str,
    days: int | None,
    environment: str,
) -> None:
    """Print calls, tokens and cost, summed by one dimension, dearest first.

    Costs are in US dollars.  Calls without a known price are counted as
    "unpriced" and are not part of the cost.

    Rows that nobody of this package wrote, and files that were set aside because they
    are broken, are no part of the sums, and told.

    Exit status: 0 there is something to show, 1 nothing was recorded, 2 the
    file or table is missing or cannot be read, or the command line is wrong,
    3 a part of what is there could not be read.
    """
    if (table if source == "sqlite" else database) is not None:
        option = "--table" if source == "sqlite" else "--database"
        raise click.UsageError(f"{option} does not belong to --source {source}.")
    only = None if environment == "all" else environment
    if source == "sqlite":
        rows, place, unread = _from_sqlite(database, dimension, days, only)
    else:
        rows, place, unread = _from_dynamodb(table, dimension, days, only)
    click.echo(render(rows, dimension, form), nl=False)
    for told in unread:
        click.echo(f"ai-usage: {told}", err=True)
    if unread:
        sys.exit(PARTLY_READ)
    if not rows:
        click.echo(f"ai-usage: nothing recorded in {place} for this selection", err=True)
        sys.exit(NOTHING_RECORDED)


def _from_sqlite(
    database: Path | None, dimension: str, days: int | None, environment: str | None
) -> tuple[list[Row], str, list[str]]:
    path = database or default_database()
    try:
        rows, unread = usage_in(path, dimension, days=days, environment=environment)
        told = [_none_of_ours(unread, str(path))] if unread else []
        told += [f"{file} is broken and was set aside: not in these sums" for file in asides(path)]
        return rows, str(path), told
    except FileNotFoundError:
        _fail(
            f"there is no database {path}; nothing was recorded there yet, or the programs"
            " run with another AI_USAGE_DATABASE. Name the file with --database"
        )
    except SinkError as error:
        _fail(f"{error}. Name another file with --database")


def _from_dynamodb(
    table: str | None, dimension: str, days: int | None, environment: str | None
) -> tuple[list[Row], str, list[str]]:
    from tracker.cli.reports.dynamodb import usage_in_dynamodb

    try:
        config = AIUsageEnvironmentConfig.get_config(environment)
        name = table_for(table, config, validate=environment is not None)
        rows, unread = usage_in_dynamodb(name, dimension, days=days, environment=environment)
        return rows, name, [_none_of_ours(unread, name)] if unread else []
    except AIUsageError as error:
        _fail(str(error))


def _none_of_ours(number: int, place: str) -> str:
    return f"{number} records in {place} are none of this package's: not in these sums"


def _fail(message: str) -> NoReturn:
    click.echo(f"ai-usage: {message}", err=True)
    sys.exit(FAILED)
