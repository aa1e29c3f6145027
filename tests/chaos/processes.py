"""A thousand processes that record and are ended; then each accepted record is looked for.

Each process is forked from this warm one.  It reports the calls of a block once
it has left it; from then on they must be in a store, in the spool, or counted as
dropped.  Afterwards another process drains the spool, and all files are checked.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
import tempfile
import threading
import time
import warnings
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.chaos.program import ENDINGS, STORES, Plan, configure, start, tokens
from tracker.cli.commands.spool import spool
from tracker.pricing.quote import quote
from tracker.records.metric import Usage
from tracker.sinks import registry

AT_ONCE = 3


@dataclass
class Account:
    """What the processes of one ending and store accepted, and what became of it."""

    processes: int = 0
    accepted: int = 0
    arrived: int = 0
    dropped: int = 0
    lost: int = 0
    unbalanced: int = 0


@dataclass
class Told:
    """What one process said."""

    accepted: set[str] = field(default_factory=set)
    dropped: int = 0
    unbalanced: int = 0


def main(cycles: int, seed: int) -> int:
    """Run *cycles* processes and print what became of their records; 1 if one was lost."""
    began = time.monotonic()
    registry.KNOWN["remote"] = registry.Known("tests.chaos.remote:from_environment")
    # A store that raises SystemExit in the sender's thread, and forks beside threads, are meant.
    warnings.simplefilter("ignore", DeprecationWarning)
    quote("openai", "gpt-4o-mini", Usage(1, 1, 2), datetime.now(UTC), batch=False)
    # Not a TemporaryDirectory: a forked process would remove it at its own exit.
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    try:
        os.environ["CHAOS_FAULTS"] = "1"
        told = _run(cycles, seed, folder)
        os.environ.pop("CHAOS_FAULTS")
        faults = drain(folder)
        found, bad = found_in(folder)
        faults += bad
        errors = folder / "errors.txt"
        if "Traceback" in (text := errors.read_text() if errors.exists() else ""):
            faults.append(f"a program failed: {text[-3000:]}")
        accounts = _accounts(told, found)
    finally:
        shutil.rmtree(folder)
    _print(accounts, faults, time.monotonic() - began)
    lost = any(account.lost or account.unbalanced for account in accounts.values())
    return 1 if faults or lost else 0


def _run(cycles: int, seed: int, folder: Path) -> dict[Plan, dict[int, Told]]:
    """Run all processes, a few at once, while one of the stores cannot be reached."""
    told: dict[Plan, dict[int, Told]] = {}
    away = folder / "away"
    away.touch()  # a file where the store's folder should be
    for first in range(0, cycles, AT_ONCE):
        plans = [Plan.of(n, seed) for n in range(first, min(first + AT_ONCE, cycles))]
        running = [(plan, *start(plan, folder)) for plan in plans]
        for plan, child, pipe in running:
            told[plan] = _listen(pipe)
            _, status = os.waitpid(child, 0)
            if os.waitstatus_to_exitcode(status) == 3:
                raise RuntimeError((folder / "errors.txt").read_text())
        if sys.stderr.isatty():
            print(f"\r{first + len(plans)}/{cycles}", end="", file=sys.stderr)
    away.unlink()
    return told


def _listen(pipe: int) -> dict[int, Told]:
    """Read the reports until the last process that could write one is gone."""
    by_process: defaultdict[int, Told] = defaultdict(Told)
    with os.fdopen(pipe, "rb") as lines:
        for line in lines:
            report = json.loads(line)
            said = by_process[report["process"]]
            said.accepted.update(report["accepted"])
            said.dropped = max(said.dropped, report["dropped"])
            said.unbalanced = said.unbalanced or report["unbalanced"]
    return by_process


def drain(folder: Path) -> list[str]:
    """Have later processes send what is left, as ``ai-usage spool drain``; return what is wrong.

    Each serves the stores of its own configuration only.
    """
    faults = []
    for stores, name in ((("sqlite", "remote", "away"), "spool.db"), (("full",), "full.db")):
        if (folder / name).exists():
            for store in stores:
                _drained(store, folder)  # what dead processes hold leases for is left
            with closing(sqlite3.connect(folder / name)) as file, file:
                file.execute("UPDATE outbox SET due = 0 WHERE state = 'leased'")  # a minute later
            if status := [_drained(store, folder) for store in stores][-1]:
                faults.append(f"draining {name} ended with status {status}")
    return faults


def _drained(store: str, folder: Path) -> int:
    """Run the command in a process of its own; return its exit status."""
    child = os.fork()
    if child == 0:
        status = 4
        try:
            configure(store, folder)
            output = os.open(folder / "drain.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(output, 1)
            os.dup2(output, 2)
            spool(["drain"], prog_name="spool")
        except SystemExit as end:
            status = int(end.code or 0)
        finally:
            sys.stdout.flush()
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def found_in(folder: Path) -> tuple[Counter[str], list[str]]:
    """Return how often each job's call is in the stores, and what is wrong with the files."""
    found: Counter[str] = Counter()
    faults = []
    for path in sorted(folder.rglob("*.db")):
        with closing(sqlite3.connect(path)) as file:
            if (state := file.execute("PRAGMA integrity_check").fetchone()) != ("ok",):
                faults.append(f"{path.name}: {state}")
            if path.name in ("spool.db", "full.db"):
                left = "SELECT count(*) FROM outbox WHERE state != 'sent'"
                if number := file.execute(left).fetchone()[0]:
                    faults.append(f"{path.name}: {number} rows were not sent")
                continue
            rows = file.execute("SELECT job_id, input_tokens, metadata FROM usage_metrics")
            for job, count, metadata in rows:
                found[job] += 1
                if count != tokens(job) or json.loads(metadata)["stage"] != job:
                    faults.append(f"{path.name}: the row of {job} is torn or mixed up")
    faults += [f"{job} is stored {count} times" for job, count in found.items() if count > 1]
    return found, faults


