"""Generators that may be left before their end: what they do when they go comes late.

A generator that waits in a ``try`` or ``with`` runs what is left of it when it is thrown
away.  One that a variable has goes with its function's frame, behind the block, and an
asynchronous one whenever its loop gets to it, unless it has come to its end before.
"""

from __future__ import annotations

import ast
from enum import Enum, auto
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.taint_records import Assumed, Escape
from codemods.analysis.dataflow.tainted_values import TaintedValues
from codemods.analysis.syntax.calls import arguments_of, last_name
from codemods.analysis.syntax.effects import first_yield, walk_here
from codemods.analysis.syntax.tree import walk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codemods.analysis.dataflow.protocols import Pass
    from codemods.analysis.syntax.definitions import Resolved
    from codemods.analysis.syntax.scopes import Binding

_TO_THE_END = frozenset(
    "list tuple set frozenset dict sorted sum max min join deque Counter extend update".split()
)
# What these give goes with what they are given.
_AROUND = frozenset("zip enumerate map filter chain islice takewhile iter".split())
_CLOSING = frozenset("closing aclosing enter_context enter_async_context".split())
_CLOSES = frozenset("close aclose".split())
_LEAVING = (ast.Break, ast.Return, ast.Raise)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_Loop = ast.For | ast.AsyncFor


class _End(Enum):
    """Whether a generator is over when the block is."""

    SURE = auto()
    ASSUMED = auto()
    OPEN = auto()


class Unfinished:
    """Takes in the generators that one pass meets."""

    def __init__(self, run: Pass) -> None:
        self._run = run
        self._parents = run.module.parents

    def call(self, call: ast.Call) -> None:
        """Take in *call*, which may make a generator that works with the tracker when it goes."""
        definition = self._run.taint.definition(call.func)
        if definition is None or definition.node.decorator_list:
            return
        lazily = isinstance(definition.node, ast.AsyncFunctionDef)
        if not lazily and self._run.scope is not self._run.flow.frame:
            return  # its function ends, and with it what its variables have, inside the block
        if first_yield(definition.node.body) is None or not self._is_given(call, definition):
            return
        late = self._cleanup(call, definition)
        if late is None:
            return
        name, line = definition.node.name, getattr(late, "lineno", definition.node.lineno)
        end = self._end(call, asynchronous=lazily)
        if end is _End.OPEN:
            how = f"used by {name} (line {line}) when it is thrown away unfinished"
            self._run.flow.escapes.append(Escape(call, how))
        elif end is _End.ASSUMED:
            text = f"{name}, which ends with the tracker, is gone through to its end"
            self._run.flow.assumed.append(Assumed(text, call))

    def _is_given(self, call: ast.Call, definition: Resolved) -> bool:
        values: list[ast.expr] = [*arguments_of(call), call.func]
        inside = any(a in self._run.statements for a in self._run.module.ancestors(definition.node))
        return inside or any(self._run.mentions(value) for value in values)

    def _cleanup(self, call: ast.Call, definition: Resolved) -> ast.AST | None:
        """Return what works with the tracker where the generator *definition* is thrown away."""
        taint, node = definition.taint, definition.node
        held = [self._run.tainted_values]
        names = {
            p
            for v in arguments_of(call)
            if self._run.mentions(v)
            for p in definition.receivers(call, v)
        }
        if isinstance(call.func, ast.Attribute) and definition.receiver is not None:
            names |= {definition.receiver} if self._run.mentions(call.func.value) else set()
        scope = taint.scopes.inner[node]
        for name in sorted(names):
            flow = taint.follow(taint.scopes.binding(name, scope), node.body, scope)
            held.append(TaintedValues(taint, flow))
        return next(
            (part for part in _late(node.body) if any(one.mentions(part) for one in held)), None
        )

    # -- whether it comes to its end -------------------------------------------

    def _end(self, made: ast.expr, *, asynchronous: bool) -> _End:
        """Whether the generator *made* is over when the block is."""
        parent = self._parents.get(made)
        if isinstance(parent, ast.Call) and made in parent.args:
            name = last_name(parent.func)
            if name in _AROUND:
                return self._end(parent, asynchronous=asynchronous)
            return _End.SURE if name in _CLOSING or not asynchronous else _End.OPEN
        if isinstance(parent, ast.Assign) and len(parent.targets) == 1:
            target = parent.targets[0]
            if isinstance(target, ast.Name):
                return self._held(self._run.scopes.of(target))
            return _End.OPEN
        if isinstance(parent, ast.comprehension):
            whole = self._parents.get(parent)
            if isinstance(whole, ast.GeneratorExp):
                return self._end(whole, asynchronous=asynchronous)
            return _End.ASSUMED if asynchronous else _End.SURE
        if isinstance(parent, ast.For | ast.AsyncFor):
            return self._gone_through(parent) if asynchronous else _End.SURE
        sure = isinstance(parent, ast.Attribute | ast.Expr | ast.YieldFrom)
        return _End.SURE if sure else _End.OPEN

    def _held(self, binding: Binding) -> _End:
        """Whether the generator that the variable *binding* has comes to its end."""
        found = [self._ended_by(load) for load in binding.loads]
        if _End.SURE in found:
            return _End.SURE
        return _End.ASSUMED if _End.ASSUMED in found else _End.OPEN

    def _ended_by(self, load: ast.Name) -> _End:
        parent = self._parents.get(load)
        if isinstance(parent, ast.For | ast.AsyncFor | ast.comprehension) and parent.iter is load:
            return self._gone_through(parent)
        if isinstance(parent, ast.Call) and load in parent.args:
            if last_name(parent.func) in _CLOSING:
                return _End.SURE
            return _End.ASSUMED if last_name(parent.func) in _TO_THE_END else _End.OPEN
        if isinstance(parent, ast.Attribute) and parent.attr in _CLOSES:
            finally_ = any(
                isinstance(around, ast.Try) and self._run.module.statement(load) in around.finalbody
                for around in self._run.module.ancestors(load)
            )
            return _End.SURE if finally_ else _End.ASSUMED
        return _End.OPEN

    def _gone_through(self, loop: _Loop | ast.comprehension) -> _End:
        if isinstance(loop, ast.comprehension):
            return _End.ASSUMED
        left = any(isinstance(node, _LEAVING) for node in walk_here(loop.body))
        return _End.OPEN if left else _End.ASSUMED


def _late(body: list[ast.stmt]) -> Iterable[ast.AST]:
    """Yield what a generator with *body* does when it is thrown away at one of its yields."""
    for node in walk_here(body):
        if isinstance(node, ast.With | ast.AsyncWith) and first_yield(node.body) is not None:
            yield from (item.context_expr for item in node.items)
        elif isinstance(node, ast.Try | ast.TryStar) and first_yield([node]) is not None:
            yield from node.finalbody
            for handler in node.handlers:
                if _takes_exit(handler):
                    yield from handler.body


def _takes_exit(handler: ast.ExceptHandler) -> bool:
    """Whether *handler* may take the exception that throws a generator away."""
    kinds = walk(handler.type) if handler.type is not None else None
    names = {last_name(kind) for kind in kinds if isinstance(kind, ast.expr)} if kinds else None
    return names is None or not names.isdisjoint(("GeneratorExit", "BaseException"))
