"""Mutants that take back what is known of trackers beside the one that is rewritten."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from codemods.analysis.syntax.calls import last_name
from codemods.rules.conflicts.proposed_blocks import named_ids

from .mutant import examined, mutant
from .table import as_the_table_says


@mutant("rules.conflicts.inheritance:_unnamed", "X16", fault="C4", kinds="dispatch")
def dispatch_overlooked(real: Any) -> Any:
    """What a table, a parameter or an object of several classes leads to is not looked at."""
    return lambda semantic, lender, heirs, reached, ran: iter(())


@mutant(
    "rules.conflicts.enclosing_contexts:heirs_of_contexts", "X16", fault="C4", kinds="surrounded"
)
def surrounding_context_overlooked(real: Any) -> Any:
    """A tracker that is used inside a context gets a block, which inherits from that context."""
    return lambda semantic, proposals, holders: {}


@mutant("analysis.dataflow.deferred.callbacks:registers", "X16", fault="C4", kinds="surrounded")
def decorators_put_nothing_down(real: Any) -> Any:
    """A decorated function is called by its name alone."""
    return lambda taint, decorator: False


@mutant("rules.conflicts.wrapped_clients:wrapper_of", "X16_wrapped_client", fault="C4")
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

    def wrong(semantic: Any, sets: Any, form: Any) -> Any:
        found, kept = real(semantic, sets, form)
        return found, {path: replace(edit, method="") for path, edit in kept.items()}

    return wrong


@mutant("rules.planning.user_ids:_may_be_bound", "A2")
def calls_bind_nothing(real: Any) -> Any:
    """What computes a user binds no name that the header reads before it."""
    return lambda semantic, name: False


@mutant("rules.conflicts.inheritance:is_of_tracker", "E14", fault="C4", kinds="dispatch")
def one_tracker_for_all_calls(real: Any) -> Any:
    """A function that is run again goes on with the tracker of the outer call."""
    return lambda semantic, lender, key, run: real(semantic, lender, key, ())


@mutant("rules.conflicts.default_trackers:is_given", "X16", fault="C9")
def defaults_are_never_built(real: Any) -> Any:
    """A callee that builds a tracker where it is given none has that of the block, given or not."""
    return lambda *asked: True


@mutant("analysis.dataflow.deferred.quiet_methods:is_quiet", "X16", fault="C4")
def no_method_runs_anything(real: Any) -> Any:
    """Whatever has been put into an object, none of its methods runs a function of the project."""
    return lambda taint, method: True


@mutant("linking.names.spoken_names:SpokenNames.provides", "X16", fault="C9")
def texts_alone_have_methods_of_texts(real: Any) -> Any:
    """That a file gives an object a method which texts have too is not looked at."""
    return lambda self, name: False


@mutant("rules.checks.shared_trackers.sole_use:sets_first", "E11", fault="C9")
def every_callee_sets_its_ids_first(real: Any) -> Any:
    """A function may use the ids that an earlier call of it has left on its caller's tracker."""
    return lambda *asked: True


@mutant("linking.method_names:MethodNames.having", "X16", fault="C4")
def objects_are_of_classes_in_sight(real: Any) -> Any:
    """No object that is handed in is of a class of another file that makes trackers."""
    return lambda self, name: []


@mutant("rules.checks.callers:unseen_uses", "E3", "E10", "E11", "E16")
def what_no_name_shows_is_no_use(real: Any) -> Any:
    """A function, a class or a getter is come to by its own name alone."""
    return lambda semantic, name, seen: iter(())


@mutant("rules.checks.yields.driven_generators:_is_read_at_once", "E3", fault="C9")
def generators_are_always_read_at_once(real: Any) -> Any:
    """Who goes through a generator runs in its block, whatever is done between two steps."""
    return lambda semantic, function: True


@mutant("rules.conflicts.proposed_blocks:given_by", "E14", fault="C4")
def headers_give_all_that_there_is(real: Any) -> Any:
    """A block gives an inner call the ids of its header, and none that are set otherwise."""

    def wrong(semantic: Any, wrap: Any, taken: Any, known: Any) -> Any:
        return named_ids(wrap)

    return wrong


@mutant("analysis.none_evidence:_passed", "E14", fault="C4", kinds="dispatch")
def nobody_passes_none(real: Any) -> Any:
    """That a call of the file passes None for a parameter is not looked at."""
    return lambda taint, binder, depth: None


