"""What fields of objects are given: by their classes, by who builds them, by who writes to them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.callees.given import MAKING, Named, given_to, homes, parameter_of
from codemods.analysis.dataflow.callees.heirs import heirs_of
from codemods.analysis.dataflow.deferred.held_code import put_into
from codemods.analysis.dataflow.held_values import held_elsewhere
from codemods.analysis.dataflow.holders import declared, family
from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.tree import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.dataflow.deferred.held_code import Code
    from codemods.analysis.syntax.definitions import DataFlow, ResolvedClass

#: What a member of an enumeration has its value by.
VALUE = ("value", "_value_")
_ENUMS = frozenset("Enum IntEnum StrEnum Flag IntFlag ReprEnum".split())
#: Functions that make an object like another one, but for some fields.
_REPLACING = ("replace", "_replace", "evolve", "__replace__")


def held_in_field(taint: DataFlow, field: ast.Attribute) -> Iterator[Code]:
    """Yield what the class of its object gives to *field*, or puts into it."""
    for home, value in held_elsewhere(taint, field):
        yield home, value
        parameter = parameter_of(home, value)
        if parameter is not None:
            yield from given_to(home, parameter)
    owner = taint.class_of(field.value) or taint.object_class(field.value)
    yield from _written(taint, field)
    if owner is None:
        return
    yield from _built_with(owner, field.attr)
    for one in family(owner).classes:
        for node in walk(one.node):
            if isinstance(node, ast.Attribute) and node.attr == field.attr:
                yield from ((one.taint, value) for value in put_into(one.taint, node))
    if field.attr in VALUE and is_enum(owner):
        yield from members(owner)


def is_enum(owner: ResolvedClass) -> bool:
    """Whether objects of *owner* are the members of an enumeration."""
    return any(last_name(base) in _ENUMS for _, base in family(owner).others)


def members(owner: ResolvedClass) -> Iterator[Code]:
    """Yield the values that the members of the enumeration *owner* have."""
    for one in family(owner).classes:
        values = (s.value for s in one.node.body if isinstance(s, ast.Assign))
        yield from ((one.taint, value) for value in values)


def _written(taint: DataFlow, field: ast.Attribute) -> Iterator[Code]:
    """Yield what the module gives to a field of that name, of whatever object."""
    if field.attr not in taint.module.written_fields:
        return
    for statement in taint.module.every(ast.Assign):
        if any(isinstance(t, ast.Attribute) and t.attr == field.attr for t in statement.targets):
            yield taint, statement.value


def _built_with(owner: ResolvedClass, field: str) -> Iterator[Code]:
    """Yield what who builds objects of *owner*, or heirs, gives to a *field* that is declared."""
    if family(owner).method(MAKING) is not None or field not in declared(family(owner)):
        return
    names = dict.fromkeys(one.node.name for one in (owner, *heirs_of(owner)))
    for home in homes(owner.taint, names):
        named = home.once(Named)
        for call in (call for name in names for call in named.calls.get(name, ())):
            made = home.class_of(call.func)
            if made is None or family(made).method(MAKING) is not None:
                continue
            if any(one.place == owner.place for one in family(made).classes):
                yield from (
                    (home, value) for value in _given_for(declared(family(made)), call, field)
                )
        for call in (call for name in _REPLACING for call in named.calls.get(name, ())):
            yield from ((home, value) for value in _given_for([], call, field))


def _given_for(fields: list[str], call: ast.Call, field: str) -> Iterator[ast.expr]:
    """Yield what *call*, which fills *fields* by position, gives to *field*."""
    yield from (keyword.value for keyword in call.keywords if keyword.arg == field)
    if field in fields and not any(isinstance(value, ast.Starred) for value in call.args):
        yield from call.args[fields.index(field) :][:1]
