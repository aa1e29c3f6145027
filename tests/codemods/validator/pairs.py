"""Pairs of programs, before and after a rewrite, that the validator is to judge."""

from __future__ import annotations

import re

from codemods.validator.validate import difference

OLD = "from tracker.ai_usage_tracker import AIUsageTracker\n"
NEW = "from tracker.ai_usage_context import ai_usage_context\n"
BOTH = NEW + OLD
SET = 'tracker.set_tracking_context(job_id="a")\n'
HEADER = 'with ai_usage_context("scan", job_id="a") as tracker:\n'


def indented(text: str) -> str:
    """Return *text* one level deeper."""
    return re.sub(r"^(?=[^\n])", "    ", text, flags=re.MULTILINE)


def legacy(body: str, sets: str = SET, parameters: str = "text, client") -> str:
    """Return a program whose function builds a tracker, sets ids on it, and does *body*."""
    inner = f"tracker = AIUsageTracker()\n{sets}{body}"
    return f"{OLD}\n\ndef scan({parameters}):\n{indented(inner)}"


def migrated(body: str, header: str = HEADER, parameters: str = "text, client") -> str:
    """Return the program in which a block has the tracker and the ids."""
    return f"{NEW}\n\ndef scan({parameters}):\n{indented(header + indented(body))}"


def same(before: str, after: str, *, unsafe: bool = False) -> None:
    """Assert that nothing is objected to."""
    assert difference(before, after, unsafe=unsafe) is None


def objects(before: str, after: str, said: str = "", *, unsafe: bool = False) -> None:
    """Assert that *after* is another program, and that the reason says so."""
    found = difference(before, after, unsafe=unsafe)
    assert found is not None, after
    assert said in found
