"""A thousand ends of real servers, pools, functions and loops; then each record is looked for.

Each cycle runs in a process of its own, which tells what was accepted: jobs that were answered,
returned, or done by a child that ended well.  Nothing may be dropped here.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tests.chaos import application, drivers
from tests.chaos.processes import drain, found_in
from tests.chaos.program import configure
from tracker.pricing.quote import quote
from tracker.records.metric import Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

AT_ONCE = 3
STORES = ("sqlite", "remote", "away")


@dataclass
class Account:
    """What was accepted before the ends of one kind, and how much of it arrived."""

    cycles: int = 0
    accepted: int = 0
    arrived: int = 0


def order(names: Sequence[str]) -> list[str]:
    """Return which end comes when: those that start an interpreter or a server come less often."""
    rounds = [[name] * drivers.ENDS[name].often for name in names]
    return [name for row in itertools.zip_longest(*rounds) for name in row if name]


def main(cycles: int, seed: int, names: Sequence[str] = ()) -> int:
    """Run *cycles* ends and print what became of their records; 1 if one was lost or doubled."""
    began = time.monotonic()
    warnings.simplefilter("ignore", DeprecationWarning)  # forks beside threads are meant
    quote("openai", "gpt-4o-mini", Usage(1, 1, 2), datetime.now(UTC), batch=False)
    # Not a TemporaryDirectory: a forked process would remove it at its own exit.
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    os.environ[application.FOLDER_VARIABLE] = str(folder)
    try:
        os.environ["CHAOS_FAULTS"] = "1"
        told, faults = _run(cycles, seed, folder, order(names or list(drivers.ENDS)))
        os.environ.pop("CHAOS_FAULTS")
        faults += drain(folder)
        found, bad = found_in(folder)
        faults += bad
    finally:
        shutil.rmtree(folder)
    accounts: defaultdict[str, Account] = defaultdict(Account)
    for name, jobs in told:
        account = accounts[name]
        account.cycles += 1
        account.accepted += len(jobs)
        account.arrived += len(jobs & found.keys())
    _print(accounts, found, faults, time.monotonic() - began)
    lost = any(account.accepted > account.arrived for account in accounts.values())
    return 1 if faults or lost else 0


def _run(
    cycles: int, seed: int, folder: Path, names: Sequence[str]
) -> tuple[list[tuple[str, set[str]]], list[str]]:
    """Run all cycles, a few at once; return what each accepted, and what went wrong."""
    told: list[tuple[str, set[str]]] = []
    faults: list[str] = []
    (folder / "away").touch()  # a file where the store's folder should be
    for first in range(0, cycles, AT_ONCE):
        running = []
        for number in range(first, min(first + AT_ONCE, cycles)):
            name = names[number % len(names)]
            store = STORES[number // len(names) % len(STORES)]
            running.append((name, *_start(drivers.Cycle(number, seed, name, store, folder))))
        for name, child, pipe in running:
            with os.fdopen(pipe) as lines:
                report = lines.read()
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            if status != 0:
                faults.append(f"{name}: the cycle ended with status {status}: {report[-3000:]}")
                continue
            told.append((name, set(json.loads(report))))
        if sys.stderr.isatty():
            print(f"\r{min(first + AT_ONCE, cycles)}/{cycles}", end="", file=sys.stderr)
    (folder / "away").unlink()
    return told, faults


def _start(cycle: drivers.Cycle) -> tuple[int, int]:
    """Fork a process for *cycle*; return its id and the pipe that it reports on."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, reading
    status = 3
    try:
        os.close(reading)
        os.environ[application.STORE_VARIABLE] = cycle.store
        os.environ["CHAOS_NUMBER"] = str(cycle.number)
        configure(cycle.store, cycle.folder)
        os.write(writing, json.dumps(sorted(drivers.ENDS[cycle.name].run(cycle))).encode())
        status = 0
    except Exception as error:  # noqa: BLE001 - told to the process that reads
        told = "".join(traceback.format_exception(error))[-3000:]
        os.write(writing, told.encode())
    finally:
        os._exit(status)


def _print(
    accounts: dict[str, Account], found: Counter[str], faults: list[str], seconds: float
) -> None:
    print(f"{'ended':<34}cycles  accepted  arrived  lost")
    for name in drivers.ENDS:
        if account := accounts.get(name):
            lost = account.accepted - account.arrived
            print(
                f"{name:<34}{account.cycles:>6}{account.accepted:>10}{account.arrived:>9}{lost:>6}"
            )
    rows = accounts.values()
    print(
        f"{sum(a.cycles for a in rows)} ends in {seconds:.0f} s: "
        f"{sum(a.accepted for a in rows)} records accepted, "
        f"{sum(a.accepted - a.arrived for a in rows)} lost, "
        f"{sum(number - 1 for number in found.values())} doubled"
    )
    for fault in faults[:20]:
        print(f"wrong: {fault}")
