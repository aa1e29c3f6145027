"""Mutants of what lets more places be rewritten: each check of it is switched off."""

from __future__ import annotations

import dataclasses
from typing import Any

from codemods.model.refusal import Refusal
from codemods.rules.checks.shared_trackers.leaking_ids import Conditions

from .exams_reach import (
    a_batch_mode_of_some_calls_is_refused,
    a_table_that_is_given_none_is_refused,
    a_task_that_is_taken_out_is_not_awaited,
)
from .mutant import examined, mutant
from .table import as_the_table_says


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


@mutant("rules.conflicts.objects.known_callees:KnownCallees._is_constant", "X16_objects_of_a_table")
def tables_stay_as_they_are(real: Any) -> Any:
    """Nobody puts another function into a table of the module."""
    return lambda self, variable: True


@mutant("rules.conflicts.objects.known_callees:KnownCallees.given_in", "X16_decorat", "X16_func")
def functions_in_sight_have_no_tracker(real: Any) -> Any:
    """What callers give a parameter is in sight, and is not looked at."""
    return lambda self, body: []


@mutant("rules.conflicts.objects.known_callees:KnownCallees._sites", "X16_decorator_under")
def functions_are_called_by_their_name(real: Any) -> Any:
    """Who has a function under another name gives its parameters nothing."""

    def wrong(self: Any, function: Any) -> Any:
        mentions = real.__globals__["mentions_of"](self._semantic, function)
        parents = self._semantic.module.parents
        if type(parents[function]).__name__ != "Module":
            return real(self, function)
        found = [(m.semantic, m.name) for m in mentions if m is not None]
        return [(s, n) for s, n in found if hasattr(s.module.parents[n], "decorator_list")]

    return wrong


@mutant("rules.conflicts.default_trackers:_names", "X16_heir_that_is_given_no")
def heirs_are_made_otherwise(real: Any) -> Any:
    """Who makes an object of an heir does not run the constructor that it inherits."""
    named_by = real.__globals__["named_by"]
    return lambda taint, node, function: any(o.node is function for o in named_by(taint, node))


@examined("rules.conflicts.default_trackers:_is_told", a_table_that_is_given_none_is_refused)
def tables_are_given_the_tracker(real: Any) -> Any:
    """What a table holds is given the block's tracker by every call."""
    return lambda semantic, call, parameter, tracker: True


@mutant("rules.checks.shared_trackers.method_callers:_hidden", "E11_method")
def methods_are_called_by_their_name(real: Any) -> Any:
    """Nobody finds a method by a name that is computed."""
    return lambda semantic, owner, method: iter(())


@mutant("rules.checks.shared_trackers.method_callers:_named", "E11_method")
def callers_of_methods_forget_the_tracker(real: Any) -> Any:
    """Whoever calls a method does not look at its tracker again."""
    own = "self"

    def wrong(semantic: Any, owner: Any, method: Any) -> Any:
        every = [one for one in real(semantic, owner, method) if one.node is not None]
        return [one for one in every if getattr(one.node.value, "id", "") == own][:1]

    return wrong


@examined("rules.checks.lifetime:_is_on_for_all", a_batch_mode_of_some_calls_is_refused)
def batch_modes_are_always_switched_in_time(real: Any) -> Any:
    """A block begins, and ends, in the batch mode that its tracker has for all of its calls."""
    return lambda semantic, lifetime, load: True


@mutant("rules.checks.shared_trackers.method_callers:_is_alone", "E10_coroutine")
def tasks_have_objects_of_their_own(real: Any) -> Any:
    """Each task runs the coroutines of an object that no other task has."""
    return lambda called: True


@examined(
    "analysis.dataflow.deferred.background:Closings._are_all_there",
    a_task_that_is_taken_out_is_not_awaited,
)
def lists_of_tasks_keep_them(real: Any) -> Any:
    """Nothing is taken out of a list of tasks before they are awaited."""
    return lambda self, binding, statements: True


@mutant("analysis.external.handed_values:_in_classes", "X16_function_that_a_class")
def class_bodies_take_no_functions(real: Any) -> Any:
    """A class has the methods that it defines, and none that it takes from another module."""
    return lambda classes: iter(())


@mutant("linking.module_graph:ModuleGraph.content", "X16_method_named")
def names_have_one_form(real: Any) -> Any:
    """A name is spelled with the same letters wherever it is used."""

    def wrong(self: Any, file: Any) -> bytes:
        real(self, file)
        return bytes(self.source(file).text.encode())

    return wrong


@mutant("linking.method_names:MethodNames.of", "X16_method")
def names_are_ascii(real: Any) -> Any:
    """No method has letters above ASCII in its name."""
    return lambda self, file: frozenset(name for name in real(self, file) if name.isascii())


@mutant(
    "rules.checks.shared_trackers.sole_use:_is_called_inside",
    "E2_function_in_a_script_s_block_that",
)
def functions_of_a_script_end_with_its_block(real: Any) -> Any:
    """Nobody calls a function that a script defines in its block, but its statements there."""
    return lambda semantic, lifetime, helper: True


@examined(
    "rules.checks.shared_trackers.sole_use:_is_defined_inside",
    as_the_table_says(
        "E2_function_in_a_script_s_block",
        "E8_helper_of_a_script_without_being_asked",
    ),
)
def functions_of_a_script_are_its_block_s(real: Any) -> Any:
    """A function of a script belongs to its block, wherever it is defined."""
    return lambda semantic, lifetime, helper: True


@examined(
    "rules.planning.whole_lifetime:helper_assumptions",
    as_the_table_says("E2_function_in_a_script_s_block_if_nothing_is_assumed"),
)
def files_out_of_sight_need_no_word(real: Any) -> Any:
    """That a file which is not in sight calls no function of a script goes without saying."""
    return lambda semantic, lifetime: ()


@mutant("rules.patterns.unset_field:_hidden", "R5_tracker_of_an_object")
def helpers_set_no_ids_of_an_object_s_tracker(real: Any) -> Any:
    """What a method gives its object's tracker to sets no ids on it."""
    return lambda semantic, finding, field, flow: None


@examined(
    "rules.patterns.unset_field:_is_own",
    as_the_table_says("R5_tracker_of_an_object_that_may_be_given"),
)
def objects_always_build_their_trackers(real: Any) -> Any:
    """A tracker in a field is its object's own, whoever may have given it."""
    return lambda semantic, field, construct: True


@examined(
    "rules.planning.whole_lifetime:_is_apart",
    as_the_table_says("R4_dictionary_in_a_branch_above"),
)
def dictionaries_stand_apart_from_blocks(real: Any) -> Any:
    """What a dictionary sets by the older name never lasts into the block of a set call."""
    return lambda semantic, lifetime, place: True


@mutant("rules.planning.whole_lifetime:_is_above_or_below", "R4_dictionary_between")
def dictionaries_stand_above_all_blocks(real: Any) -> Any:
    """What a dictionary sets between two set calls does not last into the block of the second."""
    return lambda semantic, lifetime, place: True


# Other tasks have to run meanwhile for anybody to see it.
@examined(
    "rules.checks.waiting.awaited_clients:asks_before_waiting",
    as_the_table_says(
        "E5_wrapped_client_asked_behind_something_awaited",
        "E5_wrapped_client_asked_by_an_inner_function",
        "E5_wrapped_client_asked_in_rounds_that_wait",
    ),
)
def wrapped_clients_never_ask_late(real: Any) -> Any:
    """No other task runs between the begin of a block and the calls of a wrapped client in it."""
    return lambda semantic, lifetime, wrapper: True
