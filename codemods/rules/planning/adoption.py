"""One proposal of several blocks, around a tracker that stays where it is built.

Each block is planned by itself; what they need, and what is to be said of them, is put together.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from codemods.analysis.syntax.tree import walk
from codemods.model.edit import Delete, Wrap
from codemods.model.proposal import Proposal
from codemods.model.refusal import Refusal
from codemods.rules.checks.shared_trackers.leaking_ids import Setter
from codemods.rules.planning.headers import check_arguments, plan_header
from codemods.rules.planning.replays import taken_calls
from codemods.rules.planning.user_ids import keep_user

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from codemods.analysis.dataflow.taint_records import Flow
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.block_extent import Block
    from codemods.analysis.trackers.lifetimes import SetCall
    from codemods.model.edit import Edit, Path, Retain
    from codemods.model.finding import Finding
    from codemods.model.proposal import Assumption
    from codemods.rules.planning.headers import Form, Planned


@dataclass(frozen=True)
class Part:
    """Set calls of one function that directly follow each other, and the block they become.

    ``name`` says which part it is; ``statements`` are what the block is cut from; ``loose`` are
    uses of the function outside of all blocks, kept by its first part.
    """

    function: ast.FunctionDef | ast.AsyncFunctionDef
    name: str
    sets: tuple[SetCall, ...]
    statements: list[ast.stmt]
    block: Block
    flow: Flow
    loose: tuple[tuple[str, ast.AST], ...] = ()

    @property
    def body(self) -> list[ast.stmt]:
        """The statements of the block."""
        return self.statements[self.block.start : self.block.stop]

    @property
    def setter(self) -> Setter:
        """What it sets."""
        return Setter(self.name, self.sets)

    @property
    def waits(self) -> bool:
        """Whether another task may run in the middle of the block."""
        if not isinstance(self.function, ast.AsyncFunctionDef):
            return False
        waiting = (ast.Await, ast.AsyncFor, ast.AsyncWith)
        return any(isinstance(n, waiting) for s in self.body for n in walk(s))


@dataclass(frozen=True)
class PlannedBlock:
    """The edits that make one block, its context manager, and what is to be said of it."""

    edits: tuple[Edit, ...]
    manager: str
    notes: tuple[str, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    confirm: tuple[str, ...] = ()


def block_around(
    sets: Sequence[SetCall],
    stop: int,
    planned: Planned,
    stays: Mapping[Path, Retain],
    closing: Iterable[Edit] = (),
    notes: Iterable[str] = (),
) -> PlannedBlock:
    """Return the block from the first of *sets* to statement *stop* of its suite.

    Its header is *planned* of these calls, of which those in *stays* stay in part; *closing* are
    removals that its end makes needless, and *notes* come behind those of the header.
    """
    removals = (stays.get(site.path, Delete(site.path)) for site in sets)
    edits = (*removals, Wrap(sets[0].path, stop, planned.header), *closing)
    told = (*planned.notes, *notes)
    return PlannedBlock(edits, planned.manager, told, planned.assumptions, planned.confirm)


def block_of(
    semantic: SemanticModel,
    finding: Finding,
    part: Part,
    plain: Form,
    *,
    about_none: bool = False,
    helpers: Collection[str] = (),
) -> PlannedBlock | Refusal:
    """Return the block of *part* in the form *plain*, or why its set calls cannot become one.

    *about_none* says that a person answers for values which may be None; *helpers* names methods
    that send what is recorded in the block, too.
    """
    outlived = plain.sticky or plain.outlived
    form, stays = keep_user(semantic, part.sets, replace(plain, outlived=outlived))
    checked = replace(form, sticky=False, fresh=True) if about_none else form
    refusal = check_arguments(semantic, finding, part.sets, checked, part.flow.tainted)
    if refusal is not None:
        return refusal
    sending = semantic.sending(part.flow, ours=form.ours, also=helpers)
    first = part.sets[0]
    at = first.statement
    planned = plan_header(semantic, finding, part.sets, part.body, at, form, sending)
    if isinstance(planned, Refusal):
        return planned
    again, notes = taken_calls(semantic, form.tracker or "", part.body, ours=form.ours)
    return block_around(part.sets, part.block.stop, planned, stays, again, notes)


def adopted(
    finding: Finding,
    why: str,
    home: str,
    blocks: Sequence[PlannedBlock],
    assumptions: Iterable[Assumption],
    confirm: Iterable[str] = (),
) -> Proposal:
    """Return the proposal that makes *blocks*, whose contexts are imported from *home*.

    It rests on *assumptions* beside those of its blocks, and a person must *confirm* the rest.
    """
    asked = (*confirm, *(one for block in blocks for one in block.confirm))
    every = (*assumptions, *(one for block in blocks for one in block.assumptions))
    return Proposal(
        finding,
        tuple(edit for block in blocks for edit in block.edits),
        "adopt",
        why,
        tuple(dict.fromkeys(block.manager for block in blocks)),
        home,
        tuple(dict.fromkeys(note for block in blocks for note in block.notes)),
        tuple(dict.fromkeys(every)),
        tuple(dict.fromkeys(asked)),
    )
