"""Mutants that take back what is known of trackers beside the one that is rewritten."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .mutant import mutant


@mutant("rules.conflicts.inheritance:_unnamed", "X16", fault="C4", kinds="dispatch")
def dispatch_overlooked(real: Any) -> Any:
    """What a table, a parameter or an object of several classes leads to is not looked at."""
    return lambda semantic, lender, proposals, reached: iter(())


@mutant(
    "rules.conflicts.enclosing_contexts:heirs_of_contexts", "X16", fault="C4", kinds="surrounded"
)
def surrounding_context_overlooked(real: Any) -> Any:
    """A tracker that is used inside a context gets a block, which inherits from that context."""
    return lambda semantic, proposals, holders: {}


@mutant("analysis.dataflow.deferred.callbacks:_registers", "X16", fault="C4", kinds="surrounded")
def decorators_put_nothing_down(real: Any) -> Any:
    """A decorated function is called by its name alone."""
    return lambda taint, decorator: False


@mutant("rules.conflicts.wrapped_clients:wrapper_of", "X16", fault="C4")
def wrapped_client_overlooked(real: Any) -> Any:
    """A wrapped client of another tracker may be used inside a block, and takes its ids."""
    return lambda semantic, node: None


@mutant("rules.contexts.passing:lent_ids", "M6", fault="C4", kinds="surrounded")
def callee_loses_its_own_ids(real: Any) -> Any:
    """A callee that builds a tracker of its own is given the context's, whatever ids that has."""
    return lambda semantic, call, name, tracker: frozenset()


@mutant("rules.planning.user_ids:keep_user", "A2", fault="C6", kinds="older")
def kept_call_keeps_its_older_name(real: Any) -> Any:
    """A call that stays in part keeps a name that takes a dictionary where there are contexts."""

    def wrong(sets: Any, form: Any) -> Any:
        found, kept = real(sets, form)
        return found, {path: replace(edit, method="") for path, edit in kept.items()}

    return wrong
