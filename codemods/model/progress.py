"""What a run tells of itself while it lasts."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Is told how far a run is."""

    def __call__(self, count: int, total: int | None = None) -> None:
        """Take note of *count* files that were looked at, or decided on, of *total* such files."""


def nothing_told(count: int, total: int | None = None) -> None:
    """Tell nobody how far a run is."""
    del count, total
