"""What a proposed block is: its statements, its tracker, and the ids that it gives."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.tree import expression, walk
from codemods.analysis.trackers.ids.standing import ALL_IDS, MODE, takes_user
from codemods.model.edit import UNPACKED, Delete, Merge, Path, Retain, Wrap
from codemods.rules.conflicts.missing_ids import adopted, built_with_user, is_certain, missing_ids
from codemods.rules.conflicts.own_trackers import BY_BATCH
from codemods.rules.conflicts.tracker_keys import key_of, set_within

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.scopes import Binding
    from codemods.model.proposal import Proposal


def wraps(proposal: Proposal) -> list[Wrap]:
    """Return the blocks that *proposal* opens."""
    return [e for e in proposal.edits if isinstance(e, Wrap)]


def lent_by(semantic: SemanticModel, proposal: Proposal, wrap: Wrap) -> frozenset[str]:
    """Return the ids that a proposed block may give to what is inside it."""
    by_hand = set_within(semantic, body_of(semantic, wrap), ())
    standing = semantic.standing.of(tracker_of(wrap), key_of_block(semantic, wrap))
    return named_ids(wrap) | left_by(proposal) | standing | by_hand


def left_by(proposal: Proposal) -> frozenset[str]:
    """Return the ids that set calls, shortened by *proposal*, still set in its blocks."""
    shortened = any(isinstance(edit, Retain) for edit in proposal.edits)
    return frozenset({words.USER}) if shortened else frozenset()


def named_ids(wrap: Wrap) -> frozenset[str]:
    """Return the ids that the header of *wrap* names."""
    keys = (key or words.BATCH for t in wrap.header.taken for _, key in t.arguments)
    found = {key.removeprefix(UNPACKED) for key in keys}
    found |= {text.partition("=")[0] for text in (*wrap.header.leading, *wrap.header.trailing)}
    if wrap.header.function == words.BATCH_CONTEXT:
        found |= BY_BATCH
    made = expression(adopted(wrap) or "None")
    if isinstance(made, ast.Call) and takes_user(made):
        found.add(words.USER)  # its own is nearer than that of a block around
    return (ALL_IDS | {MODE}) & found


def body_of(semantic: SemanticModel, wrap: Wrap) -> list[ast.stmt]:
    """Return the statements that *wrap* puts into its block."""
    beside = semantic.module.statements_around(semantic.statement_at(wrap.path))
    return beside[wrap.path[-1][1] : wrap.stop]


def is_step(wrap: Wrap) -> bool:
    """Whether *wrap* is a step of the block around it, with that block's tracker."""
    given = adopted(wrap)
    named = given is not None and given.isidentifier()
    return named and wrap.header.target is not None and not wrap.header.taken


def tracker_of(wrap: Wrap) -> ast.expr | None:
    """Return the tracker of a proposed block, as code in it names it."""
    text = wrap.header.target or adopted(wrap)
    return expression(text) if text is not None else None


def key_of_block(semantic: SemanticModel, wrap: Wrap) -> object:
    """Return what is equal for the blocks of one tracker, None where it is not named."""
    tracker = tracker_of(wrap)
    return key_of(semantic, tracker, wrap) if tracker is not None else None


def given_by(
    semantic: SemanticModel, wrap: Wrap, taken: Collection[Path], known: frozenset[str]
) -> frozenset[str]:
    """Return the ids that a proposed block gives by itself, whatever its tracker has besides.

    *known* are those of its header and those that what it runs sets by hand; *taken* are the
    paths of set calls that become blocks: those no longer set what it lends.
    """
    found = known | semantic.standing.told_in(body_of(semantic, wrap), tracker_of(wrap), taken)
    built = built_with_user(semantic, key_of_block(semantic, wrap))
    return found | ({words.USER} if built.perhaps else set())


def certain_in(semantic: SemanticModel, wrap: Wrap, retained: RetainedCalls) -> frozenset[str]:
    """Return the ids that in a proposed block surely are its own, with what stays set in it."""
    named = named_ids(wrap) - missing_ids(semantic, wrap)
    left = any(is_certain(semantic, user) for user in retained.in_block(wrap))
    built = built_with_user(semantic, key_of_block(semantic, wrap))
    return named | ({words.USER} if left or built.certainly else set())


class RetainedCalls:
    """The set calls that a proposal shortens, by the bodies that they stand in."""

    def __init__(self, proposal: Proposal) -> None:
        self._of: dict[tuple[Path, str], list[Retain]] = {}
        for edit in proposal.edits:
            if isinstance(edit, Retain):
                beside = (edit.path[:-1], edit.path[-1][0])
                self._of.setdefault(beside, []).append(edit)

    def in_block(self, wrap: Wrap) -> Iterator[Retain]:
        """Yield those among the statements that *wrap* itself puts into its block."""
        if self._of:
            field, first = wrap.path[-1]
            beside = self._of.get((wrap.path[:-1], field), ())
            yield from (edit for edit in beside if first <= edit.path[-1][1] < wrap.stop)


@dataclass(frozen=True, slots=True)
class ProposedBlock:
    """A proposed block: the ids that it names, and its tracker as ``key_of_block`` has it."""

    proposal: Proposal
    named: frozenset[str]
    key: object
    is_step: bool
    body: Sequence[ast.stmt]


class BlocksByIds:
    """Blocks by the ids that they name: those that lack some are found without a look at each."""

    def __init__(self) -> None:
        self._of: dict[frozenset[str], dict[int, list[ProposedBlock]]] = {}

    def add(self, block: ProposedBlock) -> None:
        """Take *block* up."""
        self._of.setdefault(block.named, {}).setdefault(id(block.proposal), []).append(block)

    def without(self, proposal: Proposal) -> None:
        """Leave out the blocks of *proposal* from now on."""
        for blocks in self._of.values():
            blocks.pop(id(proposal), None)

    def lacking(
        self, ids: frozenset[str], proposal: Proposal | None, given: frozenset[str]
    ) -> Iterator[ProposedBlock]:
        """Yield the blocks that do not name all *ids*; those of *proposal*, not all *given*."""
        for named, blocks in self._of.items():
            if not ids <= named:
                every = (of for number, of in blocks.items() if number != id(proposal))
                yield from chain.from_iterable(every)
            if not given <= named:
                yield from blocks.get(id(proposal), ())


def uses_of_others(
    semantic: SemanticModel,
    body: Sequence[ast.stmt],
    every: frozenset[Binding],
    own: frozenset[Binding],
) -> list[ast.Name]:
    """Return where *body* reads one of the variables *every* that is not in *own*."""
    names = (n for s in body for n in walk(s) if isinstance(n, ast.Name))
    loads = (n for n in names if isinstance(n.ctx, ast.Load) and n in semantic.scopes.scope_of)
    bindings = ((n, semantic.scopes.of(n)) for n in loads)
    return [n for n, binding in bindings if binding in every and binding not in own]


def staying(semantic: SemanticModel, proposals: Iterable[Proposal]) -> set[ast.Call]:
    """Return the set calls that *proposals* leave as they are, perhaps inside a block."""
    edits = [edit for proposal in proposals for edit in proposal.edits]
    changed = {edit.path for edit in edits if isinstance(edit, Delete | Retain)}
    changed.update(edit.taken.path for edit in edits if isinstance(edit, Merge))
    headers = (edit.header for edit in edits if isinstance(edit, Wrap))
    changed.update(taken.path for header in headers for taken in header.taken)
    return {site.call for site in semantic.lifetimes.set_calls if site.path not in changed}
