"""Mutants of the rules: reasons that are overlooked, and forms chosen where they do not fit."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from codemods import vocabulary as words
from codemods.model.edit import Retain, Wrap
from codemods.model.refusal import Reason, Refusal
from codemods.rules.planning.phases import Again, decide_inside

from .mutant import examined, mutant
from .table import as_the_table_says

if TYPE_CHECKING:
    from codemods.model.edit import Edit


def _overlooks(real: Any, *reasons: Reason) -> Any:
    """Return *real*, which refuses no longer for *reasons* (for none at all, if none is given)."""

    def wrong(*given: Any, **named: Any) -> Any:
        found = real(*given, **named)
        refused = isinstance(found, Refusal)
        return None if refused and (not reasons or found.reason in reasons) else found

    return wrong


# -- reasons that are overlooked ------------------------------------------------------


# What runs here is the same today, by the grace of a runtime that keeps trackers apart.
@examined(
    "rules.checks.lifetime:lifetime_refusal",
    as_the_table_says("E6_bound_by_an_inner_function", "X15_alias_of_the_first_life"),
)
def rebound_overlooked(real: Any) -> Any:
    """A name that is bound to something else in between is followed all the same."""
    return _overlooks(real, Reason.REBOUND)


@mutant("rules.checks.lifetime:_stray_load", "E7", "X12")
def stray_use_overlooked(real: Any) -> Any:
    """A use that belongs to no certain construction does not count."""
    return _overlooks(real)


@mutant("rules.contexts.mixed:_replaced", "M1_key")
def header_loses_its_id(real: Any) -> Any:
    """An id that a block sets stands for the one of its header, and nobody is asked."""
    return lambda semantic, old, argument: []


@mutant("analysis.trackers.lifetimes:is_dropped", "A6_value")
def value_of_the_call_overlooked(real: Any) -> Any:
    """What a set call returns is nobody's, whatever gets it."""
    return lambda module, scopes, statement, call: getattr(statement, "value", None) is call


@mutant("rules.checks.lasting_ids:LeftByRounds.may_be_asked", "X11_")
def ids_of_rounds_are_nobodys(real: Any) -> Any:
    """Nobody behind a loop, nor above the call in it, has a use for the ids of a round."""
    return lambda self, part, load: True


@mutant("rules.checks.siblings:Siblings._is_in_one", "X15_")
def inner_functions_run_in_their_life(real: Any) -> Any:
    """An inner function reads the tracker that its variable had when it was defined."""
    return lambda self, load: True


@mutant("analysis.trackers.lifetimes:bound_in_passing", "E12_walrus")
def value_of_a_walrus_overlooked(real: Any) -> Any:
    """What an expression does with the tracker that it binds does not count."""

    def wrong(module: Any, value: Any) -> Any:
        statement = module.statement(value)
        return statement if isinstance(statement, ast.Expr) else None

    return wrong


@mutant("rules.checks.lifetime:flow_escape", "E1", "E2", "X4")
def escapes_overlooked(real: Any) -> Any:
    """Every tracker is taken for one that stays inside."""
    return _overlooks(real, Reason.ESCAPES)


@mutant("rules.checks.lifetime:_reached_by_functions", "E8")
def functions_overlooked(real: Any) -> Any:
    """A tracker of the module may be used by functions beside the block."""
    return _overlooks(real)


@mutant("rules.checks.lifetime:_used_behind", "X15")
def alias_overlooked(real: Any) -> Any:
    """Another name of the tracker may be used behind its life."""
    return _overlooks(real)


@mutant("analysis.syntax.effects:first_yield", "E3")
def yields_overlooked(real: Any) -> Any:
    """A block may hand control away."""
    return lambda nodes: None


@mutant("rules.planning.branches:_order_refusal", "X9", "X6", "X7")
def later_use_overlooked(real: Any) -> Any:
    """Ids that are set in a branch do not last behind it."""
    return _overlooks(real, Reason.CONDITIONAL_CONTEXT)


