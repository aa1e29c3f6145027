"""Which of the conditions that ``--unsafe`` names accounts for a difference.

A difference is a rewrite's if it goes where all rewrites but that one are made.  What several make,
each of them enough, is theirs whose rewrite makes it where no other unsafe one is made.  It is
accounted for if all the ids that it is about are named by the conditions of these rewrites; a
condition that names none is about all of them.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from codemods.findings.mending.retouching import place_of
from codemods.model.question import Answer
from codemods.review.choosing import Chosen, as_told
from codemods.review.groups import reviewed
from codemods.runner.one_file import migrate_file

from .comparing import IDS, ids_named

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from codemods.linking.links import Project
    from codemods.model.finding import Finding
    from codemods.model.outcome import Applied, FileOutcome
    from codemods.model.question import Block, Question
    from codemods.model.source import SourceFile
    from codemods.project.embedded.outcomes import Document
    from codemods.runner.cross_file import Together

    from .comparing import Difference


@dataclass(frozen=True)
class Accounted:
    """What the conditions ``named`` say of each difference; those ``left`` are said nowhere."""

    named: Mapping[Cause, tuple[Difference, ...]]
    left: tuple[Difference, ...]


@dataclass(frozen=True, order=True)
class Cause:
    """A rewrite, by its place, and the one of its conditions that says what would differ."""

    place: str
    condition: str


def account(
    differences: Sequence[Difference],
    unsafe: Sequence[Applied],
    without: Callable[[Collection[Finding]], Sequence[Difference]],
) -> Accounted:
    """Return what accounts for *differences* among the rewrites that are *unsafe*.

    *without* returns those that there are where the rewrites of some findings are not made.
    """
    causes = _causes(differences, unsafe, without)
    named: dict[Cause, list[Difference]] = {}
    left = []
    for difference in differences:
        said = [cause for one in causes.get(difference, ()) for cause in _about(one, difference)]
        ids = frozenset[str]().union(*(ids_said(cause.condition) for cause in said))
        if not difference.ids or difference.ids - ids:
            left.append(difference)
            continue
        for cause in said:
            named.setdefault(cause, []).append(difference)
    return Accounted({cause: tuple(found) for cause, found in named.items()}, tuple(left))


def _causes(
    differences: Sequence[Difference],
    unsafe: Sequence[Applied],
    without: Callable[[Collection[Finding]], Sequence[Difference]],
) -> Mapping[Difference, Sequence[Applied]]:
    """Return the rewrites that each of *differences* comes with."""
    ids = frozenset[str]().union(*(one.ids for one in differences))
    findings = {one.finding for one in unsafe}
    found: dict[Difference, list[Applied]] = {}
    asked = [one for one in unsafe if any(ids_said(text) & ids for text in one.confirm)]
    for rewrite in asked:
        for difference in Counter(differences) - Counter(without({rewrite.finding})):
            found.setdefault(difference, []).append(rewrite)
    left = {one for one in differences if one not in found and one.ids}
    if left:
        left -= {*without(findings)}
    for rewrite in asked if left else ():
        for difference in left.intersection(without(findings - {rewrite.finding})):
            found.setdefault(difference, []).append(rewrite)
    return found


def _about(rewrite: Applied, difference: Difference) -> list[Cause]:
    """Return the conditions of *rewrite* that say it, as few as do, the most exact ones first."""
    place = f"{rewrite.finding.path}:{rewrite.finding.span.line}"
    found, open_ids = [], difference.ids
    for condition in sorted(rewrite.confirm, key=lambda text: (len(ids_said(text)), text)):
        if open_ids & ids_said(condition):
            found.append(Cause(place, condition))
            open_ids -= ids_said(condition)
    return found


def ids_said(condition: str) -> frozenset[str]:
    """Return the ids that a *condition* is about."""
    everything = re.search(r"\bids\b", condition)  # though the code of a header names some
    return frozenset(IDS) if everything else ids_named(condition) or frozenset(IDS)


class AllButSome:
    """Accepts all rewrites but those of some *findings*, and what only they make possible."""

    is_over = False

    def __init__(self, findings: Collection[Finding]) -> None:
        self._left_out = {(one.path, place_of(one)) for one in findings}
        self.reviewer = self

    def begin(self, files: int) -> None:
        """Hear how many files there are."""

    def migrate_file(self, project: Project, source: SourceFile) -> FileOutcome:
        """Return what becomes of *source*."""
        path = source.display
        if all(path != other for other, _ in self._left_out):
            return migrate_file(project, source)
        return migrate_file(project, source, Chosen(partial(self._is_wanted, path)))

    def together(self, found: Together) -> list[FileOutcome]:
        """Return the outcomes of all files, with what they share."""
        return reviewed(self, found)

    def answer(self, question: Question) -> Answer:
        """Return whether a rewrite over several files is made."""
        told = (one.finding for change in question.changes for one in change.applied)
        left_out = any((one.path, place_of(one)) in self._left_out for one in told)
        return Answer.NO if left_out else Answer.YES

    ask = answer

    def name(self, block: Block) -> None:
        """Give no name to *block*."""

    def tell(self, text: str) -> None:
        """Hear *text*."""

    def _is_wanted(self, path: str, finding: Finding, document: Document | None) -> bool:
        return (path, place_of(as_told(finding, document))) not in self._left_out
