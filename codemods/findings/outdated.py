"""Outdated baseline: it knows of more findings in a file than are left there.

What it does    Reports each file and rule of which the baseline of `--baseline` knows too many.
Why             What was mended could come back without anybody hearing of it.
Before          "app/receipts.py": {"counts": {"AIU001": 3}}
After           "app/receipts.py": {"counts": {"AIU001": 2}}
Safety          `lint --baseline FILE --prune-baseline` takes away what is gone, and adds nothing.
Leaves alone    files and rules that this run does not look at, files that cannot be read, and what
                moved to another name with the same content
"""

from __future__ import annotations

CODE = "AIU102"


def message(path: str, code: str, known: int, count: int) -> str:
    """Return what is said of a baseline that has *known* findings where *count* are left."""
    return f"outdated baseline: {path} has {count} {code}, not {known}; see --prune-baseline"
