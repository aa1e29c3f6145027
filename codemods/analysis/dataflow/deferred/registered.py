"""Functions that code may run because some file of the project has handed them on."""

from __future__ import annotations

import ast
import re
from functools import cached_property
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.call_graph import reachable
from codemods.analysis.dataflow.deferred.callbacks import (
    called_by,
    calls_unknown,
    handed_on,
    is_strange,
    unknown_calls,
)
from codemods.analysis.external.handed_records import is_special
from codemods.analysis.syntax.calls import arguments_of, is_client_call, last_name
from codemods.analysis.syntax.tree import walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

    from codemods.analysis.external.handed_records import Handed, Way
    from codemods.analysis.syntax.definitions import DataFlow, Resolved


#: The objects whose special methods are run by syntax, by kinds of node.
_OPERANDS: dict[type[ast.AST], Callable[[Any], Iterable[ast.expr]]] = {
    ast.With: lambda node: [item.context_expr for item in node.items],
    ast.AsyncWith: lambda node: [item.context_expr for item in node.items],
    ast.For: lambda node: [node.iter],
    ast.AsyncFor: lambda node: [node.iter],
    ast.comprehension: lambda node: [node.iter],
    ast.BinOp: lambda node: [node.left, node.right],
    ast.AugAssign: lambda node: [node.target, node.value],
    ast.UnaryOp: lambda node: [node.operand],
    ast.Compare: lambda node: [node.left, *node.comparators],
    ast.Subscript: lambda node: [node.value],
    ast.FormattedValue: lambda node: [node.value],
    ast.Starred: lambda node: [node.value],
    ast.YieldFrom: lambda node: [node.value],
    ast.Assign: lambda node: [node.value] if any(map(_unpacks, node.targets)) else [],
}
_ITERATING = frozenset(
    (ast.For, ast.comprehension, ast.Starred, ast.YieldFrom, ast.Assign, ast.In, ast.NotIn)
)
_SHOWING = frozenset((ast.FormattedValue, ast.Mod))
_ORDERING = frozenset((ast.Lt, ast.LtE, ast.Gt, ast.GtE))
#: A method of the left operand, of the right one, or of an augmented assignment.
_HOW = ("", "r", "i")
_OPERATORS: dict[str, type[ast.operator]] = {
    "add": ast.Add,
    "sub": ast.Sub,
    "mul": ast.Mult,
    "matmul": ast.MatMult,
    "truediv": ast.Div,
    "floordiv": ast.FloorDiv,
    "mod": ast.Mod,
    "pow": ast.Pow,
    "lshift": ast.LShift,
    "rshift": ast.RShift,
    "and": ast.BitAnd,
    "xor": ast.BitXor,
    "or": ast.BitOr,
}
#: Special methods that only such nodes run: by their kind, operator or context.
_RUN_ONLY_BY: dict[str, frozenset[type[ast.AST]]] = {
    "__enter__": frozenset((ast.With,)),
    "__exit__": frozenset((ast.With,)),
    "__aenter__": frozenset((ast.AsyncWith,)),
    "__aexit__": frozenset((ast.AsyncWith,)),
    "__aiter__": frozenset((ast.AsyncFor, ast.comprehension)),
    "__anext__": frozenset((ast.AsyncFor, ast.comprehension)),
    "__iter__": _ITERATING,
    "__next__": _ITERATING,
    "__contains__": frozenset((ast.In, ast.NotIn)),
    "__missing__": frozenset((ast.Load, ast.AugAssign)),
    "__setitem__": frozenset((ast.Store,)),
    "__delitem__": frozenset((ast.Del,)),
    "__getitem__": _ITERATING | {ast.Load, ast.AugAssign},
    "__eq__": frozenset((ast.Eq, ast.NotEq, ast.In, ast.NotIn)),
    "__ne__": frozenset((ast.NotEq,)),
    **dict.fromkeys(("__lt__", "__le__", "__gt__", "__ge__"), _ORDERING),
    **{f"__{how}{name}__": frozenset((op,)) for name, op in _OPERATORS.items() for how in _HOW},
    "__str__": _SHOWING,
    "__repr__": _SHOWING,
    "__format__": _SHOWING,
}


#: These run where the class is called.
CONSTRUCTORS = ("__init__", "__new__", "__post_init__")


class Registered:
    """The functions with trackers that the project hands on, as code of one module may run them."""

    def __init__(self, taint: DataFlow) -> None:
        self._taint = taint
        self._every = tuple(taint.registry.handed_on())
        ways = [way for one in self._every for way in one.ways]
        self._keepers = frozenset(way.keeper for way in ways)
        self._under = frozenset(way.under for way in ways)
        self._special = frozenset(one.names[-1] for one in self._every if _runs_by_syntax(one))

    def run_by(
        self,
        body: Sequence[ast.AST],
        is_known: Callable[[DataFlow, ast.expr], bool] = lambda _taint, _called: False,
        given: Iterable[Resolved] = (),
    ) -> list[Handed]:
        """Return those that *body*, of the module, may run.

        Of a callee that *is_known* all is in sight that it may be; *given* are functions that
        *body* calls so, with what they lead to.
        """
        doing = _Doing(self._taint, body, is_known, given) if self._every else None
        if doing is None or not self._may_run(doing):
            return []
        return [one for one in self._every if any(self._is_run(one, w, doing) for w in one.ways)]

    def _may_run(self, doing: _Doing) -> bool:
        """Whether *doing* may lead to any of them: most bodies call nothing unknown."""
        if doing.is_any or doing.methods or not doing.called.isdisjoint(self._under):
            return True
        says = any(keeper and doing.says(keeper) for keeper in self._keepers)
        return says or any(doing.operates(name) for name in self._special)

    def _is_run(self, handed: Handed, way: Way, doing: _Doing) -> bool:
        """Whether *doing* may lead to what is *handed* on that *way*."""
        if way.keeper:
            return doing.says(way.keeper)
        if way.under in doing.called or doing.is_any:
            return True
        if _runs_by_syntax(handed) and doing.operates(handed.names[-1]):
            return True
        may_run = self._taint.registry.may_run
        return any(may_run(way, caller, name) for caller, name in doing.methods)