@mutant("rules.conflicts.own_trackers:_doubtful", "X16_user_of_another_file", fault="C4")
def ids_of_other_files_are_always_there(real: Any) -> Any:
    """An id that a function of another file sets is taken for one that it has, None or not."""
    return lambda taint, call: set()


@mutant("analysis.external.api_aliases:api_aliases", "X16_class_in_a_variable", fault="C4")
def classes_are_in_no_variable(real: Any) -> Any:
    """A class that a file has under another name is not taken for one that builds trackers."""
    return lambda tree: {}


@mutant(
    "analysis.external.api_aliases:api_name", "X16_class_imported", "X16_subclass_of", fault="C4"
)
def what_is_called_has_the_names_of_the_api(real: Any) -> Any:
    """A function of another file has a tracker where it calls the class by its own name."""
    return lambda taint, function: last_name(function)


@mutant("analysis.dataflow.callees.given:names_of_aliases", "E1_class_under_another", fault="C3")
def functions_are_called_by_their_own_names(real: Any) -> Any:
    """What calls a function, or a class, that it imported under another name is overlooked."""
    return lambda aliases: {}


@mutant("rules.conflicts.overrides:Overrides.of", "E14", "X16", fault="C4")
def methods_stay_as_they_are(real: Any) -> Any:
    """No class of another file has a method of its own in the place of an inherited one."""
    return lambda self, methods: iter(())


@mutant("rules.planning.blocks:flushed_behind", "X7")
def flushed_without_the_variable(real: Any) -> Any:
    """A tracker that is flushed behind its suite is built in a block that may not be entered."""
    return lambda semantic, lifetime: False


@mutant("rules.planning.phases:begins_without_ids", "X14")
def whatever_is_built_has_no_ids(real: Any) -> Any:
    """That a subclass or foreign code may have set ids is not thought of in a later phase."""
    return lambda lifetime, flow: True


@mutant(
    "analysis.syntax.tree:note_library_names",
    "E10_getter_under_another_name",
    "E8_import_by_a_call_of_another_name",
    fault="C15",
)
def other_names_of_the_library_are_unknown(real: Any) -> Any:
    """What is imported of the library under another name is known by that name only."""
    return lambda kinds, elsewhere=None: frozenset()


@examined(
    "linking.names.reexports:Reexports.of",
    as_the_table_says("X5_counter_of_another_file_never_ends"),
)
def names_of_other_files_are_of_no_library(real: Any) -> Any:
    """What another file has of a library and gives another name is known by that name only."""
    return lambda self, origin, module, name: ""


@examined(
    "linking.names.reexports:Reexports.may_be_class",
    as_the_table_says("X16_subclass_in_small_letters_of_a_third_file"),
)
def classes_have_capital_letters(real: Any) -> Any:
    """A name in small letters that another file gives is taken for no class."""
    return lambda self, file, name: False


@mutant("analysis.external.library_names:_read_of_objects", "E4_object_starts_a_thread_by_a_field")
def fields_are_of_no_library(real: Any) -> Any:
    """What an object is given of a library in a field is unknown where the field is called."""
    return lambda kinds, renamed: iter(())


@examined(
    "analysis.external.library_names:_bound", as_the_table_says("E10_cached_property_defined_again")
)
def imported_names_are_never_bound_again(real: Any) -> Any:
    """A name that an import brings in means the same however else it is bound."""
    return lambda kinds, renamed: iter(())


@mutant(
    "linking.module_graph:may_hide_words",
    "E8_another_file_imports_by_a_text_in_parts",
    "E15_set_call_is_replaced_by_a_text_in_parts",
    fault="C15",
)
def texts_are_what_the_bytes_show(real: Any) -> Any:
    """A file whose texts are in parts has no words but those that stand in it."""
    return lambda content: False


@mutant(
    "analysis.external.put_names:hides_puts",
    "E1_function_replaced_by_another_name_of_patch",
    "E1_function_replaced_by_a_text_in_parts",
    fault="C16",
)
def names_are_put_as_the_bytes_say(real: Any) -> Any:
    """What replaces a function by a text in parts, or by another name of patch, is not seen."""
    return lambda content: False


@mutant(
    "analysis.external.library_names:_Renamed._path",
    "X5_process_kills_itself_by_another_name",
    "X16_class_of_a_module_that_a_dictionary_finds",
    fault="C15",
)
def assigned_names_of_the_library_are_unknown(real: Any) -> Any:
    """What a file gives another name by an assignment is known by that name only."""
    return lambda self, value: ""
