"""Names for the blocks that are made in the end: a place that is refused takes none."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from codemods.model.edit import Wrap
from codemods.rules.planning import operation_types

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.model.proposal import Proposal


def named(semantic: SemanticModel, proposals: Sequence[Proposal]) -> tuple[Proposal, ...]:
    """Return *proposals*, each block with a name of its own, given in source order.

    The names that a block had to choose from stay with it: where others turn out to be refused,
    the rest is named once more.
    """
    wraps = [e for p in proposals for e in p.edits if isinstance(e, Wrap)]
    taken = set(semantic.operations)
    taken.update(_asked_for(wrap) for wrap in wraps if not wrap.header.names)
    chosen: dict[Wrap, Wrap] = {}
    numbers: dict[str, int] = {}
    for wrap in sorted((w for w in wraps if w.header.names), key=lambda w: _place(semantic, w)):
        name = operation_types.unique(list(wrap.header.names), taken, numbers)
        taken.add(name)
        leading = (operation_types.literal(name, semantic.quote), *wrap.header.leading[1:])
        chosen[wrap] = replace(wrap, header=replace(wrap.header, leading=leading))
    return tuple(
        replace(p, edits=tuple(chosen.get(e, e) if isinstance(e, Wrap) else e for e in p.edits))
        for p in proposals
    )


def _place(semantic: SemanticModel, wrap: Wrap) -> tuple[int, int, int, int]:
    """Blocks are named from the top, an outer one before those inside it."""
    span = semantic.module.span(semantic.statement_at(wrap.path))
    return span.line, span.column, len(wrap.path), -wrap.stop


def _asked_for(wrap: Wrap) -> str:
    """Return the operation that a comment or the configuration gave a block."""
    texts = (t.rpartition("=")[2] for t in wrap.header.leading if t[-1:] in ("'", '"'))
    return next((str(ast.literal_eval(text)) for text in texts if text[:1] in ("'", '"')), "")
