"""The command: ``python -m tests.mutants.generated`` takes each fix back, and lets the oracle look.

It prints for each mutant of ``faults_*.py`` which generated program was the first to show
it, and how; the exit status is 1 if there is none among the first 2,000.  Names of
mutants as arguments try those alone.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from tests.oracle.check import check
from tests.oracle.grammar import numbered

from .judging import MUTANTS
from .mutant import applied

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .mutant import Mutant

MOST = 2000
#: Faults that no program shows when it is run: what reads files, names, texts and settings.
#: Fixtures and tests of their own judge them.
JUDGED_BY_TESTS = (
    "C8 names of operations",
    "C12 notebooks",
    "C17 configuration of several folders",
    "C21 ignored files",
    "C22 excluded files that are named",
    "C25 texts of reports",
)


@dataclass(frozen=True)
class Shown:
    """The first program that shows a mutant; ``number`` is None if there was none."""

    name: str
    breaks: str
    number: int | None
    how: str
    kinds: str


def fixes() -> list[Mutant]:
    """Return the mutants that take a fix back."""
    return [m for m in MUTANTS if m.make.__module__.rpartition(".")[2].startswith("faults_")]


def shown(task: tuple[str, int, int]) -> Shown:
    """Return which of the first programs of a seed shows the mutant of a name."""
    name, seed, most = task
    os.environ.pop("USER_ID", None)
    mutant = next(m for m in MUTANTS if m.name == name)
    with tempfile.TemporaryDirectory(prefix="oracle-") as folder:
        home = Path(folder)
        for number in range(most):
            program = numbered(seed, number)
            with applied(mutant):
                problems = check(program, home).problems
            # What the real tools do wrong too would prove nothing.
            if problems and not check(program, home).problems:
                kinds = ", ".join(sorted(program.kinds)) or "plain"
                return Shown(name, mutant.breaks, number, problems[0].kind, kinds)
    return Shown(name, mutant.breaks, None, "", "")


def main(arguments: Sequence[str]) -> int:
    """Try the mutants that are named, all of them if none is."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants.generated", description=__doc__)
    parser.add_argument("names", nargs="*", help="mutants (by default, all that take a fix back)")
    parser.add_argument("--seed", type=int, default=1, help="which programs (default 1)")
    parser.add_argument("--most", type=int, default=MOST, help="how many programs to try")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default 2)")
    options = parser.parse_args(arguments)
    names = [m.name for m in fixes() if not options.names or m.name in options.names]
    started = time.monotonic()
    missed = 0
    with get_context("spawn").Pool(options.jobs) as pool:
        tasks = [(name, options.seed, options.most) for name in names]
        for found in pool.imap(shown, tasks):
            missed += found.number is None
            print(line(found), flush=True)
    seconds = time.monotonic() - started
    print(f"{len(names)} fixes taken back, {len(names) - missed} found ({seconds:.0f} s)")
    print("judged by fixtures and tests, not by programs:", *JUDGED_BY_TESTS, sep="\n  ")
    return 1 if missed or not names else 0


def line(found: Shown) -> str:
    """Return what is told about one mutant."""
    if found.number is None:
        return f"{found.name}: NOT FOUND. {found.breaks}."
    return f"{found.name}: program {found.number} ({found.kinds}): {found.how}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
