"""Completion of command lines in a shell: click's own, and what the values of options may be.

A shell asks by a variable that is called after the script, ``_AI_USAGE_LINT_COMPLETE``.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import click
    from click.shell_completion import CompletionItem


def instruction_for(name: str) -> str | None:
    """Return what a shell asks of the script *name*, None where it is simply run."""
    return os.environ.get(_variable(name))


def complete(command: click.Command, name: str, instruction: str) -> int:
    """Print what the shell has asked for; return the exit status."""
    from click.shell_completion import shell_complete  # only now: it is seldom asked for

    return shell_complete(command, {}, name, _variable(name), instruction)


def files(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Have the shell complete the path of a file or folder."""
    from click.shell_completion import CompletionItem

    del context, parameter
    return [CompletionItem(begun, type="file")]


def rules(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Return the codes and names that the last of the words parted by commas may become."""
    from codemods.model.rules import ALL, RULES

    del context, parameter
    before, comma, last = begun.rpartition(",")
    words = [ALL, *RULES, *(rule.name for rule in RULES.values())]
    return _items(before + comma, words, last)


def rule(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Return the codes and names of rules that *begun* may become."""
    from codemods.model.rules import RULES

    del context, parameter
    return _items("", [*RULES, *(one.name for one in RULES.values())], begun)


def reports(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Return the formats that a report may have."""
    from codemods.report.formats import FORMATS

    del context, parameter
    return _items("", FORMATS, begun)


def _items(before: str, words: Iterable[str], begun: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    said = begun.lower()
    return [CompletionItem(before + word) for word in words if word.lower().startswith(said)]


def _variable(name: str) -> str:
    return f"_{name}_COMPLETE".replace("-", "_").upper()
