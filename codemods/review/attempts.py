"""What a file would be with some of its proposals, as a person is shown it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from codemods.model.outcome import Changed, Refused
from codemods.model.refusal import Reason, Refusal
from codemods.rules.engine import Decision
from codemods.rules.operations import named
from codemods.rules.planning.imports import place
from codemods.runner.one_file import as_left
from codemods.runner.proving import rewritten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.model.finding import Finding
    from codemods.model.outcome import Applied
    from codemods.model.proposal import Proposal
    from codemods.model.source import SourceFile
    from codemods.project.embedded.outcomes import Document

_ALONE = "it cannot be made together with what was accepted before it"
_CELL = "a magic of IPython would come to stand elsewhere in its cell"


@dataclass(frozen=True, slots=True)
class Made:
    """The text with some proposals made, as a reader sees it, and what was applied."""

    text: str
    applied: tuple[Applied, ...] = ()
    proposals: tuple[Proposal, ...] = ()


def made(
    semantic: SemanticModel,
    source: SourceFile,
    document: Document | None,
    proposals: Sequence[Proposal],
) -> Made | tuple[Refusal, ...]:
    """Return *source*, the code of *document* if any, with *proposals*, or why that cannot be."""
    if not proposals:
        return Made(_shown(document, source.text) or "")
    placed = place(semantic, proposals)
    decision = Decision(named(semantic, placed.proposals), placed.refusals, placed.edits)
    outcome = rewritten(semantic, source, decision)
    if not isinstance(outcome, Changed) or len(outcome.applied) < len(proposals):
        return outcome.refusals if isinstance(outcome, Changed | Refused) else ()
    text = _shown(document, as_left(source, outcome).text)
    if text is None:
        reason = Reason.NOTEBOOK
        return tuple(Refusal(p.finding, reason, _CELL, reason.advice) for p in proposals)
    return Made(text, tuple(map(_once, outcome.applied)), decision.proposals)


def refusal_of(finding: Finding, refusals: Sequence[Refusal]) -> Refusal:
    """Return the one of *refusals* that is about *finding*."""
    reason = Reason.NOT_PROVEN
    found = (one for one in refusals if one.finding == finding)
    return next(found, Refusal(finding, reason, _ALONE, reason.advice))


def _shown(document: Document | None, text: str) -> str | None:
    return text if document is None else document.shown(text)


def _once(applied: Applied) -> Applied:
    return replace(applied, assumptions=tuple(dict.fromkeys(applied.assumptions)))
