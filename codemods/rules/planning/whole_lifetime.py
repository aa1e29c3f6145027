"""The whole lifetime of a tracker in one variable: as one block, or as one for each phase of it."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.effects import first_yield
from codemods.model.edit import Delete, Edit, Retain, Unwrap, Wrap
from codemods.model.proposal import Proposal
from codemods.model.refusal import Reason, Refusal
from codemods.rules.checks.late_recordings import late_refusal
from codemods.rules.checks.lifetime import (
    block_refusal,
    flow_refusal,
    lifetime_refusal,
    other_set,
    trusted,
    with_bases,
)
from codemods.rules.checks.shared_trackers.asked_escapes import escape_conditions
from codemods.rules.checks.shared_trackers.doubtful_constructs import (
    construct_conditions,
    doubted_inside_refusal,
)
from codemods.rules.checks.shared_trackers.sole_use import (
    helper_assumptions,
    helper_conditions,
)
from codemods.rules.checks.state_reads import (
    external_read_refusal,
    frame_refusal,
    is_of_id,
    may_be_asked,
    read_conditions,
)
from codemods.rules.checks.store_reads import store_refusal
from codemods.rules.checks.waiting.awaited_clients import wrapped_conditions, wrapped_refusal
from codemods.rules.checks.yields.driven_generators import open_yields, said_of
from codemods.rules.checks.yields.held_yields import held_refusal, held_yield, to_confirm
from codemods.rules.planning.batch_items import start_behind_items
from codemods.rules.planning.blocks import (
    block_from,
    closing_edits,
    form_of,
    lifted_try,
    needs_name,
    remains_work,
)
from codemods.rules.planning.branches import decide_nested, exclusive
from codemods.rules.planning.conditional.block import decide_merged, with_calls_inside
from codemods.rules.planning.conditional.calls import all_may_stay, merged_ids, staying_ids
from codemods.rules.planning.conditional.dictionaries import with_possible_ids
from codemods.rules.planning.conditional.overridden import with_last_values
from codemods.rules.planning.headers import (
    INSIDE_EXPRESSION,
    INVALID,
    check_arguments,
    plan_header,
    problem_refusal,
)
from codemods.rules.planning.phases import decide_inside, decide_phases
from codemods.rules.planning.user_ids import with_user
from codemods.rules.refusing import refuse

if TYPE_CHECKING:
    from collections.abc import Collection

    from codemods.analysis.dataflow.taint_records import Flow
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.parsed_module import Path
    from codemods.analysis.trackers.block_extent import Block
    from codemods.analysis.trackers.lifetimes import Lifetime, SetCall
    from codemods.model.finding import Finding
    from codemods.model.proposal import Verdict

NOTHING_BETWEEN = "nothing happens between the ids and the end"
#: Which ids count depends on the way through the block: no header can say it, calls inside can.
_BY_ITS_COURSE = frozenset(
    {Reason.CONDITIONAL_CONTEXT, Reason.LOOP_CARRIED_CONTEXT, Reason.MAY_BE_NONE}
)

#: What lasts from an earlier phase, and no header can name again: an inner block inherits it.
_BY_WHAT_LASTS = frozenset({Reason.CARRIED_IDS, Reason.MAY_BE_NONE})


def decide_lifetime(semantic: SemanticModel, finding: Finding, lifetime: Lifetime) -> Verdict:
    """Return the proposal for *lifetime*, or the refusal of *finding*."""
    refusal = lifetime_refusal(semantic, finding, lifetime)
    if refusal is not None:
        return refusal
    lifetime, doubts = with_possible_ids(semantic, lifetime)
    flow = with_bases(semantic, semantic.flow(lifetime), lifetime.construct)
    reads = [read for read in flow.reads if not _may_be_read(semantic, lifetime, read)]
    flow = replace(flow, reads=reads)
    asked_of = escape_conditions(semantic, lifetime, flow)
    leaving = [semantic.module.statement(escape.node) for escape in flow.escapes if asked_of]
    if asked_of:
        lifetime, flow = replace(lifetime, escapes=True), replace(flow, escapes=[])
    held = held_yield(semantic, lifetime, flow)
    if held is not None:
        flow = replace(flow, escapes=[])
        refusal = held_refusal(semantic, finding, lifetime, held)
    verdict = (
        refusal
        or flow_refusal(semantic, finding, lifetime, flow)
        or wrapped_refusal(semantic, finding, lifetime, flow)
        or _with_last_values(semantic, finding, lifetime, flow, held)
    )
    asked = (
        *construct_conditions(semantic, lifetime),
        *wrapped_conditions(semantic, lifetime),
        *helper_conditions(semantic, lifetime),
    )
    if isinstance(verdict, Refusal):
        return verdict
    asked += read_conditions(semantic, lifetime, verdict.confirm)
    refusal = external_read_refusal(semantic, finding, lifetime, verdict) or doubted_inside_refusal(
        semantic, finding, lifetime, verdict.edits
    )
    ways_out = tuple(semantic.module.paths[statement] for statement in leaving)
    return refusal or replace(
        verdict,
        assumptions=(*verdict.assumptions, *helper_assumptions(semantic, lifetime)),
        confirm=(*verdict.confirm, *asked, *doubts, *asked_of),
        ways_out=(*verdict.ways_out, *ways_out),
    )


def _may_be_read(semantic: SemanticModel, lifetime: Lifetime, read: ast.AST) -> bool:
    return is_of_id(semantic, lifetime, read) or may_be_asked(semantic, lifetime, read)


def _with_last_values(
    semantic: SemanticModel,
    finding: Finding,
    lifetime: Lifetime,
    flow: Flow,
    held: ast.Yield | None,
) -> Verdict:
    """Return the blocks of *lifetime*, without ids that are replaced at once where that helps."""
    verdict = _blocks(semantic, finding, lifetime, flow, held)
    if not isinstance(verdict, Refusal) or verdict.reason != Reason.GIVEN_TWICE:
        return verdict
    last = with_last_values(semantic, lifetime, flow)
    if last is None or lifted_try(semantic, lifetime) is not None:
        return verdict
    again = _blocks(semantic, finding, last.lifetime, flow, held)
    if isinstance(again, Refusal):
        return again
    return replace(again, confirm=(*again.confirm, *last.confirm))


def _blocks(
    semantic: SemanticModel,
    finding: Finding,
    lifetime: Lifetime,
    flow: Flow,
    held: ast.Yield | None,
) -> Verdict:
    """Return the block, or the blocks, of a lifetime that nothing as a whole stands against."""
    wrong = next((site for site in lifetime.sets if site.problem == INVALID), None)
    if wrong is not None:
        return problem_refusal(semantic, finding, wrong)
    groups = _phases(lifetime)
    hidden = _hidden_sets(semantic, finding, lifetime, flow)
    if lifetime.owned and hidden is not None:
        return hidden
    if lifted_try(semantic, lifetime) is not None:
        around = hidden or _one_block(semantic, finding, lifetime, flow)
        # On the original runtime the user stays in a call, and that call in the ``try``.
        if not isinstance(around, Refusal) or around.reason != Reason.MIXED:
            return around
    merged = merged_ids(semantic, lifetime, flow) if held is None else None
    if merged is not None:
        return decide_merged(semantic, finding, lifetime, flow, merged)
    is_nested = any(site.path[:-1] != lifetime.prefix for site in lifetime.sets)
    if is_nested or len(groups) > 1:
        stopped = hidden or late_refusal(semantic, finding, lifetime, flow)
        if stopped is not None:
            return stopped
    if held is not None:
        verdict = _one_block(semantic, finding, lifetime, flow, {held})
        return to_confirm(semantic, verdict, lifetime) if isinstance(verdict, Proposal) else verdict
    if is_nested:
        verdict = _nested(semantic, finding, lifetime, flow)
    elif len(groups) > 1:
        verdict = _in_phases(semantic, finding, lifetime, flow, groups)
    else:
        waits = open_yields(semantic, lifetime)
        verdict = _one_block(semantic, finding, lifetime, flow, waits)
    if isinstance(verdict, Proposal) and _waits(semantic, verdict):
        return said_of(semantic, verdict, lifetime)
    return verdict


def _waits(semantic: SemanticModel, proposal: Proposal) -> bool:
    """Whether control leaves a block of *proposal* before its end."""
    gone = {edit.path for edit in proposal.edits if isinstance(edit, Delete)}
    for block in (edit for edit in proposal.edits if isinstance(edit, Wrap)):
        beside = semantic.module.statements_around(semantic.statement_at(block.path))
        inside = beside[block.path[-1][1] : block.stop]
        # What its header takes over is evaluated before the block is entered.
        if first_yield([s for s in inside if semantic.module.paths[s] not in gone]) is not None:
            return True
    return False


def _nested(semantic: SemanticModel, finding: Finding, lifetime: Lifetime, flow: Flow) -> Verdict:
    """Return blocks in inner bodies, or one block around calls that stay in their branches."""
    verdict = decide_nested(semantic, finding, lifetime, flow)
    proven = isinstance(verdict, Proposal) and not verdict.confirm
    if proven or (isinstance(verdict, Refusal) and verdict.reason not in _BY_ITS_COURSE):
        return verdict
    if other_set(lifetime, flow) is not None:
        return verdict
    merged = staying_ids(semantic, lifetime, flow)
    if merged is not None:
        around: Verdict = decide_merged(semantic, finding, lifetime, flow, merged)
    elif all_may_stay(semantic, lifetime, flow):
        around = _one_block(semantic, finding, replace(lifetime, sets=[]), flow)
    else:
        return verdict
    if isinstance(around, Refusal) or _lifts_call(semantic, lifetime, around):
        return verdict
    return around if merged is not None else with_calls_inside(around, lifetime)


def _lifts_call(semantic: SemanticModel, lifetime: Lifetime, around: Proposal) -> bool:
    """Whether a call that is to stay would begin the block, its ``try`` being unwrapped.

    Nobody could tell it from one that the header is to stand for.
    """
    unwrapped = (semantic.statement_at(e.path) for e in around.edits if isinstance(e, Unwrap))
    # One with handlers stays, around its body.
    opened = {t.body[0] for t in unwrapped if isinstance(t, ast.Try) and not t.handlers}
    return any(site.statement in opened for site in lifetime.sets)


def _in_phases(
    semantic: SemanticModel,
    finding: Finding,
    lifetime: Lifetime,
    flow: Flow,
    groups: list[list[SetCall]],
) -> Verdict:
    """Return a block for each phase: one behind the other, or inside it where ids last by that."""
    verdict = decide_phases(semantic, finding, lifetime, flow, groups)
    proven = isinstance(verdict, Proposal) and not verdict.confirm
    lasts = not isinstance(verdict, Refusal) or verdict.reason in _BY_WHAT_LASTS
    if proven or not lasts or not semantic.ours(lifetime.construct.home):
        return verdict
    inside = decide_inside(semantic, finding, lifetime, flow, groups)
    return verdict if isinstance(inside, Refusal) else inside


def _hidden_sets(
    semantic: SemanticModel, finding: Finding, lifetime: Lifetime, flow: Flow
) -> Refusal | None:
    """Refuse several blocks where something beside the lifetime's own calls sets ids."""
    own = {site.call.func for site in lifetime.sets}
    harmless = (_is_apart, _is_above_or_below)
    others = (p for p in flow.sets if p not in own)
    hidden = (p for p in others if not any(is_so(semantic, lifetime, p) for is_so in harmless))
    place = next(hidden, None)
    if place is None:
        return None
    detail = f"{ast.unparse(place)} may set ids that last into a later block"
    return refuse(semantic, finding, Reason.SHARED_STATE, detail, place)


