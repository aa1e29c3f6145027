"""The command: ``python -m tests.mutants`` prints a line for each mutant, and who noticed it.

The exit status is 1 if one of them was not noticed, or changes no program at all.
Names of mutants as arguments try those alone.  ``--remember`` looks in each only for the first
case that shows it, and writes those down, for the short form in the test suite to look at first.
"""

from __future__ import annotations

import json
import sys
import time
from multiprocessing import get_context

from .cases import WITNESSES
from .judging import MUTANTS, Verdict, first, tried

JOBS = 2


def main(names: list[str]) -> int:
    """Try the mutants that are named, all of them if none is."""
    if names == ["--remember"]:
        return remember()
    chosen = [m.name for m in MUTANTS if not names or m.name in names]
    verdicts: list[Verdict] = []
    started = time.monotonic()
    with get_context("spawn").Pool(JOBS) as pool:
        for verdict in pool.imap(tried, chosen):
            verdicts.append(verdict)
            print(line(verdict), flush=True)
    noticed = sum(v.noticed for v in verdicts)
    exams = [v for v in verdicts if v.examined]
    both = [v for v in verdicts if v.validator and v.executed]
    alone = [v for v in verdicts if v.validator and not v.executed]
    print(
        f"{len(verdicts)} mutants, {noticed} noticed: {len(both)} by both, {len(alone)} by the"
        f" validator only, {noticed - len(both) - len(alone) - len(exams)} by execution only,"
        f" {len(exams)} by an exam"
        f" ({time.monotonic() - started:.0f} s)"
    )
    return 0 if noticed == len(chosen) > 0 else 1


def remember() -> int:
    """Write down the first case that shows each mutant; return 1 if one shows nowhere."""
    with get_context("spawn").Pool(JOBS) as pool:
        found = dict(pool.imap(first, [m.name for m in MUTANTS if m.exam is None], chunksize=8))
    WITNESSES.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    return 0 if all(found.values()) else 1


def line(verdict: Verdict) -> str:
    """Return what is told about one mutant."""
    what = f"{verdict.name}: {verdict.breaks}."
    if verdict.changed is None:
        return f"{what} CHANGES NOTHING"
    if not verdict.noticed:
        return f"{what} NOT NOTICED, first on {verdict.changed}"
    told = [
        f"{who} on {found}"
        for who, found in (
            ("validator.validate", verdict.validator),
            ("executed", verdict.executed),
            ("exam", verdict.examined),
        )
        if found is not None
    ]
    return f"{what} {'; '.join(told)}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
