"""The command: ``python -m tests.matrix [KIND|NAME ...]``, all entries without a name.

Exit status: 0 all cells are ok, and what cannot be installed on this Python is named; 1 a cell
is not ok; 2 no such entry; 3 packages could not be installed for another reason, as a network
that is down.
"""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

if __name__ == "__main__":
    # The name that the programs in the environments use too, and what tests import beside it.
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from matrix import printing
from matrix.catalogue import Entry, selected
from matrix.environment import NotInstalledError, prepared
from matrix.outcome import Cell, Outcome


def outcome_of(entry: Entry) -> Outcome:
    """Install *entry* and try its cells."""
    try:
        environment = prepared(entry)
    except NotInstalledError as error:
        return Outcome(entry.label, not_installed=str(error), impossible=error.impossible)
    cells = tuple(entry.cells(entry, environment)) or (Cell("all", "nothing was tried"),)
    return Outcome(entry.label, cells, environment.versions, notes=environment.notes)


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.matrix", description=__doc__)
    parser.add_argument("only", nargs="*", metavar="KIND|NAME", help="what to try; all if none")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="entries at once")
    options = parser.parse_args()
    try:
        chosen = selected(options.only)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    print(printing.heading(), flush=True)
    outcomes = []
    with ThreadPoolExecutor(options.jobs) as pool:
        for outcome in pool.map(outcome_of, chosen):
            outcomes.append(outcome)
            print(*printing.lines(outcome), sep="\n", flush=True)
    print("\n" + printing.summary(outcomes))
    return printing.status(outcomes)


if __name__ == "__main__":
    sys.exit(main())
