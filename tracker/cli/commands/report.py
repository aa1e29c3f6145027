"""``ai-usage report``: what was recorded, and what it cost."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import click

from tracker.cli.reports.query import usage_in
from tracker.cli.reports.render import FORMATS, NONE_GIVEN, render
from tracker.cli.reports.rows import DIMENSIONS, TIMES, Row, Selection, first, moment
from tracker.environment_config import AIUsageEnvironmentConfig, Environment, table_for
from tracker.errors import AIUsageError, SinkError
from tracker.sinks.sqlite.damage import asides
from tracker.sinks.sqlite.sink import default_database

NOTHING_RECORDED = 1
FAILED = 2
PARTLY_READ = 3


def _dimensions(context: click.Context, parameter: click.Parameter, given: str) -> tuple[str, ...]:
    """Return the dimensions in ``day,model``."""
    names = tuple(name.strip() for name in given.split(","))
    for name in names:
        if name not in DIMENSIONS:
            message = f"{name!r} is none of {', '.join(DIMENSIONS)}"
            raise click.BadParameter(message, context, parameter)
    if len(set(names)) < len(names):
        raise click.BadParameter("each of them once", context, parameter)
    return names


def _moment(
    context: click.Context, parameter: click.Parameter, given: str | None
) -> datetime | None:
    if given is None:
        return None
    try:
        return moment(given, datetime.now(UTC))
    except (ValueError, OverflowError):
        message = (
            "write a date (2026-11-20), a time (2026-11-20T08:00), or so long ago (12h, 7d, 4w)"
        )
        raise click.BadParameter(message, context, parameter) from None


def _where(
    context: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> tuple[tuple[str, str | None], ...]:
    """Return the conditions ``dimension=value``; ``(none)`` is for calls without one."""
    found = []
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or name not in DIMENSIONS or name in TIMES:
            names = ", ".join(name for name in DIMENSIONS if name not in TIMES)
            message = f"write FIELD=VALUE; FIELD is one of {names}"
            raise click.BadParameter(message, context, parameter)
        found.append((name, None if value == NONE_GIVEN else value))
    return tuple(found)


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
    "dimensions",
    metavar="FIELD[,FIELD...]",
    callback=_dimensions,
    default="operation_type",
    show_default=True,
    help=f"What to sum by: {', '.join(DIMENSIONS)} (times are in UTC).",
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
    "--since",
    metavar="WHEN",
    callback=_moment,
    help="Only calls from then on: a date or time (UTC unless it says), or how long ago: 12h, 7d.",
)
@click.option("--until", metavar="WHEN", callback=_moment, help="Only calls before then.")
@click.option(
    "--where",
    metavar="FIELD=VALUE",
    multiple=True,
    callback=_where,
    help=f"Only calls with that; {NONE_GIVEN} for those without any (may be repeated).",
)
@click.option(
    "--top",
    type=click.IntRange(min=1),
    help="Only the dearest rows; what the others are together stands below them.",
)
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
    dimensions: tuple[str, ...],
    form: str,
    days: int | None,
    since: datetime | None,
    until: datetime | None,
    where: tuple[tuple[str, str | None], ...],
    top: int | None,
    environment: str,
) -> None:
    """Print calls, tokens and cost, summed by one field or several, dearest first.

    By a time first, the rows are in the order of time.  Costs are in US dollars, and "share" is
    the part of all of them.  Calls without a known price are counted as "unpriced" and are not
    part of the cost.  "errors" are calls that failed, and "error_rate" is their part of the
    calls; --by error names the failures.

    \b
    Examples:
      ai-usage report --by day,model --since 7d
      ai-usage report --by user --where environment=production --top 10
      ai-usage report --by month,job --since 2026-01-01 --until 2026-07-01 --format csv

    Rows that nobody of this package wrote, and files that were set aside because they
    are broken, are no part of the sums, and told.

    Exit status: 0 there is something to show, 1 nothing was recorded, 2 the
    file or table is missing or cannot be read, or the command line is wrong,
    3 a part of what is there could not be read.
    """
    if (table if source == "sqlite" else database) is not None:
        option = "--table" if source == "sqlite" else "--database"
        raise click.UsageError(f"{option} does not belong to --source {source}.")
    if days is not None and since is not None:
        raise click.UsageError("--days and --since say the same: name one of them.")
    if days is not None:
        since = datetime.now(UTC) - timedelta(days=days)
    only = None if environment == "all" else environment
    selection = Selection(since, until, only, where)
    if source == "sqlite":
        rows, place, unread = _from_sqlite(database, dimensions, selection)
    else:
        rows, place, unread = _from_dynamodb(table, dimensions, selection)
    click.echo(render(first(rows, top, dimensions), dimensions, form), nl=False)
    for told in unread:
        click.echo(f"ai-usage: {told}", err=True)
    if unread:
        sys.exit(PARTLY_READ)
    if not rows:
        click.echo(f"ai-usage: nothing recorded in {place} for this selection", err=True)
        sys.exit(NOTHING_RECORDED)


def _from_sqlite(
    database: Path | None, dimensions: tuple[str, ...], selection: Selection
) -> tuple[list[Row], str, list[str]]:
    path = database or default_database()
    try:
        rows, unread = usage_in(path, dimensions, selection)
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
    table: str | None, dimensions: tuple[str, ...], selection: Selection
) -> tuple[list[Row], str, list[str]]:
    from tracker.cli.reports.dynamodb import usage_in_dynamodb

    try:
        config = AIUsageEnvironmentConfig.get_config(selection.environment)
        name = table_for(table, config, validate=selection.environment is not None)
        rows, unread = usage_in_dynamodb(name, dimensions, selection)
        return rows, name, [_none_of_ours(unread, name)] if unread else []
    except AIUsageError as error:
        _fail(str(error))


def _none_of_ours(number: int, place: str) -> str:
    return f"{number} records in {place} are none of this package's: not in these sums"


def _fail(message: str) -> NoReturn:
    click.echo(f"ai-usage: {message}", err=True)
    sys.exit(FAILED)
