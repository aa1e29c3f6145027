"""Ids that last: a value that may be None would leave the id of an earlier call in force.

A context has no earlier id to leave in force, so where one may be set, every
value must be there for certain.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.nullness import Nullness
from codemods.analysis.trackers.lifetimes import is_none
from codemods.model.refusal import Reason, Refusal
from codemods.rules.refusing import refuse

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.ids.arguments import Argument
    from codemods.analysis.trackers.lifetimes import SetCall
    from codemods.model.finding import Finding

#: What is to be confirmed of such a value.
NEVER_NONE = "an earlier {} may go where {} is None"


def lasting_refusal(
    semantic: SemanticModel,
    finding: Finding,
    sets: Iterable[SetCall],
    earlier: Collection[str] | None = None,
) -> Refusal | None:
    """Refuse an id that may be None, if it is one of *earlier* (all, by default): set before.

    With ``--unsafe`` that is for a person to confirm, as ``lasting_conditions`` says.
    """
    argument = next(_doubtful(semantic, sets, earlier), None)
    if argument is None or semantic.settings.unsafe:
        return None
    detail = f"{argument.keyword} may be None, and then the earlier id must stay"
    refusal = refuse(semantic, finding, Reason.MAY_BE_NONE, detail, argument.value)
    return replace(refusal, advice=f"{refusal.advice}, or run with --unsafe if it never is")


def lasting_conditions(
    semantic: SemanticModel, sets: Iterable[SetCall], earlier: Collection[str] | None = None
) -> tuple[str, ...]:
    """Return what is to be confirmed where ``lasting_refusal`` refuses nothing, being told to."""
    found = _doubtful(semantic, sets, earlier)
    values = ((a.keyword, semantic.module.segment(a.value)) for a in found)
    return tuple(NEVER_NONE.format(key, value) for key, value in values)


def _doubtful(
    semantic: SemanticModel, sets: Iterable[SetCall], earlier: Collection[str] | None
) -> Iterator[Argument]:
    """Yield what may be None of the ids that are among *earlier*: of all, where that is None."""
    nullness = Nullness(semantic)
    for argument in (a for site in sets for a in site.arguments if not is_none(a.value)):
        if earlier is None or argument.keyword in earlier:
            if not nullness.is_given(argument.value):
                yield argument
