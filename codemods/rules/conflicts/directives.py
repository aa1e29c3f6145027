"""Comments that tell other tools what to do, on the line of a statement that goes.

On the line of a ``with`` such a comment may hold for the whole block; on a line of its
own it may hold for the rest of the function, or for nothing.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from codemods.model.edit import Delete, Wrap
from codemods.model.refusal import Reason
from codemods.rules.refusing import refuse

if TYPE_CHECKING:
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.model.proposal import Proposal
    from codemods.model.refusal import Refusal

# Behind code it holds for that line, in a line of its own, or behind ``with``, for a block.
_GOVERNS = re.compile(r"#\s*pylint:\s*(?:disable|enable)(?!-next)\b")
_COVERAGE = re.compile(r"#\s*pragma[:\s]?\s*no\s*cover", re.IGNORECASE)
_COVERAGE_NOTE = (
    "the comment for coverage is put above the block: behind the with it would leave out all of it"
)


def heeded(semantic: SemanticModel, proposal: Proposal) -> Proposal | Refusal:
    """Return *proposal* with what becomes of such comments, or a refusal where they would change.

    Those of formatters, type checkers and most linters hold for a line, and stay with its ids.
    """
    if not any(isinstance(edit, Wrap) for edit in proposal.edits):
        return proposal
    notes = proposal.notes
    for edit in proposal.edits:
        if not isinstance(edit, Delete):
            continue
        statement = semantic.statement_at(edit.path)
        span = semantic.module.span(statement)
        for line in semantic.module.lines[span.line - 1 : span.end_line]:
            found = _GOVERNS.search(line)
            if found is not None:
                detail = f"{line[found.start() :].strip()} would hold for more than its line"
                return refuse(semantic, proposal.finding, Reason.DIRECTIVE, detail, statement)
            if _COVERAGE.search(line) and _COVERAGE_NOTE not in notes:
                notes = (*notes, _COVERAGE_NOTE)
    return replace(proposal, notes=notes)