@mutant("rules.planning.branches:_order_refusal", "X11")
def loop_overlooked(real: Any) -> Any:
    """Ids of one round of a loop do not last into the next."""
    return _overlooks(real, Reason.LOOP_CARRIED_CONTEXT)


@mutant("rules.planning.branches:_overridden", "X14", "X11")
def fewer_ids_override(real: Any) -> Any:
    """A block behind a branch covers ids that it does not name."""

    return lambda part, holding: bool(holding)


@mutant("rules.checks.lasting_ids:lasting_refusal", "A3")
def none_overlooked(real: Any) -> Any:
    """An id that may be None is set all the same, where an earlier one must stay."""
    return _overlooks(real)


@mutant("rules.planning.headers:argument_refusal", "A2", "A3", "M1")
def arguments_overlooked(real: Any) -> Any:
    """An id that a context of the runtime does not set, or erases, comes into the header."""
    return _overlooks(real)


@mutant("rules.planning.headers:_twice", "X13")
def twice_overlooked(real: Any) -> Any:
    """An id that is set twice comes into the header twice."""
    return _overlooks(real)


@mutant("rules.planning.phases:_stays_the_same", "X14", "A8")
def carried_id_computed_again(real: Any) -> Any:
    """An id that lasts is computed once more for the next block."""
    return lambda semantic, value: True


@mutant("rules.planning.phases:named_again", "X14")
def carried_ids_lost(real: Any) -> Any:
    """A block does not name the ids that last from an earlier call."""
    return lambda *_, **__: Again(())


@mutant("rules.planning.phases:_show_nowhere", "X14_phase")
def idle_ids_not_evaluated(real: Any) -> Any:
    """Ids of a phase in which nothing is called go, whatever their evaluation does."""
    return lambda semantic, lifetime, group: True


@mutant("rules.planning.phases:_is_quiet", "X14_phase")
def idle_phase_uses_overlooked(real: Any) -> Any:
    """A phase without a block is not looked at for what else it does with the tracker."""
    return lambda semantic, lifetime, statements, uses: True


@mutant("rules.checks.shared_trackers.module_users:conditions", "E8")
def different_ids_overlooked(real: Any) -> Any:
    """Functions that share a tracker may set different ids."""
    from codemods.rules.checks.shared_trackers.leaking_ids import Conditions

    return lambda *given: Conditions()


@mutant("rules.planning.shared_blocks:_loose_uses", "E8", "E9")
def unset_user_overlooked(real: Any) -> Any:
    """A function may use the shared tracker before it sets the ids."""
    return lambda *given: iter(())


@mutant("rules.checks.shared_trackers.module_users:_stands", "E8")
def module_uses_overlooked(real: Any) -> Any:
    """Whatever the module does with its tracker counts as setting ids from the start."""
    return lambda *given: True


@mutant("rules.checks.shared_trackers.module_users:_each_other", "E8", "E14")
def calls_of_each_other_overlooked(real: Any) -> Any:
    """Functions that set ids of one tracker may call each other inside their blocks."""
    return _overlooks(real)


@mutant("rules.checks.lifetime:given_again_refusal", "E16_class_in_a_cache", fault="C18")
def objects_given_again_overlooked(real: Any) -> Any:
    """An object that a class gives again is taken for a new one."""
    return _overlooks(real)


@mutant("rules.checks.lifetime:never_built_refusal", "E7_one_arm_is_none_and_fails")
def arms_that_build_none_overlooked(real: Any) -> Any:
    """A variable that may be None is taken for one that always has a tracker."""
    return _overlooks(real)


@mutant("rules.checks.state_reads:_is_in_a_header", "A9")
def reads_between_blocks_overlooked(real: Any) -> Any:
    """An id may be read off the tracker in the header of the next block."""
    return lambda *given: False


@mutant("rules.checks.siblings:Siblings._run_in", "X15")
def later_uses_overlooked(real: Any) -> Any:
    """What an inner function uses is taken for used where the function stands."""

    def wrong(self: Any, load: Any) -> Any:
        scope = real(self, load)
        while not scope.is_function or scope.node.__class__.__name__ == "Lambda":
            scope = scope.parent
        return scope

    return wrong


