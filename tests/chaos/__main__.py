"""The command: ``python -m tests.chaos 1000 --seed 0`` runs all three parts.

First processes that record and are ended, then the ends of real servers, pools, functions
and loops, then DynamoDB servers behind a fault proxy.  The exit status is 1 if a record was
lost or doubled.
"""

from __future__ import annotations

import argparse
import sys

from tests.chaos import ends, processes
from tests.chaos.drivers import ENDS, OWN


def _ends(given: list[str] | None) -> list[str]:
    """Return the ends that are meant: all, those without further packages, or some by name."""
    if given == ["own"]:
        return list(OWN)
    chosen = [name for name in ENDS if given is None or any(word in name for word in given)]
    if not chosen:
        sys.exit(f"no such end; there are: {', '.join(ENDS)}")
    return chosen


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("cycles", type=int, nargs="?", default=1000, help="how many processes")
    parser.add_argument("--seed", type=int, default=0, help="the same seed makes the same plans")
    parser.add_argument("--only", choices=["processes", "ends", "dynamo"], help="one part")
    parser.add_argument("--ends", metavar="NAME", nargs="+", help="ends to try, or 'own'")
    options = parser.parse_args()
    status = 0
    if options.only in (None, "processes"):
        status = processes.main(options.cycles, options.seed)
    if options.only in (None, "ends"):
        status = max(status, ends.main(options.cycles, options.seed, _ends(options.ends)))
    if options.only in (None, "dynamo"):
        # Imported late: processes are forked from one that has not loaded boto3.
        from tests.chaos import dynamo

        status = max(status, dynamo.main(options.cycles, options.seed))
    return status


if __name__ == "__main__":
    sys.exit(main())
