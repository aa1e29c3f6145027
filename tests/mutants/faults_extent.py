"""Mutants that take back what was learned about batches, and about what a block must not hold."""

from __future__ import annotations

import ast
import re
from typing import Any

from .mutant import examined, mutant
from .table import as_the_table_says

# -- batches --------------------------------------------------------------------------------


@mutant("analysis.trackers.batches:Sending._sends", "B2", fault="C5", kinds="idle-loop")
def any_loop_is_a_batch(real: Any) -> Any:
    """A loop that makes no AI call gives a block batch prices."""
    return lambda self, node, bare: isinstance(node, ast.Call)


@examined(
    "analysis.trackers.batches:_items",
    as_the_table_says("B1_comprehension_leaves_items_out"),
    fault="C5",
    kinds="idle-loop",
)
def every_loop_counts_its_items(real: Any) -> Any:
    """What is counted are the items of a loop that leaves some of them out."""

    def wrong(loop: Any) -> Any:
        return loop.generators[0].iter if hasattr(loop, "generators") else real(loop)

    return wrong


# -- stores -----------------------------------------------------------------------------------


@mutant("rules.checks.store_reads:store_refusal", "X1", fault="C1", kinds="store")
def nobody_looks_at_the_store(real: Any) -> Any:
    """A block holds code that looks at what its tracker has stored."""
    return lambda *given: None


@mutant("analysis.stores.reads:Stores.look", "X1", fault="C1", kinds="store")
def a_return_reads_nothing(real: Any) -> Any:
    """Only what is called is taken to look at the store, not what is returned."""

    def wrong(self: Any, nodes: Any) -> Any:
        listed = list(nodes)
        returns = bool(listed) and isinstance(listed[0], ast.Return)
        return None if returns else real(self, listed)

    return wrong


# -- comments that mean something ---------------------------------------------------------------


@mutant("analysis.syntax.cells:crosses_cell", "X19", fault="C20", kinds="oddity")
def cells_are_no_borders(real: Any) -> Any:
    """A block goes from one cell of a notebook to the next."""
    return lambda *given: False


@mutant("rules.conflicts.directives:heeded", "X18", fault="C23", kinds="oddity")
def directives_are_words(real: Any) -> Any:
    """A comment for a linter moves to the line of the block."""
    return lambda semantic, proposal: proposal


@mutant("edits.bodies:_COVERAGE", "X18", fault="C23", kinds="oddity")
def coverage_leaves_the_block_out(real: Any) -> Any:
    """A comment for coverage moves to the line of the block."""
    return re.compile("$^")


# -- branches -----------------------------------------------------------------------------------


@mutant("rules.planning.branches:_order_refusal", "X8", fault="C13", kinds="match-arms")
def uses_behind_a_branch_do_not_matter(real: Any) -> Any:
    """Ids that one branch sets are given back, although they would last behind it."""
    return lambda *given: None


@mutant(
    "analysis.stores.carriers:Carriers._note_path_of", "X1_store_of_a_module_is_read", fault="C1"
)
def stores_of_modules_unseen(real: Any) -> Any:
    """A store that is named by its module is none."""
    return lambda self, node: None


@mutant("analysis.stores.carriers:Carriers._note_imported", "X1", fault="C1", kinds="store")
def stores_of_other_files_unseen(real: Any) -> Any:
    """A store that another file makes is none."""
    return lambda self, name, binding: None


# -- ids that several calls give ------------------------------------------------------------------


@mutant("rules.checks.late_recordings:late_recording", "X9", "X14")
def answers_are_recorded_at_once(real: Any) -> Any:
    """An answer may be recorded under ids that are set after it came."""
    return lambda *given: None


@mutant("analysis.trackers.ids.merging:Merging._keeps_order", "X9", "X13")
def tests_are_evaluated_at_will(real: Any) -> Any:
    """A test that does something is asked for each id anew."""
    return lambda *given: True


@mutant("analysis.trackers.ids.merging:_asked_by", "X13")
def overlooks_that_a_test_is_a_constant(real: Any) -> Any:
    """Takes what stands behind a constant test for evaluated in any case."""
    return lambda value: []


@mutant("analysis.trackers.ids.merging:Merging._is_given", "X13")
def later_values_are_never_none(real: Any) -> Any:
    """A later value of an id overrides the earlier one, also where it is None."""
    return lambda *given: True


@mutant("analysis.trackers.ids.literal_dicts:LiteralDicts._only_reads", "A4")
def dictionaries_stay_as_they_are(real: Any) -> Any:
    """A dictionary has the keys of its literal, whatever was done to it since."""
    return lambda *given: True


@mutant("analysis.trackers.constructs:_arms", "E7")
def arms_that_build_none_are_none(real: Any) -> Any:
    """An arm that is None is taken for one that builds a tracker, too."""
    return lambda value: [arm for arm in real(value) if not isinstance(arm, ast.Constant)]


@mutant("rules.planning.blocks:_only_flushes", "X6")
def ids_before_a_flush_never_raise(real: Any) -> Any:
    """Ids that may raise go into a header in front of a handler, or of what ``finally`` does."""
    return lambda *given: True


@examined(
    "rules.patterns.parameter:_is_followed",
    as_the_table_says(
        "B6_batch_then_single_on_a_parameter",
        "B6_single_then_batch_on_a_parameter_in_each_round",
    ),
)
def a_parameter_has_one_block(real: Any) -> Any:
    """The original runtime goes on in batch mode in a function's next block."""
    return lambda semantic, part, parts: False


@examined(
    "rules.patterns.parameter:_returns",
    as_the_table_says("B6_batch_and_single_of_a_parameter_in_two_branches"),
)
def nothing_ends_a_function(real: Any) -> Any:
    """What stands behind a branch that returns runs after it."""
    return lambda semantic, part, other: False


@mutant("analysis.left_bodies:_goes_on", "X11")
def rounds_end_with_their_branch(real: Any) -> Any:
    """A branch that may go on with the next round ends the life if it returns at its end."""
    return lambda body, repeated: False


@mutant("analysis.left_bodies:LeftBodies._entered", "X8", "X11")
def nobody_catches_errors(real: Any) -> Any:
    """An error in a branch that returns ends the life, whatever is around it."""
    return lambda self, outer, suite: real(self, outer, suite)._replace(sure=True)
