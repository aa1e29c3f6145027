"""What decorators do with a function that holds a tracker, or that is called with one."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.deferred import telling_names
from codemods.analysis.dataflow.holders import family
from codemods.analysis.dataflow.library_models.rows import Effect
from codemods.analysis.dataflow.taint_records import Escape
from codemods.analysis.syntax.definitions import Function, Resolved
from codemods.analysis.syntax.tree import walk

if TYPE_CHECKING:
    from codemods.analysis.dataflow.protocols import Pass


class Decorating:
    """Takes in the decorators that one pass meets."""

    def __init__(self, run: Pass) -> None:
        self._run = run
        self._taint = run.taint
        self._flow = run.flow
        self._foreign = run.taint.foreign

    def decorated(self, decorator: ast.expr) -> None:
        """Take in what *decorator* does with a function that holds the tracker."""
        made = decorator.func if isinstance(decorator, ast.Call) else decorator
        if self._run.tainted(made):
            return
        name = short(made)
        known = self._taint.known(made)
        model = self._foreign.model(made) if known is None else None
        if known is not None:
            if known.keeps_decorated(factory=isinstance(decorator, ast.Call)):
                self._escape(decorator, f"in a function that {known.node.name} keeps")
        elif model is None or model.effect in (Effect.KEEP, Effect.LATER):
            self._escape(decorator, f"in a function that {name} may keep")

    def through(self, call: ast.Call, definition: Resolved) -> None:
        """Take in that a decorated function is called by what its decorators made of it."""
        taint = definition.taint
        for decorator in definition.node.decorator_list:
            made = decorator.func if isinstance(decorator, ast.Call) else decorator
            known = taint.known(made)
            if known is not None:
                if keeps_arguments(known):
                    self._escape(call, f"kept by what {known.node.name} makes of it")
                continue
            owner = taint.class_of(made)
            called = family(owner).method("__call__") if owner is not None else None
            if called is not None:
                if keeps_arguments(called, itself=made is decorator):
                    self._escape(call, f"kept by what {short(made)} makes of it")
                continue
            path = taint.foreign.path(made) or ast.unparse(made)
            if telling_names.detaches(path):
                self._escape(call, f"given to a function that {short(made)} runs later")
            elif taint.foreign.model(made) is None:
                self._flow.trusted.append(ast.copy_location(ast.Call(made, [], []), call))

    def _escape(self, node: ast.AST, how: str) -> None:
        self._flow.escapes.append(Escape(node, how))


def short(node: ast.expr) -> str:
    """Return *node* as text that fits into a sentence."""
    text = ast.unparse(node)
    return text if len(text) <= 40 else f"{text[:37]}..."


def keeps_arguments(decorator: Resolved, *, itself: bool = False) -> bool:
    """Whether a function that *decorator* makes keeps, or lets go on, what it is called with.

    *itself* says that the decorator is what is called then: a method of the object that it made.
    """
    inner = [n for n in walk(decorator.node) if n is not decorator.node]
    made = (Resolved(decorator.taint, n) for n in inner if isinstance(n, Function))
    return any(
        function.summary(parameter).escape is not None
        for function in (*([decorator] if itself else []), *made)
        for parameter in _all_parameters(function)
    )


def _all_parameters(function: Resolved) -> list[str]:
    arguments = function.node.args
    stars = [a.arg for a in (arguments.vararg, arguments.kwarg) if a is not None]
    return [*(a.arg for a in arguments.args[int(function.bound) :]), *stars]
