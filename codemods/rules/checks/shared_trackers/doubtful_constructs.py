"""What may come of a construction instead of a new tracker: one that others have, or None.

Classes give an object again which they gave before.  Its blocks give their ids back: whether
somebody counted on ids that another place had set is for a person to say (``--unsafe``).
Where a variable has a tracker or None, a set call raises today, and a block would have a tracker of
its own.  That there is one is for a person to say, too, but not where code in the block asks it.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from codemods.analysis.trackers.block_extent import Block
from codemods.analysis.trackers.constructs import lacking
from codemods.model.edit import Wrap
from codemods.model.refusal import Reason
from codemods.rules.refusing import refuse

if TYPE_CHECKING:
    from collections.abc import Collection

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.lifetimes import Construct, Lifetime
    from codemods.model.edit import Edit
    from codemods.model.finding import Finding
    from codemods.model.refusal import Refusal

_APART = "ids that are set here would no longer last for others: {}"
_ASKED = "{} is never None where its block begins: line {} may build none"


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


def never_built_refusal(
    semantic: SemanticModel, finding: Finding, lifetime: Lifetime
) -> Refusal | None:
    """Refuse a variable that may be None, unless a person is asked about it."""
    condition = lacking(lifetime.binding_statement)
    if condition is None or semantic.settings.unsafe:
        return None
    reason, detail = Reason.CONDITIONAL_CONSTRUCT, "the tracker is built under a condition"
    refusal = refuse(semantic, finding, reason, detail, condition)
    return replace(refusal, advice=f"{refusal.advice}, or run with --unsafe if it always is")


def construct_conditions(semantic: SemanticModel, lifetime: Lifetime) -> tuple[str, ...]:
    """Return what is to be confirmed of how the tracker is built, with ``--unsafe``."""
    asked = given_again_conditions(semantic, lifetime.construct)
    condition = lacking(lifetime.binding_statement)
    if condition is None:
        return asked
    line = semantic.module.span(condition).line
    return *asked, _ASKED.format(lifetime.binding.name, line)


def doubted_inside_refusal(
    semantic: SemanticModel, finding: Finding, lifetime: Lifetime, edits: Collection[Edit]
) -> Refusal | None:
    """Refuse a variable that may be None, where code in its blocks takes it that it may."""
    if lacking(lifetime.binding_statement) is None:
        return None
    wraps = (edit for edit in edits if isinstance(edit, Wrap))
    blocks = [Block(wrap.path[:-1], *wrap.path[-1], wrap.stop) for wrap in wraps]
    for load in lifetime.binding.loads:
        path = semantic.module.paths[semantic.module.statement(load)]
        if _asks(semantic, load) and any(block.holds(path) for block in blocks):
            detail = f"{lifetime.binding.name} may be None in the block, as is asked here"
            return refuse(semantic, finding, Reason.CONDITIONAL_CONSTRUCT, detail, load)
    return None


def _asks(semantic: SemanticModel, load: ast.Name) -> bool:
    """Whether the place asks if there is a tracker."""
    around = semantic.module.parents[load]
    if isinstance(around, ast.Compare | ast.BoolOp | ast.UnaryOp):
        return True
    if not isinstance(around, ast.If | ast.IfExp | ast.While | ast.Assert):
        return False
    return around.test is load
