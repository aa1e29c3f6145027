"""The command: ``python -m tests.metamorphic 3 --kinds layout`` tries three forms of each fixture.

It migrates every fixture on both runtimes, plain and in that many other forms of each kind, and
prints each difference with the seed that makes it again.  The exit status is 1 if there was any.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from multiprocessing import get_context
from typing import TYPE_CHECKING

from .check import differences
from .kinds import KINDS

from rows import RUNTIMES, fixtures  # isort: skip

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Task = tuple[int, tuple[str, ...], int, int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the session that the command line asks for."""
    options = _options(arguments)
    chosen = [n for n, f in enumerate(fixtures()) if re.search(options.only, f.name)]
    tasks = [(n, tuple(options.kinds), options.forms, options.seed) for n in chosen]
    tried: Counter[str] = Counter()
    faulty: Counter[str] = Counter()
    with get_context("fork").Pool(options.jobs) as pool:
        for ways, lines in pool.imap_unordered(_tried, tasks, chunksize=4):
            tried.update(ways)
            faulty.update(line.split()[0] for line in lines)
            for line in lines:
                print(line, flush=True)
    for kind in options.kinds:
        print(f"{kind}: {tried[kind]} forms, {faulty[kind]} of them with a difference")
    return 1 if faulty else 0


def _tried(task: Task) -> tuple[Counter[str], list[str]]:
    tried: Counter[str] = Counter()
    lines = []
    for kind, said in _forms(task):
        tried[kind] += said is not None
        if said:
            lines.append(said)
    return tried, lines


def _forms(task: Task) -> Iterator[tuple[str, str | None]]:
    """Yield the kind of each form, and its differences; None where it is the plain form."""
    index, kinds, forms, first = task
    fixture = fixtures()[index]
    for kind in kinds:
        for seed in range(first, first + forms):
            for runtime in RUNTIMES:
                found = differences(fixture, runtime, KINDS[kind], seed)
                where = f"{kind} {fixture.name} {runtime} SEED={seed}: "
                yield kind, None if found is None else where * bool(found) + "; ".join(found)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.metamorphic", description=__doc__)
    parser.add_argument("forms", type=int, nargs="?", default=1, help="how many (default 1)")
    parser.add_argument("--seed", type=int, default=0, help="the first seed (default 0)")
    parser.add_argument("--kinds", nargs="*", choices=KINDS, default=list(KINDS))
    parser.add_argument("--only", default="", help="a regular expression of fixtures' names")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default 2)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
