"""Mutants that take back what a function does with a tracker, and what without."""

from __future__ import annotations

from typing import Any

from .mutant import mutant


@mutant("rules.passing:does_the_same", "M6", fault="C4", kinds="surrounded")
def what_only_a_tracker_brings_about(real: Any) -> Any:
    """A function is given a tracker whatever else it does where it has one."""
    return lambda facts, resolved, parameter, call: True


@mutant("analysis.given:_Run._receiver", "M6", fault="C4", kinds="surrounded")
def caught_failures_overlooked(real: Any) -> Any:
    """That a function catches its failure without a tracker is not looked at."""

    def wrong(self: Any, method: Any) -> Any:
        caught, self.caught = self.caught, 0
        found = real(self, method)
        self.caught = caught
        return found

    return wrong
