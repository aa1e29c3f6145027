"""Mutants of what is known about a tracker that other code is given."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from harness import migrate_project
from rows import fixtures

from .mutant import examined, mutant

if TYPE_CHECKING:
    from pathlib import Path


@mutant("analysis.dataflow.call_arguments:Handing._together", "E1", fault="C2", kinds="later")
def functions_are_trusted_too(real: Any) -> Any:
    """Code that is not in sight may be given the tracker together with a function."""
    return lambda self, call: False


@mutant(
    "analysis.dataflow.library_models.calls:ForeignCalls.tells_of_later",
    "E1",
    fault="C2",
    kinds="later",
)
def names_tell_nothing(real: Any) -> Any:
    """A name that speaks of later is a name like any other."""
    return lambda self, function: False


@mutant(
    "analysis.dataflow.call_arguments:Handing._handed_off",
    "E1",
    "E4",
    "X4",
    fault="C2",
    kinds="later worker",
)
def threads_are_calls(real: Any) -> Any:
    """A function that is handed to a thread, a pool or a scheduler is over when the call is."""
    return lambda self, call: None


@mutant("analysis.dataflow.decorators:Decorating.decorated", "E1", fault="C2", kinds="later")
def decorators_keep_nothing(real: Any) -> Any:
    """A decorator never keeps the function that it decorates."""
    return lambda self, decorator: None


@mutant("analysis.dataflow.decorators:Decorating.through", "E1", fault="C2", kinds="later")
def decorators_call_at_once(real: Any) -> Any:
    """A decorated function runs when it is called."""
    return lambda self, call, definition: None


@mutant(
    "analysis.dataflow.call_arguments:Handing._closed_by_others",
    "E1",
    "E4",
    fault="C2",
    kinds="later",
)
def every_with_waits(real: Any) -> Any:
    """Whatever a ``with`` binds is over, with all it was given, when the ``with`` is."""
    return lambda self, call: None


@mutant("analysis.dataflow.call_arguments:Handing._object", "E1", "E4", fault="C3", kinds="worker")
def constructors_are_not_looked_into(real: Any) -> Any:
    """What a class in sight does with a tracker that its objects are given does not matter."""
    return lambda self, call, made: self._trust(call)


@mutant("analysis.dataflow.call_arguments:Handing._methods", "E1", "E4", fault="C3", kinds="worker")
def methods_let_nothing_out(real: Any) -> Any:
    """Methods of an object that holds the tracker do nothing with it."""
    return lambda self, call, value, names: False


@mutant("analysis.dataflow.transfer:Passage._is_handed_out", "E1", fault="C3", kinds="worker")
def fields_are_never_shared(real: Any) -> Any:
    """What is put into a collection of the class is the object's own."""
    return lambda self, field: False


class _Everything(frozenset[str]):
    def __contains__(self, _: object) -> bool:
        return True


@mutant(
    "analysis.dataflow.tainted_values:TaintedValues.plain_fields", "E1", fault="C3", kinds="worker"
)
def fields_hold_nothing(real: Any) -> Any:
    """No field of an object that was given the tracker holds it."""
    return lambda self, value: _Everything()


@mutant("rules.checks.process_ends:ending_refusal", "X5", fault="C19", kinds="end-in-sight")
def processes_go_on(real: Any) -> Any:
    """Nothing in a block ends the process."""
    return lambda semantic, finding, statements: None


@mutant("analysis.trackers.process_ends:_leads_there", "X5", fault="C19", kinds="end-in-sight")
def helpers_return(real: Any) -> Any:
    """Functions that are called in a block do not end the process."""
    return lambda taint, name: False


@mutant(
    "analysis.trackers.sharing:shared_by", "E16", fault="C18", kinds="shared-instance other-file"
)
def each_call_makes_a_new_one(real: Any) -> Any:
    """A class of trackers always builds a new one when it is called."""
    return lambda taint, call: ""


@mutant("analysis.dataflow.deferred.awaiting:Awaiting._assume", "X4", fault="C2", kinds="lingering")
def gathered_calls_end_together(real: Any) -> Any:
    """All that was gathered is over when one of it has failed."""
    return lambda self, text, call: None


@mutant(
    "analysis.dataflow.deferred.awaiting:Awaiting._is_awaited", "E1", fault="C2", kinds="lingering"
)
def gathered_calls_are_awaited(real: Any) -> Any:
    """Whatever is gathered is awaited."""
    return lambda self, call: True


@mutant(
    "analysis.dataflow.deferred.generators:Unfinished._cleanup", "E3", fault="C2", kinds="lingering"
)
def generators_end_with_their_last_item(real: Any) -> Any:
    """A generator that is thrown away does nothing more."""
    return lambda self, call, definition: None


@mutant("analysis.dataflow.operators:Operators.expression", "E1", fault="C2", kinds="lingering")
def operators_keep_nothing(real: Any) -> Any:
    """An operator does nothing with its sides."""
    return lambda self, node: None


