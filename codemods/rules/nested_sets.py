"""Set calls in inner suites: loops, branches, ``try`` and ``with`` bodies.

The tracker stays where it is built; each set call becomes a block from there to
the end of its own suite.  What lies outside of every block must run before it.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.effects import first_yield
from codemods.analysis.extent import Block, between
from codemods.analysis.lives import Life, SetCall, is_none
from codemods.model import Finding, Reason, Refusal
from codemods.proposal import Delete, Edit, Proposal, Verdict, Wrap
from codemods.rules.checks import trusted
from codemods.rules.headers import Form, check_arguments, plan_header
from codemods.rules.reasons import refuse

if TYPE_CHECKING:
    from codemods.analysis.facts import Facts
    from codemods.analysis.taint import Travel


def decide_nested(facts: Facts, finding: Finding, life: Life, travel: Travel) -> list[Verdict]:
    """Return one proposal for all set calls of *life*, or the refusal."""
    form = Form(life.binding.name, None, fresh=False, ours=facts.ours(life.construct.home))
    blocks = [_block(facts, site) for site in life.sets]
    refusal = _scopes_refusal(facts, finding, life) or _order_refusal(
        facts, finding, life, travel, blocks
    )
    if refusal is not None:
        return [refusal]
    edits: list[Edit] = []
    notes: list[str] = []
    needs: list[str] = []
    assumptions: list[str] = []
    for site, block in zip(life.sets, blocks, strict=True):
        refusal = _block_refusal(facts, finding, life, site, block, form)
        if refusal is not None:
            return [refusal]
        body = facts.module.suite(site.statement)[block.start : block.stop]
        planned = plan_header(facts, [site], body, site.statement, form)
        edits.extend((Delete(site.path), Wrap(site.path, block.stop, planned.header)))
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
    """Refuse uses that a block does not hold although an id set before still lasts there."""
    own = {site.call.func.value for site in life.sets}  # type: ignore[attr-defined]
    for binding in travel.strong:
        for load in binding.loads:
            path = facts.module.paths[facts.module.statement(load)]
            if load in own or any(block.holds(path) for block in blocks):
                continue
            for site in life.sets:
                refusal = _reached(facts, finding, life, site, load)
                if refusal is not None:
                    return refusal
    return _siblings_refusal(facts, finding, life, blocks)


def _reached(
    facts: Facts, finding: Finding, life: Life, site: SetCall, load: ast.Name
) -> Refusal | None:
    """Refuse if *load* may run after *site* did."""
    enclosing = between(facts.module, site.statement, life.suite)
    loop = next((n for n in enclosing if isinstance(n, ast.For | ast.AsyncFor | ast.While)), None)
    if loop is not None:
        detail = "the tracker is used outside of the part of the loop that its ids are set for"
        return refuse(facts, finding, Reason.LOOP_CARRIED_CONTEXT, detail, load)
    if (load.lineno, load.col_offset) > (site.call.lineno, site.call.col_offset):
        detail = "the tracker is used after the statement in which its ids are set"
        return refuse(facts, finding, Reason.CONDITIONAL_CONTEXT, detail, load)
    return None


def _siblings_refusal(
    facts: Facts, finding: Finding, life: Life, blocks: list[Block]
) -> Refusal | None:
    """Refuse set calls whose ids would last into another set call's block."""
    for first, site in enumerate(life.sets):
        for other, block in zip(life.sets[first + 1 :], blocks[first + 1 :], strict=True):
            if blocks[first].holds(other.path):
                continue
            if _keys(site) != _keys(other) and not _exclusive(facts, site, other):
                detail = "the ids set here last into the next block, which does not name them"
                return refuse(facts, finding, Reason.CARRIED_IDS, detail, site.call)
            del block
    return None


def _keys(site: SetCall) -> set[str]:
    return {a.keyword for a in site.arguments if not is_none(a.value)}


def _exclusive(facts: Facts, one: SetCall, other: SetCall) -> bool:
    """Whether the two calls lie in different branches of one statement, outside of any loop."""
    depth = 0
    while one.path[depth] == other.path[depth]:
        depth += 1
    statement: ast.AST = facts.module.tree
    for name, index in one.path[:depth]:
        statement = getattr(statement, name)[index]
    if facts.lives.enclosing_loop(one.call) is not None:
        return False
    if isinstance(statement, ast.If):
        return one.path[depth][0] != other.path[depth][0]
    return isinstance(statement, ast.Match)


def _block_refusal(
    facts: Facts, finding: Finding, life: Life, site: SetCall, block: Block, form: Form
) -> Refusal | None:
    body = facts.module.suite(site.statement)[block.start : block.stop]
    if not body:
        return refuse(facts, finding, Reason.NO_WORK, "nothing follows in this suite", site.call)
    inner = first_yield(body)
    if inner is not None:
        return refuse(facts, finding, Reason.YIELDS_INSIDE, "control leaves the block here", inner)
    batch = site.argument(words.BATCH)
    if batch is not None and not form.ours and any(isinstance(s, ast.For) for s in body):
        detail = "the original runtime leaves the tracker in batch mode after the block"
        return refuse(facts, finding, Reason.STICKY_BATCH_MODE, detail, batch.value)
    del life
    return check_arguments(facts, finding, [site], form)
