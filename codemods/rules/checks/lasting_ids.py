"""Ids that last: a value that may be None would leave the id of an earlier call in force.

A context has no earlier id to leave in force, so where one may be set, every
value must be there for certain.

A block for each round of a loop gives its ids back when the round is over.  What others had of
them is mostly the fault that people migrate to be rid of; now and then it is meant, and a person
is asked.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.nullness import Nullness
from codemods.analysis.trackers.lifetimes import is_none
from codemods.model.refusal import Reason, Refusal
from codemods.rules.checks.shared_trackers.foreign_fields import is_flushed
from codemods.rules.refusing import refuse

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from codemods.analysis.dataflow.taint_records import Flow
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.parsed_module import Path
    from codemods.analysis.trackers.ids.arguments import Argument
    from codemods.analysis.trackers.lifetimes import Lifetime, SetCall
    from codemods.model.finding import Finding
    from codemods.rules.checks.parts import Part

_LOOPS = (ast.For, ast.AsyncFor, ast.While)
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


class LeftByRounds:
    """What a person is to confirm of uses that would have had the ids of an earlier round."""

    def __init__(self, semantic: SemanticModel, lifetime: Lifetime, flow: Flow) -> None:
        self._semantic = semantic
        self._lifetime = lifetime
        self._flow = flow
        self._told: dict[str, Path] = {}

    def may_be_asked(self, part: Part, load: ast.Name) -> bool:
        """Note that *load* would no longer have the ids of *part*, if a person may say so.

        Each round must set them at the level of its body, and use the tracker itself: what stands
        behind a branch, or alone has a use for them, is surely meant to have them.  The statement
        that is told of must stay as it is: it holds no other.
        """
        module, site = self._semantic.module, part.sets[0]
        statement = module.statement(load)
        loop = module.parents[site.statement]
        if not self._semantic.settings.unsafe or hasattr(statement, "body"):
            return False
        in_each = isinstance(loop, _LOOPS) and site.path[-1][0] == "body"
        if not in_each or not any(map(part.block.holds, self._uses)):
            return False
        ids = ", nor ".join(f"the {key}" for key in sorted(part.keys))
        text = (
            f"line {load.lineno} would no longer inherit {ids} that a round of the loop has set"
            f" in line {site.call.lineno}"
        )
        self._told[text] = module.paths[statement]
        return True

    @cached_property
    def _uses(self) -> list[Path]:
        """The statements that use the tracker, but for those that set its ids or flush."""
        own = {site.call.func.value for site in self._lifetime.sets}  # type: ignore[attr-defined]
        loads = (load for one in self._flow.holders for load in one.loads)
        module = self._semantic.module
        return [
            module.paths[module.statement(load)]
            for load in loads
            if load not in own and not is_flushed(self._semantic, load)
        ]

    @property
    def conditions(self) -> tuple[str, ...]:
        """What is to be confirmed."""
        return tuple(self._told)

    @property
    def statements(self) -> tuple[Path, ...]:
        """The statements that a person is told of."""
        return tuple(dict.fromkeys(self._told.values()))
