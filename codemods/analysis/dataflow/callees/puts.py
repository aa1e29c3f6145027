"""Where a file puts something in the place of a name of a module, a class or an object."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods.analysis.external.put_names import BY_TEXT, MULTIPLE, PUTTING, place_put
from codemods.analysis.syntax.calls import last_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.syntax.definitions import DataFlow

#: Keywords of ``patch`` and ``setattr`` that say what is found there, or what a call of it runs.
_INSTEAD = frozenset("new side_effect wraps value".split())
#: What gives names to a dictionary of names, which is that of a module or an object.
_OF_DICTIONARIES = ("dict", "setitem")
_NAMES = "__dict__"
_OWN = frozenset("self cls".split())


@dataclass(frozen=True, slots=True)
class Put:
    """One place that gives a name to something: what is named there, and what may be found.

    ``call`` is None where it is an assignment; ``target`` is a text, or an attribute.
    """

    node: ast.stmt | ast.Call
    target: ast.expr
    values: tuple[ast.expr, ...]

    @property
    def call(self) -> ast.Call | None:
        """The call that puts it there."""
        return self.node if isinstance(self.node, ast.Call) else None


def puts(home: DataFlow, name: str) -> Iterator[Put]:
    """Yield where the module of *home* may give *name* to something else than its own object."""
    for statement in home.module.every(ast.Assign):
        for target in statement.targets:
            if isinstance(target, ast.Attribute) and target.attr == name:
                if getattr(target.value, "id", "") not in _OWN:
                    yield Put(statement, target, (statement.value,))
    for call in home.module.every(ast.Call):
        called = last_name(call.func)
        several = called == MULTIPLE or called in _OF_DICTIONARIES
        if several and isinstance(call.func, ast.Attribute):
            yield from _several(call, name)
            continue
        put = place_put(call) if called in BY_TEXT or _may_put(home, call) else None
        if put is not None and put[1] in (name, None):
            named = [k.value for k in call.keywords if k.arg in _INSTEAD]
            whole = call.args[0]
            target = ast.Attribute(whole, name, ast.Load()) if put[0] else whole
            yield Put(call, target, (*call.args[put[0] + 1 : put[0] + 2], *named))


def _several(call: ast.Call, name: str) -> Iterator[Put]:
    """Yield what *call* gives the *name*, of the names that it gives to its first argument."""
    owner = call.args[0] if call.args else None
    given = {k.arg: k.value for k in call.keywords}
    if last_name(call.func) != MULTIPLE:
        owner = _with_names(owner) if owner is not None else None
        for values in (v for v in call.args[1:2] if isinstance(v, ast.Dict)):
            keys = (getattr(key, "value", None) for key in values.keys)
            given.update(zip(keys, values.values, strict=True))
        if len(call.args) > 2:  # setitem(names, "name", value)
            given[getattr(call.args[1], "value", None)] = call.args[2]
    if owner is not None and name in given:
        target: ast.expr = ast.Attribute(owner, name, ast.Load())
        if isinstance(owner, ast.Constant):
            target = ast.Constant(f"{owner.value!s}.{name}")
        yield Put(call, target, (given[name],))


def _with_names(names: ast.expr) -> ast.expr | None:
    """Return what has its names in the dictionary *names*, if anything has."""
    if isinstance(names, ast.Constant) and str(names.value).endswith(_NAMES):
        return ast.Constant(str(names.value).removesuffix(_NAMES).rstrip("."))
    if isinstance(names, ast.Attribute) and names.attr == _NAMES:
        return names.value
    if isinstance(names, ast.Call) and last_name(names.func) == "vars" and names.args:
        return names.args[0]
    return None


def _may_put(home: DataFlow, call: ast.Call) -> bool:
    """Whether a file that keeps ``patch`` or ``setattr`` somewhere may call it by *call*."""
    if not isinstance(call.func, ast.Name | ast.Subscript) or not home.module.mentions(PUTTING):
        return False
    return home.known(call.func) is None and home.foreign.path(call.func) is None
