"""Whose blocks would take over ids of a block around them that they do not have today.

A tracker that the program builds speaks for itself inside the blocks of others, so code
that stays as it is does not matter.  A context asks for the ids around it, and a wrapped
client looks at the current context: those that are there already, and those that the
same run writes.
"""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.dataflow.call_graph import TOO_MANY, reachable
from codemods.analysis.dataflow.deferred.callbacks import handed_on
from codemods.analysis.syntax.scopes import Binding
from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers.fields.object_methods import MethodsOutOfSight
from codemods.model.edit import Delete, Path, Wrap
from codemods.rules.conflicts.imported_by_name import functions_imported
from codemods.rules.conflicts.lenders import (
    Lender,
    as_seen_here,
    has_heir_around,
    has_heirs,
    is_of_tracker,
    is_same,
    reached_by,
    registered,
    set_out_of_sight,
    wraps_for_another,
)
from codemods.rules.conflicts.missing_ids import certain_ids
from codemods.rules.conflicts.objects.known_callees import KnownCallees
from codemods.rules.conflicts.overrides import Overrides
from codemods.rules.conflicts.own_trackers import (
    BY_BATCH,
    Functions,
    context_ids,
    given_tracker,
    own_trackers,
)
from codemods.rules.conflicts.proposed_blocks import (
    BlocksByIds,
    ProposedBlock,
    RetainedCalls,
    body_of,
    certain_in,
    given_by,
    is_step,
    key_of_block,
    left_by,
    named_ids,
    tracker_of,
    uses_of_others,
    wraps,
)
from codemods.rules.conflicts.tracker_keys import set_within
from codemods.rules.conflicts.wrapped_clients import wrapper_of, wraps_client

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.definitions import Resolved
    from codemods.model.proposal import Proposal
    from codemods.rules.rule import Holders


#: How many functions of other files are named of more.
_MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class Heir:
    """What would inherit, the place that makes it so, and the proposal that it is, if it is one.

    ``how`` says what its block has to do with the context, whose text it leaves open; ``where``
    is the function with its file, of what stands in another one.
    """

    text: str
    place: ast.AST | None = None
    proposal: Proposal | None = None
    how: str = "it would inherit ids of {}, which it runs in"
    where: str = ""


@dataclass(frozen=True, slots=True)
class _Content:
    """What a suite has that may inherit: contexts, proposed blocks, mentions of wrapped clients."""

    contexts: list[tuple[ast.With | ast.AsyncWith, ast.Call, str]]
    blocks: list[ProposedBlock]
    wrapped: list[tuple[ast.AST, ast.Call]]


