"""Set calls in inner suites: loops, branches, ``try`` and ``with`` bodies.

The tracker stays where it is built; each set call becomes a block from there to
the end of its own suite.  What lies outside of every block must run before it.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.effects import first_yield
from codemods.analysis.extent import Block, between, closing_flush
from codemods.analysis.lives import Life, SetCall, is_none
from codemods.model import Finding, Reason, Refusal
from codemods.proposal import Delete, Edit, Path, Proposal, Verdict, Wrap
from codemods.rules.checks import trusted
from codemods.rules.headers import Form, check_arguments, plan_header
from codemods.rules.reasons import refuse

if TYPE_CHECKING:
    from codemods.analysis.facts import Facts
    from codemods.analysis.travel import Travel


def decide_nested(facts: Facts, finding: Finding, life: Life, travel: Travel) -> list[Verdict]:
    """Return one proposal for all set calls of *life*, or the refusal."""
    form = Form(life.binding.name, None, fresh=False, ours=facts.ours(life.construct.home))
    groups = _groups(life)
    blocks = [_block(facts, group[-1]) for group in groups for _ in group]
    refusal = _scopes_refusal(facts, finding, life) or _order_refusal(
        facts, finding, life, travel, blocks
    )
    if refusal is not None:
        return [refusal]
    edits: list[Edit] = []
    notes: list[str] = []
    needs: list[str] = []
    assumptions: list[str] = []
    for group in groups:
        first, block = group[0], _block(facts, group[-1])
        refusal = _block_refusal(facts, finding, life, group, block, form, travel)
        if refusal is not None:
            return [refusal]
        body = facts.module.suite(first.statement)[block.start : block.stop]
        planned = plan_header(facts, group, body, first.statement, form)
        edits.extend(Delete(site.path) for site in group)
        edits.append(Wrap(first.path, block.stop, planned.header))
        edits.extend(_closing(facts, life, first, block))
        needs.append(planned.manager)
        notes.extend(planned.notes)
        assumptions.extend(planned.assumptions)
    why = f"{life.binding.name} stays where it is built; its uses lie in the blocks or before them"
    return [
        Proposal(
            finding,
            tuple(edits),
            "adopt",
            why,
            tuple(dict.fromkeys(needs)),
            life.construct.home,
            tuple(dict.fromkeys(notes)),
            (*dict.fromkeys(assumptions), *trusted(travel)),
        )
    ]


def _closing(facts: Facts, life: Life, site: SetCall, block: Block) -> list[Edit]:
    """Return the removal of a flush that the end of the block makes needless."""
    suite = facts.module.suite(site.statement)
    flush = closing_flush(suite, block.start, block.stop, life.binding, facts.scopes)
    if flush is None or block.stop - block.start < 2 or flush[1]:
        return []
    return [Delete(block.path(flush[0]))]


def _groups(life: Life) -> list[list[SetCall]]:
    """Group set calls that directly follow each other."""
    groups: list[list[SetCall]] = []
    for site in life.sets:
        last = groups[-1][-1].path if groups else ()
        follows = last[:-1] == site.path[:-1] and last and last[-1][0] == site.path[-1][0]
        if follows and last[-1][1] == site.path[-1][1] - 1:
            groups[-1].append(site)
        else:
            groups.append([site])
    return groups


def _block(facts: Facts, site: SetCall) -> Block:
    suite = facts.module.suite(site.statement)
    name, index = site.path[-1]
    return Block(site.path[:-1], name, index + 1, len(suite))


def _scopes_refusal(facts: Facts, finding: Finding, life: Life) -> Refusal | None:
    for site in life.sets:
        receiver = site.call.func.value  # type: ignore[attr-defined]
        if facts.scopes.scope_of[receiver] is not life.scope:
            detail = "an inner function sets the ids of the outer function's tracker"
            return refuse(facts, finding, Reason.SHARED_STATE, detail, site.call)
    return None


def _order_refusal(
    facts: Facts, finding: Finding, life: Life, travel: Travel, blocks: list[Block]
) -> Refusal | None:
    """Refuse uses for which an id would have lasted that the block has given back."""
    own = {site.call.func.value for site in life.sets}  # type: ignore[attr-defined]
    for binding in travel.strong:
        for load in binding.loads:
            if load in own:
                continue
            path = facts.module.paths[facts.module.statement(load)]
            for site, block in zip(life.sets, blocks, strict=True):
                if block.holds(path) or _overridden(life, site, blocks, path):
                    continue
                refusal = _reached(facts, finding, life, site, load)
                if refusal is not None:
                    return refusal
    return _exits_refusal(facts, finding, life, travel)


def _overridden(life: Life, site: SetCall, blocks: list[Block], path: Path) -> bool:
    """Whether a block of another call that names the same ids holds the place."""
    return any(
        other is not site
        and block.holds(path)
        and not block.holds(site.path)
        and _keys(site) <= _keys(other)
        for other, block in zip(life.sets, blocks, strict=True)
    )


def _reached(
    facts: Facts, finding: Finding, life: Life, site: SetCall, load: ast.Name
) -> Refusal | None:
    """Refuse if *load* may run after *site* did."""
    enclosing = between(facts.module, site.statement, life.suite)
    loops = [n for n in enclosing if isinstance(n, ast.For | ast.AsyncFor | ast.While)]
    around = set(facts.module.ancestors(load))
    if loops and any(loop in around for loop in loops):
        detail = "the tracker is used outside of the part of the loop that its ids are set for"
        return refuse(facts, finding, Reason.LOOP_CARRIED_CONTEXT, detail, load)
    if (load.lineno, load.col_offset) < (site.call.lineno, site.call.col_offset):
        return None
    if _exclusive(facts, site, load):
        return None
    reason = Reason.LOOP_CARRIED_CONTEXT if loops else Reason.CONDITIONAL_CONTEXT
    detail = "the tracker is used after the statement in which its ids are set"
    return refuse(facts, finding, reason, detail, load)


def _exits_refusal(facts: Facts, finding: Finding, life: Life, travel: Travel) -> Refusal | None:
    """Refuse blocks inside a ``with`` that may use the tracker when it is left."""
    for site in life.sets:
        for outer in between(facts.module, site.statement, life.suite):
            if not isinstance(outer, ast.With | ast.AsyncWith):
                continue
            names = (n for item in outer.items for n in ast.walk(item) if isinstance(n, ast.Name))
            if any(
                facts.scopes.of(n) in travel.strong for n in names if n in facts.scopes.scope_of
            ):
                detail = "this manager may use the tracker when it is left"
                return refuse(facts, finding, Reason.CONDITIONAL_CONTEXT, detail, outer)
    return None


def _keys(site: SetCall) -> set[str]:
    return {a.keyword for a in site.arguments if not is_none(a.value)}


def _exclusive(facts: Facts, one: SetCall, load: ast.Name) -> bool:
    """Whether the call and the use lie in different branches of one ``if`` or ``match``."""
    other = facts.module.paths[facts.module.statement(load)]
    depth = 0
    while depth < min(len(one.path), len(other)) and one.path[depth] == other[depth]:
        depth += 1
    if depth >= min(len(one.path), len(other)):
        return False
    statement: ast.AST = facts.module.tree
    for name, index in one.path[:depth]:
        statement = getattr(statement, name)[index]
    if facts.lives.enclosing_loop(one.call) is not None:
        return False
    if isinstance(statement, ast.If):
        return one.path[depth][0] != other[depth][0]
    return isinstance(statement, ast.Match) and one.path[depth] != other[depth]


def _block_refusal(
    facts: Facts,
    finding: Finding,
    life: Life,
    group: list[SetCall],
    block: Block,
    form: Form,
    travel: Travel,
) -> Refusal | None:
    first = group[0]
    body = facts.module.suite(first.statement)[block.start : block.stop]
    if not body:
        return refuse(facts, finding, Reason.NO_WORK, "nothing follows in this suite", first.call)
    inner = first_yield(body)
    if inner is not None:
        return refuse(facts, finding, Reason.YIELDS_INSIDE, "control leaves the block here", inner)
    batch = next((a for s in group if (a := s.argument(words.BATCH)) is not None), None)
    if batch is not None and not form.ours and any(isinstance(s, ast.For) for s in body):
        detail = "the original runtime leaves the tracker in batch mode after the block"
        return refuse(facts, finding, Reason.STICKY_BATCH_MODE, detail, batch.value)
    around = between(facts.module, first.statement, life.suite)
    looped = any(isinstance(n, ast.For | ast.AsyncFor | ast.While) for n in around)
    mine = {key for site in group for key in _keys(site)}
    again = any(_keys(other) & mine for other in life.sets if other not in group)
    held = replace(form, sticky=looped or again)
    return check_arguments(facts, finding, group, held, travel.strong)