@mutant("rules.planning.conditional.calls:all_may_stay", "R4_older_name_stays_in_a_loop")
def calls_in_branches_stay_whatever_they_do(real: Any) -> Any:
    """Calls that set ids may stay inside of a block wherever they stand."""
    return lambda semantic, lifetime, flow: not lifetime.owned


@mutant("rules.planning.whole_lifetime:_in_phases", "A2_user_in_a_later_phase")
def phases_inherit_on_any_runtime(real: Any) -> Any:
    """A block goes on with the ids of the one around it on the original runtime, too."""
    return decide_inside


@mutant("rules.planning.whole_lifetime:decide_inside", "X14_two_uses_behind_a_computed_id")
def inner_phases_end_early(real: Any) -> Any:
    """The block of a phase inside another one's ends before the last statement."""

    def wrong(*given: Any) -> Any:
        verdict = real(*given)
        edits = getattr(verdict, "edits", ())
        wraps = [edit for edit in edits if isinstance(edit, Wrap)][1:]
        early = {one: replace(one, stop=one.stop - 1) for one in wraps}
        return replace(verdict, edits=tuple(early.get(e, e) for e in edits)) if early else verdict

    return wrong


@mutant("rules.patterns.instance:_relying", "E10")
def helpers_overlooked(real: Any) -> Any:
    """A method may rely on ids that another one has set."""
    return lambda *given: []


@mutant("rules.patterns.instance:_calls_refusal", "E10")
def methods_of_each_other_overlooked(real: Any) -> Any:
    """Methods that set ids of one object's tracker may call each other inside their blocks."""
    return _overlooks(real)


@mutant("rules.checks.shared_trackers.leaking_ids:inherited", "E10")
def leaks_overlooked(real: Any) -> Any:
    """Methods that share a tracker may set different ids."""
    return lambda *given: []


@mutant("rules.patterns.instance:hands_in", "E7", "E10")
def handed_in_overlooked(real: Any) -> Any:
    """Who hands a tracker to an object may have further uses for it."""
    return lambda *given: None


@mutant("rules.planning.shared_blocks:_loose_uses", "E10_set_in_a_loop_and_used_above")
def loose_uses_overlooked(real: Any) -> Any:
    """A use of a shared tracker may lie outside of all blocks."""
    return lambda parts, last, making: iter(())


@mutant("linking.kinship:Kinship.may_mean", "E10", fault="C15")
def kin_overlooked(real: Any) -> Any:
    """No name of another file means the class that has the tracker."""
    return lambda self, kin, file, word: False


@mutant("linking.external_uses:ExternalUses._overridden", "E10")
def override_elsewhere_overlooked(real: Any) -> Any:
    """An heir in another file may put another tracker in the place of the field."""
    return lambda self, kin, name: iter(())


@mutant("rules.checks.shared_trackers.foreign_fields:_defined_again", "E10")
def override_overlooked(real: Any) -> Any:
    """An heir may put another tracker in the place of the field."""
    return lambda *given: None


@mutant("rules.checks.shared_trackers.families:_called_past_overrides", "E10")
def call_past_an_override_overlooked(real: Any) -> Any:
    """No heir calls a method that it overrides."""
    return lambda *given: set()


@mutant("rules.patterns.getter:nested", "E8")
def user_inside_a_user_overlooked(real: Any) -> Any:
    """No function that gets a shared tracker runs in another one that does."""
    return lambda *given: None


@mutant("rules.patterns.getter:_takers", "E8")
def other_users_of_a_getter_overlooked(real: Any) -> Any:
    """Nobody else counts on ids of a tracker that a getter gives."""
    return lambda *given: iter(())


@mutant("rules.patterns.parameter:_remembering", "E11")
def callers_overlooked(real: Any) -> Any:
    """A caller may rely on the ids that a function sets on its parameter."""
    return lambda *given, **named: None


