"""A migration of some places of a file, where the others stay for now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codemods.findings.mending.retouching import place_of
from codemods.model.refusal import Reason, Refusal
from codemods.project.embedded.outcomes import located
from codemods.review.sites import site_of
from codemods.rules.engine import decide

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.findings.mending.retouching import Place
    from codemods.model.finding import Finding
    from codemods.model.source import SourceFile
    from codemods.project.embedded.outcomes import Document
    from codemods.review.sites import Site
    from codemods.rules.engine import Decision

_WHY = "only other places were asked for"


class Seen:
    """Takes all proposals, as migrate does, and remembers for which findings there were any first.

    Those of later rounds are places of a text that nobody has seen.
    """

    def __init__(self) -> None:
        self.first: frozenset[Place] | None = None

    def __call__(
        self, semantic: SemanticModel, source: SourceFile, document: Document | None
    ) -> Decision:
        """Return what is decided of *source*."""
        del source
        decision = decide(semantic)
        if self.first is None:
            found = (one.finding for one in decision.proposals)
            self.first = frozenset(place_of(as_told(one, document)) for one in found)
        return decision


class Chosen:
    """Takes the proposals for findings that are *wanted*, and what only they make possible.

    It is what a person gets who says yes to these, and no to all others that there are at first.
    *wanted* is asked about findings of the module, beside the document that this stands in.
    """

    def __init__(self, wanted: Callable[[Finding, Document | None], bool]) -> None:
        self._wanted = wanted
        self._left: set[Site] | None = None

    def __call__(
        self, semantic: SemanticModel, source: SourceFile, document: Document | None
    ) -> Decision:
        """Return what of the proposals for *source* is taken."""
        del source

        def is_wanted(finding: Finding) -> bool:
            return self._wanted(finding, document)

        left_out: dict[Finding, Refusal] = {}
        if self._left is None:
            first = decide(semantic)
            others = [one.finding for one in first.proposals if not is_wanted(one.finding)]
            others += [one.finding for one in first.refusals if not is_wanted(one.finding)]
            self._left = {site_of(semantic, one) for one in others}
            left_out = _declined(others)
            return self._decided(semantic, left_out, lambda finding: not is_wanted(finding))
        left = self._left
        return self._decided(semantic, left_out, lambda finding: site_of(semantic, finding) in left)

    @staticmethod
    def _decided(
        semantic: SemanticModel,
        left_out: dict[Finding, Refusal],
        is_left: Callable[[Finding], bool],
    ) -> Decision:
        """Return what is decided without what *is_left*: other proposals may take its place."""
        while True:
            decision = decide(semantic, left_out)
            others = [one.finding for one in decision.proposals if is_left(one.finding)]
            if not others:
                return decision
            left_out.update(_declined(others))


def as_told(finding: Finding, document: Document | None) -> Finding:
    """Return *finding* of a module as it is told of: of a notebook by cell."""
    return located(document, finding) if document is not None else finding


def _declined(findings: Iterable[Finding]) -> dict[Finding, Refusal]:
    reason = Reason.DECLINED
    return {one: Refusal(one, reason, _WHY, reason.advice) for one in findings}
