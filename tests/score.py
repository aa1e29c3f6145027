"""Prints precision and recall of each rule over the labelled fixtures of the decision table.

Precision is the share of the rewrites made that are as expected, recall the share of
the expected rewrites that were made.  Exits 1 below the limits.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(Path(__file__).resolve().parent)]

from rows import (  # noqa: E402 - both folders must be on the path first
    RUNTIMES,
    Fixture,
    fixtures,
    run_fixture,
    sites_of,
    texts_of,
)

LEAST_PRECISION = 1.0
LEAST_RECALL = 0.95
RULES = {
    "AIU001": "tracker built and configured by hand",
    "AIU002": "ids set on a tracker that is built elsewhere",
    "AIU004": "ids set by hand inside a context",
    "AIU005": "tracker not passed on",
    "AIU006": "context without its import",
    "AIU007": "nested context without the outer tracker",
    "AIU012": "function with a tracker of its own",
    "AIU013": "ids set by the older name of the set call",
}


@dataclass
class Tally:
    """Rewrites of each rule: made, expected, and made as expected."""

    made: Counter[str] = field(default_factory=Counter)
    expected: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)

    def add(self, fixture: Fixture, runtime: str) -> bool:
        """Count one fixture; return whether everything that was made of it is as expected."""
        expected = fixture.expected[runtime]
        outcomes = run_fixture(fixture, runtime)
        made = sites_of(outcomes)
        labels = Counter(expected.labels)
        self.made += made
        self.expected += labels
        same = texts_of(outcomes) == expected.texts
        if same:
            self.right += made & labels
        return same and made == labels

    def precision(self, rule: str) -> float:
        """Return the share of the rewrites made by *rule* that are as expected."""
        return self.right[rule] / self.made[rule] if self.made[rule] else 1.0

    def recall(self, rule: str) -> float:
        """Return the share of the expected rewrites that *rule* made."""
        return self.right[rule] / self.expected[rule] if self.expected[rule] else 1.0


def main() -> int:
    """Print the table; return the exit status."""
    tally = Tally()
    cases = [(fixture, runtime) for fixture in fixtures() for runtime in RUNTIMES]
    off = [
        f"{fixture.name} ({runtime})"
        for fixture, runtime in cases
        if not tally.add(fixture, runtime)
    ]
    rules = sorted({*tally.made, *tally.expected})
    print(f"{len(fixtures())} fixtures, in both runtimes\n")
    print(f"{'rule':8}{'expected':>9}{'made':>6}{'right':>7}{'precision':>11}{'recall':>8}")
    for rule in rules:
        figures = f"{tally.expected[rule]:9}{tally.made[rule]:6}{tally.right[rule]:7}"
        shares = f"{tally.precision(rule):11.1%}{tally.recall(rule):8.1%}"
        print(f"{rule:8}{figures}{shares}  {RULES.get(rule, '')}")
    if off:
        print("\nnot as expected:", *off, sep="\n  ")
    good = all(
        tally.precision(rule) >= LEAST_PRECISION and tally.recall(rule) >= LEAST_RECALL
        for rule in rules
    )
    return 0 if good and rules else 1


if __name__ == "__main__":
    sys.exit(main())
