"""How far a run is, on a terminal: a bar, with the rate and what is left to be done.

rich draws it.  To load that takes as long as many runs do, so only what lasts is shown.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

_SECONDS = 0.1
#: A run that is over sooner shows nothing.
_LASTS_AFTER = 1.0
_ESTIMATE_AFTER = 1.0
_WIDTH = 20


class Line:
    """A line on standard error that is written over, at most ten times a second."""

    def __init__(self, *, coloured: bool) -> None:
        self._coloured = coloured
        self._started = self._shown = self._begun = time.monotonic()
        self._total: int | None = None
        self._drawn: Progress | None = None

    def __call__(self, count: int, total: int | None = None) -> None:
        """Take note of *count* files that were looked at, or decided on, of *total* such files."""
        now = time.monotonic()
        if total != self._total:  # what is counted now goes at a rate of its own
            self._begun, self._total = now, total
        if now - self._shown >= _SECONDS and now - self._started >= _LASTS_AFTER:
            self._shown = now
            self._draw(count, total, told(count, total, now - self._begun))

    def end(self) -> None:
        """Clear the line."""
        if self._drawn is not None:
            self._drawn.stop()

    def _draw(self, count: int, total: int | None, text: str) -> None:
        if self._drawn is None:
            self._drawn = _drawing(coloured=self._coloured)
            self._drawn.add_task(text, total=None)
            self._drawn.start()
        (task,) = self._drawn.task_ids
        self._drawn.update(task, completed=count, total=total, description=text)
        self._drawn.refresh()


def _drawing(*, coloured: bool) -> Progress:
    """Return what draws the bar: by no thread, which a worker's process would begin without."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn
    from rich.table import Column

    class Still(Console):
        """A console whose cursor stays: a run that is killed could not bring it back."""

        def show_cursor(self, show: bool = True) -> bool:
            del show
            return False

    one_line = Column(no_wrap=True, overflow="ellipsis")
    return Progress(
        BarColumn(_WIDTH),
        TextColumn("{task.description}", markup=False, table_column=one_line),
        console=Still(stderr=True, no_color=not coloured, highlight=False),
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )


def told(count: int, total: int | None, seconds: float) -> str:
    """Return the line about *count* files, of *total* if that is known, after *seconds*."""
    done = f"{count} files looked at" if total is None else f"{count} of {total} files decided on"
    if seconds < _ESTIMATE_AFTER or not count:
        return done
    rate = count / seconds
    said = f"{done}, {rate:.0f} a second" if rate >= 1 else f"{done}, {rate * 60:.0f} a minute"
    return said if total is None else f"{said}, {_duration((total - count) / rate)} left"


def _duration(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole} s" if whole < 90 else f"{round(whole / 60)} min"
