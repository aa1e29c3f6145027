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
    from codemods.analysis.trackers.lifetimes import SetCall


def methods_of_objects(semantic: SemanticModel, field: TrackerField) -> Iterator[set[Method]]:
    """Yield, for each class that has the field, the methods that may run on one of its objects.

    A method that an heir overrides is none of the heir's own, unless the module calls it past
    its override (``super().run()``, ``Base.run(self)``).  Heirs in other files may do so too:
    then all methods may run on one object.
    """
    if semantic.elsewhere.heirs(field.owner.name):
        yield {method for one in field.family for method in methods(one)}
        return
    past = semantic.once(_called_past_overrides)
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


def set_calls_of(semantic: SemanticModel, field: TrackerField) -> list[SetCall]:
    """Return the set calls that are made on the field's tracker, in source order."""
    made_on = semantic.lifetimes.sets_on
    by_other_names = (site for alias in field.aliases for site in made_on.get(alias, ()))
    # Asked by what they are made on: a module of many classes has many that are another's.
    numbers = semantic.once(_by_receiver)
    near = {*field.method_of, *map(_receiver, by_other_names)} & numbers.keys()
    sites = semantic.lifetimes.set_calls
    ordered = (sites[number] for number in sorted(numbers[one] for one in near))
    return [site for site in ordered if setting_method(semantic, field, site)]


def _by_receiver(semantic: SemanticModel) -> dict[ast.AST, int]:
    """For what each set call is made on: the how manieth call it is."""
    sites = semantic.lifetimes.set_calls
    return {_receiver(site): number for number, site in enumerate(sites)}


def _receiver(site: SetCall) -> ast.AST:
    return site.call.func.value  # type: ignore[attr-defined, no-any-return]


def setting_method(semantic: SemanticModel, field: TrackerField, site: SetCall) -> Method | None:
    """Return the method in which *site* sets ids of the field's tracker, by any name of it."""
    binding = semantic.lifetimes.receiver(site)
    alias = field.aliases.get(binding) if binding is not None else None
    return field.method_of.get(getattr(alias, "value", _receiver(site)))
