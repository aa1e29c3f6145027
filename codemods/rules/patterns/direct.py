"""Direct tracker: a tracker that is built, configured and used by hand.

What it does    Finds ``tracker = AIUsageTracker()`` whose whole life stays inside one
                suite, and puts that life into a context manager.
Why             An exception before the manual flush loses the metrics, and calls of a
                bare client are attributed to nothing.
Before          tracker = AIUsageTracker()
                tracker.set_tracking_context(job_id="job-1")
                result = analyze(tracker)
After           with ai_usage_context("receipt_analysis", job_id="job-1") as tracker:
                    result = analyze(tracker)
Safety          Safe while nothing that holds the tracker outlives the block.
Leaves alone    escapes, rebound, yields-inside, reads-state, conditional-context, ...
Guide           sections 3, 4, 6 and 7
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.model.edit import Delete, Edit, Wrap
from codemods.model.proposal import Proposal, Verdict
from codemods.model.refusal import Reason
from codemods.rules.checks.lifetime import (
    block_refusal,
    life_refusal,
    other_set,
    travel_refusal,
    trust_bases,
    trusted,
    wrapped_refusal,
)
from codemods.rules.checks.pytest_fixtures import fixture_refusal, held_yield, to_confirm
from codemods.rules.checks.store_reads import store_refusal
from codemods.rules.planning.batch_items import start_behind_items
from codemods.rules.planning.blocks import (
    block_from,
    closing_edits,
    form_of,
    lifted_try,
    remains_work,
)
from codemods.rules.planning.branches import decide_nested
from codemods.rules.planning.headers import check_arguments, plan_header
from codemods.rules.planning.phases import decide_phases
from codemods.rules.planning.user_ids import with_user
from codemods.rules.refusing import refuse

if TYPE_CHECKING:
    from codemods.analysis.dataflow.taint_records import Travel
    from codemods.analysis.semantic_model import Facts
    from codemods.analysis.trackers.lifetimes import Life, SetCall
    from codemods.model.finding import Finding

CODE = "AIU001"
MESSAGE = "tracker built and configured by hand"


def decide(facts: Facts, life: Life) -> list[Verdict]:
    """Return what to do about one life: nothing, a proposal, or a refusal."""
    if not life.sets and any(facts.lives.migrated_use(load) for load in life.loads):
        return []
    return settle(facts, facts.finding(CODE, life.construct.call, MESSAGE), life)


def settle(facts: Facts, finding: Finding, life: Life) -> list[Verdict]:
    """Return the proposal for *life*, or the refusal of *finding*."""
    refusal = life_refusal(facts, finding, life)
    if refusal is not None:
        return [refusal]
    statements = life.suite[life.index + 1 : life.end]
    travel = facts.taint.follow(life.binding, statements, life.scope, life.aliases)
    trust_bases(facts, travel, life.construct)
    facts.holders[finding] = frozenset(travel.strong)
    held = held_yield(facts, life, travel)
    if held is not None:
        travel.escapes.clear()
        refusal = fixture_refusal(facts, finding, held)
    refusal = (
        refusal
        or travel_refusal(facts, finding, life, travel)
        or wrapped_refusal(facts, finding, life, travel)
    )
    if refusal is not None:
        return [refusal]
    if life.owned and other_set(life, travel) is not None:
        return _hidden_sets(facts, finding, life, travel)
    if lifted_try(facts, life) is not None:
        return _hidden_sets(facts, finding, life, travel) or [
            _one_block(facts, finding, life, travel)
        ]
    if any(site.path[:-1] != life.prefix for site in life.sets):
        return _hidden_sets(facts, finding, life, travel) or decide_nested(
            facts, finding, life, travel
        )
    if held is not None and len(_phases(life)) < 2:
        verdict = _one_block(facts, finding, life, travel, held)
        return [to_confirm(verdict, life) if isinstance(verdict, Proposal) else verdict]
    groups = _phases(life)
    if len(groups) > 1:
        return _hidden_sets(facts, finding, life, travel) or decide_phases(
            facts, finding, life, travel, groups
        )
    return [_one_block(facts, finding, life, travel)]


def _hidden_sets(facts: Facts, finding: Finding, life: Life, travel: Travel) -> list[Verdict]:
    """Refuse several blocks where something beside the life's own calls sets ids."""
    place = other_set(life, travel)
    if place is None:
        return []
    detail = f"{ast.unparse(place)} may set ids that last into a later block"
    return [refuse(facts, finding, Reason.SHARED_STATE, detail, place)]


def _phases(life: Life) -> list[list[SetCall]]:
    """Group set calls that directly follow each other: nothing is recorded between them."""
    groups: list[list[SetCall]] = []
    for site in life.sets:
        index = site.path[-1][1]
        if groups and groups[-1][-1].path[-1][1] == index - 1:
            groups[-1].append(site)
        else:
            groups.append([site])
    return groups


def _one_block(
    facts: Facts, finding: Finding, life: Life, travel: Travel, held: ast.Yield | None = None
) -> Verdict:
    """Return the block for a life with at most one phase; *held* is a ``yield`` it may hold."""
    lifted = lifted_try(facts, life)
    first = life.index
    start = life.index + 1
    if lifted is not None:
        first = start = lifted
    elif life.sets:
        first, start = life.sets[0].path[-1][1], life.sets[-1].path[-1][1] + 1
        later = start_behind_items(facts, life, travel, start)
        first, start = (later, later) if later is not None else (first, start)
    block = block_from(facts, life, travel, start)
    ours = facts.ours(life.construct.home)
    form, own = form_of(facts, life, travel, first, ours)
    if lifted is None:
        form, own, kept = with_user(facts, life, form, own)
    else:
        kept = {}
    body = life.suite[block.start : block.stop]
    refusal = (
        block_refusal(facts, finding, life, block, held)
        or check_arguments(facts, finding, life.sets, form, travel.strong)
        or store_refusal(facts, finding, life.construct, travel, body)
    )
    if refusal is not None:
        return refusal
    closing, notes = closing_edits(facts, life, block, ours)
    if not remains_work(block, closing):
        return refuse(facts, finding, Reason.NO_WORK, "nothing happens between the ids and the end")
    at = life.suite[first] if life.sets else life.birth
    sending = facts.sending(travel, ours=ours)
    planned = plan_header(facts, life.sets, body, at, form, sending)
    edits: list[Edit] = [kept.get(site.path, Delete(site.path)) for site in life.sets]
    head = life.path(first if life.sets else start)
    if own:
        edits.append(Delete(life.path(life.index)))
        # The comments of a construction right above the block go above the block.
        head = life.path(life.index) if first <= life.index + 1 else head
    return Proposal(
        finding,
        (*edits, Wrap(head, block.stop, planned.header), *closing),
        "own" if own else ("keep" if kept else "adopt"),
        _why(own, life),
        (planned.manager,),
        life.construct.home,
        (*planned.notes, *notes),
        (*planned.assumptions, *trusted(facts, travel)),
    )


def _why(own: bool, life: Life) -> str:
    name = life.binding.name
    if own:
        return f"{name} is built here, stays in this suite and is last used inside the block"
    return f"{name} stays where it is built; every use after the call is inside the block"