@mutant("analysis.dataflow.operators:Operators.augment", "E1", fault="C2", kinds="lingering")
def augmented_ones_keep_nothing(real: Any) -> Any:
    """An augmented assignment does nothing with its right side."""
    return lambda self, node: None


@mutant("analysis.dataflow.call_arguments:Handing._of_object", "E1", fault="C2", kinds="lingering")
def objects_that_are_called_keep_nothing(real: Any) -> Any:
    """A call of an object, or of what its class finds, is a call of anything."""
    return lambda self, call, given: False


@mutant("analysis.dataflow.fresh_objects:Insides.are_new", "E1", fault="C2", kinds="lingering")
def insides_are_as_new_as_their_object(real: Any) -> Any:
    """What a new container holds is new, too."""
    return lambda self, binding: True


@mutant(
    "analysis.dataflow.deferred.awaiting:Awaiting._is_limited", "E1", fault="C2", kinds="lingering"
)
def time_limits_end_threads(real: Any) -> Any:
    """A thread whose ``await`` has a time limit ends with it."""
    return lambda self, call: False


@mutant("analysis.dataflow.deferred.drained:Drained.element_tainted", "E1")
def elements_hold_nothing(real: Any) -> Any:
    """What is gone through leaves nothing that may ask later."""
    return lambda self, value: False


@mutant("analysis.dataflow.deferred.drained:Drained._only_reads", "E4")
def tables_of_futures_do_not_change(real: Any) -> Any:
    """A dictionary has the values of its display, whatever is put in later."""
    return lambda *given: True


@mutant("analysis.dataflow.deferred.results:waits_for_all", "X4")
def any_wait_is_for_all(real: Any) -> Any:
    """A wait for the first task is taken for one for all of them."""
    return lambda call: True


@mutant("analysis.dataflow.deferred.results:gives_out", "E4", "X4")
def results_hold_nothing(real: Any) -> Any:
    """What a pool or a task gives back is taken for plain values."""
    return lambda *given: False


@mutant("analysis.dataflow.callees.passing:possible", "E1", fault="C3", kinds="lingering")
def uncertain_callees_unseen(real: Any) -> Any:
    """What a call may be a call of is not looked into where it is not certain."""
    return lambda taint, called, scope=None: []


@mutant("analysis.dataflow.callees.passing:in_place_of", "E1", fault="C15", kinds="lingering")
def replacements_of_methods_unseen(real: Any) -> Any:
    """A method of an heir, or one registered for a type, does what the named one does."""
    return lambda taint, called, known: []


@mutant("analysis.dataflow.tainted_values:in_place_of", "E1", fault="C3")
def methods_of_heirs_give_what_the_base_gives(real: Any) -> Any:
    """A method of an heir is finished when that of its base is."""
    return lambda taint, called, known: []


@mutant("analysis.dataflow.callees.possible:in_place_of_none", "E1", fault="C3")
def mixins_have_no_heirs(real: Any) -> Any:
    """A method that only heirs of a class have is run by nobody."""
    return lambda taint, called: []


@mutant("analysis.dataflow.tainted_values:in_place_of_none", "E1", fault="C3")
def super_finds_bases_only(real: Any) -> Any:
    """What ``super()`` runs gives what a base gives, never what stands beside the class."""
    return lambda taint, called: []


@mutant("analysis.dataflow.call_graph:in_place_of_none", "X16", fault="C3")
def mixins_reach_no_heirs(real: Any) -> Any:
    """A method that only heirs of a class have leads nowhere."""
    return lambda taint, called: []


def heirs_end_the_process(folder: Path) -> None:
    """One that an heir in another file ends is not left."""
    name = "X5_heir_of_another_file_ends_the_process"
    (fixture,) = (one for one in fixtures() if one.name == name)
    made = migrate_project(folder, fixture.files, runtime="tracker")
    assert made["tracked.py"].reasons == ["ends-the-process"]


def shown_values_keep_blocks_away(folder: Path) -> None:
    """What a notebook shows at the end of a cell is shown by the line itself only."""
    (fixture,) = (one for one in fixtures() if one.name == "X19_cell_shows_its_last_value")
    (made,) = migrate_project(folder, fixture.files, runtime="tracker").values()
    assert made.reasons == ["shows-value"]


@examined("rules.checks.lifetime:shown_value", shown_values_keep_blocks_away)
def cells_show_nothing(real: Any) -> Any:
    """No cell shows what its last line gives."""
    return lambda module, beside, stop: None


@examined("analysis.trackers.process_ends:of_heirs", heirs_end_the_process)
def heirs_go_on_as_their_base(real: Any) -> Any:
    """A method of an heir ends the process when that of its base does."""
    return lambda taint, called: []


@mutant("analysis.dataflow.tainted_values:TaintedValues._may_give", "E1", fault="C3")
def objects_of_a_table_hold_nothing(real: Any) -> Any:
    """An object of a class that a table has, or a caller gives, does not hold what it is given."""

    def functions_only(self: Any, codes: Any, *given: Any) -> bool:
        found: bool = real(self, [c for c in codes if not isinstance(c[1], ast.ClassDef)], *given)
        return found

    return functions_only


