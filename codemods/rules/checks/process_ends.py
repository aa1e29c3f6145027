"""Blocks that may not be left: what their calls recorded would never be stored."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.trackers.process_ends import ending, endless
from codemods.model.refusal import Reason, Refusal
from codemods.rules.refusing import refuse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.model.finding import Finding


def ending_refusal(
    semantic: SemanticModel, finding: Finding, statements: Iterable[ast.AST]
) -> Refusal | None:
    """Refuse a block over *statements* in which the process may end at once, or that never ends."""
    listed = list(statements)
    loop = endless(semantic.taint, listed)
    if loop is not None:
        detail = "nothing of the program's own ends this: calls in the block would never be stored"
        return refuse(semantic, finding, Reason.NEVER_ENDS, detail, loop)
    place = ending(semantic.taint, listed)
    if place is None:
        return None
    detail = f"{ast.unparse(place)} ends the process before the block has stored its calls"
    return refuse(semantic, finding, Reason.ENDS_THE_PROCESS, detail, place)
