"""Processes of many threads that spend one budget, and are killed at random.

::

    python -m tests.budget_race 60 --seed 7     # for so many kills; the long form

Each call is written into a log of what is billed when it is "made".  What was spent by those whose
process settled them, with what those held that were killed, is never above the budget, and never
less than what was billed; nor is it more by more than the calls that were under way.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.patience import PATIENCE
from tracker.budgets.accounts import Accounts
from tracker.budgets.plan import Place
from tracker.sinks.sqlite import shared_file

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[1]
MOST = 1000
PLACE_NAMES = ("one", "other")


class Outcome(NamedTuple):
    """What a race came to, in whole units of money."""

    limit: int
    spent: int
    billed: int
    reserved: int
    killed: int
    threads: int

    def faults(self) -> list[str]:
        """Return what must not be."""
        under_way = self.killed * self.threads * MOST
        found = []
        if self.spent > self.limit:
            found.append(f"spent {self.spent} of {self.limit}")
        if self.billed > self.spent:
            found.append(f"billed {self.billed}, and only {self.spent} are spent")
        if self.spent > self.billed + under_way:
            found.append(f"spent {self.spent}: more than {self.billed} and {under_way} under way")
        if self.reserved:
            found.append(f"{self.reserved} are still reserved")
        return found


def places(limit: int) -> list[Place]:
    """Return the budgets that each call is bound by."""
    return [Place("{}", name, limit, name, False) for name in PLACE_NAMES]


def work(folder: Path, limit: int, threads: int, seed: int) -> None:
    """Make calls in *threads* until the budget has no room."""
    # A file that has no turn for a second lets calls go, which is no race.
    shared_file.BUSY_TIMEOUT_SECONDS = PATIENCE
    file = Accounts(folder / "budgets.db")
    log = os.open(folder / "billed", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def calls(number: int) -> None:
        chance = random.Random(seed * 1000 + number)
        for turn in range(10**9):
            amount = chance.randint(1, MOST)
            key = f"{os.getpid()}-{seed}-{number}-{turn}"
            if file.reserve(key, places(limit), amount).full is not None:
                if amount == 1 or chance.random() < 0.2:
                    return
                continue
            cost = chance.randint(0, amount)
            os.write(log, f"{key} {cost}\n".encode())
            file.settle(key, cost)

    running = [threading.Thread(target=calls, args=(one,)) for one in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()


def race(
    folder: Path, *, processes: int, threads: int, kills: int, limit: int, seed: int
) -> Outcome:
    """Return what becomes of a budget of *limit* with so many *kills*."""
    chance = random.Random(seed)
    started = 0

    def start() -> subprocess.Popen[bytes]:
        nonlocal started
        started += 1
        told = [str(folder), str(limit), str(threads), str(seed * 1000 + started)]
        command = [sys.executable, "-m", "tests.budget_race", "--work", *told]
        return subprocess.Popen(command, cwd=ROOT)

    running = [start() for _ in range(processes)]
    killed = 0
    while killed < kills:
        before = size(folder)
        while size(folder) < before + chance.randint(1, 4000):
            if all(one.poll() is not None for one in running):
                break
            time.sleep(0.001)
        victim = chance.randrange(processes)
        if all(one.poll() is not None for one in running):
            if killed:
                break
            running[victim] = start()  # all were quicker than we: one is killed at its start
        if running[victim].poll() is None:
            running[victim].send_signal(signal.SIGKILL)
            killed += 1
            running[victim].wait()
        running[victim] = start()
    for one in running:
        one.wait()
    balances = Accounts(folder / "budgets.db").balances()
    billed = sum(int(line.split()[1]) for line in (folder / "billed").read_text().splitlines())
    spent = {one.spent for one in balances}
    assert len(spent) == 1, balances  # all of a call's budgets, or none
    reserved = sum(one.reserved for one in balances)
    return Outcome(limit, spent.pop(), billed, reserved, killed, threads)


def size(folder: Path) -> int:
    """Return how much is billed, in bytes of the log."""
    log = folder / "billed"
    return log.stat().st_size if log.exists() else 0


def main(arguments: Sequence[str]) -> str | None:
    """Run one process of a race, or a whole race, and return what must not be, if anything."""
    if arguments[:1] == ["--work"]:
        folder, *numbers = arguments[1:]
        work(Path(folder), *map(int, numbers))
        return None
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kills", type=int, nargs="?", default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, default=10**7)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        outcome = race(
            Path(folder),
            processes=8,
            threads=8,
            kills=given.kills,
            limit=given.limit,
            seed=given.seed,
        )
    print(json.dumps(outcome._asdict()))
    return "; ".join(outcome.faults()) or None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