def _accounts(
    told: dict[Plan, dict[int, Told]], found: Counter[str]
) -> dict[tuple[str, str], Account]:
    accounts: defaultdict[tuple[str, str], Account] = defaultdict(Account)
    for plan, by_process in told.items():
        account = accounts[plan.ending, plan.store]
        account.processes += 1
        for said in by_process.values():
            missing = len(said.accepted - found.keys())
            account.accepted += len(said.accepted)
            account.arrived += len(said.accepted) - missing
            account.dropped += min(missing, said.dropped)
            account.lost += max(missing - said.dropped, 0)
            account.unbalanced += bool(said.unbalanced)
    return accounts


def _print(accounts: dict[tuple[str, str], Account], faults: list[str], seconds: float) -> None:
    print(f"{'ended by':<18}{'store':<9}processes  accepted  arrived  dropped  lost")
    for ending in ENDINGS:
        for store in STORES:
            if account := accounts.get((ending, store)):
                print(
                    f"{ending:<18}{store:<9}{account.processes:>9}{account.accepted:>10}"
                    f"{account.arrived:>9}{account.dropped:>9}{account.lost:>6}"
                )
    rows = accounts.values()
    print(
        f"{sum(a.processes for a in rows)} processes in {seconds:.0f} s: "
        f"{sum(a.accepted for a in rows)} records accepted, "
        f"{sum(a.arrived for a in rows)} arrived, "
        f"{sum(a.dropped for a in rows)} counted as dropped, "
        f"{sum(a.lost for a in rows)} lost; "
        f"{sum(a.unbalanced for a in rows)} processes whose counts do not add up"
    )
    for fault in faults[:20]:
        print(f"wrong: {fault}")


if __name__ == "__main__":
    assert threading.active_count() == 1
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