@mutant("analysis.dataflow.tainted_values:replacing", "E1", fault="C3")
def functions_of_others_give_what_was_there(real: Any) -> Any:
    """What another file puts in the place of a function is finished when that is."""
    return lambda known: []


@mutant("analysis.dataflow.callees.passing:replacing", "E1", fault="C16")
def functions_of_others_stay_as_they_are(real: Any) -> Any:
    """Nobody puts another function in the place of one that is given a tracker."""
    return lambda known: []


@mutant("rules.planning.whole_lifetime:frame_refusal", "E1", fault="C2")
def frames_are_looked_into_by_nobody(real: Any) -> Any:
    """What is called in a block does not look into the variables of its callers."""
    return lambda semantic, finding, body, block: None


@mutant("analysis.dataflow.callees.possible:_of_computed_module", "E1", fault="C16")
def modules_of_computed_names_unseen(real: Any) -> Any:
    """The functions of a module that is found by a text are not looked for."""
    return lambda taint, module, name: None


@mutant("analysis.dataflow.tainted_values:TaintedValues._may_give", "E1", fault="C2")
def uncertain_callees_give_nothing_out(real: Any) -> Any:
    """What a call may be a call of does all of its work at once."""
    return lambda self, found, call, given, awaited: False


@mutant("analysis.dataflow.deferred.drained:Drained.takes_elements", "E2", fault="C2")
def collections_take_answers_only(real: Any) -> Any:
    """What a list is extended by are plain values."""
    return lambda self, call: getattr(call.func, "attr", "") == "extend"


@mutant("analysis.dataflow.tainted_values:TaintedValues._is_unfinished", "E1", fault="C2")
def unknown_code_goes_through_at_once(real: Any) -> Any:
    """What unknown code makes of a generator is made at once."""
    return lambda self, value: False


@mutant("rules.patterns.instance:first_values", "E10")
def no_id_was_there_before(real: Any) -> Any:
    """A constructor sets each id once, also in a loop."""
    return lambda body, sets: frozenset(a.value for site in sets for a in site.arguments)


@mutant("analysis.dataflow.callees.possible:given_to", "E1", fault="C2")
def what_is_registered_is_unseen(real: Any) -> Any:
    """What a function is given as a parameter, and puts into a table, is not looked for."""
    return lambda taint, parameter: []


@mutant("analysis.dataflow.callees.possible:held_in_field", "E1", fault="C3")
def fields_hold_no_functions(real: Any) -> Any:
    """The functions in a field of an object are not looked for."""
    return lambda taint, field: []


@mutant("analysis.dataflow.tainted_values:TaintedValues._leaves_work", "E1", fault="C2")
def what_is_called_at_once_is_over(real: Any) -> Any:
    """A generator that the library calls has done its work when the call returns."""
    return lambda self, function: False


@mutant("analysis.dataflow.callees.given:heirs_of", "E1", fault="C3")
def heirs_are_built_by_nobody(real: Any) -> Any:
    """A class is given things by its own name only, and has no heirs that it registers."""
    return lambda owner: []


@mutant("analysis.dataflow.callees.fields:_built_with", "E1", fault="C3")
def dataclasses_are_built_with_nothing(real: Any) -> Any:
    """What fills a field that is only declared is not looked for."""
    return lambda owner, field: []


@mutant("analysis.dataflow.callees.possible:WideCode._results", "E1", fault="C2")
def tables_of_classes_make_nothing(real: Any) -> Any:
    """What a class makes that was looked up in a table is not known."""
    return lambda self, taint, call: []


@mutant("analysis.dataflow.call_arguments:Handing._put_on_stack", "E1", fault="C2")
def stacks_hold_nothing_entered(real: Any) -> Any:
    """A stack leaves at once what it entered."""
    return lambda self, call: None


@mutant("analysis.dataflow.call_arguments:call_at_once", "E1", fault="C2")
def the_library_calls_nothing(real: Any) -> Any:
    """What ``map``, ``reduce`` and a context are given to call is not looked into."""
    return lambda call: None


@mutant("analysis.none_guards:_Search._is_bound_in", "A3")
def what_was_tested_stays(real: Any) -> Any:
    """A variable that was there once is not bound again."""
    return lambda self, statement: False


@mutant("analysis.dataflow.callees.unnamed:keeper", "E1", fault="C2", kinds="lingering")
def unnamed_methods_keep_nothing(real: Any) -> Any:
    """What runs with an object and is not named does nothing with it."""
    return lambda made: None


@mutant("analysis.dataflow.callees.unnamed:handler", "E1", fault="C2", kinds="lingering")
def logs_keep_nothing(real: Any) -> Any:
    """A handler of a log only writes its text."""
    return lambda taint, function: None


@mutant("analysis.dataflow.deferred.results:call_by_key", "E1", fault="C2", kinds="lingering")
def keys_of_orders_are_not_called(real: Any) -> Any:
    """A key only looks at what is to be ordered."""
    return lambda call: None
