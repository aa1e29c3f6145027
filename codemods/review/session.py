"""One review: each proposal is asked about where all before it are decided."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from codemods.model.outcome import Skipped
from codemods.model.question import Answer, Change, Question
from codemods.model.refusal import Reason, Refusal
from codemods.project.config import ConfigError
from codemods.project.embedded.outcomes import located, placed
from codemods.review.attempts import Made, made, refusal_of
from codemods.review.blocks import blocks_of
from codemods.review.groups import reviewed
from codemods.review.sites import site_of
from codemods.rules.engine import decide
from codemods.runner.one_file import migrate_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.linking.links import Project
    from codemods.model.finding import Finding
    from codemods.model.outcome import FileOutcome
    from codemods.model.proposal import Proposal
    from codemods.model.question import Block, Reviewer
    from codemods.model.source import SourceFile
    from codemods.project.embedded.outcomes import Document
    from codemods.review.names import Names
    from codemods.review.sites import Site
    from codemods.rules.engine import Decision
    from codemods.runner.cross_file import Together

_NO = "a person said no to it"
_NONE_IN_FILE = "a person said no to all that was left in this file"
_ENDED = "the review ended before it was asked about"
_TOO_DEEP = "the code is nested too deeply to be asked about; run without --interactive"
_NOT_REACHED = "the review ended before it was looked at"


class Session:
    """What a person has said until now, and who asks them."""

    def __init__(self, reviewer: Reviewer, names: Names) -> None:
        self.reviewer = reviewer
        self.names = names
        self.is_over = False
        self._takes_all = False
        self._file, self._files = 0, 0
        self._none_in: set[Path] = set()
        self._declined: set[Site] = set()

    def begin(self, files: int) -> None:
        """Take note of the number of files that may have something to ask about."""
        self._files = files

    def together(self, found: Together) -> list[FileOutcome]:
        """Return the outcomes of all files, with what of the rewrites *found* is accepted."""
        return reviewed(self, found)

    def migrate_file(self, project: Project, source: SourceFile) -> FileOutcome:
        """Return what becomes of *source* as a person says."""
        if self.is_over:
            return Skipped(source.display, _NOT_REACHED)
        self._file += 1
        return migrate_file(project, source, self.choose)

    def choose(
        self, semantic: SemanticModel, source: SourceFile, document: Document | None
    ) -> Decision:
        """Return what of the proposals for *source*, the code of *document*, is accepted.

        A refused one is left out, and the rules are asked again: what depended on it goes, and
        what is another rewrite without it is asked about anew.
        """
        accepted: dict[Finding, Proposal] = {}
        left_out: dict[Finding, Refusal] = {}
        while True:
            decision = decide(semantic, left_out)
            known = [
                p for p in decision.proposals if site_of(semantic, p.finding) in self._declined
            ]
            if known:
                left_out.update(_declined(known, _NO))
                continue
            self._forget(accepted, {p.finding: p for p in decision.proposals}, document)
            waiting = [p for p in decision.proposals if p.finding not in accepted]
            if not waiting:
                return decision
            ended = self._why_ended(source)
            if ended:
                left_out.update(_declined(waiting, ended))
                continue
            before = made(semantic, source, document, list(accepted.values()))
            after = made(semantic, source, document, [*accepted.values(), waiting[0]])
            if not isinstance(after, Made) or not isinstance(before, Made):
                refusals = after if not isinstance(after, Made) else ()
                left_out[waiting[0].finding] = refusal_of(waiting[0].finding, refusals)
                continue
            question = _question(semantic, document, before, after, waiting[0])
            decided = len(accepted) + len(left_out)
            number = decided + 1, decided + len(waiting)
            if self._is_accepted(Question(*question, *number, self._where), semantic, waiting[0]):
                accepted[waiting[0].finding] = waiting[0]

    @property
    def _where(self) -> str:
        return f"file {self._file} of {self._files}"

    def _why_ended(self, source: SourceFile) -> str:
        """Return why nothing more is asked about *source*, "" if it is."""
        if self.is_over:
            return _ENDED
        if source.path in self._none_in:
            return _NONE_IN_FILE
        # Who interrupts a question waits for the thread that it is asked in.
        here = threading.current_thread()
        return "" if here is threading.main_thread() else _TOO_DEEP

    def _is_accepted(self, question: Question, semantic: SemanticModel, proposal: Proposal) -> bool:
        """Ask about *proposal*; whether it is accepted.  What is named is asked about again."""
        answer = self.answer(question)
        if answer is Answer.YES:
            self.names.keep(question.blocks)
            return True
        if answer is Answer.EDIT_NAME:
            self._name(semantic, question.blocks, proposal)
            return False
        self.names.forget(question.blocks)
        if answer is Answer.NO:
            self._declined.add(site_of(semantic, proposal.finding))
        elif answer is Answer.NONE_IN_FILE:
            self._none_in.add(semantic.module.source.path)
        return False

    def answer(self, question: Question) -> Answer:
        """Return what is to become of the rewrite, asked unless it is known already."""
        answer = Answer.YES if self._takes_all else self.reviewer.ask(question)
        if answer is Answer.ALL:
            self._takes_all = True
            return Answer.YES
        self.is_over |= answer is Answer.QUIT
        return answer

    def _name(self, semantic: SemanticModel, blocks: Sequence[Block], proposal: Proposal) -> None:
        """Ask for the names of the *blocks* of *proposal*, until they can be had."""
        path = semantic.module.source.path
        if not blocks:
            self.reviewer.tell("It makes no block, so there is nothing to name.")
        for block in blocks:
            while name := self.reviewer.name(block):
                try:
                    self.names.give(path, block.key, name)
                except ConfigError as error:
                    self.reviewer.tell(str(error))
                    if self.names.is_name(name):
                        break
                    continue
                if self._is_heard(semantic, proposal, block.key, name):
                    break
                self.names.forget([block])
                self.reviewer.tell("A comment there names the operation: change that.")
                break

    def _is_heard(self, semantic: SemanticModel, proposal: Proposal, key: str, name: str) -> bool:
        """Whether the block that the configuration calls *key* has the *name* that it says."""
        again = [p for p in decide(semantic).proposals if p.finding == proposal.finding]
        return any(b.name == name for p in again for b in blocks_of(semantic, p) if b.key == key)

    def _forget(
        self,
        accepted: dict[Finding, Proposal],
        found: Mapping[Finding, Proposal],
        document: Document | None,
    ) -> None:
        """Take out of *accepted* what is not among those *found* any more, and say so."""
        for finding, proposal in list(accepted.items()):
            if found.get(finding) == proposal:
                continue
            del accepted[finding]
            if finding not in found:
                told = "depended on what was refused, and is not made"
            else:
                told = "is another one now, and is asked about again"
            seen = finding if document is None else located(document, finding)
            cell = f":cell {seen.cell}" if seen.cell else ""
            self.reviewer.tell(f"The rewrite at {seen.path}{cell}:{seen.span.line} {told}.")


def _declined(proposals: Sequence[Proposal], why: str) -> dict[Finding, Refusal]:
    reason = Reason.DECLINED
    return {p.finding: Refusal(p.finding, reason, why, reason.advice) for p in proposals}


def _question(
    semantic: SemanticModel,
    document: Document | None,
    before: Made,
    after: Made,
    proposal: Proposal,
) -> tuple[tuple[Change, ...], tuple[Block, ...]]:
    """Return what making *proposal* too changes, and the blocks that it makes."""
    mine = next(p for p in after.proposals if p.finding == proposal.finding)
    applied = tuple(a for a in after.applied if a.finding == proposal.finding)
    if document is not None:
        applied = tuple(placed(document, a) for a in applied)
    change = Change(semantic.module.source.display, before.text, after.text, applied)
    return (change,), blocks_of(semantic, mine)
