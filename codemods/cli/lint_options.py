"""The options that lint alone has, and how the command line becomes a record.

A new one is an option here, a field of ``LintOptions`` under the same name, and the code that
reads it.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from codemods.model.options import LintOptions
from codemods.model.rules import UnknownRuleError, rule_named

if TYPE_CHECKING:
    from collections.abc import Callable

    from codemods.model.options import Options


def rule(context: click.Context, parameter: click.Parameter, given: str | None) -> str | None:
    """Return the code of the rule whose code or name was *given*."""
    try:
        return None if given is None else rule_named(given).code
    except UnknownRuleError as error:
        raise click.BadParameter(str(error), context, parameter) from None


_RULES = (
    click.option("--list-rules", is_flag=True, help="Print code and name of each rule; no more."),
    click.option(
        "--explain",
        metavar="RULE",
        callback=rule,
        help="Print the page of a rule, by its code or name; no more.",
    ),
)


def linting(command: Callable[..., int]) -> Callable[..., int]:
    """Add the options, which *command* gets as one record behind its Options."""

    @wraps(command)
    def run(made_with: object, options: Options, **given: Any) -> int:
        return command(made_with, options, LintOptions(**given))

    made: Callable[..., int] = run
    for option in reversed(_RULES):
        made = option(made)
    return made
