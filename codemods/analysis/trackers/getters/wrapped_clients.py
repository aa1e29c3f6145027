"""Clients that carry a tracker with them, wherever in the project they were wrapped."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.dataflow.holders import family
from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.tree import walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from codemods.analysis.syntax.definitions import DataFlow, Resolved, ResolvedClass

#: What a value is given by, at most: variables, fields, properties, functions.
_FARTHEST = 6
_PROPERTIES = ("property", "cached_property")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_Place = tuple["DataFlow", ast.expr]


def calls_wrapped(taint: DataFlow, function: ast.expr) -> bool:
    """Whether *function*, an AI call's, is surely of a client that was wrapped somewhere.

    ``services.openai.chat.completions.create`` is, where ``openai`` is a property that gives one.
    """
    part = function
    while isinstance(part, ast.Attribute):
        part = part.value
        if is_wrapped(taint, part):
            return True
    return False


def is_wrapped(taint: DataFlow, value: ast.expr, steps: int = 0) -> bool:
    """Whether *value* surely is a wrapped client, if it is anything."""
    if steps > _FARTHEST:
        return False
    if isinstance(value, ast.Call) and last_name(value.func) in words.CLIENT_WRAPPERS:
        return True
    given = _sources(taint, value)
    return bool(given) and all(is_wrapped(there, one, steps + 1) for there, one in given)


def may_be_other_client(taint: DataFlow, client: ast.expr, steps: int = 0) -> bool:
    """Whether *client* may be wrapped, or an object of a class in sight: no client of an SDK."""
    if steps > _FARTHEST:
        return True
    if isinstance(client, ast.Call) and last_name(client.func) in words.CLIENT_WRAPPERS:
        return True
    if taint.object_class(client) is not None:
        return True
    given = _sources(taint, client)
    if isinstance(client, ast.Name) and client in taint.scopes.scope_of:
        bound = map(taint.module.parents.get, taint.scopes.of(client).binders)
        given = [*given, *((taint, b.value) for b in bound if isinstance(b, ast.Assign))]
    return any(may_be_other_client(there, one, steps + 1) for there, one in given)


def _sources(taint: DataFlow, value: ast.expr) -> list[_Place]:
    """Return all that *value* may be, but for None; nothing where that does not show."""
    if isinstance(value, ast.Call):
        found = taint.known(value.func)
        return _returned(found) if found is not None else []
    if isinstance(value, ast.Await | ast.NamedExpr):
        return [(taint, value.value)]
    if isinstance(value, ast.BoolOp):
        return [(taint, part) for part in value.values]
    if isinstance(value, ast.IfExp):
        return [(taint, part) for part in (value.body, value.orelse) if not _is_none(part)]
    if isinstance(value, ast.Attribute):
        owner = taint.object_class(value.value)
        if owner is not None:
            return _of_field(owner, value.attr)
    elsewhere = taint.value_elsewhere(value)
    if elsewhere is not None:
        return [elsewhere]
    return _of_variable(taint, value) if isinstance(value, ast.Name) else []


def _returned(function: Resolved) -> list[_Place]:
    own = [n for s in function.node.body for n in _own(s)]
    values = [n.value for n in own if isinstance(n, ast.Return) and n.value is not None]
    if any(isinstance(n, ast.Yield | ast.YieldFrom) for n in own):
        return []
    return [(function.taint, value) for value in values if not _is_none(value)]


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of *node* that are of no function inside it."""
    yield node
    if not isinstance(node, _FUNCTIONS):
        for child in ast.iter_child_nodes(node):
            yield from _own(child)


def _of_field(owner: ResolvedClass, name: str) -> list[_Place]:
    """Return what the field or property *name* of objects of *owner* may be."""
    method = family(owner).method(name)
    if method is not None:
        made = (last_name(one) for one in method.node.decorator_list)
        return _returned(method) if any(one in _PROPERTIES for one in made) else []
    found: list[_Place] = []
    for one in family(owner).classes:
        for node in (n for inner in one.methods() for n in walk(inner.node)):
            targets, value = _assigned(node)
            if any(_is_own(target, name) for target in targets):
                if value is None:
                    return []
                found += [(one.taint, value)] if not _is_none(value) else []
    return found


def _assigned(node: ast.AST) -> tuple[Iterable[ast.expr], ast.expr | None]:
    if isinstance(node, ast.Assign):
        plain = all(isinstance(target, ast.Attribute | ast.Name) for target in node.targets)
        parts = (n for target in node.targets for n in walk(target))
        return [n for n in parts if isinstance(n, ast.expr)], node.value if plain else None
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        return [node.target], node.value
    return ([node.target], None) if isinstance(node, ast.AugAssign) else ((), None)


def _is_own(target: ast.expr, name: str) -> bool:
    own = isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name)
    return own and target.attr == name and target.value.id in ("self", "cls")  # type: ignore[attr-defined]


def _of_variable(taint: DataFlow, name: ast.Name) -> list[_Place]:
    if name not in taint.scopes.scope_of:
        return []
    variable = taint.scopes.of(name)
    found: list[_Place] = []
    for binder in variable.binders:
        around = taint.module.parents.get(binder)
        plain = isinstance(around, ast.Assign | ast.AnnAssign | ast.NamedExpr)
        targets = getattr(around, "targets", [binder])
        if not plain or binder not in targets or around.value is None:  # type: ignore[union-attr]
            return []
        found.append((taint, around.value))  # type: ignore[union-attr]
    return [(there, value) for there, value in found if not _is_none(value)]


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None