def _is_apart(semantic: SemanticModel, lifetime: Lifetime, place: ast.AST) -> bool:
    """Whether *place* stands in another branch than all set calls: none of their blocks has it."""
    if not isinstance(place, ast.Attribute) or not isinstance(place.value, ast.Name):
        return False
    if semantic.scopes.scope_of.get(place.value) is not lifetime.scope or lifetime.owned:
        return False
    return all(exclusive(semantic, site, place) for site in lifetime.sets)


def _is_above_or_below(semantic: SemanticModel, lifetime: Lifetime, place: ast.AST) -> bool:
    """Whether *place* takes a dictionary above all set calls, or below them.

    What that sets counts then as it does beside a single block: none lies behind both.
    """
    if not isinstance(place, ast.Attribute) or place.attr != words.OLDER_SET_CALL:
        return False
    name = next((load for load in lifetime.loads if load is place.value), None)
    own = name is not None and semantic.scopes.scope_of[name] is lifetime.scope
    indexes = [site.path[-1][1] for site in lifetime.sets if site.path[:-1] == lifetime.prefix]
    if not own or lifetime.owned or not indexes or len(indexes) != len(lifetime.sets):
        return False
    path, depth = semantic.module.paths[semantic.module.statement(place)], len(lifetime.prefix)
    if path[:depth] != lifetime.prefix or path[depth][0] != lifetime.field_name:
        return False
    return path[depth][1] < indexes[0] or (path[depth][1] > indexes[-1] and not lifetime.escapes)


