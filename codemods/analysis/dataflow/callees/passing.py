"""What functions in sight do with a tracker that a call gives them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.callees.heirs import in_place_of_none
from codemods.analysis.dataflow.callees.overriding import in_place_of
from codemods.analysis.dataflow.callees.possible import (
    MODULE_GETATTR,
    as_called,
    lambda_flows,
    possible,
)
from codemods.analysis.dataflow.callees.replaced import replacing
from codemods.analysis.dataflow.taint_records import Assumed, Escape
from codemods.analysis.syntax.calls import arguments_of, last_name
from codemods.analysis.syntax.definitions import Function, Resolved, ResolvedClass
from codemods.analysis.syntax.signatures import default_of, parameters
from codemods.analysis.syntax.tree import walk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codemods.analysis.dataflow.deferred.held_code import Code
    from codemods.analysis.dataflow.protocols import Pass
    from codemods.analysis.syntax.definitions import DataFlow

_CERTAIN = "kept by"
_MAKING_CLASSES = ("type", "new_class", "make_dataclass")
_POSSIBLE = "perhaps kept by"


class Passing:
    """Takes in what functions in sight do with what the calls of one pass give them."""

    def __init__(self, run: Pass) -> None:
        self._taint = run.taint
        self._flow = run.flow

    def passed(
        self, call: ast.Call, function: Resolved, given: list[ast.expr], how: str = _CERTAIN
    ) -> None:
        """Take in what *function*, which *call* is a call of, does with the values *given*."""
        for parameter in dict.fromkeys(p for v in given for p in function.receivers(call, v)):
            self.summarised(call, function, parameter, how=how)

    def in_place_of(self, call: ast.Call, known: Resolved, given: list[ast.expr]) -> None:
        """Take in what else may run where *call* names *known*."""
        for function in in_place_of(self._taint, call.func, known):
            self.passed(call, function, given, _POSSIBLE)
        self._run_by(call, replacing(known), given)

    def in_place_of_none(
        self, call: ast.Call, known: Resolved | None, given: list[ast.expr]
    ) -> None:
        """Take in what a call of ``super()`` may run beside *known*."""
        for function in in_place_of_none(self._taint, call.func):
            if known is None or function.node is not known.node:
                self.passed(call, function, given, _POSSIBLE)

    def possible(self, call: ast.Call, given: list[ast.expr]) -> list[ResolvedClass]:
        """Take in what functions do that *call* may be a call of; return the classes among them.

        A parameter is told by who calls its function, where that is the one that is looked at.
        """
        return self._run_by(call, possible(self._taint, call.func, self._flow.frame), given)

    def _run_by(
        self, call: ast.Call, codes: Iterable[Code], given: list[ast.expr]
    ) -> list[ResolvedClass]:
        classes = []
        made = self._taint.followed(call.func)
        # A class that ``type`` makes has its functions as methods.
        of_class = isinstance(made, ast.Call) and last_name(made.func) in _MAKING_CLASSES
        for taint, node in codes:
            if isinstance(node, ast.ClassDef):
                classes.append(ResolvedClass(taint, node))
            elif isinstance(node, ast.Lambda):
                self._lambda(call, taint, node)
            elif isinstance(node, Function) and node.name == MODULE_GETATTR:
                self._escape(call, f"given to what {MODULE_GETATTR} of a module finds")
            elif isinstance(node, Function):
                function = as_called(taint, node, call, given, bound=of_class)
                self.passed(call, function, given, _POSSIBLE)
        return classes

    def _lambda(self, call: ast.Call, taint: DataFlow, node: ast.Lambda) -> None:
        """Take in what a function without a name does with its parameters."""
        inner = {*walk(node.body)}
        for flow in lambda_flows(taint, node):
            if any(escape.node in inner for escape in flow.escapes):
                self._escape(call, f"{_POSSIBLE} a lambda ({self._where(taint, node.lineno)})")
            if any(one in inner for one in (*flow.sets, *flow.older)):
                self._flow.sets.append(call)

    def summarised(
        self,
        call: ast.Call,
        function: Resolved,
        parameter: str,
        plain: frozenset[str] = frozenset(),
        how: str = _CERTAIN,
    ) -> None:
        """Take in what *function* does with its *parameter*."""
        summary = function.summary(parameter, plain)
        if summary.escape is not None:
            line = getattr(summary.escape, "lineno", function.node.lineno)
            where = self._where(function.taint, line)
            self._escape(call, f"{how} {function.node.name} ({where})")
        if summary.sets_ids:
            self._flow.sets.append(call)
        if summary.sets_by_older_name:
            self._flow.older.append(call)
        if summary.reads_state:
            self._flow.reads.append(call)
        self._flow.assumed.extend(Assumed(text, call) for text in summary.assumed)
        for trusted in summary.trusted:
            if not self._of_parameter(call, function, trusted):
                self._flow.trusted.append(named(trusted, call))

    def _of_parameter(self, call: ast.Call, definition: Resolved, function: ast.expr) -> bool:
        """Take in that *definition* calls one of its parameters; whether that is in sight."""
        if not isinstance(function, ast.Name):
            return False
        given = [v for v in arguments_of(call) if function.id in definition.receivers(call, v)]
        values = [(self._taint, value) for value in given]
        if not given:
            own = (p for p in parameters(definition.node.args) if p.arg == function.id)
            defaults = (default_of(definition.node.args, one) for one in own)
            values = [(definition.taint, default) for default in defaults if default is not None]
        known = [taint.known(value) for taint, value in values]
        found = [one for one in known if one is not None]
        for (taint, value), one in zip(values, known, strict=True):
            codes = possible(taint, value) if one is None else []
            found += (Resolved(t, n) for t, n in codes if isinstance(n, Function))
        for each in found:
            for parameter in parameters(each.node.args):
                if each.summary(parameter.arg).escape is not None:
                    self._escape(call, f"kept by {each.node.name}, which is called with it")
        return bool(known) and None not in known

    def _where(self, home: DataFlow, line: int) -> str:
        other = home is not self._taint
        return f"{home.module.source.display}:{line}" if other else f"line {line}"

    def _escape(self, node: ast.AST, how: str) -> None:
        self._flow.escapes.append(Escape(node, how))


def named(function: ast.expr, place: ast.AST) -> ast.Call:
    """Return a call of *function* that stands at *place*, which may be in another module."""
    return ast.copy_location(ast.Call(function, [], []), place)
