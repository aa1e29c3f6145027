"""Mutants of what lets more places be rewritten: each check of it is switched off."""

from __future__ import annotations

from typing import Any

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
