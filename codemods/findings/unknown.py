"""Unknown suppression: a comment silences a rule that does not exist.

What it does    Reports the comment, with the rule that it may have meant.
Why             It silences nothing, and whoever reads it thinks that it does.
Before          tracker = AIUsageTracker()  # ai-usage: ignore[AIU0001] the tool closes it
After           tracker = AIUsageTracker()  # ai-usage: ignore[AIU001] the tool closes it
Safety          Reported and never rewritten: which rule was meant is for a person.
Leaves alone    codes of other linters behind `# noqa:`
"""

from __future__ import annotations

from codemods.model.rules import PREFIX, RULES, nearest

CODE = "AIU101"


def message(text: str) -> str:
    """Return what is said of *text* in the place of a rule."""
    valid = [*RULES, *(rule.name for rule in RULES.values())]
    return f"no rule is called {text!r}.{nearest(text, valid)}".removesuffix(".")


def is_ours(text: str) -> bool:
    """Whether *text*, behind ``# noqa:``, is meant for these tools."""
    return text.upper().startswith(PREFIX)
