"""``ai-usage spool``: what lies in the spool, and sending it now."""

from __future__ import annotations

import json
import sqlite3
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from tracker.cli.reports.render import one_line
from tracker.config import settings
from tracker.delivery import destinations, sender
from tracker.environment_config import AIUsageEnvironmentConfig, table_for
from tracker.errors import AIUsageError

if TYPE_CHECKING:
    from tracker.delivery.destinations import Destination

STATES = ("pending", "leased", "rejected", "sent")
REMAINING = 1
FAILED = 2
NOT_OURS = (
    "no store of this configuration (AI_USAGE_SINKS, AI_USAGE_DATABASE, DYNAMODB_TABLE_NAME);"
    " a client's records go when its program runs again"
)
_file = click.option(
    "--spool",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The spool.  Default: AI_USAGE_SPOOL, else the file in your data folder.",
)
_store = click.option("--store", help="Only rows for this store, as status names it.")


@click.group()
def spool() -> None:
    """Look at the records that wait for a store, or send them.

    \b
    Examples:
      ai-usage spool status
      AI_USAGE_SINKS=sqlite,dynamodb ai-usage spool drain
    """


@spool.command()
@_file
@_store
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="How to print it.",
)
def status(path: Path | None, store: str | None, form: str) -> None:
    """Print how many records lie in the spool, by store and state.

    "leased" are being sent by some process; "rejected" are kept for you to look
    at; "sent" are remembered for an hour.

    \b
    Examples:
      ai-usage spool status
      ai-usage spool status --store dynamodb:AIUsageMetrics --format json

    Nothing is changed by looking, whatever the file is.

    Exit status: 0, or 2 if the spool cannot be read.
    """
    counted = _counted(path, store)
    if form == "json":
        click.echo(json.dumps(counted, indent=2, sort_keys=True))
        return
    lines: list[tuple[str, ...]] = [("store", *STATES)]
    lines += [(one_line(name), *map(str, states.values())) for name, states in counted.items()]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for name, *cells in lines:
        padded = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
        click.echo("  ".join([name.ljust(widths[0]), *padded]))


@spool.command()
@_file
@_store
def drain(path: Path | None, store: str | None) -> None:
    """Send the records that wait, and show how many were sent.

    Only stores of this configuration are served: those that AI_USAGE_SINKS names, with
    the file or the table that the environment gives them.  What waits for others is
    listed and stays; a spool cannot name a store of its own.

    \b
    Examples:
      AI_USAGE_SINKS=sqlite,dynamodb ai-usage spool drain

    Exit status: 0 nothing waits any more, 1 some records remain (a store is down or
    not of this configuration, or another process is sending them), 2 a store or the
    spool cannot be used.
    """
    failed = False
    waiting = {
        name: number
        for name, states in _counted(path, store).items()
        if (number := states["pending"] + states["leased"])
    }
    ours = _configured() if waiting else {}
    for name, number in waiting.items():
        if name in ours:
            failed = not _drained(ours[name], number) or failed
        else:
            click.echo(f"ai-usage: {number} for {one_line(name)}: {NOT_OURS}", err=True)
    remaining = sum(s["pending"] + s["leased"] for s in _counted(path, store).values())
    if remaining:
        click.echo(f"ai-usage: {remaining} records remain in the spool", err=True)
    sys.exit(FAILED if failed else REMAINING if remaining else 0)


def _configured() -> dict[str, Destination]:
    """Return the stores that the caller's own settings name."""
    try:
        table = table_for(None, AIUsageEnvironmentConfig.get_config(None), validate=False)
        return {found.key: found for found in destinations.named(table)}
    except AIUsageError as error:
        _fail(str(error))


def _drained(destination: Destination, waiting: int) -> bool:
    """Send what waits for *destination*; return False if it cannot be used at all."""
    name = one_line(destination.key)
    try:
        with click.progressbar(length=waiting, label=name, file=sys.stderr) as bar:
            sent, is_up = sender.drain(destination, bar.update)
    except (AIUsageError, ImportError, sqlite3.Error, OSError) as error:
        click.echo(f"ai-usage: {name}: {error}", err=True)
        return False
    click.echo(f"{name}: {sent} settled{'' if is_up else ', then the store failed'}")
    return True


def _counted(path: Path | None, store: str | None) -> dict[str, dict[str, int]]:
    """Return the counts of every state by store, of *store* only if it is given."""
    try:
        if path is not None:
            settings.configure(spool=path)
        found = sender.file().counts()
    except (AIUsageError, sqlite3.Error, OSError) as error:
        _fail(f"{error}. Name another spool with --spool")
    return {
        name: {state: states.get(state, 0) for state in STATES}
        for name, states in found.items()
        if store in (None, name)
    }


def _fail(message: str) -> NoReturn:
    click.echo(f"ai-usage: {message}", err=True)
    sys.exit(FAILED)
