"""A set call by the older of its names that became today's: nothing else of it may differ.

Only on a tracker, as far as this file shows: a variable or a field that nothing but calls of the
class, or blocks that build their tracker, bind.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.validator.terms import context_header, dotted, last_name
from codemods.validator.walk import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from codemods.validator.terms import Managed

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def is_respelled(before: ast.Call, after: ast.Call) -> bool:
    """Whether *before* is given ids by keyword only, by the older name, and *after* by today's."""
    one, other = before.func, after.func
    if not isinstance(one, ast.Attribute) or not isinstance(other, ast.Attribute):
        return False
    if (one.attr, other.attr) != (words.OLDER_SET_CALL, words.SET_CALL) or before.args:
        return False
    names = [keyword.arg for keyword in before.keywords]
    return bool(names) and all(name in words.SET_PARAMETERS for name in names)


def set_on_trackers(module: ast.Module, names: Managed) -> frozenset[ast.Call]:
    """Return the calls of *module* by the older name whose receiver is surely a tracker."""
    every = nodes(module)
    if not any(isinstance(n, ast.Attribute) and n.attr == words.OLDER_SET_CALL for n in every):
        return frozenset()  # spares most files the look at what they bind
    fields: dict[str, bool] = {}
    for node in every:
        for target, built in _bound(node, names):
            if isinstance(target, ast.Attribute):
                fields[target.attr] = built and fields.get(target.attr, True)
        for name, built in _of_class(node, names) if isinstance(node, ast.ClassDef) else ():
            fields[name] = built and fields.get(name, True)
    return frozenset(_within(module, {}, fields, names))


def _of_class(node: ast.ClassDef, names: Managed) -> Iterator[tuple[str, bool]]:
    """Yield what the body of a class binds, which its objects have for fields."""
    own = list(_own(node))
    made = {t for one in own for t, is_built in _bound(one, names) if is_built}
    yield from ((target.id, True) for target in made if isinstance(target, ast.Name))
    yield from ((name, False) for name in _others(own, made))


def _within(
    scope: ast.AST, around: Mapping[str, bool], fields: Mapping[str, bool], names: Managed
) -> Iterator[ast.Call]:
    own = list(_own(scope))
    built = {
        target.id: True
        for node in own
        for target, made in _bound(node, names)
        if made and isinstance(target, ast.Name)
    }
    made = {t for node in own for t, is_built in _bound(node, names) if is_built}
    known = {**around, **built, **dict.fromkeys(_others(own, made), False)}
    for node in own:
        if isinstance(node, _SCOPES):
            yield from _within(node, known, fields, names)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            receiver = node.func.value
            if node.func.attr != words.OLDER_SET_CALL or not dotted(receiver):
                continue
            if known.get(dotted(receiver)) or fields.get(getattr(receiver, "attr", "")):
                yield node


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of *scope* without those of the scopes inside it."""
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, _SCOPES):
            waiting.extend(ast.iter_child_nodes(node))


def _others(own: list[ast.AST], made: set[ast.expr]) -> Iterator[str]:
    """Yield the names that *scope* binds, or may have others bind, in another way."""
    made = made.union(n for c in own if isinstance(c, ast.comprehension) for n in _bound_by(c))
    for node in own:
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load) and node not in made:
            yield node.id
        elif isinstance(node, ast.Global | ast.Nonlocal):
            yield from node.names
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]
        else:
            yield from _named(node)


def _bound_by(each: ast.comprehension) -> Iterator[ast.expr]:
    """Yield the names that a comprehension binds: they are its own."""
    return (n for n in ast.walk(each.target) if isinstance(n, ast.Name))


def _named(node: ast.AST) -> Iterator[str]:
    for name in ("name", "arg", "rest"):
        found = getattr(node, name, None)
        if isinstance(found, str) and not isinstance(node, ast.keyword):
            yield found


def _bound(node: ast.AST, names: Managed) -> Iterator[tuple[ast.expr, bool]]:
    """Yield what *node* binds, and whether it binds a new tracker to that."""
    if isinstance(node, ast.With | ast.AsyncWith):
        header = context_header(node, names)
        target = node.items[0].optional_vars
        if header is not None and target is not None:
            yield target, header.tracker is None
    elif isinstance(node, ast.Assign):
        for one in node.targets:
            yield one, _builds(node.value, names)
    elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr):
        yield node.target, isinstance(node, ast.AnnAssign) and _builds(node.value, names)


def _builds(value: ast.expr | None, names: Managed) -> bool:
    if not isinstance(value, ast.Call):
        return False
    called = value.func
    if isinstance(called, ast.Attribute) and called.attr == words.FACTORY:
        called = called.value
    return last_name(called) in names.classes
