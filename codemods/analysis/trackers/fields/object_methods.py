"""Methods of other files that a block may run, and the trackers of the objects that have them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.dataflow.call_graph import reachable
from codemods.analysis.dataflow.holders import family
from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.definitions import Resolved, ResolvedClass
from codemods.analysis.syntax.tree import walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_FORWARDING = (words.SET_CALL, words.OLDER_SET_CALL)


def methods_by_name(functions: Iterable[Resolved]) -> Iterator[Resolved]:
    """Yield the methods that *functions* may run though it is not known whose they are.

    Those of their own files, with what these lead to.
    """
    seen: set[ast.AST] = set()
    for one in functions:
        nodes = (n for n in walk(one.node) if isinstance(n, ast.Attribute))
        unknown = (n.attr for n in nodes if one.taint.definition(n) is None)
        for name in dict.fromkeys(unknown):
            for method in one.taint.methods_called(name):
                if method.node not in seen:
                    seen.add(method.node)
                    yield from (method, *reachable(method.taint, method.node.body))


def sets_own_ids(method: Resolved) -> bool:
    """Whether *method* sets ids on a field of its object, by hand or by a context.

    The class of the object builds a tracker.
    Who only passes ids on gets no block; who was given the tracker has that of somebody else.
    """
    owner = _class_around(method)
    if owner is None or method.node.name in _FORWARDING:
        return False
    calls = (n for n in walk(method.node) if isinstance(n, ast.Call))
    of_field = any(isinstance(_tracker_of(call), ast.Attribute) for call in calls)
    nodes = (n for one in family(owner).classes for n in walk(one.node)) if of_field else ()
    builders = (words.TRACKER_CLASS, words.FACTORY)
    return any(isinstance(n, ast.Call) and last_name(n.func) in builders for n in nodes)


def _tracker_of(call: ast.Call) -> ast.expr | None:
    """Return what a set call is made on, or a context is opened with."""
    name = last_name(call.func)
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