class Heirs:
    """What of a module may inherit, each suite looked at once; the blocks are of *proposals*."""

    def __init__(
        self, semantic: SemanticModel, proposals: Sequence[Proposal], holders: Holders
    ) -> None:
        self.holders = holders
        self._semantic = semantic
        self._gone: set[int] = set()
        #: The paths of the set calls that become blocks.
        self.taken: set[Path] = set().union(*map(_taken_by, proposals))
        self._contents: dict[tuple[ast.stmt, ast.stmt], _Content] = {}
        self.reached_by: dict[ast.AST, set[ast.AST]] = {}
        self._placed: dict[ast.AST, list[ProposedBlock]] = {}
        self._by_ids = BlocksByIds()
        self.overrides = Overrides(semantic)
        for proposal in proposals:
            retained = RetainedCalls(proposal)
            for wrap in wraps(proposal):
                key, body = key_of_block(semantic, wrap), body_of(semantic, wrap)
                named = certain_in(semantic, wrap, retained)
                block = ProposedBlock(proposal, named, key, is_step(wrap), body)
                self._placed.setdefault(semantic.statement_at(wrap.path), []).append(block)
                if not block.is_step:  # a sub-context of the block around it
                    self._by_ids.add(block)

    def may_be_inside(self, lender: Lender) -> bool:
        """Whether anything of the module may take ids of *lender*, whatever runs in its block."""
        semantic = self._semantic
        if semantic.context_calls or semantic.module.mentions(words.CLIENT_WRAPPERS):
            return True
        return any(self._blocks_for(lender))

    def around_blocks_for(self, lender: Lender) -> set[ast.AST]:
        """Return what is around the blocks of the module that may take ids of *lender*."""
        ancestors = self._semantic.module.ancestors
        return {one for block in self._blocks_for(lender) for one in ancestors(block.body[0])}

    def _blocks_for(self, lender: Lender) -> Iterator[ProposedBlock]:
        """Yield the blocks that do not name all ids of *lender*, or whose clients look for them."""
        yield from self._by_ids.lacking(lender.ids, lender.proposal, lender.given)
        if lender.proposal is None:
            yield from (block for block in self._cutting if self.is_made(block))

    @cached_property
    def _cutting(self) -> list[ProposedBlock]:
        every = (block for blocks in self._placed.values() for block in blocks)
        return [block for block in every if not block.is_step and self.cuts_off(block)]

    def without(self, proposal: Proposal) -> None:
        """Note that *proposal* will not be made."""
        self._gone.add(id(proposal))
        self._by_ids.without(proposal)
        self.taken -= _taken_by(proposal)

    def is_made(self, block: ProposedBlock) -> bool:
        """Whether nothing is known against the proposal of *block*."""
        return id(block.proposal) not in self._gone

    def cuts_off(self, block: ProposedBlock) -> bool:
        """Whether *block* has wrapped clients that take their ids from the context around it.

        On the original runtime they do, and set them on their tracker.
        """
        semantic = self._semantic
        if semantic.ours(block.proposal.home):
            return False
        reached = reachable(semantic.taint, block.body)
        called = (one.node.body for one in reached if one.taint is semantic.taint)
        return reached.is_cut or any(self.of(body).wrapped for body in (block.body, *called))

    def of(self, body: Sequence[ast.stmt]) -> _Content:
        """Return what *body*, a part of a suite, has that may inherit."""
        key = (body[0], body[-1])
        if key not in self._contents:
            self._contents[key] = self._content([n for part in body for n in walk(part)])
        return self._contents[key]

    def _content(self, nodes: list[ast.AST]) -> _Content:
        semantic = self._semantic
        rows = sorted(row for node in nodes for row in semantic.contexts_of.get(node, ()))
        every = semantic.context_calls
        contexts = [(s, call, name) for s, _, call, name in (every[row] for row in rows)]
        blocks = [block for node in nodes for block in self._placed.get(node, ())]
        calls = ((n, n if isinstance(n, ast.Call) else wrapper_of(semantic, n)) for n in nodes)
        wrapped = [(n, c) for n, c in calls if c is not None and wraps_client(c)]
        return _Content(contexts, blocks, wrapped)

    def reached_from(self, method: ast.AST) -> set[ast.AST]:
        """Return *method* and the functions that it may call."""
        if method not in self.reached_by:
            body: list[ast.stmt] = method.body  # type: ignore[attr-defined]
            reached = reachable(self._semantic.taint, body)
            more = self._semantic.taint.once(Functions).order if reached.is_cut else ()
            self.reached_by[method] = {method, *more, *(one.node for one in reached)}
        return self.reached_by[method]


def _taken_by(proposal: Proposal) -> set[Path]:
    return {edit.path for edit in proposal.edits if isinstance(edit, Delete)}


def heirs_of(semantic: SemanticModel, proposal: Proposal, heirs: Heirs) -> Iterator[Heir]:
    """Yield those of *heirs*, what the file has, that would take over ids of a new block."""
    left = left_by(proposal)
    for wrap in wraps(proposal):
        if is_step(wrap):
            continue  # a sub-context of the block around it
        lender = _lender(semantic, proposal, wrap, heirs, left)
        if lender.ids:
            yield from heirs_in(semantic, lender, heirs)


