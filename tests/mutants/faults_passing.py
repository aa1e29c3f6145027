"""Mutants that take back what a function does with a tracker, and what without."""

from __future__ import annotations

from typing import Any

from .mutant import mutant


@mutant("linking.names.spoken_names:SpokenNames.is_replaced", "M6", fault="C25", kinds="other-file")
def functions_stay_in_their_places(real: Any) -> Any:
    """Nobody puts another function in the place of one that takes a tracker."""
    return lambda self, name: False


@mutant("rules.conflicts.enclosing_contexts:_managed_by", "X16", fault="C4", kinds="surrounded")
def managers_open_nothing(real: Any) -> Any:
    """A manager of the project's own opens no context."""
    return lambda semantic, call: frozenset()


@mutant("rules.contexts.passing:does_the_same", "M6", fault="C4", kinds="surrounded")
def what_only_a_tracker_brings_about(real: Any) -> Any:
    """A function is given a tracker whatever else it does where it has one."""
    return lambda semantic, resolved, parameter, call: True


@mutant("analysis.trackers.substitution:_Run._receiver", "M6", fault="C4", kinds="surrounded")
def caught_failures_overlooked(real: Any) -> Any:
    """That a function catches its failure without a tracker is not looked at."""

    def wrong(self: Any, method: Any) -> Any:
        caught, self.caught = self.caught, 0
        found = real(self, method)
        self.caught = caught
        return found

    return wrong
