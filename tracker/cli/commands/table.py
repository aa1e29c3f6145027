"""``ai-usage table``: make the DynamoDB table, and look at it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NoReturn

import click

from tracker.environment_config import AIUsageEnvironmentConfig, Environment, table_for
from tracker.errors import AIUsageError
from tracker.sinks.dynamodb.table import INDEXES, Table, connect, create, describe

if TYPE_CHECKING:
    from collections.abc import Callable

MISSING = 1
FAILED = 2
ATTEMPTS = 5


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def table() -> None:
    """Make the DynamoDB table for metrics, or look at it.

    Region, endpoint and credentials are those that boto3 finds.

    \b
    Examples:
      ai-usage table create --environment staging
      ai-usage table show --table AIUsageMetrics
    """


def _which(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that choose a table."""
    named = click.option(
        "--table",
        "name",
        help="The table.  Default: DYNAMODB_TABLE_NAME, else AIUsageMetrics, with the"
        " environment's suffix.",
    )
    environment = click.option(
        "--environment",
        type=click.Choice([each.value for each in Environment]),
        help="Whose table.  Default: the environment that ENVIRONMENT names.",
    )
    return named(environment(command))


@table.command("create")
@_which
def create_table(name: str | None, environment: str | None) -> None:
    """Make the table with its indexes, on demand, and wait until it can be used.

    What is there already stays as it is; indexes that are missing are added.

    \b
    Examples:
      ai-usage table create --environment staging

    Exit status: 0 the table can be used, 2 it could not be made, or the command
    line is wrong.
    """
    try:
        chosen = chosen_table(name, environment)
        client = connect(attempts=ATTEMPTS)
        made = create(client, chosen)
    except AIUsageError as error:
        _fail(str(error))
    where = client.meta.region_name
    if not made:
        click.echo(f"The table {chosen} is there already in {where}, with all its indexes.")
    elif "table" in made:
        click.echo(f"Made the table {chosen} in {where}, on demand.")
        click.echo(f"Keys: PK, SK. Indexes: {', '.join(INDEXES)}.")
    else:
        click.echo(f"The table {chosen} was there in {where}; added: {', '.join(made)}.")


@table.command("show")
@_which
def show_table(name: str | None, environment: str | None) -> None:
    """Print what the table looks like.

    \b
    Examples:
      ai-usage table show --table AIUsageMetrics

    Exit status: 0 it is as it should be, 1 it or something of it is missing, 2 it
    cannot be looked at, or the command line is wrong.
    """
    try:
        chosen = chosen_table(name, environment)
        found = describe(connect(attempts=ATTEMPTS), chosen)
    except AIUsageError as error:
        _fail(str(error))
    if found is None:
        click.echo(f"There is no table {chosen}; ai-usage table create makes it.")
        sys.exit(MISSING)
    click.echo(_shown(found), nl=False)
    if found.missing or not found.is_ours:
        sys.exit(MISSING)


def chosen_table(name: str | None, environment: str | None) -> str:
    """Return the table to use.  Raises ConfigurationError if *name* is another environment's."""
    config = AIUsageEnvironmentConfig.get_config(environment)
    return table_for(name, config, validate=True)


def _shown(found: Table) -> str:
    lines = [
        ("table", found.name),
        ("status", found.status),
        ("billing", "on demand" if found.billing == "PAY_PER_REQUEST" else "provisioned"),
        ("items", f"{found.items} (DynamoDB counts every six hours)"),
        ("keys", ", ".join(found.keys) + ("" if found.is_ours else " (not those of metrics)")),
        ("indexes", ", ".join(found.indexes) or "none"),
    ]
    if found.missing:
        lines.append(("missing", ", ".join(found.missing)))
    return "".join(f"{name:9}{value}\n" for name, value in lines)


def _fail(message: str) -> NoReturn:
    click.echo(f"ai-usage: {message}", err=True)
    sys.exit(FAILED)
