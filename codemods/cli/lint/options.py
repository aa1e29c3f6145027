"""The options that lint alone has, and how the command line becomes a record.

A new one is an option here, a field of ``LintOptions`` under the same name, and the code that
reads it.
"""

from __future__ import annotations

from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from codemods.cli import completing
from codemods.model.options import LintOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from codemods.model.options import Options


def rule(context: click.Context, parameter: click.Parameter, given: str | None) -> str | None:
    """Return the code of the rule whose code or name was *given*."""
    if given is None:
        return None
    from codemods.model.rules import UnknownRuleError, rule_named  # only now: most runs name none

    try:
        return rule_named(given).code
    except UnknownRuleError as error:
        raise click.BadParameter(str(error), context, parameter) from None


def rules(
    context: click.Context, parameter: click.Parameter, given: Sequence[str]
) -> tuple[str, ...] | None:
    """Return the words that select rules, which commas part; None for an option without a word."""
    if not given:
        return None if parameter.name == "select" else ()
    from codemods.model.rules import Selector, UnknownRuleError  # only now, as above

    words = [word.strip() for text in given for word in text.split(",") if word.strip()]
    try:
        for word in words:
            Selector.of(word)
    except UnknownRuleError as error:
        raise click.BadParameter(str(error), context, parameter) from None
    if not words:
        raise click.BadParameter("it names no rule", context, parameter)
    return tuple(words)


def reason(context: click.Context, parameter: click.Parameter, given: str | None) -> str | None:
    """Return the reason of comments that silence: a text that can stand in one."""
    if given is None:
        return None
    text = given.strip()
    if not text or not text.isprintable() or "#" in text:
        message = "write a reason of one line, without a #"
        raise click.BadParameter(message, context, parameter)
    return text


_SELECTING = (
    click.option(
        "--select",
        multiple=True,
        metavar="RULES",
        callback=rules,
        shell_complete=completing.rules,
        help="Tell of these rules only: codes, beginnings of codes, names, or ALL (with commas).",
    ),
    click.option(
        "--ignore",
        multiple=True,
        metavar="RULES",
        callback=rules,
        shell_complete=completing.rules,
        help="Do not tell of these rules.",
    ),
    click.option(
        "--extend-select",
        multiple=True,
        metavar="RULES",
        callback=rules,
        shell_complete=completing.rules,
        help="Tell of these rules, too, beside those that are selected.",
    ),
)
_STATUS = (
    click.option("--exit-zero", is_flag=True, help="Exit with 0 though there are findings."),
)
_COMMENTS = (
    click.option(
        "--fix",
        is_flag=True,
        help="Rewrite what is found as migrate does, where that is proven to keep the meaning; "
        "take away comments that silence nothing (migrate --undo puts all back).",
    ),
    click.option(
        "--unsafe-fixes",
        is_flag=True,
        help="With --fix: also make rewrites that are safe under a condition only; it is named.",
    ),
    click.option(
        "--add-ignores",
        metavar="REASON",
        callback=reason,
        help="Silence what is found, by comments with REASON (migrate --undo puts all back).",
    ),
)
_NARROWING = (
    click.option(
        "--baseline",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Tell only of what is not in FILE, and of what is in FILE and gone.",
    ),
    click.option(
        "--update-baseline", is_flag=True, help="Write all that is found into the baseline."
    ),
    click.option("--prune-baseline", is_flag=True, help="Take what is gone out of the baseline."),
    click.option(
        "--since",
        metavar="REV",
        help="Tell only of lines that were changed since the branch left the git revision REV.",
    ),
    click.option(
        "--diff-from-stdin",
        is_flag=True,
        help="Tell only of lines that the diff on standard input adds.",
    ),
)
_RULES = (
    click.option("--list-rules", is_flag=True, help="Print code and name of each rule; no more."),
    click.option(
        "--explain",
        metavar="RULE",
        callback=rule,
        shell_complete=completing.rule,
        help="Print the page of a rule, by its code or name; no more.",
    ),
)


def linting(command: Callable[..., int]) -> Callable[..., int]:
    """Add the options, which *command* gets as one record behind its Options."""

    @wraps(command)
    def run(made_with: object, options: Options, **given: Any) -> int:
        lint_options = LintOptions(**given)
        if lint_options != LintOptions():
            from codemods.cli.lint import contradictions  # only now: it has the names of all rules

            contradictions.refuse(options, lint_options)
        return command(made_with, options, lint_options)

    made: Callable[..., int] = run
    for option in reversed((*_SELECTING, *_COMMENTS, *_NARROWING, *_STATUS, *_RULES)):
        made = option(made)
    return made
