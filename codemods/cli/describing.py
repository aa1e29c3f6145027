"""What lint says of itself instead of looking at files: its rules, and their pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codemods.cli import execution
from codemods.model.rules import RULES

if TYPE_CHECKING:
    from codemods.model.options import LintOptions


def described(lint_options: LintOptions) -> bool:
    """Print what is asked for; whether anything is."""
    if lint_options.explain is not None:
        from codemods.findings.pages import page_of  # only now: it loads every rule

        execution.say(page_of(lint_options.explain).markdown.removesuffix("\n"))
        return True
    if lint_options.list_rules:
        width = max(len(rule.name) for rule in RULES.values())
        for rule in RULES.values():
            execution.say(f"{rule.code}  {rule.name:{width}}  {rule.summary}")
        return True
    return False
