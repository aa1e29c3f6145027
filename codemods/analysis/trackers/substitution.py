"""Whether a function does the same when it is given a tracker, but for what is recorded.

The function is gone through twice: once as it runs without the tracker, once as it runs with
one.  In each run the tests of the tracker are decided and what only records is left out; what
remains has to be the same.
"""

from __future__ import annotations

import ast
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from codemods import vocabulary as words
from codemods.analysis.syntax.effects import is_plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.syntax.definitions import Resolved
    from codemods.analysis.syntax.scopes import Binding

_RECORDS = (words.FLUSH_CALL, words.STORE_CALL, words.REVIEW_CALL)
_SEES_LOCALS = ("locals", "vars", "dir", "eval", "exec")
_INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.GeneratorExp)
_ENDS = (ast.Return, ast.Raise, ast.Break, ast.Continue)
_WITH = (ast.With, ast.AsyncWith)
_Seen = frozenset[tuple[ast.AST, str, "Held"]]


class Held(Enum):
    """What a name holds in a run: no tracker, one the function built, or the one it was given."""

    NONE = "none"
    OWN = "own"
    GIVEN = "given"


@dataclass(frozen=True, slots=True)
class Sameness:
    """Whether the runs are the same; ``fails`` says that the one without a tracker may raise."""

    proven: bool
    fails: bool = False


@dataclass(frozen=True, slots=True)
class _Argument:
    """A tracker, or its absence, that is handed to another function."""

    held: Held
    caught: bool
    receiver: Resolved | None
    parameter: str | None


class _UnprovenError(Exception):
    """What a name holds cannot be told."""


def same_but_recorded(
    resolved: Resolved,
    parameter: str,
    without: Held = Held.NONE,
    seen: _Seen = frozenset(),
) -> Sameness:
    """Compare the function given a tracker as *parameter* with what it does *without*."""
    key = (resolved.node, parameter, without)
    if key in seen:
        return Sameness(proven=True)
    absent, given = _Run(resolved, parameter, without), _Run(resolved, parameter, Held.GIVEN)
    failing: list[_Argument] = []
    try:
        proven = _same(absent.function(), given.function(), seen | {key}, failing)
    except (_UnprovenError, RecursionError):
        return Sameness(proven=False)
    return Sameness(proven, absent.fails or bool(failing))


