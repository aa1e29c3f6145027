"""Methods of other files that a block may run, and the trackers of the objects that have them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.dataflow.call_graph import Reached, reachable
from codemods.analysis.dataflow.deferred.callbacks import is_unknown
from codemods.analysis.dataflow.deferred.plain_values import is_plain
from codemods.analysis.dataflow.holders import family
from codemods.analysis.external.api_aliases import api_name
from codemods.analysis.syntax.calls import is_client_call
from codemods.analysis.syntax.definitions import Resolved, ResolvedClass
from codemods.analysis.syntax.signatures import Given
from codemods.analysis.syntax.tree import walk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.definitions import DataFlow

_USING = frozenset({*words.TRACKER_METHODS, *words.CONTEXT_MANAGERS, *words.CLIENT_WRAPPERS})
_BUILDERS = (words.TRACKER_CLASS, words.FACTORY)
_FORWARDING = (words.SET_CALL, words.OLDER_SET_CALL)


#: A method that is called so: by its name, and with what; None where it is not called at once.
_Called = tuple[str, Given | None]


class MethodsOutOfSight:
    """Methods that a module may run by objects of which it does not say whose they are.

    They may be of any class of the project that has a method of that name which takes as much.
    """

    def __init__(self, semantic: SemanticModel) -> None:
        self._semantic = semantic
        self._methods: dict[str, list[Resolved]] = {}
        self._led: dict[_Called, list[Resolved]] = {}
        self._cut: set[_Called] = set()

    def of(self, functions: Iterable[tuple[DataFlow, Iterable[ast.AST]]]) -> Reached:
        """Return what statements, each with the analysis of its module, may run by such objects.

        With all that this may call, and what that may run so; what only gives a tracker is left.
        """
        waiting = [(taint, root) for taint, roots in functions for root in roots]
        seen: set[_Called] = set()
        found: dict[ast.AST, Resolved] = {}
        while waiting:
            fresh = [one for one in self._called_in(*waiting.pop()) if one not in seen]
            seen.update(fresh)
            for one in (function for called in fresh for function in self._led_to(called)):
                if one.node not in found:
                    found[one.node] = one
                    waiting.append((one.taint, one.node))
        speaking = (one for one in found.values() if not only_gives(one))
        return Reached(speaking, is_cut=not self._cut.isdisjoint(seen))

    def _led_to(self, called: _Called) -> list[Resolved]:
        if called not in self._led:
            name, given = called
            if name not in self._methods:
                own = self._semantic.taint.methods_called(name)
                self._methods[name] = [*own, *self._semantic.elsewhere.methods(name)]
            methods = (one for one in self._methods[name] if given is None or _fits(given, one))
            led: dict[ast.AST, Resolved] = {}
            for one in methods:
                reached = reachable(one.taint, one.node.body)
                led.update((found.node, found) for found in (one, *reached))
                if reached.is_cut:
                    self._cut.add(called)
            self._led[called] = list(led.values())
        return self._led[called]

    @staticmethod
    def _called_in(taint: DataFlow, root: ast.AST) -> list[_Called]:
        known = taint.once(_known_calls)
        if root not in known:
            attributes = (n for n in walk(root) if isinstance(n, ast.Attribute))
            called = (_call(taint, n) for n in attributes if _may_be_of_any_class(taint, n))
            known[root] = list(dict.fromkeys(called))
        return known[root]


def _known_calls(_taint: DataFlow) -> dict[ast.AST, list[_Called]]:
    """Return what parts of a module were asked for already, by whatever file."""
    return {}


def _call(taint: DataFlow, method: ast.Attribute) -> _Called:
    call = taint.module.parents[method]
    is_called = isinstance(call, ast.Call) and call.func is method
    return method.attr, Given.by(call) if is_called and isinstance(call, ast.Call) else None


def _fits(given: Given, method: Resolved) -> bool:
    # What a decorator makes of it may take anything.
    return bool(method.node.decorator_list) or given.fits(method.node.args, bound=1)


def only_gives(function: Resolved) -> bool:
    """Whether all that *function* does with trackers is to build one, for a field or its caller."""
    calls = [n for n in walk(function.node) if isinstance(n, ast.Call)]
    named = [(api_name(function.taint, call.func), call) for call in calls]
    if any(name in _USING for name, _ in named):
        return False
    return all(_is_given_on(function, call) for name, call in named if name in _BUILDERS)


def _is_given_on(function: Resolved, made: ast.Call) -> bool:
    parents = function.taint.module.parents
    around = parents[made]
    while isinstance(around, ast.BoolOp | ast.IfExp | ast.NamedExpr):
        around = parents[around]
    if isinstance(around, ast.Assign | ast.AnnAssign):
        targets = around.targets if isinstance(around, ast.Assign) else [around.target]
        return all(isinstance(target, ast.Attribute) for target in targets)
    return isinstance(around, ast.Return)


def _may_be_of_any_class(taint: DataFlow, method: ast.Attribute) -> bool:
    if not isinstance(method.ctx, ast.Load) or method.attr in words.TRACKER_METHODS:
        return False
    if is_client_call(method) or taint.names.meaning(method).paths:
        return False
    if (taint.object_class(method.value) or taint.class_of(method.value)) is not None:
        return False  # what heirs have in the place of its methods is asked otherwise
    if is_plain(taint, method.value):
        return False
    call = taint.module.parents[method]
    if not isinstance(call, ast.Call) or call.func is not method:
        return True
    return taint.definition(method) is not None or is_unknown(taint, call)


def sets_own_ids(method: Resolved) -> bool:
    """Whether *method* sets ids on a field of its object, by hand or by a context.

    The class of the object builds a tracker.
    Who only passes ids on gets no block; who was given the tracker has that of somebody else.
    """
    owner = _class_around(method)
    if owner is None or method.node.name in _FORWARDING:
        return False
    calls = (n for n in walk(method.node) if isinstance(n, ast.Call))
    of_field = any(isinstance(_tracker_of(method.taint, call), ast.Attribute) for call in calls)
    classes = family(owner).classes if of_field else ()
    nodes = ((one.taint, n) for one in classes for n in walk(one.node))
    return any(isinstance(n, ast.Call) and api_name(t, n.func) in _BUILDERS for t, n in nodes)


def _tracker_of(taint: DataFlow, call: ast.Call) -> ast.expr | None:
    """Return what a set call is made on, or a context is opened with."""
    name = api_name(taint, call.func)
    if name == words.SET_CALL and isinstance(call.func, ast.Attribute):
        return call.func.value
    given = (k.value for k in call.keywords if k.arg == words.TRACKER_ARGUMENT)
    return next(given, None) if name in words.CONTEXT_MANAGERS else None


def constructor(method: Resolved, reached: Iterable[Resolved]) -> Resolved | None:
    """Return the ``__init__`` of the objects of *method*, if it is among those *reached*."""
    owner = _class_around(method)
    made = family(owner).method("__init__") if owner is not None else None
    return next((one for one in reached if made is not None and one.node is made.node), None)


def _class_around(method: Resolved) -> ResolvedClass | None:
    owner = method.taint.module.parents[method.node]
    return ResolvedClass(method.taint, owner) if isinstance(owner, ast.ClassDef) else None
