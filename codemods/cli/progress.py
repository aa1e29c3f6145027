"""How far a run is, on a terminal: a line with the rate, and what is left to be done."""

from __future__ import annotations

import time

import click

_SECONDS = 0.1
_ESTIMATE_AFTER = 1.0


class Line:
    """A line on standard error that is written over, at most ten times a second."""

    def __init__(self) -> None:
        self._shown = time.monotonic()
        self._begun = self._shown
        self._total: int | None = None

    def __call__(self, count: int, total: int | None = None) -> None:
        """Take note of *count* files that were looked at, or decided on, of *total* such files."""
        now = time.monotonic()
        if total != self._total:  # what is counted now goes at a rate of its own
            self._begun, self._total = now, total
        if now - self._shown >= _SECONDS:
            self._shown = now
            click.echo(f"\r\x1b[K{told(count, total, now - self._begun)}", nl=False, err=True)

    def end(self) -> None:
        """Clear the line."""
        click.echo("\r\x1b[K", nl=False, err=True)


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
