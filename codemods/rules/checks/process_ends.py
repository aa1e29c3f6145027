"""Blocks that the process may end in: what their calls recorded would never be stored."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.trackers.process_ends import ending
from codemods.model.refusal import Reason, Refusal
from codemods.rules.refusing import refuse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.model.finding import Finding


def ending_refusal(
    semantic: SemanticModel, finding: Finding, statements: Iterable[ast.AST]
) -> Refusal | None:
    """Refuse a block over *statements* in which the process may end at once."""
    place = ending(semantic.taint, statements)
    if place is None:
        return None
    detail = f"{ast.unparse(place)} ends the process before the block has stored its calls"
    return refuse(semantic, finding, Reason.ENDS_THE_PROCESS, detail, place)
