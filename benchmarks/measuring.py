"""What commands cost: CPU time of a process and its children, wall clock, peak memory.

CPU time is what ``wait4`` says of a process that has ended, user and system, with that of the
children that it waited for.  Two commands are compared in pairs, run one after the other in
changing order, so that what the machine does beside meets both.
"""

from __future__ import annotations

import math
import os
import statistics
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_SAMPLE_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run cost: seconds of CPU and of the clock, and the status it ended with.

    ``peak`` is the largest memory of the process itself, without its children, in bytes; 0
    where the system does not tell.
    """

    cpu: float
    clock: float
    peak: int
    status: int


@dataclass(frozen=True, slots=True)
class Command:
    """A program to measure: its arguments, where it runs, and what it finds in its environment."""

    arguments: Sequence[str]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self) -> Cost:
        """Run it to its end, its output thrown away."""
        began = time.perf_counter()
        with subprocess.Popen(
            self.arguments,
            cwd=self.folder,
            env={**_environment(), **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            memory = PeakMemory(process.pid)
            with memory.watched():
                _, status, usage = os.wait4(process.pid, 0)
            clock = time.perf_counter() - began
            process.returncode = os.waitstatus_to_exitcode(status)
        return Cost(usage.ru_utime + usage.ru_stime, clock, memory.read(), process.returncode)


def _environment() -> dict[str, str]:
    """Return the environment, without what makes Python compile its modules in every run."""
    kept = dict(os.environ)
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return kept


class PeakMemory:
    """The peak memory of a running process without its children, asked for until it ends.

    ``wait4`` knows a peak too, but counts what the parent had before the program was loaded.
    """

    def __init__(self, pid: int) -> None:
        self._status = Path(f"/proc/{pid}/status")
        self._peak = 0
        self._ended = threading.Event()

    def read(self) -> int:
        """Return the peak until now in bytes; of a process that has ended, the last one read."""
        try:
            lines = self._status.read_text().splitlines()
        except OSError:
            return self._peak
        for line in lines:
            if line.startswith("VmHWM:"):
                self._peak = int(line.split()[1]) * 1024
        return self._peak

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Ask again and again while the body runs."""
        thread = threading.Thread(target=self._watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_SAMPLE_SECONDS):
            self.read()


def paired(first: Command, second: Command, rounds: int) -> list[tuple[Cost, Cost]]:
    """Return the costs of both commands in so many rounds; one run of each before is not counted.

    That one compiles modules, fills caches and brings the files into memory.
    """
    first.run()
    second.run()
    found = []
    for number in range(rounds):
        if number % 2:
            later, earlier = second.run(), first.run()
            found.append((earlier, later))
        else:
            found.append((first.run(), second.run()))
    return found


def ratio(
    pairs: Sequence[tuple[Cost, Cost]], of: Callable[[Cost], float] = lambda cost: cost.cpu
) -> float:
    """Return the median of how many times the second run's cost the first one's was."""
    return statistics.median(of(ours) / max(of(theirs), 1e-6) for ours, theirs in pairs)


def exponent(points: Sequence[tuple[float, float]]) -> float:
    """Return the power of size with which cost grows: the slope of the line through the logarithms.

    *points* are sizes with costs, both above zero, at least two of them.
    """
    slope, _ = statistics.linear_regression(
        [math.log(size) for size, _ in points], [math.log(max(cost, 1e-6)) for _, cost in points]
    )
    return slope