def told(heirs: Iterable[Heir]) -> list[str]:
    """Return what is to be said of all *heirs*, those of other files in one sentence."""
    every = list(heirs)
    places = list(dict.fromkeys(heir.where for heir in every if heir.where))
    if len(places) < 2:
        return list(dict.fromkeys(heir.text for heir in every))
    here = dict.fromkeys(heir.text for heir in every if not heir.where)
    *named, last = places
    if len(places) > _MOST_NAMED + 1:  # nobody reads hundreds, and what they share is said of all
        named, last = places[:_MOST_NAMED], f"{len(places) - _MOST_NAMED} other functions"
    those = f"{', '.join(named)} and {last}"
    return [*here, f"{those} may run in this block, and have trackers that would inherit"]


def lent_ids(
    semantic: SemanticModel, call: ast.Call, name: str, tracker: ast.expr | None
) -> frozenset[str]:
    """Return the ids that the context *call* may give to what is inside it."""
    return context_ids(call, name).union(*map(semantic.standing.of, (tracker, given_tracker(call))))


def _lender(
    semantic: SemanticModel, proposal: Proposal, wrap: Wrap, heirs: Heirs, left: frozenset[str]
) -> Lender:
    key = key_of_block(semantic, wrap)
    body = body_of(semantic, wrap)
    own = heirs.holders.of.get(proposal.finding, frozenset())
    if isinstance(key, Binding):
        own |= {key}
    others = uses_of_others(semantic, body, heirs.holders.every, own)
    by_hand = set_within(semantic, body, heirs.taken)
    named = named_ids(wrap) | left
    ids = named | by_hand | semantic.standing.of(tracker_of(wrap), key)
    given = given_by(semantic, wrap, heirs.taken, named | by_hand)
    return Lender(body, named, given, ids, key, others, proposal)


def heirs_in(semantic: SemanticModel, lender: Lender, heirs: Heirs) -> Iterator[Heir]:
    """Yield what inside *lender* would take ids from it, in its own text, then in what it calls."""
    reached = reached_by(semantic, lender.body)
    roots = [(semantic.taint, lender.body), *((one.taint, [one.node]) for one in reached)]
    methods = semantic.once(MethodsOutOfSight).of(roots)
    lender = replace(lender, ids=lender.ids | set_out_of_sight(lender, methods))
    inside = heirs.may_be_inside(lender)
    yield from heirs_inside(semantic, lender, lender.body, heirs) if inside else ()
    run = {one.node for one in reached}
    for one in reached:
        name = one.node.name
        if one.taint is semantic.taint:
            own_body = one.node.body
            for heir in heirs_inside(semantic, lender, own_body, heirs, run) if inside else ():
                yield replace(heir, text=f"in {name}, {heir.text}", place=None)
            if has_heir_around(semantic, lender, one, reached):
                yield Heir(f"the context around calls of {name} would inherit ids of this block")
        elif has_heirs(semantic, lender, one, reached):
            yield Heir(f"{name} has a tracker of its own, which would inherit ids of this block")
    own: set[ast.AST] = set()
    if reached.is_cut or methods.is_cut:
        yield Heir(f"the block calls {TOO_MANY}: one may have a tracker that would inherit")
        own.update(semantic.taint.once(Functions).order)
    hidden = [*methods, *registered(semantic, lender.body)]
    for one in {o.node: o for o in (as_seen_here(semantic, o) for o in hidden)}.values():
        if one.taint is semantic.taint:
            own.add(one.node)
        elif one.node not in run and has_heirs(semantic, lender, one, reached):
            yield _elsewhere(one)
    here = [one for one in reached if one.taint is semantic.taint]
    yield from _unnamed(semantic, lender, heirs, here, own)


def _elsewhere(one: Resolved) -> Heir:
    place = f"{one.node.name} in {one.taint.module.source.display}"
    text = f"{place} may run in this block, and has a tracker that would inherit"
    return Heir(text, where=place)


def _overriding(
    semantic: SemanticModel,
    lender: Lender,
    heirs: Heirs,
    methods: Sequence[ast.AST],
    ran: set[ast.AST],
) -> Iterator[Heir]:
    """Yield what other files have in the place of *methods*; put what that runs here into *ran*."""
    of = semantic.taint.once(Functions)
    for override in heirs.overrides.of(methods):
        reached = reachable(override.taint, override.node.body)
        if reached.is_cut:
            yield Heir(f"{override.node.name} calls {TOO_MANY}: one may inherit")
            ran.update(of.order)
        for one in (override, *reached):
            seen = as_seen_here(semantic, one)
            if seen.taint is semantic.taint:
                ran.update(heirs.reached_from(seen.node))
                continue
            ran.update(*map(heirs.reached_from, of.named_in(one.node)))
            if own_trackers(one).inherit(lender.ids, beside_others=bool(lender.others)):
                yield _elsewhere(one)


