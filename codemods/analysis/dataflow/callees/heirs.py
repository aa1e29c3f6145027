"""Which classes inherit from one in sight, and what their objects have as a method of it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.holders import family
from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.definitions import Resolved, ResolvedClass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.syntax.definitions import DataFlow


def heirs_of(owner: ResolvedClass) -> list[ResolvedClass]:
    """Return the classes whose objects may stand for those of *owner*, as far as it is told."""
    own = (ResolvedClass(owner.taint, node) for node in owner.taint.module.every(ast.ClassDef))
    heirs = [heir for heir in own if _is_heir(heir, owner)]
    return [*heirs, *owner.taint.registry.heir_classes(owner.node.name)]


def of_heirs(taint: DataFlow, called: ast.expr) -> Iterator[Resolved]:
    """Yield what *called*, a method of an object, may run instead of its own class's method."""
    owner = taint.object_class(called.value) if isinstance(called, ast.Attribute) else None
    if isinstance(called, ast.Attribute) and owner is not None:
        if taint.made_by(called.value) is None:  # else it is of that very class, and of no heir
            yield from _methods_of_heirs(owner, called.attr)


def in_place_of_none(taint: DataFlow, called: ast.expr) -> Iterator[Resolved]:
    """Yield what *called* may run, a method of an object whose own class leaves it to heirs.

    What ``super()`` finds may be of another base of an heir, beside or instead of an own one.
    """
    if not isinstance(called, ast.Attribute):
        return
    if isinstance(called.value, ast.Call) and last_name(called.value.func) == "super":
        yield from _beside(taint, called)
        return
    owner = taint.object_class(called.value)
    if owner is not None and family(owner).method(called.attr) is None:
        yield from of_heirs(taint, called)


def _beside(taint: DataFlow, called: ast.Attribute) -> Iterator[Resolved]:
    """Yield the methods that ``super()`` may find, of whatever class it is called for."""
    around = taint.method_around(called)
    if around is None:
        return
    own = _class_of(around)
    found: dict[ast.AST, Resolved] = {}
    for each in (own, *heirs_of(own)):
        # What stands below the class itself comes before it in every order.
        above = (one for one in family(each).classes if not _inherits(one, own))
        methods = (one.method(called.attr) for one in above)
        found.update((m.node, m) for m in methods if m is not None)
    yield from found.values()


def _methods_of_heirs(owner: ResolvedClass, name: str) -> Iterator[Resolved]:
    """Yield what objects that may stand for those of *owner* have as their method *name*.

    An heir may have it of another base than *owner*.
    """
    heirs = heirs_of(owner)
    if _is_protocol(owner):
        heirs += map(_class_of, owner.taint.registry.methods(name))
    methods = (family(heir).method(name) for heir in heirs if _is_heir(heir, owner))
    base = family(owner).method(name)
    yield from (m for m in methods if m is not None and (base is None or m.node is not base.node))


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
    if _inherits(other, owner):
        return True
    wanted = [method.node.name for method in owner.methods()]
    return _is_protocol(owner) and all(family(other).method(name) for name in wanted)


def _inherits(other: ResolvedClass, owner: ResolvedClass) -> bool:
    """Whether *other* is *owner*, or inherits from it."""
    return any(one.place == owner.place for one in family(other).classes)


def _is_protocol(owner: ResolvedClass) -> bool:
    bases = (b.value if isinstance(b, ast.Subscript) else b for b in owner.node.bases)
    return any(last_name(base) == "Protocol" for base in bases)
