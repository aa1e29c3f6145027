"""Mutants of the analysis: wrong answers about extents, lives, holders of a tracker, and values."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Any

from codemods import vocabulary as words

from .mutant import examined, mutant
from .table import as_the_table_says

# -- extents ------------------------------------------------------------------------------


@mutant("analysis.trackers.last_use:LastUse.stop", "X1")
def block_ends_before_the_last_use(real: Any) -> Any:
    """A block ends in front of the last use of its tracker."""

    def wrong(self: Any, suite: Any, start: int, end: int) -> int:
        stop: int = real(self, suite, start, end)
        return max(start + 1, stop - 1)

    return wrong


@mutant("analysis.trackers.block_extent:closing_flush", "R1")
def any_flush_is_the_last(real: Any) -> Any:
    """A flush in the middle of a block is taken for its end."""
    from codemods.analysis.trackers.block_extent import is_method_call

    def wrong(suite: Any, start: int, stop: int, binding: Any, scopes: Any) -> Any:
        for index in range(start, stop):
            if is_method_call(suite[index], binding, scopes, words.FLUSH_CALL):
                return index, False
        return real(suite, start, stop, binding, scopes)

    return wrong


@mutant("analysis.trackers.block_extent:closing_flush", "R1")
def finally_taken_for_a_flush(real: Any) -> Any:
    """A ``finally`` that does more than flush is dropped whole."""

    def wrong(suite: Any, start: int, stop: int, binding: Any, scopes: Any) -> Any:
        found = real(suite, start, stop, binding, scopes)
        last = suite[stop - 1] if stop > start else None
        if found is None and isinstance(last, ast.Try) and last.finalbody:
            return stop - 1, True
        return found

    return wrong


# -- lives ----------------------------------------------------------------------------------


@mutant("analysis.trackers.ids.arguments:arguments_given", "A1")
def positions_misread(real: Any) -> Any:
    """Ids that are passed by position are taken for the ids of other positions."""

    def wrong(call: ast.Call, literals: Any) -> Any:
        found, problem = real(call, literals)
        places = [a for a in found if a.is_positional]
        names = [a.keyword for a in places][::-1]
        again = [replace(a, keyword=k) for a, k in zip(places, names, strict=True)]
        return (*again, *(a for a in found if not a.is_positional)), problem

    return wrong


@examined(
    "analysis.syntax.names:Names.tracker_class", as_the_table_says("N1_class_of_another_package")
)
def class_known_by_its_name(real: Any) -> Any:
    """Every class of the legacy class's name is taken for it."""
    from codemods.analysis.syntax.names import Meaning

    def wrong(self: Any, expression: ast.expr) -> Any:
        bare = isinstance(expression, ast.Name) and expression.id == words.TRACKER_CLASS
        path = next(iter(self._vocabulary.tracker_paths))
        return real(self, expression) or (Meaning((path,), True) if bare else None)

    return wrong


# -- who holds a tracker ------------------------------------------------------------------------


@mutant("analysis.dataflow.transfer:Passage._escapes", "E1", "X4")
def results_do_not_escape(real: Any) -> Any:
    """What is returned or yielded is not followed."""
    return lambda self, value, node, how: None


@mutant("analysis.dataflow.transfer:Passage._definition", "E2")
def closures_do_not_hold(real: Any) -> Any:
    """A function that uses the tracker of the function around it does not hold it."""
    return lambda self, node: None


@mutant("analysis.dataflow.tainted_values:TaintedValues.mentions", "E1", "E2")
def lambdas_do_not_hold(real: Any) -> Any:
    """A lambda or a generator expression does not hold what it uses."""
    return lambda self, node: (
        not isinstance(node, ast.Lambda | ast.GeneratorExp) and real(self, node)
    )


@mutant("analysis.syntax.class_uses:hidden_loads", "E8", "A3")
def class_bodies_unseen(real: Any) -> Any:
    """A class that takes the module's tracker for an attribute is not seen."""
    return lambda module, scopes, name: []


@mutant("analysis.dataflow.call_graph:reachable", "X16", "E8", "E10")
def calls_unfollowed(real: Any) -> Any:
    """What the functions called in a block do is not looked at."""
    from codemods.analysis.dataflow.call_graph import Reached

    return lambda taint, statements: Reached([], is_cut=False)


@mutant("analysis.dataflow.deferred.registered:may_call_back", "E8_called_back", "E10_")
def callbacks_unseen(real: Any) -> Any:
    """A function that is handed on is never called back."""
    return lambda taint, body, targets: False


# -- values --------------------------------------------------------------------------------------


@mutant("analysis.syntax.effects:changes_environment", "X2")
def environment_unseen(real: Any) -> Any:
    """Nothing is seen to change the environment."""
    return lambda nodes: None


@mutant("analysis.dataflow.nullness:Nullness.is_given", "A3")
def values_always_there(real: Any) -> Any:
    """Every value is taken for one that is there."""
    return lambda self, value, steps=(): True


@mutant("vocabulary:STATE_ATTRIBUTES", "A9")
def state_unseen(real: Any) -> Any:
    """A program that reads ids or metrics off its tracker is taken for one that does not."""
    return frozenset({"nothing"})
