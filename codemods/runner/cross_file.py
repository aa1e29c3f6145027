"""Rewrites that reach over several files: decided on the files as the other rules leave them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from codemods.model.atomic_group import in_whole_groups
from codemods.model.outcome import Changed, Failed, Refused
from codemods.rules.engine import Decision, decide_together

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.linking.links import Project
    from codemods.model.atomic_group import Groups
    from codemods.model.outcome import FileOutcome
    from codemods.model.proposal import Proposal
    from codemods.model.source import SourceFile


def together(
    outcomes: Sequence[FileOutcome],
    sources: Sequence[SourceFile],
    project_of: Callable[[Mapping[Path, SourceFile]], Project],
    rewrite: Callable[[SemanticModel, SourceFile, Decision], FileOutcome],
) -> list[FileOutcome]:
    """Return *outcomes* with the rewrites that several of the *sources* must share.

    *sources* are the files as the outcomes leave them.
    """
    by_path = {outcome.path: outcome for outcome in outcomes}
    whole = [s for s in sources if not isinstance(by_path.get(s.display), Failed)]
    project = project_of({source.path: source for source in whole})
    analysed = {source.display: project.analysed(source) for source in whole}
    known = [semantic for semantic in analysed.values() if semantic is not None]
    proposals: dict[str, list[Proposal]] = {}
    for semantic, proposal in decide_together(known, project.mentioning):
        proposals.setdefault(semantic.module.source.display, []).append(proposal)
    by_source = {source.display: source for source in whole}

    def attempt(path: str, live: Groups) -> FileOutcome:
        semantic = analysed[path]
        assert semantic is not None
        mine = tuple(p for p in proposals[path] if p.group in live)
        outcome = rewrite(semantic, by_source[path], Decision(mine, (), ()))
        if isinstance(outcome, Changed):
            outcome = replace(outcome, groups=frozenset(p.group for p in mine))
        return outcome

    groups = {path: frozenset(p.group for p in mine) for path, mine in proposals.items()}
    added = in_whole_groups(groups, attempt)
    return [_joined(outcome, added.get(outcome.path)) for outcome in outcomes]


def _joined(first: FileOutcome, second: FileOutcome | None) -> FileOutcome:
    """Return the outcome of a file that was rewritten by itself, then together with others."""
    if isinstance(second, Changed):
        applied = first.applied if isinstance(first, Changed) else ()
        refusals = first.refusals if isinstance(first, Changed | Refused) else ()
        source = first.source if isinstance(first, Changed) else second.source
        after = second.after
        return Changed(source, after, (*applied, *second.applied), refusals, second.groups)
    if isinstance(second, Failed):
        return second
    if isinstance(second, Refused):
        if isinstance(first, Changed | Refused):
            return replace(first, refusals=(*first.refusals, *second.refusals))
        return second
    return first
