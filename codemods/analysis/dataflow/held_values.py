"""What a name may stand for beside a function: the values that it was given, and what they keep."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.syntax.calls import arguments_of
from codemods.analysis.syntax.tree import children, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.syntax.definitions import DataFlow, ResolvedClass
    from codemods.analysis.syntax.scopes import Binding

_GIVING = (ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.AugAssign)


def held_elsewhere(
    taint: DataFlow, name: ast.Name | ast.Attribute
) -> Iterator[tuple[DataFlow, ast.expr]]:
    """Yield what *name* is given by other modules, or if it is a field by the class of its object.

    What its own module gives to a variable is told by ``given_to``.
    """
    elsewhere = taint.value_elsewhere(name)
    if elsewhere is not None:
        yield elsewhere
    if not isinstance(name, ast.Attribute):
        return
    owner = taint.class_of(name.value) or taint.object_class(name.value)
    if owner is not None:
        yield from ((owner.taint, value) for value in _given_in(owner).get(name.attr, ()))


def given_to(taint: DataFlow, variable: Binding) -> Iterator[tuple[DataFlow, ast.expr]]:
    """Yield the values that its own module gives to *variable*."""
    for binder in variable.binders:
        statement = taint.module.parents.get(binder)
        if isinstance(statement, _GIVING) and statement.value is not None:
            yield taint, statement.value
        elif isinstance(statement, ast.arguments):
            defaults = (*statement.defaults, *statement.kw_defaults)
            yield from ((taint, default) for default in defaults if default is not None)


def _given_in(owner: ResolvedClass) -> dict[str, list[ast.expr]]:
    """Return what the code of a class gives to fields, of whatever object, by their names."""
    known = owner.taint.given_in
    if owner.node not in known:
        found: dict[str, list[ast.expr]] = {}
        known[owner.node] = found
        for node in walk(owner.node):
            if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
                continue
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = {getattr(t, "attr", getattr(t, "id", "")) for t in targets}
            for name in names:
                found.setdefault(name, []).append(node.value)
    return known[owner.node]


def held_in(value: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of *value* that it keeps: of a call its arguments, for it is over."""
    waiting = [value]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.Call):
            waiting.extend(arguments_of(node))
        else:
            waiting.extend(children(node))
