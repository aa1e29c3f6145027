"""The parts of a block: its extent, how it gets its tracker, what it makes needless."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.effects import changes_environment
from codemods.analysis.extent import Block, closing_flush, stop_index
from codemods.proposal import Delete, Dissolve, Edit
from codemods.rules.headers import Form
from codemods.rules.replays import needless_replays

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codemods.analysis.facts import Facts
    from codemods.analysis.lives import Life
    from codemods.analysis.scopes import Binding
    from codemods.analysis.taint import Travel
    from codemods.proposal import Path


def block_from(life: Life, travel: Travel, start: int) -> Block:
    """Return the block that begins with statement *start* of the life's suite."""
    names = {binding.name for binding in travel.strong}
    stop = stop_index(life.suite, start, life.end, names, top=life.scope.is_module)
    return Block(life.prefix, life.field_name, start, stop)


def form_of(facts: Facts, life: Life, first: int, ours: bool) -> tuple[Form, bool]:
    """Return the form of the block, and whether it takes the construction in."""
    name = life.binding.name
    waiting = life.suite[life.index + 1 : first]
    used_before = any(
        uses(facts, life.binding, facts.module.paths[statement]) for statement in waiting
    )
    pinned = (
        life.construct.kind != "plain"
        or used_before
        or changes_environment(waiting) is not None
        or (isinstance(life.birth, ast.AnnAssign) and life.scope.is_module)
    )
    if pinned:
        return Form(name, None, fresh=not used_before, ours=ours), False
    text = None if ours else facts.module.segment(life.construct.call)
    return Form(text, name, fresh=True, ours=ours), True


def uses(facts: Facts, binding: Binding, path: Path) -> bool:
    """Whether the statement at *path* mentions the tracker."""
    return any(
        facts.module.paths[facts.module.statement(load)][: len(path)] == path
        for load in binding.loads
    )


def closing_edits(
    facts: Facts, life: Life, block: Block, ours: bool
) -> tuple[list[Edit], tuple[str, ...]]:
    """Return the edits for what the block's end makes needless, and notes about them."""
    edits: list[Edit] = []
    flush = closing_flush(life.suite, block.start, block.stop, life.binding, facts.scopes)
    if flush is not None:
        index, in_finally = flush
        edits.append(Dissolve(block.path(index)) if in_finally else Delete(block.path(index)))
    replays = needless_replays(facts, life, block) if ours else []
    edits.extend(Delete(path) for path in replays)
    notes: tuple[str, ...] = ()
    if replays:
        notes = ("the manual recording is removed: the client's call is captured in the block",)
    return edits, notes


def remains_work(block: Block, closing: Sequence[Edit]) -> bool:
    """Whether the block keeps a statement once *closing* is applied."""
    gone = {e.path[-1][1] for e in closing if isinstance(e, Delete) and e.path[:-1] == block.prefix}
    return len(gone) < block.stop - block.start
