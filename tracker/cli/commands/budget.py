"""``ai-usage budget``: how much is left of daily and monthly budgets."""

from __future__ import annotations

import json
import sqlite3
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from tracker.budgets.balances import State, states
from tracker.cli.reports.render import one_line
from tracker.config import settings
from tracker.errors import AIUsageError
from tracker.records import clock

if TYPE_CHECKING:
    from collections.abc import Callable

OVER = 1
FAILED = 2
HEADINGS = ("budget", "period", "limit", "spent", "reserved", "left", "state")


def _which(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that choose the files, and how to print."""
    budgets = click.option(
        "--budgets",
        type=click.Path(dir_okay=False, path_type=Path),
        help="The TOML file with the budgets.  Default: AI_USAGE_BUDGETS.",
    )
    accounts = click.option(
        "--accounts",
        type=click.Path(dir_okay=False, path_type=Path),
        help="The file with what is spent.  Default: AI_USAGE_BUDGET_ACCOUNTS, else the file in"
        " your data folder.",
    )
    form = click.option(
        "--format",
        "form",
        type=click.Choice(["table", "json"]),
        default="table",
        show_default=True,
        help="How to print it.",
    )
    return budgets(accounts(form(command)))


@click.group()
def budget() -> None:
    """Look at daily and monthly budgets: what is spent, reserved and left.

    \b
    Examples:
      ai-usage budget status --budgets budgets.toml
      ai-usage budget check && python nightly.py
    """


@budget.command()
@_which
def status(budgets: Path | None, accounts: Path | None, form: str) -> None:
    """Print what is spent, reserved and left of each budget, today and this month (UTC).

    \b
    Examples:
      ai-usage budget status --budgets budgets.toml

    Exit status: 0, or 2 if a file is missing or cannot be used.
    """
    _show(_found(budgets, accounts), form)


@budget.command()
@_which
def check(budgets: Path | None, accounts: Path | None, form: str) -> None:
    """Print the same, and say by the exit status whether every budget is kept.

    \b
    Examples:
      ai-usage budget check && python nightly.py

    Exit status: 0 all are within, 1 one is used up or over, 2 a file is missing or
    cannot be used, or the command line is wrong.
    """
    found = _found(budgets, accounts)
    _show(found, form)
    spent = [one for one in found if one.is_over]
    for one in spent:
        click.echo(f"ai-usage: {one_line(one.name)} is {one.told}", err=True)
    if spent:
        sys.exit(OVER)


def _found(budgets: Path | None, accounts: Path | None) -> list[State]:
    try:
        changes = {"budgets": budgets, "budget_accounts": accounts}
        settings.configure(**{name: path for name, path in changes.items() if path is not None})
        if settings.current().budgets is None:
            _fail("no budgets are named. Name a TOML file with --budgets or AI_USAGE_BUDGETS")
        return states(datetime.fromtimestamp(clock.now(), UTC))
    except (AIUsageError, sqlite3.Error, OSError) as error:
        _fail(str(error))


def _show(found: list[State], form: str) -> None:
    if form == "json":
        click.echo(json.dumps([one.as_json() for one in found], indent=2))
        return
    lines = [HEADINGS, *((one_line(one.whose), *one.cells()) for one in found)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for name, period, *cells, told in lines:
        padded = (cell.rjust(width) for cell, width in zip(cells, widths[2:-1], strict=True))
        start = (name.ljust(widths[0]), period.ljust(widths[1]))
        click.echo("  ".join([*start, *padded, told]).rstrip())


def _fail(message: str) -> NoReturn:
    click.echo(f"ai-usage: {message}", err=True)
    sys.exit(FAILED)
