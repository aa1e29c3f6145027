"""The way back for one file: blocks become legacy calls where migrating these gives the file again.

That is the proof: what the migration makes of the text was shown to be the same program, and it is
the file as it is.  A block for which that cannot be had stays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from codemods.model.outcome import Applied, Changed, FileOutcome, Refused, Untouched
from codemods.model.proposal import RENAME
from codemods.model.refusal import Reason, Refusal
from codemods.project.embedded import files
from codemods.rollback.comparison import is_again
from codemods.rollback.plans import NoWayBackError, Plan, plan
from codemods.rollback.texts import Layout, opened
from codemods.rules.planning.newly_captured import NOTE
from codemods.runner.one_file import check_declared, every_proposal, migrated
from codemods.validator.validate import compiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.linking.links import Project
    from codemods.model.finding import Finding
    from codemods.model.source import SourceFile
    from codemods.project.embedded.outcomes import Document
    from codemods.rules.engine import Decision

_CODE = "AIU000"
_MESSAGE = "block that legacy calls can take the place of"
_LAYOUTS = (Layout(), Layout(shared=True), Layout(named=True), Layout(named=True, shared=True))
_NOT_AGAIN = "migrating the legacy calls would not give this block again"
_WHY = "migrating the legacy calls again gives this very file"


def roll_back_file(project: Project, source: SourceFile) -> FileOutcome:
    """Return *source* with legacy calls in the place of its blocks, and the blocks that stay."""
    if project.defines_the_api(source):
        return Untouched(source.display)
    settings = project.settings(source.path)
    return files.migrated(source, partial(_rolled_back, project), examples=settings.examples)


def _rolled_back(project: Project, source: SourceFile, document: Document | None) -> FileOutcome:
    del document
    semantic = project.semantic(source)
    plans, refusals = _planned(semantic)
    found = _largest(project, semantic, plans)
    said = found.why or _NOT_AGAIN
    left = [p for p in plans if p not in found.plans]
    refusals += [_refusal(_finding(semantic, p.statement), said) for p in left]
    refusals.sort(key=lambda refusal: refusal.finding.span)
    if found.plans:
        applied = _applied(semantic, found)
        return Changed(source, source.encode(found.text), applied, tuple(refusals))
    check_declared(source)
    return Refused(source.display, tuple(refusals)) if refusals else Untouched(source.display)


def _planned(semantic: SemanticModel) -> tuple[list[Plan], list[Refusal]]:
    """Return how the blocks of the module may go back, and those that have no legacy form."""
    plans: list[Plan] = []
    refusals: list[Refusal] = []
    for statement, index, call, name in semantic.context_calls:
        if index:
            continue
        try:
            plans.append(plan(semantic, statement, call, name))
        except NoWayBackError as error:
            refusals.append(_refusal(_finding(semantic, statement), str(error)))
    return plans, refusals


def _applied(semantic: SemanticModel, found: _Found) -> tuple[Applied, ...]:
    """Return what was done: it rests on what the way forth rests on."""
    assumed = tuple(dict.fromkeys(a for one in found.forth for a in one.assumptions))
    confirm = tuple(dict.fromkeys(c for one in found.forth for c in one.confirm))
    runtime = found.forth[0].runtime
    return tuple(
        Applied(_finding(semantic, p.statement), "legacy", _WHY, (), assumed, runtime, confirm)
        for p in found.plans
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """The blocks that go back, the text without them, and what migrating that says."""

    plans: tuple[Plan, ...] = ()
    text: str = ""
    forth: tuple[Applied, ...] = ()
    why: str = ""


def _largest(project: Project, semantic: SemanticModel, plans: Sequence[Plan]) -> _Found:
    """Return the most of *plans* that go back together: all, or those that go one by one."""
    whole = _tried(project, semantic, plans)
    if whole.plans or len(plans) < 2:
        return whole
    best = _Found(why=whole.why)
    for one in plans:
        found = _tried(project, semantic, [*best.plans, one])
        best = found if found.plans else best
    return best


def _tried(project: Project, semantic: SemanticModel, plans: Sequence[Plan]) -> _Found:
    """Return what becomes of *plans* together, in the first layout that is right."""
    why = ""
    for layout in _LAYOUTS if plans else ():
        try:
            text = opened(semantic, plans, layout)
        except NoWayBackError as error:
            return _Found(why=str(error))
        result = _again(project, semantic.module.source, text)
        if not isinstance(result, str):
            return _Found(tuple(plans), text, result)
        why = why or result
    return _Found(why=why)


def _again(project: Project, source: SourceFile, text: str) -> tuple[Applied, ...] | str:
    """Return the rewrites by which *text* migrates to *source*, or why it does not."""
    if text == source.text or not compiles(source.text, text):
        return "the legacy calls would not compile"
    legacy = replace(source, text=text, content=source.encode(text))
    outcome = migrated(project, legacy, choose=_with_blocks)
    if not isinstance(outcome, Changed):
        return "the migration would refuse the legacy calls"
    after = outcome.after.decode(source.encoding).removeprefix("\ufeff")
    if not is_again(after, source.text):
        return _NOT_AGAIN
    if any(NOTE in one.notes for one in outcome.applied):
        return "the block records calls that legacy code would not record"
    return outcome.applied


def _with_blocks(
    semantic: SemanticModel, source: SourceFile, document: Document | None
) -> Decision:
    """Return what the rules decide, without new names for calls that were no block's."""
    decision = every_proposal(semantic, source, document)
    return replace(decision, proposals=tuple(p for p in decision.proposals if p.form != RENAME))


def _finding(semantic: SemanticModel, statement: object) -> Finding:
    return semantic.finding(_CODE, statement, _MESSAGE)  # type: ignore[arg-type]


def _refusal(finding: Finding, detail: str) -> Refusal:
    reason = Reason.NO_WAY_BACK
    return Refusal(finding, reason, detail, reason.advice)
