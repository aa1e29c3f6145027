"""The command: ``python -m tests.chaos 1000 --seed 0`` runs both halves.

First processes that record and are ended, then DynamoDB servers behind a fault
proxy.  The exit status is 1 if a record was lost.
"""

from __future__ import annotations

import argparse
import sys

from tests.chaos import processes


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("cycles", type=int, nargs="?", default=1000, help="how many processes")
    parser.add_argument("--seed", type=int, default=0, help="the same seed makes the same plans")
    parser.add_argument("--only", choices=["processes", "dynamo"], help="one half")
    options = parser.parse_args()
    status = 0
    if options.only != "dynamo":
        status = processes.main(options.cycles, options.seed)
    if options.only != "processes":
        # Imported late: processes are forked from one that has not loaded boto3.
        from tests.chaos import dynamo

        status = max(status, dynamo.main(options.cycles, options.seed))
    return status


if __name__ == "__main__":
    sys.exit(main())
