"""A place that somebody should look at."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from codemods.model.frozen import Frozen

if TYPE_CHECKING:
    from codemods.model.source import Span


class Severity(StrEnum):
    """How much a finding counts: an error fails the run, the others are only told."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Finding(Frozen):
    """A legacy or doubtful place in a file; ``code`` is stable, e.g. ``AIU001``.

    In a notebook ``cell`` counts its code cells from 1, and the span is one within the cell.
    """

    code: str
    path: str
    span: Span
    message: str
    cell: int = 0
    severity: Severity = Severity.ERROR

    @property
    def is_error(self) -> bool:
        """Whether it fails the run."""
        return self.severity is Severity.ERROR


class Silenced(Frozen):
    """A finding that a comment silences, for the reason that stands there, "" if none does."""

    finding: Finding
    reason: str
