"""Functions that run in the place of the one that a call names: of heirs, or registered with it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.callees.heirs import of_heirs
from codemods.analysis.dataflow.deferred.callbacks import dispatches
from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.definitions import Resolved

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.syntax.definitions import DataFlow


def in_place_of(taint: DataFlow, called: ast.expr, known: Resolved) -> Iterator[Resolved]:
    """Yield what a call of *called*, which is *known*, may run instead of it."""
    if any(dispatches(decorator) for decorator in known.node.decorator_list):
        yield from _registered_with(known)
    if not isinstance(called, ast.Attribute):
        return
    yield from of_heirs(taint, called)
    if called.attr in taint.module.written_fields:
        yield from _written(taint, called.attr)


def _registered_with(known: Resolved) -> Iterator[Resolved]:
    """Yield the functions of the module of *known* that are registered for other types with it."""
    for node in known.taint.module.functions:
        for decorator in node.decorator_list:
            made = decorator.func if isinstance(decorator, ast.Call) else decorator
            if isinstance(made, ast.Attribute) and last_name(made.value) == known.node.name:
                yield Resolved(known.taint, node, bound=known.bound)


def _written(taint: DataFlow, name: str) -> Iterator[Resolved]:
    """Yield the functions that the module puts into an attribute *name*, of whatever object."""
    for statement in taint.module.every(ast.Assign):
        targets = (t for t in statement.targets if isinstance(t, ast.Attribute))
        if any(target.attr == name for target in targets):
            found = taint.known(statement.value)
            if found is not None:
                yield found
