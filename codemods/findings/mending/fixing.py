"""Findings that are fixed: by migrate's rewrites of just these places, and needless comments go."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from codemods.findings.judging import judged
from codemods.findings.mending.editing import without
from codemods.findings.mending.retouching import changed_comments, place_of
from codemods.model.outcome import Changed, Failed, FileOutcome, Untouched
from codemods.model.source import Span
from codemods.project.embedded import files
from codemods.project.embedded.outcomes import located
from codemods.review.choosing import Chosen
from codemods.review.sites import site_of
from codemods.rules.engine import lint
from codemods.runner.one_file import as_left, migrated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from codemods.findings.mending.retouching import Place
    from codemods.findings.selection import Selection
    from codemods.linking.links import Project
    from codemods.model.finding import Finding
    from codemods.model.source import SourceFile
    from codemods.project.embedded.outcomes import Document
    from codemods.review.sites import Site
    from codemods.runner.cross_file import Together


@dataclass(frozen=True, slots=True)
class Fix:
    """What is to be fixed in the files of a run: the findings of each that were told of, by path.

    ``selection`` says which rules hold for a file: migrate finds places of its own, at what was
    told of under another code.
    """

    wanted: Mapping[str, frozenset[Place]]
    selection: Selection

    def of_file(self, project: Project, source: SourceFile) -> FileOutcome:
        """Return *source* with what is wanted in it done."""
        if source.display not in self.wanted or project.defines_the_api(source):
            return Untouched(source.display)
        work = partial(self._fixed, project)
        return files.migrated(source, work, examples=project.settings(source.path).examples)

    def together(
        self, project: Project, before: Sequence[SourceFile], found: Together
    ) -> list[FileOutcome]:
        """Return the outcomes of all files, with the rewrites *found* that nothing is against.

        *before* are the files of *project* as they were: what was not told of in them stays.
        """
        mine = [source for source in before if source.display in found.proposals]
        left = {source.display: self._left(project, source) for source in mine}
        unwanted = {
            proposal.group
            for path, proposals in found.proposals.items()
            for proposal in proposals
            if not self._is_told(found, path, proposal.finding, left[path])
        }
        return found.outcomes(found.groups - unwanted, {})

    def _is_told(self, found: Together, path: str, finding: Finding, left: frozenset[Site]) -> bool:
        semantic = found.semantic(path)
        if finding.code not in self.selection.of(path).codes or site_of(semantic, finding) in left:
            return False
        return finding in judged([finding], semantic.module.source.text, path).findings

    def _left(self, project: Project, source: SourceFile) -> frozenset[Site]:
        """Return the sites of *source* that lint finds and that were not told of."""
        semantic = project.semantic(source)
        wanted = self.wanted.get(source.display, frozenset())
        return frozenset(
            site_of(semantic, one) for one in lint(semantic) if place_of(one) not in wanted
        )

    def _fixed(
        self, project: Project, source: SourceFile, document: Document | None
    ) -> FileOutcome:
        found = lint(project.semantic(source))
        told = judged(found, source.text, source.display)
        is_wanted = partial(self._is_wanted, source.display, document)
        vain = [one for one in told.needless if is_wanted(one[1])]
        text, numbers = without(source.text, vain)
        comments = changed_comments(source, text, [one[1] for one in vain])
        if isinstance(comments, Failed):
            return comments
        # What silences a finding is not told of, and what is not told of stays.
        ours = _Ours(told.findings, found, is_wanted, self.selection.of(source.display).codes)
        chosen = Chosen(lambda finding, _: ours(_before(finding, numbers)))
        outcome = migrated(project, as_left(source, comments), document, chosen)
        return _joined(source, comments, outcome, numbers)

    def _is_wanted(self, path: str, document: Document | None, finding: Finding) -> bool:
        there = finding if document is None else located(document, finding)
        return place_of(there) in self.wanted[path]


class _Ours:
    """Tells which of migrate's findings are wanted, by what lint has *found* at their places."""

    def __init__(
        self,
        told: Iterable[Finding],
        found: Iterable[Finding],
        is_wanted: Callable[[Finding], bool],
        codes: frozenset[str],
    ) -> None:
        self._codes = codes
        self._found = {(one.code, one.span) for one in found}
        wanted = [one for one in told if is_wanted(one)]
        self._wanted = {(one.code, one.span) for one in wanted}
        self._spans = {one.span for one in wanted}

    def __call__(self, finding: Finding) -> bool:
        """Whether *finding* is one of those, or a better name for what lint has told of there."""
        if (finding.code, finding.span) in self._found:
            return (finding.code, finding.span) in self._wanted
        return finding.code in self._codes and finding.span in self._spans


def _before(finding: Finding, numbers: Sequence[int]) -> Finding:
    """Return *finding* with the place that it had before, when its lines had these *numbers*.

    No code stands in the lines that went, and no column of what stayed has changed.
    """
    span = finding.span
    first, last = (numbers[min(line, len(numbers)) - 1] for line in (span.line, span.end_line))
    return replace(finding, span=Span(first, span.column, last, span.end_column))


def _joined(
    source: SourceFile, comments: FileOutcome, outcome: FileOutcome, numbers: Sequence[int]
) -> FileOutcome:
    """Return *outcome*, of *source* without its needless *comments*, as one of *source*.

    What is left to a person is told of by lint.
    """
    if not isinstance(outcome, Changed):
        return outcome if isinstance(outcome, Failed) else comments
    mended = comments.applied if isinstance(comments, Changed) else ()
    made = (replace(one, finding=_before(one.finding, numbers)) for one in outcome.applied)
    return Changed(source, outcome.after, (*mended, *made))
