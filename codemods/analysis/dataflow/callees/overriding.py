"""Functions that run in the place of the one that a call names: of heirs, or registered with it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.deferred.callbacks import dispatches
from codemods.analysis.dataflow.holders import family
from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.definitions import Resolved, ResolvedClass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.syntax.definitions import DataFlow


def in_place_of(taint: DataFlow, called: ast.expr, known: Resolved) -> Iterator[Resolved]:
    """Yield what a call of *called*, which is *known*, may run instead of it."""
    if any(dispatches(decorator) for decorator in known.node.decorator_list):
        yield from _registered_with(known)
    if not isinstance(called, ast.Attribute):
        return
    owner = taint.object_class(called.value)
    if owner is not None and not _is_made_here(taint, called.value):
        yield from _of_heirs(owner, called.attr)
    if called.attr in taint.module.written_fields:
        yield from _written(taint, called.attr)


def _is_made_here(taint: DataFlow, value: ast.expr) -> bool:
    """Whether *value* shows its construction: it is of that very class, and of no heir."""
    return taint.made_by(value) is not None


def _of_heirs(owner: ResolvedClass, name: str) -> Iterator[Resolved]:
    """Yield what objects that may stand for those of *owner* have as their method *name*.

    An heir may have it of another base than *owner*.
    """
    heirs = heirs_of(owner)
    if _is_protocol(owner):
        heirs += map(_class_of, owner.taint.registry.methods(name))
    methods = (family(heir).method(name) for heir in heirs if _is_heir(heir, owner))
    base = family(owner).method(name)
    yield from (m for m in methods if m is not None and (base is None or m.node is not base.node))


def heirs_of(owner: ResolvedClass) -> list[ResolvedClass]:
    """Return the classes whose objects may stand for those of *owner*, as far as it is told."""
    own = (ResolvedClass(owner.taint, node) for node in owner.taint.module.every(ast.ClassDef))
    heirs = [heir for heir in own if _is_heir(heir, owner)]
    return [*heirs, *owner.taint.registry.heir_classes(owner.node.name)]


def _class_of(method: Resolved) -> ResolvedClass:
    home = method.taint.module.parents[method.node]
    assert isinstance(home, ast.ClassDef)
    return ResolvedClass(method.taint, home)


def _is_heir(other: ResolvedClass, owner: ResolvedClass) -> bool:
    """Whether objects of *other* may stand for those of *owner*.

    Those of a protocol need its methods only.
    """
    if other.place == owner.place:
        return False
    related = family(other)
    if any(one.place == owner.place for one in related.classes):
        return True
    wanted = [method.node.name for method in owner.methods()]
    return _is_protocol(owner) and all(related.method(name) is not None for name in wanted)


def _is_protocol(owner: ResolvedClass) -> bool:
    bases = (b.value if isinstance(b, ast.Subscript) else b for b in owner.node.bases)
    return any(last_name(base) == "Protocol" for base in bases)


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
