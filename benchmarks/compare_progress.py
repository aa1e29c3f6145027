"""What ``benchmarks.compare`` tells on standard error while it runs."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.compare_projects import Project

#: Seconds from one line to the next.
PAUSE = 10.0
CHECKOUTS = 2
#: A project by itself, if it has so many files.
LARGE = 100


class Progress:
    """Tells what is to come, and then every few seconds how far it is; any thread may tell it."""

    def __init__(
        self,
        found: Sequence[Project],
        lanes: int,
        stream: TextIO,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._found = found
        self._lanes = lanes
        self._stream = stream
        self._clock = clock
        self._began = self._last = clock()
        self._all = sum(CHECKOUTS * one.commands * one.seconds for one in found)
        self._done = 0.0
        self._ended = self._differences = 0
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Tell what will be compared, and how long that takes."""
        large = [one for one in self._found if len(one.files) >= LARGE]
        for one in large:
            self._tell(f"{one.name}: {len(one.files):,} files, {one.commands} commands")
        small = [one for one in self._found if len(one.files) < LARGE]
        if small:
            commands = sum(one.commands for one in small)
            self._tell(f"{len(small):,} projects of their own, {commands:,} commands")
        minutes = _minutes(self._all / self._lanes)
        self._tell(f"both checkouts run all of these: {minutes} where nothing else runs")

    def ran(self, project: Project) -> None:
        """Take note of a command of *project* that one checkout has run."""
        with self._lock:
            self._done += project.seconds
            now = self._clock()
            if now - self._last >= PAUSE:
                self._last = now
                self._tell(self._line(project, now - self._began))

    def compared(self, differences: int) -> None:
        """Take note of a project that both have run, with so many *differences*."""
        with self._lock:
            self._ended += 1
            self._differences += differences

    def _line(self, project: Project, seconds: float) -> str:
        # What differs is run once more, which nobody counted.
        part = min(self._done / self._all, 0.99)
        return (
            f"{part:4.0%}  {self._ended:,} of {len(self._found):,} projects, "
            f"{self._differences:,} differences, {seconds:,.0f} s; "
            f"{_minutes(seconds / part - seconds)} left; at {project.name}"
        )

    def _tell(self, line: str) -> None:
        print(line, file=self._stream, flush=True)


def _minutes(seconds: float) -> str:
    return f"about {seconds / 60:.0f} minutes" if seconds >= 90 else f"about {seconds:.0f} s"