def may_call_back(taint: DataFlow, body: Sequence[ast.AST], targets: set[ast.AST]) -> bool:
    """Whether *body* calls something unknown while one of *targets* is handed on.

    They are functions of its module, which other files may hand on, too.
    """
    if calls_unknown(taint, body) and not handed_on(taint).isdisjoint(targets):
        return True
    path, named = str(taint.module.source.path), taint.module.qualified_name
    handed = {one.names for one in taint.once(Registered).run_by(body) if one.path == path}
    return bool(handed) and any(named(target) in handed for target in targets)


def _runs_by_syntax(handed: Handed) -> bool:
    name = handed.names[-1]
    return is_special(name) and name not in CONSTRUCTORS


def _unpacks(target: ast.expr) -> bool:
    return isinstance(target, ast.Tuple | ast.List)


def _operations(taint: DataFlow, root: ast.AST) -> Iterator[type[ast.AST]]:
    """Yield how syntax of *root* works on objects of no known class: kinds, operators, contexts."""
    for node in walk(root):
        operands = _OPERANDS.get(type(node))
        if operands is not None and any(is_strange(taint, one) for one in operands(node)):
            yield type(node)
            yield from (type(op) for op in getattr(node, "ops", ()))
            if isinstance(node, ast.BinOp | ast.AugAssign):
                yield type(node.op)
            if isinstance(node, ast.Subscript):
                yield type(node.ctx)


class _Doing:
    """What a body does that may run what others have put somewhere.

    ``methods`` are those of objects that show no class, each with the file in which it is called;
    ``is_any`` says that something is called that is no method.
    """

    def __init__(
        self,
        taint: DataFlow,
        body: Sequence[ast.AST],
        is_known: Callable[[DataFlow, ast.expr], bool],
        given: Iterable[Resolved],
    ) -> None:
        reached = reachable(taint, body)
        known = {one.node for one in reached}
        more = [one for one in given if one.node not in known]
        self._roots: list[tuple[DataFlow, ast.AST]] = [(taint, statement) for statement in body]
        self._roots += [(one.taint, s) for one in reached for s in one.node.body]
        self._roots += [(one.taint, s) for one in more for s in one.node.body]
        self._reached: set[ast.AST] = known.union(one.node for one in more)
        self.texts = {home.module.source.text for home, _ in self._roots}
        self.methods: set[tuple[str, str]] = set()
        self.is_any = reached.is_cut
        calls = [*unknown_calls(taint, body)]
        calls += (one for m in more for one in unknown_calls(m.taint, m.node.body))
        for home, call in calls:
            for called in called_by(home, call):
                if isinstance(called, ast.Attribute):
                    if not is_known(home, called):
                        self.methods.add((str(home.module.source.path), called.attr))
                elif home.class_of(called) is None and not self._is_told(home, called):
                    # What a class runs is in sight.
                    self.is_any = self.is_any or not is_known(home, called)
        #: The names of all that is called, but for calls of clients.
        self.called = {last_name(c.func) for _, c in self._calls if not is_client_call(c.func)}
        self.called.discard("")

    def says(self, word: str) -> bool:
        """Whether a file whose code runs says *word*, the name of a package."""
        return any(word in text and re.search(rf"\b{word}\b", text) for text in self.texts)

    @cached_property
    def _calls(self) -> list[tuple[DataFlow, ast.Call]]:
        every = ((home, node) for home, root in self._roots for node in walk(root))
        return [(home, node) for home, node in every if isinstance(node, ast.Call)]

    def _is_told(self, home: DataFlow, called: ast.expr) -> bool:
        """Whether *called* is a parameter of a function that is seen to be given functions here."""
        if not isinstance(called, ast.Name) or called not in home.scopes.scope_of:
            return False
        binding = home.scopes.of(called)
        function = binding.scope.node
        if function not in self._reached or not all(
            isinstance(b, ast.arg) for b in binding.binders
        ):
            return False
        is_called = False
        for there, call in self._calls:
            found = there.definition(call.func)
            if found is None or found.node is not function:
                continue
            is_called = True
            given = [v for v in arguments_of(call) if found.parameter(call, v) == binding.name]
            if len(given) != 1 or not _is_function(there, given[0]):
                return False
        return is_called

    @cached_property
    def _operations(self) -> frozenset[type[ast.AST]]:
        return frozenset(kind for root in self._roots for kind in _operations(*root))

    def operates(self, special: str) -> bool:
        """Whether syntax may run the method *special* of an object that shows no class."""
        only = _RUN_ONLY_BY.get(special)
        return bool(self._operations if only is None else self._operations & only)


def _is_function(taint: DataFlow, value: ast.expr) -> bool:
    """Whether *value* is a function, or a class, that is in sight."""
    if isinstance(value, ast.Lambda):
        return True
    named = isinstance(value, ast.Name | ast.Attribute)
    return named and (taint.definition(value) or taint.class_of(value)) is not None
