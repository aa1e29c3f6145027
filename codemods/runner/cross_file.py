"""Rewrites that reach over several files: decided on the files as the other rules leave them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from codemods.model.atomic_group import in_whole_groups
from codemods.model.outcome import Changed, Failed, Refused, Untouched
from codemods.rules.engine import Decision, decide_together

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.linking.links import Project
    from codemods.model.atomic_group import Groups
    from codemods.model.outcome import FileOutcome
    from codemods.model.proposal import Proposal
    from codemods.model.refusal import Refusal
    from codemods.model.source import SourceFile


class Together:
    """The rewrites that several files must share, and what becomes of the files with some of them.

    *outcomes* are those of the other rules, and *sources* the files as these leave them.
    """

    def __init__(
        self,
        outcomes: Sequence[FileOutcome],
        sources: Sequence[SourceFile],
        project_of: Callable[[Mapping[Path, SourceFile]], Project],
        rewrite: Callable[[SemanticModel, SourceFile, Decision], FileOutcome],
    ) -> None:
        self._outcomes = outcomes
        self._rewrite = rewrite
        by_path = {outcome.path: outcome for outcome in outcomes}
        whole = [s for s in sources if not isinstance(by_path.get(s.display), Failed)]
        project = project_of({source.path: source for source in whole})
        self._analysed = {source.display: project.analysed(source) for source in whole}
        known = [semantic for semantic in self._analysed.values() if semantic is not None]
        #: What each file takes part in.
        self.proposals: dict[str, list[Proposal]] = {}
        for semantic, proposal in decide_together(known, project.mentioning):
            self.proposals.setdefault(semantic.module.source.display, []).append(proposal)
        self.sources = {source.display: source for source in whole}

    @property
    def groups(self) -> Groups:
        """All rewrites that files share."""
        return frozenset(p.group for mine in self.proposals.values() for p in mine)

    def semantic(self, path: str) -> SemanticModel:
        """Return the analysis of a file that takes part in a rewrite."""
        found = self._analysed[path]
        assert found is not None
        return found

    def added(self, wanted: Groups) -> dict[str, FileOutcome]:
        """Return the outcome of each file that takes part in *wanted*, where groups are whole."""
        groups = {
            path: frozenset(p.group for p in mine) & wanted for path, mine in self.proposals.items()
        }
        return in_whole_groups(groups, self._attempt) if groups else {}

    def _attempt(self, path: str, live: Groups) -> FileOutcome:
        semantic = self.semantic(path)
        mine = tuple(p for p in self.proposals[path] if p.group in live)
        outcome = self._rewrite(semantic, self.sources[path], Decision(mine, (), ()))
        if isinstance(outcome, Changed):
            outcome = replace(outcome, groups=frozenset(p.group for p in mine))
        return outcome

    def outcomes(
        self, wanted: Groups, refusals: Mapping[str, Sequence[Refusal]]
    ) -> list[FileOutcome]:
        """Return the outcomes of all files with the rewrites *wanted*, and with *refusals*."""
        added = self.added(wanted)
        return [
            _refusing(_joined(one, added.get(one.path)), refusals.get(one.path, ()))
            for one in self._outcomes
        ]


def together(
    outcomes: Sequence[FileOutcome],
    sources: Sequence[SourceFile],
    project_of: Callable[[Mapping[Path, SourceFile]], Project],
    rewrite: Callable[[SemanticModel, SourceFile, Decision], FileOutcome],
) -> list[FileOutcome]:
    """Return *outcomes* with the rewrites that several of the *sources* must share.

    *sources* are the files as the outcomes leave them.
    """
    found = Together(outcomes, sources, project_of, rewrite)
    return found.outcomes(found.groups, {})


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
        return _refusing(first, second.refusals)
    return first


def _refusing(outcome: FileOutcome, refusals: Sequence[Refusal]) -> FileOutcome:
    """Return *outcome* with *refusals* beside those that it has."""
    if refusals and isinstance(outcome, Changed | Refused):
        return replace(outcome, refusals=(*outcome.refusals, *refusals))
    if refusals and isinstance(outcome, Untouched):
        return Refused(outcome.path, tuple(refusals))
    return outcome
