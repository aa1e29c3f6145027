"""Needless suppression: a comment silences a rule that finds nothing there.

What it does    Reports the comment, and names what it silences in vain.
Why             It hides the next finding at this place, which nobody has looked at.
Before          with ai_usage_context("receipt_reading") as tracker:  # ai-usage: ignore[AIU001] old
After           with ai_usage_context("receipt_reading") as tracker:
Safety          `lint --fix` takes away what is needless, and no code.
Leaves alone    rules of other linters, a `# noqa` without codes, comments that silence this rule
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

CODE = "AIU100"
NOTHING_IS_OFF = "nothing is off here that could be put on again"
ENDS_NEEDLESS = "it ends a needless suppression"


def message(codes: Sequence[str]) -> str:
    """Return what is said of a comment that silences *codes* in vain, all if there are none."""
    if not codes:
        return "needless suppression: nothing is found here"
    return f"needless suppression: {', '.join(codes)} {_verb(codes)} nothing here"


def _verb(codes: Sequence[str]) -> str:
    return "finds" if len(codes) == 1 else "find"
