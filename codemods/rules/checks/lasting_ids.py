"""Ids that last: a value that may be None would leave the id of an earlier call in force.

A context has no earlier id to leave in force, so where one may be set, every
value must be there for certain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codemods.analysis.dataflow.nullness import Nullness
from codemods.analysis.trackers.lifetimes import is_none
from codemods.model.refusal import Reason, Refusal
from codemods.rules.refusing import refuse

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.lifetimes import SetCall
    from codemods.model.finding import Finding


def lasting_refusal(
    semantic: SemanticModel,
    finding: Finding,
    sets: Iterable[SetCall],
    earlier: Collection[str] | None = None,
) -> Refusal | None:
    """Refuse an id that may be None, if it is one of *earlier* (all, by default): set before."""
    nullness = Nullness(semantic)
    for site in sets:
        for argument in site.arguments:
            if is_none(argument.value) or (earlier is not None and argument.keyword not in earlier):
                continue
            if not nullness.is_given(argument.value):
                detail = f"{argument.keyword} may be None, and then the earlier id must stay"
                return refuse(semantic, finding, Reason.MAY_BE_NONE, detail, argument.value)
    return None
