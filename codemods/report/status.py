"""The exit status of a run.

0  nothing is left to do
1  changes are pending, or a person must look: refusals, lint findings that are errors
2  something failed; this wins over 1
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codemods.model.outcome import Changed, Failed, FileOutcome, Linted, Refused

if TYPE_CHECKING:
    from codemods.model.outcome import RunReport

DONE = 0
LEFT = 1
FAILED = 2


def exit_status(report: RunReport) -> int:
    """Return the exit status that *report* stands for."""
    if any(isinstance(outcome, Failed) for outcome in report.outcomes):
        return FAILED
    if any(_is_left(outcome, written=report.written) for outcome in report.outcomes):
        return LEFT
    return DONE


def _is_left(outcome: FileOutcome, *, written: bool) -> bool:
    """Tell whether *outcome* leaves something to do."""
    match outcome:
        case Changed():
            return not written or bool(outcome.refusals)
        case Refused():
            return bool(outcome.refusals)
        case Linted():
            return any(one.is_error for one in outcome.findings)
        case _:
            return False
