"""Other objects' trackers that a block reaches: on our runtime they would take its ids over."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.reach import reachable
from codemods.model import Finding, Reason, Refusal
from codemods.rules.reasons import refuse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codemods.analysis.facts import Facts
    from codemods.analysis.lives import Construct


def foreign_field_refusal(
    facts: Facts, finding: Finding, construct: Construct, body: Sequence[ast.stmt]
) -> Refusal | None:
    """Refuse a block that reaches a field which holds another tracker than *construct* builds."""
    if not facts.ours(construct.home):
        return None
    names = {
        target.attr
        for other in facts.lives.constructs
        if other is not construct
        for target in getattr(facts.module.parents[other.call], "targets", ())
        if isinstance(target, ast.Attribute)
    }
    own = getattr(facts.module.parents[construct.call], "targets", ())
    names -= {target.attr for target in own if isinstance(target, ast.Attribute)}
    if not names:
        return None
    reached = [*body, *(s for found in reachable(facts.taint, body) for s in found.node.body)]
    for node in (n for statement in reached for n in ast.walk(statement)):
        if isinstance(node, ast.Attribute) and node.attr in names:
            detail = f"{ast.unparse(node)} is another tracker, and the block would lend it its ids"
            return refuse(facts, finding, Reason.TWO_TRACKERS, detail)
    return None
