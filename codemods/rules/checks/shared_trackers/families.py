"""Which methods objects have of the classes of one family: those whose calls share a tracker."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.syntax.calls import last_name
from codemods.analysis.trackers.fields.syntax import methods

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.fields.syntax import Method
    from codemods.analysis.trackers.fields.tracker_fields import TrackerField


def methods_of_objects(semantic: SemanticModel, field: TrackerField) -> Iterator[set[Method]]:
    """Yield, for each class that has the field, the methods that may run on one of its objects.

    A method that an heir overrides is none of the heir's own, unless the module calls it past
    its override (``super().run()``, ``Base.run(self)``).  Heirs in other files may do so too:
    then all methods may run on one object.
    """
    if semantic.elsewhere.heirs(field.owner.name):
        yield {method for one in field.family for method in methods(one)}
        return
    past = _called_past_overrides(semantic)
    for owner in field.family:
        found: dict[str, list[Method]] = {}
        lineage = _lineage(semantic, field, owner)
        is_line = all(len(one.bases) == 1 for one in lineage if one is not field.owner)
        for one in lineage:
            for method in methods(one):
                beside = found.setdefault(method.name, [])
                if not beside or method.name in past or not is_line:
                    beside.append(method)
        yield {method for same in found.values() for method in same}


def _called_past_overrides(semantic: SemanticModel) -> set[str]:
    """Return the names of methods that are read from a class, or from ``super()``."""
    return {
        node.attr
        for node in semantic.module.every(ast.Attribute)
        if _is_super(node.value) or semantic.taint.class_of(node.value) is not None
    }


def _is_super(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and last_name(value.func) == "super"


def _lineage(
    semantic: SemanticModel, field: TrackerField, owner: ast.ClassDef
) -> list[ast.ClassDef]:
    """Return the classes of the family that objects of *owner* are of, the nearest ones first."""
    found = [owner]
    for one in found:
        for base in map(semantic.taint.class_of, one.bases):
            if base is not None and base.node in field.family and base.node not in found:
                found.append(base.node)
    return found