def _phases(lifetime: Lifetime) -> list[list[SetCall]]:
    """Group set calls that directly follow each other: nothing is recorded between them."""
    groups: list[list[SetCall]] = []
    for site in lifetime.sets:
        index = site.path[-1][1]
        if groups and groups[-1][-1].path[-1][1] == index - 1:
            groups[-1].append(site)
        else:
            groups.append([site])
    return groups


def _one_block(
    semantic: SemanticModel,
    finding: Finding,
    lifetime: Lifetime,
    flow: Flow,
    held: Collection[ast.AST] = (),
) -> Verdict:
    """Return the block for a lifetime with at most one phase; *held* are yields it may hold."""
    lifted = lifted_try(semantic, lifetime)
    first = lifetime.index
    start = lifetime.index + 1
    if lifted is not None:
        first = start = lifted
    elif lifetime.sets:
        first, start = lifetime.sets[0].path[-1][1], lifetime.sets[-1].path[-1][1] + 1
        later = start_behind_items(semantic, lifetime, flow, start)
        first, start = (later, later) if later is not None else (first, start)
    block = block_from(semantic, lifetime, flow, start)
    ours = semantic.ours(lifetime.construct.home)
    form, own = form_of(semantic, lifetime, flow, first, ours)
    stays: dict[Path, Retain] = {}
    if lifted is None:
        form, own, stays = with_user(semantic, lifetime, form, own)
    body = lifetime.body[block.start : block.stop]
    refusal = (
        _extent_refusal(semantic, finding, lifetime, block, held)
        or check_arguments(semantic, finding, lifetime.sets, form, flow.tainted)
        or store_refusal(semantic, finding, lifetime.construct, flow, body)
        or frame_refusal(semantic, finding, lifetime.body, block)
    )
    if refusal is not None:
        return refusal
    closing, notes = closing_edits(semantic, lifetime, block, ours)
    if not remains_work(block, closing):
        return refuse(semantic, finding, Reason.NO_WORK, NOTHING_BETWEEN)
    at = lifetime.body[first] if lifetime.sets else lifetime.binding_statement
    sending = semantic.sending(flow, ours=ours)
    edits: list[Edit] = [stays.get(site.path, Delete(site.path)) for site in lifetime.sets]
    if form.target is not None and not needs_name(semantic, lifetime, (*edits, *closing)):
        form = replace(form, target=None)
    form = replace(form, outlived=lifetime.escapes)
    planned = plan_header(semantic, finding, lifetime.sets, body, at, form, sending)
    if isinstance(planned, Refusal):
        return planned
    head = lifetime.path(first if lifetime.sets else start)
    if own:
        edits.append(Delete(lifetime.path(lifetime.index)))
        # The comments of a construction right above the block go above the block.
        head = lifetime.path(lifetime.index) if first <= lifetime.index + 1 else head
    return Proposal(
        finding,
        (*edits, Wrap(head, block.stop, planned.header), *closing),
        "own" if own else ("keep" if stays else "adopt"),
        _why(own, lifetime),
        (planned.manager,),
        lifetime.construct.home,
        (*planned.notes, *notes),
        (*planned.assumptions, *trusted(semantic, flow)),
        planned.confirm,
    )


def _extent_refusal(
    semantic: SemanticModel,
    finding: Finding,
    lifetime: Lifetime,
    block: Block,
    held: Collection[ast.AST],
) -> Refusal | None:
    """Refuse what the block would change; a call inside of an expression may have its use there."""
    refusal = block_refusal(semantic, finding, lifetime, block, held)
    if refusal is None or refusal.reason is not Reason.NO_WORK:
        return refusal
    calls = (site.call for site in lifetime.sets)
    used = next((c for c in calls if not isinstance(semantic.module.parents[c], ast.Expr)), None)
    if used is None:
        return refusal
    return refuse(semantic, finding, Reason.VALUE_USED, INSIDE_EXPRESSION, used)


def _why(own: bool, lifetime: Lifetime) -> str:
    name = lifetime.binding.name
    if own:
        return f"{name} is built here, stays in this suite and is last used inside the block"
    return f"{name} stays where it is built; every use after the call is inside the block"