def heirs_inside(
    semantic: SemanticModel,
    lender: Lender,
    body: Sequence[ast.stmt],
    heirs: Heirs,
    run: Collection[ast.AST] = (),
) -> Iterator[Heir]:
    """Yield what the statements *body* have of their own that would inherit.

    *run* are the functions of this module that the block of *lender* may call.
    """
    content = heirs.of(body)
    for statement, call, name in content.contexts:
        if is_same(semantic, lender, given_tracker(call)):
            continue
        own = certain_ids(semantic, call)
        own |= BY_BATCH if name == words.BATCH_CONTEXT else set()
        if not lender.ids <= own and _may_record(semantic, statement):
            text = f"{ast.unparse(call)} would inherit ids of this block"
            yield Heir(text, statement)
    for block in filter(heirs.is_made, content.blocks):
        mine = block.proposal is lender.proposal
        if block.is_step or (mine and body is lender.body):
            continue
        lent = lender.given if mine else lender.ids
        if not lent <= block.named and not is_of_tracker(semantic, lender, block.key, run):
            one = "another call" if mine else "another tracker"
            text = f"{one}'s block would inherit ids of this one"
            yield Heir(text, None, block.proposal)
        elif lender.proposal is None and heirs.cuts_off(block):
            text = "a wrapped client in another tracker's block takes ids of this one today"
            yield Heir(text, None, block.proposal, "a wrapped client in it takes ids of {} today")
    for node, wrapper in content.wrapped:
        if wraps_for_another(semantic, wrapper, lender):
            text = f"{ast.unparse(node)} takes the ids of the block that it is used in"
            yield Heir(text, node)


def _may_record(semantic: SemanticModel, statement: ast.With | ast.AsyncWith) -> bool:
    """Whether the block of *statement* calls anything but functions of the interpreter's own."""
    calls = (n for s in statement.body for n in walk(s) if isinstance(n, ast.Call))
    return any(
        not isinstance(c.func, ast.Name)
        or not hasattr(builtins, c.func.id)
        or bool(semantic.scopes.of(c.func).binders)
        for c in calls
    )


def _unnamed(
    semantic: SemanticModel,
    lender: Lender,
    heirs: Heirs,
    reached: list[Resolved],
    ran: set[ast.AST],
) -> Iterator[Heir]:
    """Yield functions that the block may run without naming them: from tables, by objects.

    *ran* are those that others were found to lead to.
    """
    known = {one.node for one in reached}
    of = semantic.taint.once(Functions)
    inside = heirs.may_be_inside(lender)
    if of.methods:
        named = of.named_in(*lender.body, *known)
        ran.update(*map(heirs.reached_from, (*of.special, *named) if inside else ()))
        yield from _overriding(semantic, lender, heirs, named, ran)
    for one in functions_imported(semantic, (*lender.body, *known)):
        if own_trackers(one).inherit(lender.ids, beside_others=bool(lender.others)):
            yield _elsewhere(one)
    if not inside:
        return
    if semantic.once(KnownCallees).calls_unknown(lender.body):
        ran |= handed_on(semantic.taint)
    for function in sorted((f for f in ran - known if f in of.order), key=of.order.__getitem__):
        body: list[ast.stmt] = function.body  # type: ignore[attr-defined]
        # That a function runs itself this way is merely possible: its header counts, no helpers.
        header = replace(lender, given=lender.named)
        heir = next(heirs_inside(semantic, header, body, heirs, known | ran), None)
        if heir is not None:
            name = function.name  # type: ignore[attr-defined]
            said = f"{name} may run in this block; there, {heir.text}"
            yield replace(heir, text=said, place=None)
