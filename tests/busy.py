"""The whole suite on a machine at its worst, each time in another order.

    python -m tests.busy [RUNS] [--seed N] [--hogs N] [--processes N] [--only TESTS] [--plain] ...

starts two programs that only compute for each processor (``--hogs`` says another number), runs
the suite RUNS times (5 by default) in as many processes, and prints a line for each run.  What
``tests/mischief`` has is done to it: sockets deliver pieces, threads are late, processes stand
still, hash values and the time zone are others (``--plain`` leaves that out).  A test that waits
for a time, takes for granted what comes first, or leans on another one, fails here sooner than
elsewhere.  The line's seed repeats it: ``pytest --shuffle SEED --mischief SEED``.  What is not
known here is given to pytest: ``-k`` some.  The exit status is 1 if a run failed.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.mischief.standstill import standing_still

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[1]
#: Ends with the program that started it, however that ended.
HOG = """
import os
parent = os.getppid()
while os.getppid() == parent:
    for _ in range(1_000_000):
        pass
"""
#: Programs and processes, unless another number is said: two for each processor.
TWICE = 2 * (os.cpu_count() or 1)
COUNTED = ("passed", "failed", "error")
#: Far from Greenwich both ways, with a half of an hour, and with a summer time.
ZONES = ("UTC", "Pacific/Kiritimati", "Pacific/Niue", "America/St_Johns", "Europe/Berlin")


@dataclass(frozen=True)
class Run:
    """What became of one run of the suite."""

    seed: int
    status: int
    seconds: float
    counts: dict[str, int]
    said: str


@contextmanager
def hogs(number: int) -> Iterator[None]:
    """Keep *number* programs computing for the time of the block."""
    running = [subprocess.Popen([sys.executable, "-S", "-c", HOG]) for _ in range(number)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
        for process in running:
            process.wait()


def run(seed: int, tests: Sequence[str], processes: int, *, plain: bool = False) -> Run:
    """Run *tests*, the whole suite if none is named, in the order of *seed*."""
    worse = [] if plain else ["--mischief", str(seed)]
    variables = {} if plain else {"PYTHONHASHSEED": str(seed), "TZ": ZONES[seed % len(ZONES)]}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        str(processes),
        "--dist",
        "worksteal",
        "--shuffle",
        str(seed),
        *("-o", "faulthandler_timeout=3600"),  # what hangs, and not what is slow
        *worse,
        *tests,
    ]
    began = time.monotonic()
    # Into a file: a process that a test left behind may hold a pipe open for ever.
    still = nullcontext() if plain else standing_still(str(seed))
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output, still:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, **variables},
            stdout=output,
            stderr=output,
            check=False,
        )
        seconds = time.monotonic() - began
        output.seek(0)
        said = output.read()
    return Run(seed, done.returncode, seconds, counted(said), said)


def counted(said: str) -> dict[str, int]:
    """Return what pytest's last line counts."""
    last = said.strip().rpartition("\n")[2]
    found = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|error)", last)}
    return {word: found.get(word, 0) for word in COUNTED}


def main(arguments: Sequence[str]) -> int:
    """Run what the command line asks for, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.busy", description=__doc__)
    parser.add_argument("runs", type=int, nargs="?", default=5, help="how often")
    parser.add_argument("--seed", type=int, help="of the first run; others follow")
    parser.add_argument("--hogs", type=int, default=TWICE, help="how many")
    parser.add_argument("--processes", type=int, default=TWICE, help="that share the tests")
    parser.add_argument("--only", action="append", default=[], help="a file or folder of tests")
    parser.add_argument("--plain", action="store_true", help="no mischief, but order and hogs")
    options, others = parser.parse_known_args(arguments)
    first = options.seed
    if first is None:
        first = random.SystemRandom().randrange(10**6)
    print(f"{options.hogs} programs compute beside the tests")
    print(f"{'seed':>8}{'passed':>8}{'failed':>8}{'errors':>8}{'seconds':>9}", flush=True)
    failed: list[Run] = []
    with hogs(options.hogs):
        for seed in range(first, first + options.runs):
            one = run(seed, [*options.only, *others], options.processes, plain=options.plain)
            figures = "".join(f"{one.counts[word]:>8}" for word in COUNTED)
            print(f"{seed:>8}{figures}{one.seconds:>9.0f}", flush=True)
            if one.status:
                failed.append(one)
    for one in failed:
        print(f"\nThe order of {one.seed} ended with status {one.status}:\n{one.said[-20_000:]}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
