"""Mutants that take back what is left alone, and what is told of it."""

from __future__ import annotations

import ast
from typing import Any

from codemods import vocabulary as words
from codemods.rules.rule import Decided

from .mutant import examined, mutant
from .table import as_the_table_says


@examined(
    "analysis.trackers.owners:_is_set_call",
    as_the_table_says(
        "E17_forwards_by_the_older_name",
        "E17_older_name_does_more",
        "E17_older_name_may_have_no_tracker",
    ),
    fault="C9",
    kinds="manager",
)
def older_forwarding_unseen(real: Any) -> Any:
    """A method that passes ids on by the older name of the set call is none that passes them on."""
    return lambda call: call.func.attr == words.SET_CALL


@examined(
    "rules.patterns.foreign:_is_tracker",
    as_the_table_says(
        "N1_imported_object_with_other_parameters",
        "N1_method_of_that_name_with_other_parameters",
        "N1_other_parameters_beside_a_tracker",
    ),
    fault="C10",
    kinds="not-ours",
)
def every_receiver_is_a_tracker(real: Any) -> Any:
    """What has a method of that name is a tracker, whatever parameters the method has."""
    return lambda semantic, receiver: True


@examined(
    "rules.checks.method_names.other_receivers:is_of_another_class",
    as_the_table_says(
        "N1_another_class_of_the_name",
        "N1_class_of_the_project_with_that_name",
    ),
    fault="C10",
    kinds="not-ours",
)
def no_class_is_anothers(real: Any) -> Any:
    """An object of a class of the program may be a tracker."""
    return lambda semantic, binders: False


@examined(
    "analysis.trackers.unrecorded:is_only_looked_at",
    as_the_table_says(
        "X17_construction_that_raises",
        "X17_method_asked_for_its_name",
        "X17_tracker_that_is_only_looked_at",
    ),
    fault="C11",
    kinds="only-looked-at",
)
def looks_are_work(real: Any) -> Any:
    """A tracker that is only looked at is one to be told of."""
    return lambda semantic, construct: False


@examined(
    "runner.proving:_explained",
    as_the_table_says(
        "X18_debug_field_over_lines",
    ),
    fault="C24",
    kinds="oddity",
)
def debug_fields_unexplained(real: Any) -> Any:
    """A debug field over several lines is no cause why a block cannot be proven."""
    return lambda semantic, proposal, problem: problem


@mutant("validator.validate:_own_nodes", "N3", fault="C24", kinds="oddity")
def comprehensions_bind_for_all(real: Any) -> Any:
    """A variable of a comprehension is a name of the scope around."""

    def wrong(scope: ast.AST) -> Any:
        for node in real(scope):
            yield node
            if isinstance(node, ast.comprehension):
                yield node.target

    return wrong


@examined(
    "rules.checks.method_names.own_objects:_is_own",
    as_the_table_says("R4_older_name_of_an_heir_with_its_own"),
)
def heirs_are_the_class_itself(real: Any) -> Any:
    """An object of a subclass has the methods of the tracker's own class."""
    return lambda semantic, built: True


@examined(
    "rules.checks.method_names.own_objects:may_bind",
    as_the_table_says(
        "R4_older_name_of_a_field_that_another_class_s_method_binds",
        "R4_older_name_of_a_field_that_a_listed_class_binds",
    ),
)
def methods_bind_fields_of_their_own_class(real: Any) -> Any:
    """Nobody calls a method of another class on an object."""
    return lambda semantic, field: False


@examined(
    "rules.checks.method_names.own_objects:_of_variable",
    as_the_table_says("R4_older_name_of_a_parameter", "R4_older_name_of_what_may_be_a_mock"),
)
def every_variable_has_a_tracker(real: Any) -> Any:
    """Whatever binds a variable, what it has is of the tracker's own class."""
    return lambda semantic, name: "receipt_label.utils.ai_usage_context"


@examined(
    "rules.patterns.older_name:watched",
    as_the_table_says(
        "R4_older_name_that_a_test_replaces",
        "R4_older_name_that_another_file_listens_to",
        "R4_older_name_that_the_tracker_has_anew",
    ),
)
def nobody_listens_to_a_name(real: Any) -> Any:
    """No test, and no other file, replaces or watches the set call by its older name."""
    return lambda semantic: None


@examined(
    "rules.engine:_left",
    as_the_table_says(
        "E17_forwards_by_the_older_name",
        "R4_older_name_stays_in_a_loop",
        "R4_older_name_stays_on_a_field",
    ),
)
def nothing_is_left(real: Any) -> Any:
    """What no rewrite takes is asked of nobody."""
    return lambda semantic, taken: iter(())


@examined(
    "rules.patterns.foreign:_decided",
    as_the_table_says(
        "E3_manager_that_sets_ids_on_a_parameter", "E11_parameter_without_annotation_is_stored"
    ),
)
def callers_stand_before_all_else(real: Any) -> Any:
    """What a caller may rely on is told of a parameter, whatever else stands in the way."""
    return lambda semantic, refusal, sites: Decided(refusal)


@examined(
    "rules.engine:staying",
    as_the_table_says("R4_older_name_that_stays_in_a_branch_of_a_block"),
)
def blocks_take_all_their_calls(real: Any) -> Any:
    """A set call that stays inside a block keeps its older name until the next run."""
    return lambda semantic, proposals: set()
