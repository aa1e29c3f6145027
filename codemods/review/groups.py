"""Rewrites that several files share: each is asked about once, with all its files."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

from codemods.analysis.syntax.parsed_module import on_deep_stack
from codemods.model.outcome import Changed
from codemods.model.question import Answer, Change, Question
from codemods.model.refusal import Reason, Refusal
from codemods.runner.one_file import as_left

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codemods.model.atomic_group import Groups
    from codemods.model.outcome import FileOutcome
    from codemods.model.question import Reviewer
    from codemods.runner.cross_file import Together

_NO = "a person said no to it, in all its files"
_ENDED = "the review ended before it was asked about"


class Person(Protocol):
    """Who is asked, until the review is over."""

    reviewer: Reviewer
    is_over: bool

    def answer(self, question: Question) -> Answer:
        """Return what is to become of the rewrite."""


def _files_by_group(found: Together) -> dict[str, list[str]]:
    """Return the paths of the files that each group changes, the groups in order of their names."""
    files: dict[str, list[str]] = {}
    for path, mine in found.proposals.items():
        for group in dict.fromkeys(proposal.group for proposal in mine):
            files.setdefault(group, []).append(path)
    return files


def reviewed(person: Person, found: Together) -> list[FileOutcome]:
    """Return the outcomes of all files, with those of the rewrites *found* that are accepted."""
    accepted: Groups = frozenset()
    refusals: dict[str, list[Refusal]] = {}
    files = _files_by_group(found)
    for number, (group, paths) in enumerate(files.items(), 1):
        changes = _changes(found, group, paths, accepted)
        if changes is None:
            continue  # it cannot be made in all of them, as it is found out without a person too
        where = f"shared by {len(paths)} files" if len(paths) > 1 else "in one file"
        if _is_accepted(person, Question(changes, (), number, len(files), where)):
            accepted |= {group}
            continue
        reason = Reason.DECLINED
        why = _ENDED if person.is_over else _NO
        for change in changes:
            told = (Refusal(a.finding, reason, why, reason.advice) for a in change.applied)
            refusals.setdefault(change.path, []).extend(told)
    return on_deep_stack(partial(found.outcomes, accepted, refusals))


def _is_accepted(person: Person, question: Question) -> bool:
    while not person.is_over:
        answer = person.answer(question)
        if answer is not Answer.EDIT_NAME:
            return answer is Answer.YES
        person.reviewer.tell("It makes no block, so there is nothing to name.")
    return False


def _changes(
    found: Together, group: str, paths: list[str], accepted: Groups
) -> tuple[Change, ...] | None:
    """Return what *group* changes in each of its files, None if it cannot be made in all."""
    before = on_deep_stack(partial(found.added, accepted))
    after = on_deep_stack(partial(found.added, accepted | {group}))
    changes = []
    for path in paths:
        outcome = after.get(path)
        if not isinstance(outcome, Changed) or group not in outcome.groups:
            return None
        mine = {p.finding for p in found.proposals[path] if p.group == group}
        applied = tuple(a for a in outcome.applied if a.finding in mine)
        texts = _text(found, before, path), _text(found, after, path)
        changes.append(Change(path, *texts, applied))
    return tuple(changes)


def _text(found: Together, outcomes: Mapping[str, FileOutcome], path: str) -> str:
    source = found.sources[path]
    return as_left(source, outcomes[path]).text if path in outcomes else source.text
