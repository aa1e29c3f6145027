"""Mutants of what lets more places be rewritten: each check of it is switched off."""

from __future__ import annotations

import dataclasses
from typing import Any

from codemods.model.refusal import Refusal
from codemods.rules.checks.shared_trackers.leaking_ids import Conditions

from .mutant import mutant


@mutant("rules.planning.conditional.dictionaries:_keywords", "A4_keywords")
def keywords_of_callers_overlooked(real: Any) -> Any:
    """Whatever callers pass by ``**`` are ids."""

    def wrong(call: Any, name: Any, function: Any) -> Any:
        found = real(call, name, function)
        return [] if found is None else [key for key in found if key == "job_id"]

    return wrong


@mutant("analysis.trackers.ids.literal_dicts:LiteralDicts._only_reads", "A4_dictionary")
def dictionaries_never_change(real: Any) -> Any:
    """Nothing changes a dictionary under another name, or behind its call."""
    return lambda self, load: True


@mutant("rules.checks.shared_trackers.asked_escapes:_is_the_tracker", "E1_function_with")
def all_may_get_out(real: Any) -> Any:
    """On request, what works with the tracker later may get out as well."""
    return lambda semantic, lifetime, escape: True


@mutant("analysis.dataflow.deferred.lent:lends", "X4_context_variable")
def context_variables_are_always_reset(real: Any) -> Any:
    """Whoever asks a context variable for the tracker does so inside of the block."""

    def wrong(run: Any, call: Any) -> bool:
        real(run, call)
        return True

    return wrong


@mutant("rules.patterns.instance:gathers", "E10_gathered")
def methods_are_over_where_they_are_called(real: Any) -> Any:
    """A call of a coroutine's method that nobody awaits there is taken for a gathered one."""
    return lambda semantic, node: semantic.module.parents[node]


@mutant("rules.patterns.owned:users_of", "E17_manager_of_the_module")
def ids_of_a_module_s_manager_do_not_last(real: Any) -> Any:
    """No function counts on ids that another one has set on a manager of the module."""

    def wrong(*given: Any) -> Any:
        found = real(*given)
        if isinstance(found, Refusal):
            return found
        return dataclasses.replace(found, asked=Conditions())

    return wrong
