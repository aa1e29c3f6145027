"""The command: ``python -m tests.mutants.generated`` takes each fix back, and lets the oracle look.

It prints for each mutant of ``faults_*.py`` which generated program shows it, and how; the
exit status is 1 if there is none among the first 2,000.  Programs of the mutant's kinds are
tried first, and only those run of which the mutant makes something else.  Names of mutants
as arguments try those alone.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from tests.oracle.check import RUNTIMES, check, in_home, migrated
from tests.oracle.grammar import numbered

from .judging import MUTANTS
from .mutant import applied

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.oracle.check import Problem
    from tests.oracle.program import Program

    from .mutant import Mutant

    #: What a run made of a program.
    Made = tuple[tuple[str, str, tuple[str, ...], bool], ...]

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
    """Return the mutants that take the fix of a fault back that was seen on real use."""
    beside = [m for m in MUTANTS if m.make.__module__.rpartition(".")[2].startswith("faults_")]
    return [m for m in beside if m.fault]


def shown(task: tuple[str, int, int]) -> Shown:
    """Return which of the first programs of a seed shows the mutant of a name.

    Those of the mutant's kinds are looked at first.
    """
    name, seed, most = task
    os.environ.pop("USER_ID", None)
    mutant = next(m for m in MUTANTS if m.name == name)
    told = f"{mutant.fault} {name}"
    with tempfile.TemporaryDirectory(prefix="oracle-") as folder:
        for number in _ordered(mutant, seed, most):
            program = numbered(seed, number)
            found = _problem(mutant, program, seed, number, Path(folder))
            if found is not None:
                kinds = ", ".join(sorted(program.kinds)) or "plain"
                return Shown(told, mutant.breaks, number, found.kind, kinds)
    return Shown(told, mutant.breaks, None, "", "")


def _ordered(mutant: Mutant, seed: int, most: int) -> list[int]:
    """Return the numbers of the programs to look at, those of the mutant's kinds first."""
    kinds = frozenset(mutant.kinds)
    if not kinds:
        return list(range(most))
    return sorted(range(most), key=lambda n: (kinds.isdisjoint(_kinds(seed, n)), n))


@cache
def _kinds(seed: int, number: int) -> frozenset[str]:
    return numbered(seed, number).kinds


def _problem(
    mutant: Mutant, program: Program, seed: int, number: int, home: Path
) -> Problem | None:
    """Return what the mutant does wrong with *program*."""
    with applied(mutant):
        made = _made(program, home)
    if made == _really_made(seed, number) and not program.silent:
        return None  # the executions would be the same, too
    with applied(mutant):
        problems = check(program, home).problems
    # What the real tools do wrong too would prove nothing.
    return problems[0] if problems and not check(program, home).problems else None


@cache
def _really_made(seed: int, number: int) -> Made:
    with tempfile.TemporaryDirectory(prefix="oracle-") as folder:
        return _made(numbered(seed, number), Path(folder))


def _made(program: Program, folder: Path) -> Made:
    """Return the texts of the files after a run for each runtime, and what was refused why."""
    with in_home(program, folder) as home:
        return tuple(
            (name, outcome.text, tuple(outcome.reasons), outcome.failed is None)
            for runtime in RUNTIMES
            for name, outcome in migrated(program, home, runtime).items()
        )


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