@mutant("rules.contexts.mixed:_decide_one", "M2")
def later_call_folded(real: Any) -> Any:
    """A set call further down in a block is taken for its first statement."""

    def wrong(
        semantic: Any, finding: Any, site: Any, statement: Any, *rest: Any, **named: Any
    ) -> Any:
        body = list(statement.body)
        first = next((s for s in body if any(n is site.call for n in _walk(s))), None)
        statement.body.remove(first)
        statement.body.insert(0, site.statement)
        try:
            return real(semantic, finding, site, statement, *rest, **named)
        finally:
            statement.body[:] = body

    return wrong


def _walk(node: Any) -> Any:
    import ast

    return ast.walk(node)


@mutant("rules.contexts.mixed:_moved", "M1", "M2")
def moved_value_overlooked(real: Any) -> Any:
    """A value that is computed with the block's tracker is moved into the header."""
    return _overlooks(real)


@examined(
    "rules.conflicts.two_trackers:overlapping", as_the_table_says("X16_blocks_that_would_cross")
)
def crossing_blocks_overlooked(real: Any) -> Any:
    """Blocks of two trackers may overlap, and lend each other their ids."""
    return lambda semantic, proposals: []


@examined(
    "rules.conflicts.two_trackers:foreign_use",
    as_the_table_says("X16_overlaps_with_one_and_leads_to_it"),
)
def foreign_use_overlooked(real: Any) -> Any:
    """Another tracker may be flushed, or handed a call that a block books, inside that block."""
    return lambda semantic, proposal, holders: None


@mutant("rules.conflicts.inheritance:heirs_of", "X16", "B1")
def heirs_overlooked(real: Any) -> Any:
    """A function that is called in a block may inherit the ids for a tracker of its own."""
    return lambda semantic, proposal, heirs: iter(())


@mutant("rules.conflicts.objects.own_objects:works_for_own_object", "E17")
def every_object_taken_for_one(real: Any) -> Any:
    """A client that is wrapped for another tracker is used in the block of an object's own."""
    return lambda semantic, body, key, method, reached: True


@mutant("rules.conflicts.objects.made_inside:is_made_with", "E10_another_object", "E10")
def objects_taken_for_those_of_a_block(real: Any) -> Any:
    """An object that was made elsewhere, with another tracker, sets its ids inside of a block."""
    return lambda semantic, body, tracker, key, reached: True


@mutant("rules.checks.shared_trackers.object_makers:is_fresh", "E10_caller", "E11_caller")
def every_tracker_taken_for_new(real: Any) -> Any:
    """A caller goes on with the tracker that it gave away, and with the ids that were set there."""
    return lambda semantic, value, user: True


# -- forms that do not fit ----------------------------------------------------------------


@mutant("rules.planning.blocks:_environment_changes", "X2")
def environment_overlooked(real: Any) -> Any:
    """A constructor is moved behind statements that change the environment it reads."""
    return lambda semantic, nodes: False


@mutant("rules.planning.blocks:uses", "X3")
def earlier_use_overlooked(real: Any) -> Any:
    """A constructor is moved behind the first use of its tracker."""
    return lambda semantic, binding, path: False


@mutant("rules.planning.blocks:_cannot_raise", "X6")
def raising_id_lifted(real: Any) -> Any:
    """An id that may raise is moved out of its ``try``."""
    return lambda semantic, value: True


@mutant("rules.planning.replays:needless_replays", "R2")
def every_replay_removed(real: Any) -> Any:
    """Recordings by hand go, whether the runtime captures the call or not."""
    from codemods.rules.planning import replays

    def wrong(semantic: Any, _tracker: str, body: Any, *, ours: bool) -> Any:
        found = [s for s in body if ours and replays.replayed(s) is not None]
        return [semantic.module.paths[statement] for statement in found], ()

    return wrong


@mutant("rules.planning.blocks:closing_edits", "R2", "X1")
def replay_removed_conservatively(real: Any) -> Any:
    """On the original runtime too a recording by hand goes, though nothing is captured."""
    return lambda semantic, lifetime, block, ours: real(semantic, lifetime, block, True)


