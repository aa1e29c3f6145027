"""Classes that own a tracker and pass ids on to it: who calls them decides about those."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.trackers.owners import passed_to

if TYPE_CHECKING:
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.lifetimes import SetCall
    from codemods.model.refusal import Refusal

SET_NAMES = (words.SET_CALL, words.OLDER_SET_CALL)


def is_forwarder(semantic: SemanticModel, site: SetCall) -> bool:
    """Whether the call is what a class's own set call does: the places that use it count."""
    method = next(
        (n for n in semantic.module.ancestors(site.call) if isinstance(n, ast.FunctionDef)), None
    )
    owner = semantic.module.parents.get(method) if method is not None else None
    if method is None or method.name not in SET_NAMES or not isinstance(owner, ast.ClassDef):
        return False
    own_class = all(semantic.names.tracker_class(base) is None for base in owner.bases)
    return own_class and isinstance(site.call.func.value, ast.Attribute)  # type: ignore[attr-defined]


def by_hand(refusal: Refusal, name: str, owner: ast.ClassDef) -> Refusal:
    """Return *refusal* with the field that the class *owner* passes ids on to in its advice."""
    field = next((f for m in owner.body if (f := passed_to(m)) is not None), None)
    if field is None:
        return refusal
    return replace(refusal, advice=f"open the context with tracker={name}.{field} by hand")
