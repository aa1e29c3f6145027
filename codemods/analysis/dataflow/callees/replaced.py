"""What a project puts in the place of a function: to mend it, to add something, or for a test."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.callees.possible import possible
from codemods.analysis.external.put_names import BY_TEXT, PUTTING, place_put
from codemods.analysis.syntax.calls import last_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.dataflow.deferred.held_code import Code
    from codemods.analysis.syntax.definitions import DataFlow, Resolved

#: Keywords of ``patch`` and ``setattr`` that say what is run instead.
_INSTEAD = frozenset("new side_effect wraps value".split())
_OWN = frozenset("self cls".split())


def replacing(known: Resolved) -> Iterator[Code]:
    """Yield the code that may run where *known* is called, since a file put it there."""
    name = known.node.name
    homes = [known.taint] if name in known.taint.module.written_fields else []
    homes += (one.taint for one in known.taint.registry.replacing(name) if one is not None)
    for home in homes:
        for target, values in _puts(home, name):
            if _may_be(home, target, known):
                yield from (c for v in values for c in _code(home, v) if c[1] is not known.node)


def _code(home: DataFlow, value: ast.expr) -> list[Code]:
    found = home.known(value)
    if found is not None:
        return [(found.taint, found.node)]
    return [(home, value)] if isinstance(value, ast.Lambda) else possible(home, value)


def _puts(home: DataFlow, name: str) -> Iterator[tuple[ast.expr, list[ast.expr]]]:
    """Yield the attributes *name*, or their paths as texts, with what they are given."""
    for statement in home.module.every(ast.Assign):
        for target in statement.targets:
            if isinstance(target, ast.Attribute) and target.attr == name:
                if getattr(target.value, "id", "") not in _OWN:
                    yield target, [statement.value]
    for call in home.module.every(ast.Call):
        put = place_put(call) if last_name(call.func) in BY_TEXT or _may_put(home, call) else None
        if put is not None and put[1] in (name, None):
            named = [k.value for k in call.keywords if k.arg in _INSTEAD]
            whole = call.args[0]
            target = ast.Attribute(whole, name, ast.Load()) if put[0] else whole
            yield target, [*call.args[put[0] + 1 : put[0] + 2], *named]


def _may_put(home: DataFlow, call: ast.Call) -> bool:
    """Whether a file that keeps ``patch`` or ``setattr`` somewhere may call it by *call*."""
    if not isinstance(call.func, ast.Name | ast.Subscript) or not home.module.mentions(PUTTING):
        return False
    return home.known(call.func) is None and home.foreign.path(call.func) is None


def _may_be(home: DataFlow, target: ast.expr, known: Resolved) -> bool:
    """Whether *target* is *known*, or something that is not told."""
    text = _text(target)
    found = home.resolved(text) if text else home.known(target)
    place = getattr(found, "place", None)
    return place is None or place == known.place


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
