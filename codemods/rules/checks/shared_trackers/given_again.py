"""Classes that give an object again which they gave before: a tracker that others have, too.

Its blocks give their ids back.  Whether somebody counted on ids that another place had set is
for a person to say (``--unsafe``).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from codemods.model.refusal import Reason
from codemods.rules.refusing import refuse

if TYPE_CHECKING:
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.lifetimes import Construct
    from codemods.model.finding import Finding
    from codemods.model.refusal import Refusal

_APART = "ids that are set here would no longer last for others: {}"


def given_again_refusal(
    semantic: SemanticModel, finding: Finding, construct: Construct
) -> Refusal | None:
    """Refuse a tracker that others may have, unless a person is asked about it."""
    if not construct.shared or given_again_conditions(semantic, construct):
        return None
    detail = f"the tracker may be one that others use: {construct.shared}"
    refusal = refuse(semantic, finding, Reason.SHARED_STATE, detail, construct.call)
    if not construct.again:
        return refusal
    return replace(refusal, advice=f"{refusal.advice}, or run with --unsafe if ids need not last")


def given_again_conditions(semantic: SemanticModel, construct: Construct) -> tuple[str, ...]:
    """Return what is to be confirmed of a tracker that others may have, with ``--unsafe``."""
    asked = semantic.settings.unsafe and construct.again
    return (_APART.format(construct.shared),) if asked and construct.shared else ()
