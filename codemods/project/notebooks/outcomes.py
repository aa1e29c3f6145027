"""What becomes of a notebook: its code is decided on as one module, and put back in its cells."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from codemods.model.outcome import Changed, FileOutcome, Linted, Refused, Skipped
from codemods.model.refusal import Reason, Refusal
from codemods.project.notebooks.module import in_cell, module_of
from codemods.project.notebooks.rewriting import rewritten

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from codemods.model.source import SourceFile
    from codemods.project.notebooks.module import Module

_BOM = "\ufeff"


def linted(source: SourceFile, work: Callable[[SourceFile], FileOutcome]) -> FileOutcome:
    """Return what *work* finds in the code of the notebook *source*, with places in its cells."""
    module = module_of(source.content)
    if module.notebook.kernel:
        return _of_another_kernel(source, module)
    outcome = work(source)
    if not isinstance(outcome, Linted):
        return outcome
    return replace(outcome, findings=tuple(in_cell(module, one) for one in outcome.findings))


def migrated(source: SourceFile, work: Callable[[SourceFile], FileOutcome]) -> FileOutcome:
    """Return what *work* makes of the code of the notebook *source*, as an outcome of its file."""
    module = module_of(source.content)
    if module.notebook.kernel:
        return _of_another_kernel(source, module)
    outcome = work(replace(source, content=source.text.encode()))
    if isinstance(outcome, Refused):
        return replace(outcome, refusals=_refusals(module, outcome.refusals))
    if not isinstance(outcome, Changed):
        return outcome
    refusals = _refusals(module, outcome.refusals)
    applied = tuple(replace(o, finding=in_cell(module, o.finding)) for o in outcome.applied)
    text = rewritten(module, outcome.after.decode())
    if text is None:
        reason = Reason.NOTEBOOK
        detail = "a magic of IPython would come to stand elsewhere in its cell"
        left = tuple(Refusal(a.finding, reason, detail, reason.advice) for a in applied)
        return Refused(source.display, (*left, *refusals))
    mark = _BOM if source.content.startswith(_BOM.encode()) else ""
    return replace(
        outcome,
        source=source,
        after=(mark + text).encode(),
        applied=applied,
        refusals=refusals,
    )


def _of_another_kernel(source: SourceFile, module: Module) -> Skipped:
    return Skipped(source.display, f"its kernel runs {module.notebook.kernel}, and no Python")


def _refusals(module: Module, refusals: Iterable[Refusal]) -> tuple[Refusal, ...]:
    return tuple(_in_cell(module, refusal) for refusal in refusals)


def _in_cell(module: Module, refusal: Refusal) -> Refusal:
    found = replace(refusal, finding=in_cell(module, refusal.finding))
    if refusal.blocking is None:
        return found
    cell, span = module.place(refusal.blocking)
    return replace(found, blocking=span, blocking_cell=cell)