@mutant("rules.planning.replays:_is_uncaptured", "R2")
def client_overlooked(real: Any) -> Any:
    """A recording goes though the client is not one that the runtime captures."""
    return lambda semantic, function: False


@mutant("rules.planning.user_ids:with_user", "A2")
def user_left_out(real: Any) -> Any:
    """On the original runtime the user is left out of the header, and set nowhere."""

    def wrong(semantic: Any, lifetime: Any, form: Any, own: bool) -> Any:
        return replace(form, leaves_user=not form.ours), own, {}

    return wrong


@mutant("rules.planning.headers:_is_sized", "B3")
def generator_counted(real: Any) -> Any:
    """Items are counted that have no length, or are not there yet."""
    return lambda semantic, binder, at: True


@mutant("rules.planning.batch_items:_is_harmless", "B4")
def calls_left_in_front(real: Any) -> Any:
    """A batch block begins behind calls that belong into it."""
    return lambda statement, names, tainted: True


@mutant("rules.planning.headers:plan_header", "B2")
def batch_without_a_loop(real: Any) -> Any:
    """The batch form is chosen where no loop goes over items."""

    def wrong(semantic: Any, finding: Any, sets: Any, *rest: Any) -> Any:
        planned = real(semantic, finding, sets, *rest)
        if isinstance(planned, Refusal) or not any(site.argument(words.BATCH) for site in sets):
            return planned
        named = tuple(t for t in planned.header.leading if "=" in t)
        header = replace(planned.header, function=words.BATCH_CONTEXT, leading=named)
        return replace(planned, header=header, manager=words.BATCH_CONTEXT)

    return wrong


@mutant("rules.planning.headers:taken_of", "X13", "A1")
def literal_none_passed(real: Any) -> Any:
    """A literal None of a set call is passed to the context."""
    from codemods.model.edit import Taken

    def wrong(site: Any, *, leaves_user: bool = False) -> Taken:
        return Taken(site.path, tuple((a.position, a.keyword) for a in site.arguments))

    return wrong


@mutant("rules.patterns.module:_sub_context", "E9")
def step_without_its_tracker(real: Any) -> Any:
    """A step of a workflow gets a context with a tracker of its own."""

    def wrong(*given: Any) -> list[Edit]:
        wrap, rename = real(*given)
        header = replace(wrap.header, leading=wrap.header.leading[:1])
        return [replace(wrap, header=header), rename]

    return wrong


@mutant("rules.patterns.module:_sub_context", "E9")
def steps_share_a_context(real: Any) -> Any:
    """The context of a step holds the statement behind it too."""

    def wrong(*given: Any) -> list[Any]:
        wrap, rename = real(*given)
        later: Wrap = replace(wrap, stop=wrap.stop + 1)
        return [later, rename]

    return wrong


@mutant("rules.contexts.passing:is_tracker", "M6")
def any_parameter_is_a_tracker(real: Any) -> Any:
    """The tracker is passed to the first parameter that a call leaves out."""
    return lambda semantic, resolved, parameter: True


@mutant("rules.contexts.passing:_may_build_one", "M6")
def own_tracker_replaced(real: Any) -> Any:
    """A tracker that stores nothing is passed to a function that builds a storing one."""
    return lambda resolved, parameter: False


@examined(
    "analysis.trackers.batches:Sending._holds_another",
    as_the_table_says("B1_a_loop_of_another_tracker_with_a_bare_client"),
)
def bare_calls_are_everybodys(real: Any) -> Any:
    """What a bare client is asked in a loop counts for each tracker that is near."""
    return lambda self, node: False


@mutant("rules.planning.user_ids:set_again", "A2_called_user")
def computed_users_are_the_same_again(real: Any) -> Any:
    """A user that a call gives is set again in the next block, whatever it is by then."""

    def wrong(semantic: Any, site: Any, user: Any) -> Any:
        text = f"{words.USER}={semantic.module.segment(user.value)}"
        return Retain(site.path, (), words.SET_CALL, (text,))

    return wrong
