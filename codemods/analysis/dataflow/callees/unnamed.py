"""What runs with an object that holds a tracker although no call of it is written.

Syntax runs special methods and properties, a construction runs ``__new__`` and what a decorator
of the class has put in the constructor's place, a log runs its handlers.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.decorators import keeps_arguments, short
from codemods.analysis.syntax.calls import arguments_of, last_name
from codemods.analysis.syntax.definitions import Resolved
from codemods.analysis.syntax.signatures import parameters
from codemods.analysis.syntax.tree import children, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.dataflow.holders import Family, Making
    from codemods.analysis.syntax.definitions import DataFlow, ResolvedClass

#: Looked into where they are run: by constructions, calls, ``with``, and the end of an object.
_ELSEWHERE = frozenset(
    "__init__ __post_init__ __new__ __del__ __call__ __enter__ __exit__ __aenter__ __aexit__ "
    "__init_subclass__ __class_getitem__".split()
)
_PROPERTIES = frozenset("property cached_property".split())
_MAKING = "__new__"
_SETTING = frozenset("setattr __setattr__ __init__ super".split())
#: The methods by which a handler or a filter of a log gets the record, which has the arguments.
_OF_RECORDS = ("emit", "filter", "format", "handle")


def keeper(made: Making) -> str | None:
    """Return what keeps the object of *made*, and is not named; it completes "kept by"."""
    for owner in made.family.classes:
        for decorator in owner.node.decorator_list:
            known = owner.taint.known(decorator)
            if known is not None and keeps_arguments(known):
                return f"what {short(decorator)} makes of {owner.node.name}"
    making = made.family.method(_MAKING)
    if making is not None and _puts_somewhere(making):
        return f"{_MAKING} (line {making.node.lineno})"
    for method in _unnamed(made.family) if made.holds else ():
        own = method.receiver
        if own is not None and method.summary(own, made.plain).escape is not None:
            return f"{method.node.name} (line {method.node.lineno})"
    return None


def _unnamed(related: Family) -> Iterator[Resolved]:
    """Yield the methods that objects of a class have run by syntax."""
    for owner in related.classes:
        for method in owner.methods():
            name = method.node.name
            special = name.startswith("__") and name.endswith("__") and name not in _ELSEWHERE
            if special or any(last_name(d) in _PROPERTIES for d in method.node.decorator_list):
                yield method
        yield from _given_to_fields(owner)


def _given_to_fields(owner: ResolvedClass) -> Iterator[Resolved]:
    """Yield functions that a class body makes a property of, or gives a special name."""
    for statement in owner.node.body:
        if isinstance(statement, ast.Assign):
            value = statement.value
            made = isinstance(value, ast.Call) and last_name(value.func) in _PROPERTIES
            special = any(getattr(t, "id", "").startswith("__") for t in statement.targets)
            named = arguments_of(value) if made and isinstance(value, ast.Call) else [value]
            for one in named if made or special else ():
                known = owner.taint.known(one)
                if known is not None:
                    yield Resolved(known.taint, known.node, bound=True)


def _puts_somewhere(making: Resolved) -> bool:
    """Whether a ``__new__`` does more with what it makes than to set its fields and return it."""
    names = {
        target.id
        for node in walk(making.node)
        if isinstance(node, ast.Assign) and _makes(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return bool(names) and any(
        isinstance(value, ast.Name) and value.id in names
        for node in walk(making.node)
        if not isinstance(node, ast.Return | ast.Attribute | ast.Compare)
        if not (isinstance(node, ast.Call) and last_name(node.func) in _SETTING)
        for value in children(node)
        if isinstance(value, ast.Name) and isinstance(value.ctx, ast.Load)
    )


def _makes(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and last_name(value.func) == _MAKING


def handler(taint: DataFlow, function: ast.expr) -> Resolved | None:
    """Return what of a log's own handlers keeps the records that *function* of it makes."""
    if not (taint.foreign.path(function) or "").startswith("logging."):
        return None
    files = [taint]
    for name in _OF_RECORDS[:2]:
        files += (one.taint for one in taint.registry.mentioning(name) if one is not None)
    for home in dict.fromkeys(files):
        for method in (m for name in _OF_RECORDS for m in home.methods_called(name)):
            given = parameters(method.node.args)[int(method.bound) :][:1]
            if any(method.summary(one.arg).escape is not None for one in given):
                return method
    return None