def _same(one: Any, other: Any, seen: _Seen, failing: list[_Argument]) -> bool:
    """Compare two parts of the runs; *failing* collects what another function fails with."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(
            _same(a, b, seen, failing) for a, b in zip(one, other, strict=True)
        )
    if isinstance(one, _Argument) and isinstance(other, _Argument):
        if one.held is other.held:
            return True
        if one.receiver is None or one.parameter is None or one.receiver.node.decorator_list:
            return False
        inner = same_but_recorded(one.receiver, one.parameter, one.held, seen)
        if inner.fails:
            failing.append(one)
        return inner.proven and not (inner.fails and one.caught)
    return type(one) is type(other) and bool(one == other)


class _Run:
    """One run of a function, as nested tuples."""

    def __init__(self, resolved: Resolved, parameter: str, held: Held) -> None:
        self.resolved = resolved
        self.names, self.scopes = resolved.taint.names, resolved.taint.scopes
        scope = self.scopes.inner[resolved.node]
        self.held: dict[Binding, Held] = {self.scopes.binding(parameter, scope): held}
        self.fails = False
        self.branches = self.inner = self.caught = 0

    def function(self) -> tuple[Any, ...]:
        """Return what the whole function does."""
        found, _ = self._block(self.resolved.node.body)
        if found and found[-1] == ("Return", ("value", None)):
            found = found[:-1]
        return found

    @contextmanager
    def _within(self, *, branch: int = 0, inner: int = 0, caught: int = 0) -> Iterator[None]:
        before = self.branches, self.inner, self.caught
        self.branches, self.inner = self.branches + branch, self.inner + inner
        self.caught += caught
        yield
        self.branches, self.inner, self.caught = before

    def _block(self, statements: list[ast.stmt]) -> tuple[tuple[Any, ...], bool]:
        """Return what a suite does, and whether it surely ends there what is around it."""
        found: list[Any] = []
        for statement in statements:
            if isinstance(statement, ast.If):
                decided = self._truth(statement.test)
                if decided is not None:
                    chosen, ends = self._block(statement.body if decided else statement.orelse)
                    found += chosen
                    if ends:
                        return tuple(found), True
                    continue
            fingerprint = self._statement(statement)
            if fingerprint is not None:
                found.append(fingerprint)
            if isinstance(statement, _ENDS):
                return tuple(found), True
        return tuple(found), False

    def _statement(self, statement: ast.stmt) -> Any:
        if isinstance(statement, ast.Pass):
            return None
        if isinstance(statement, ast.Expr):
            return None if self._only_records(statement.value) else self._fingerprint(statement)
        if isinstance(statement, ast.Assign) and self._assigned(statement.targets, statement.value):
            return None
        if isinstance(statement, ast.AnnAssign) and statement.value is not None:
            if self._assigned([statement.target], statement.value):
                return None
        if isinstance(statement, ast.If):
            fingerprint = self._fingerprint(statement)
            nothing = (("body", ()), ("orelse", ()))
            return None if fingerprint[2:] == nothing and is_plain(statement.test) else fingerprint
        return self._fingerprint(statement)

    def _assigned(self, targets: list[ast.expr], value: ast.expr) -> bool:
        """Note that a name holds a tracker now, or none; whether this is such an assignment."""
        target = targets[0]
        if len(targets) != 1 or not isinstance(target, ast.Name):
            return False
        binding = self.scopes.of(target)
        stored = self._replayed(value) or value
        if isinstance(stored, ast.Name) and stored.id == target.id:
            return True
        held = None if isinstance(value, ast.Constant) else self._holds(value)
        if held is None and binding not in self.held:
            return False
        if binding.declared or ((self.branches or self.inner) and len(binding.binders) > 1):
            raise _UnprovenError
        if held is None:
            del self.held[binding]
            return False
        self.held[binding] = held
        return True

    def _only_records(self, value: ast.expr) -> bool:
        """Whether an expression whose value nobody takes does nothing but record."""
        if is_plain(value) or isinstance(value, ast.Constant):
            return True
        if isinstance(value, ast.BoolOp):
            decided = [self._truth(operand) for operand in value.values[:-1]]
            if None not in decided:
                stops = not isinstance(value.op, ast.And)
                return stops in decided or self._only_records(value.values[-1])
        if not isinstance(value, ast.Call):
            return False
        arguments = [*value.args, *(keyword.value for keyword in value.keywords)]
        if self._replayed(value.func) is not None and not arguments:
            replayed = self._replayed(value.func)
            return isinstance(replayed, ast.Lambda) and is_plain(replayed.body)
        method = value.func
        if not isinstance(method, ast.Attribute) or method.attr not in _RECORDS:
            return False
        return self._receiver(method) is not None and all(is_plain(a) for a in arguments)

    def _receiver(self, method: ast.Attribute) -> Held | None:
        """Return what holds the attribute; that None has none of a tracker's is noted."""
        held = self._holds(method.value)
        if held is Held.NONE:
            if self.caught:
                raise _UnprovenError
            self.fails = True
        return held

    def _replayed(self, call: ast.expr) -> ast.expr | None:
        """Return the function that a tracker wraps here: the wrapped one does the same."""
        if not isinstance(call, ast.Call) or len(call.args) != 1 or call.keywords:
            return None
        method = call.func
        if not isinstance(method, ast.Attribute) or method.attr not in words.REPLAYS:
            return None
        return call.args[0] if self._receiver(method) is not None else None

    def _holds(self, value: ast.expr) -> Held | None:
        """Return what tracker *value* is, or None where it is something else."""
        if isinstance(value, ast.Name):
            return self.held.get(self.scopes.of(value)) if value in self.scopes.scope_of else None
        if isinstance(value, ast.Constant) and value.value is None:
            return Held.NONE
        if isinstance(value, ast.IfExp):
            decided = self._truth(value.test)
            return None if decided is None else self._holds((value.orelse, value.body)[decided])
        if isinstance(value, ast.BoolOp):
            for operand in value.values[:-1]:
                held = self._holds(operand)
                if held is None or (held is Held.NONE) is isinstance(value.op, ast.And):
                    return held
            return self._holds(value.values[-1])
        return Held.OWN if isinstance(value, ast.Call) and self._builds(value) else None

    def _builds(self, call: ast.Call) -> bool:
        made: ast.expr = call.func
        if isinstance(made, ast.Attribute) and made.attr == words.FACTORY:
            made = made.value
        arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
        return self.names.tracker_class(made) is not None and all(is_plain(a) for a in arguments)

    def _truth(self, test: ast.expr) -> bool | None:
        """Return how a test of the tracker goes."""
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            inner = self._truth(test.operand)
            return None if inner is None else not inner
        if isinstance(test, ast.Compare) and len(test.ops) == 1:
            left, right = self._holds(test.left), test.comparators[0]
            if left is not None and isinstance(right, ast.Constant) and right.value is None:
                if isinstance(test.ops[0], ast.Is | ast.Eq):
                    return left is Held.NONE
                if isinstance(test.ops[0], ast.IsNot | ast.NotEq):
                    return left is not Held.NONE
            return None
        if isinstance(test, ast.BoolOp):
            decides = not isinstance(test.op, ast.And)
            for operand in test.values:
                found = self._truth(operand)
                if found is decides:
                    return decides
                if found is None and not is_plain(operand):
                    return None
            return None if None in map(self._truth, test.values) else not decides
        held = None if isinstance(test, ast.Constant) else self._holds(test)
        return None if held is None else held is not Held.NONE

    def _fingerprint(self, node: Any) -> Any:
        if isinstance(node, ast.Name):
            return self._name(node)
        if isinstance(node, ast.withitem):
            return self._item(node)
        if isinstance(node, ast.expr) and self._chosen(node) is not node:
            return self._fingerprint(self._chosen(node))
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.Attribute):
            held = self._receiver(node)
            if held is not None and not isinstance(node.value, ast.Constant):
                # What a tracker has recorded so far is not the same in another tracker.
                own = held is Held.OWN and node.attr not in words.RECORDING_DECORATORS
                return ("own" if own else "tracker", node.attr)
        if not isinstance(node, ast.AST):
            return node
        return self._parts(node)

    def _parts(self, node: ast.AST) -> tuple[Any, ...]:
        found: list[Any] = [type(node).__name__]
        inner = int(isinstance(node, _INNER))
        branch = int(isinstance(node, ast.stmt) and not isinstance(node, _WITH))
        caught = int(bool(getattr(node, "handlers", ())))
        if isinstance(node, _WITH):
            managers = [i.context_expr for i in node.items]
            caught = int(not all(self._is_context(manager) for manager in managers))
        with self._within(branch=branch, inner=inner, caught=caught):
            for field, value in ast.iter_fields(node):
                if field in ("ctx", "type_comment", "kind"):
                    continue
                if not isinstance(value, list):
                    found.append((field, self._fingerprint(value)))
                elif value and isinstance(value[0], ast.stmt):
                    found.append((field, self._block(value)[0]))
                else:
                    found.append((field, tuple(self._fingerprint(part) for part in value)))
        return tuple(found)

    def _is_context(self, manager: ast.expr) -> bool:
        return isinstance(manager, ast.Call) and bool(self.names.context_manager(manager.func))

    def _item(self, item: ast.withitem) -> Any:
        entered, target = self._fingerprint(item.context_expr), item.optional_vars
        if isinstance(target, ast.Name) and self._is_context(item.context_expr):
            if not self.branches and not self.inner:
                # It is the context's tracker from here on, whatever was given.
                self.held.pop(self.scopes.of(target), None)
        return ("item", entered, self._fingerprint(target))

    def _name(self, node: ast.Name) -> Any:
        binding = self.scopes.of(node)
        if binding in self.held:
            # What is put into it otherwise, or later behind the back of an inner function.
            if not isinstance(node.ctx, ast.Load) or (self.inner and len(binding.binders) > 1):
                raise _UnprovenError
            return ("held", self.held[binding])
        if node.id in _SEES_LOCALS:
            raise _UnprovenError
        return ("name", node.id)

    def _chosen(self, node: ast.expr) -> ast.expr:
        """Return the part of a choice by the tracker that is evaluated."""
        if isinstance(node, ast.IfExp):
            decided = self._truth(node.test)
            return node if decided is None else (node.orelse, node.body)[decided]
        if isinstance(node, ast.BoolOp):
            decided = self._truth(node.values[0])
            if decided is None:
                return node
            if decided is not isinstance(node.op, ast.And):
                return node.values[0]
            rest = node.values[1:]
            return rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
        return node

    def _call(self, call: ast.Call) -> Any:
        replayed = self._replayed(call)
        if replayed is not None:
            return self._fingerprint(replayed)
        method = call.func
        if isinstance(method, ast.Attribute) and method.attr in words.CLIENT_WRAPPERS:
            held = [self._holds(argument) for argument in call.args[1:]]
            held += [self._holds(keyword.value) for keyword in call.keywords]
            if call.args and len(held) == 1 and held[0] in (Held.OWN, Held.GIVEN):
                return self._fingerprint(call.args[0])
        ours = self._is_context(call)
        arguments: list[Any] = [(None, self._argument(call, value)) for value in call.args]
        for keyword in call.keywords:
            if ours and keyword.arg == words.TRACKER_ARGUMENT and self._holds(keyword.value):
                continue
            arguments.append((keyword.arg, self._argument(call, keyword.value)))
        return ("call", self._fingerprint(method), tuple(arguments))

    def _argument(self, call: ast.Call, value: ast.expr) -> Any:
        held = None if isinstance(value, ast.Constant) else self._holds(value)
        if held is None:
            return self._fingerprint(value)
        if isinstance(value, ast.Name):
            self._fingerprint(value)
        certain = isinstance(call.func, ast.Name) or self.names.meaning(call.func).certain
        receiver = self.resolved.taint.definition(call.func) if certain else None
        parameter = receiver.parameter(call, value) if receiver is not None else None
        return _Argument(held, self.caught > 0, receiver, parameter)
