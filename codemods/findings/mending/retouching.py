"""Comments that silence findings, written into files or taken out of them, as rewrites are made."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from codemods.findings.comments import comments_of
from codemods.findings.judging import judged
from codemods.findings.mending.editing import with_ignores, without
from codemods.model.outcome import Applied, Changed, Failed, FileOutcome, Untouched
from codemods.project.embedded import files
from codemods.project.embedded.outcomes import located
from codemods.rules.engine import lint

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from codemods.linking.links import Project
    from codemods.model.finding import Finding
    from codemods.model.source import SourceFile, Span
    from codemods.project.embedded.outcomes import Document

    #: What tells a finding of a file from the others: its code, cell and place.
    Place = tuple[str, int, Span]

_FORM = "comment"
_WHY = "the program is the same without its comments"


@dataclass(frozen=True, slots=True)
class Retouch:
    """What is to be done in the files of a run: the findings of each, by its path.

    Comments with the *reason* silence them; without one what is needless in comments goes.
    """

    wanted: Mapping[str, frozenset[Place]]
    reason: str | None = None


def retouch_file(retouch: Retouch, project: Project, source: SourceFile) -> FileOutcome:
    """Return *source* with the comments that are to be in it."""
    if source.display not in retouch.wanted or project.defines_the_api(source):
        return Untouched(source.display)
    work = partial(_retouched, retouch, project)
    return files.migrated(source, work, examples=project.settings(source.path).examples)


def _retouched(
    retouch: Retouch, project: Project, source: SourceFile, document: Document | None
) -> FileOutcome:
    told = judged(lint(project.semantic(source)), source.text, source.display)
    wanted = retouch.wanted[source.display]

    def is_wanted(finding: Finding) -> bool:
        place = located(document, finding) if document is not None else finding
        return place_of(place) in wanted

    if retouch.reason is None:
        vain = [one for one in told.needless if is_wanted(one[1])]
        found = [one[1] for one in vain]
        text, _ = without(source.text, vain)
    else:
        found = [one for one in told.findings if is_wanted(one)]
        text = with_ignores(source.text, comments_of(source.text), found, retouch.reason)
    return changed_comments(source, text, found)


def place_of(finding: Finding) -> Place:
    """Return what tells *finding* from the others of its file."""
    return finding.code, finding.cell, finding.span


def changed_comments(source: SourceFile, text: str, found: Iterable[Finding]) -> FileOutcome:
    """Return *source* with the *text* that is about what was *found*: other comments, no more."""
    if text == source.text:
        return Untouched(source.display)
    try:
        after = source.encode(text)
    except UnicodeEncodeError:
        message = f"its encoding, {source.encoding}, cannot hold the reason"
        return Failed(source.display, "edit", message, "write the reason in plain ASCII")
    if not _is_same(source.text, text):
        message = "a comment at this place would change the program"
        return Failed(source.display, "edit", message, "write the comment by hand")
    return Changed(source, after, tuple(Applied(one, _FORM, _WHY) for one in found))


def _is_same(before: str, after: str) -> bool:
    try:
        return ast.dump(ast.parse(before)) == ast.dump(ast.parse(after))
    except (SyntaxError, ValueError):
        return False
