"""Phases: one tracker configured several times in a row, with uses between.

Each phase becomes a block of its own around the same tracker.  Ids last from
one call to the next in legacy code, so a later block names them again; where
that is not possible without changing an evaluation, the site is refused.

A phase in which nothing is called gets no block: its ids are named by later ones, or go.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from codemods import vocabulary as words
from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.effects import first_yield
from codemods.analysis.trackers.block_extent import is_method_call
from codemods.analysis.trackers.lifetimes import Lifetime, SetCall, is_none
from codemods.model.edit import Delete, Edit, Wrap
from codemods.model.proposal import Proposal, Verdict
from codemods.model.refusal import Reason, Refusal
from codemods.rules.checks.lasting_ids import lasting_conditions, lasting_refusal
from codemods.rules.checks.lifetime import block_refusal, other_set, trusted
from codemods.rules.checks.parts import keys_of
from codemods.rules.checks.store_reads import store_refusal
from codemods.rules.checks.yields.held_yields import yields_refusal
from codemods.rules.planning.adoption import PlannedBlock, adopted, block_around
from codemods.rules.planning.blocks import (
    block_from,
    closing_edits,
    form_of,
    last_use,
    remains_work,
)
from codemods.rules.planning.headers import (
    VALUE_USED,
    Form,
    check_arguments,
    plan_header,
    problem_refusal,
)
from codemods.rules.planning.user_ids import keep_user, set_again
from codemods.rules.refusing import refuse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codemods.analysis.dataflow.taint_records import Flow
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.block_extent import Block
    from codemods.analysis.trackers.ids.arguments import Argument
    from codemods.analysis.trackers.last_use import LastUse
    from codemods.model.edit import Path, Retain
    from codemods.model.finding import Finding
    from codemods.rules.planning.headers import Planned

#: To be confirmed of an id that no header can name again.
STAYS = (
    "this runs on the original runtime, and stays there:"
    " elsewhere the {} of line {} would no longer last into the block of line {}"
)


def decide_phases(
    semantic: SemanticModel,
    finding: Finding,
    lifetime: Lifetime,
    flow: Flow,
    groups: list[list[SetCall]],
) -> Verdict:
    """Return one proposal for all the phases of *lifetime*, or the refusal."""
    form = Form(lifetime.tracker, None, fresh=False, ours=semantic.ours(lifetime.construct.home))
    # An id that no earlier call can have set may be None.
    begins = form_of(semantic, lifetime, flow, groups[0][0].path[-1][1], form.ours)[0].fresh
    alone = begins_without_ids(lifetime, flow)
    sending = semantic.sending(flow, ours=form.ours)
    planned_blocks: list[PlannedBlock] = []
    confirm: list[str] = []
    known: dict[str, Argument] = {}
    uses = last_use(semantic, lifetime, flow)
    blocks = [_block(semantic, lifetime, flow, groups, n, uses) for n in range(len(groups))]
    idle = _idle(semantic, lifetime, groups, blocks, uses)
    for number, group in enumerate(groups):
        block = blocks[number]
        outlived = number + 1 < len(groups) or lifetime.escapes
        fresh = alone if number else begins
        own, stays = keep_user(semantic, group, replace(form, outlived=outlived, fresh=fresh))
        refusal = None
        if number not in idle:
            refusal = _nothing_between(semantic, finding, block, groups, number) or _phase_refusal(
                semantic, finding, lifetime, block, group, own, flow
            )
        refusal = refusal or lasting_refusal(semantic, finding, group, known)
        confirm.extend(lasting_conditions(semantic, group, known))
        given = {a.keyword: a for site in group for a in site.arguments if not is_none(a.value)}
        lasting = {key: a for key, a in known.items() if key not in given}
        known.update(given)
        if refusal is not None:
            return refusal
        if number in idle:
            continue
        gone = [a for n in idle for site in groups[n] for a in site.arguments]
        stays = {**stays, **_user_again(semantic, form, group, lasting, gone)}
        carried = named_again(semantic, finding, lasting, group[0], gone, ours=form.ours)
        if isinstance(carried, Refusal):
            return carried
        confirm.extend(carried.confirm)
        closing, closing_notes = closing_edits(semantic, lifetime, block, form.ours)
        if not remains_work(block, closing):
            return refuse(semantic, finding, Reason.NO_WORK, "a phase does nothing", group[0].call)
        body = lifetime.body[block.start : block.stop]
        at = group[0].statement
        planned = plan_header(semantic, finding, group, body, at, own, sending, carried.texts)
        if isinstance(planned, Refusal):
            return planned
        planned_blocks.append(
            block_around(group, block.stop, planned, stays, closing, closing_notes)
        )
    why = f"each phase of {lifetime.binding.name} gets a block; no use lies outside of them"
    taken, home = trusted(semantic, flow), lifetime.construct.home
    verdict = adopted(finding, why, home, planned_blocks, taken, confirm)
    return _without(verdict, [site for n in sorted(idle) for site in groups[n]])


def _user_again(
    semantic: SemanticModel,
    form: Form,
    group: list[SetCall],
    lasting: dict[str, Argument],
    gone: list[Argument],
) -> dict[Path, Retain]:
    """Take the user that a call in an earlier block has set out of *lasting*, to be set again.

    On the original runtime it would be there still; a project may move to ours later.  A user of
    an idle phase is *gone* with its call.
    """
    user = lasting.get(words.USER)
    if user is None or form.ours or any(a is user for a in gone):
        return {}
    again = set_again(semantic, group[-1], user)
    if again is None:
        return {}
    del lasting[words.USER]
    return {again.path: again}


def _idle(
    semantic: SemanticModel,
    lifetime: Lifetime,
    groups: list[list[SetCall]],
    blocks: list[Block],
    uses: LastUse,
) -> frozenset[int]:
    """Return which phases do nothing with the tracker, so that the next may set their ids.

    That takes a variable of a function that nobody else has, and ids whose evaluation shows
    nowhere.  What is set at the end for nobody is a person's to judge.
    """
    local = lifetime.scope.is_function and not (lifetime.owned or lifetime.escapes)
    if not local or lifetime.aliases or not lifetime.is_alone:
        return frozenset()
    if lifetime.construct.kind != "plain" or lifetime.end != len(lifetime.body):
        return frozenset()
    ends = (group[0].path[-1][1] for group in groups[1:])
    return frozenset(
        number
        for number, (block, end) in enumerate(zip(blocks[:-1], ends, strict=True))
        if block.start == block.stop
        and _show_nowhere(semantic, lifetime, groups[number])
        and _is_quiet(semantic, lifetime, lifetime.body[block.start : end], uses)
    )


def _is_quiet(
    semantic: SemanticModel, lifetime: Lifetime, statements: list[ast.stmt], uses: LastUse
) -> bool:
    """Whether *statements* leave the tracker alone, but for flushes, and look at no store."""
    if first_yield(statements) is not None or any(
        map(semantic.looks(lifetime.construct), statements)
    ):
        return False
    own, scopes = lifetime.binding, semantic.scopes
    rest = [s for s in statements if not is_method_call(s, own, scopes, words.FLUSH_CALL)]
    return not any(map(uses.uses, rest))


def _show_nowhere(semantic: SemanticModel, lifetime: Lifetime, group: list[SetCall]) -> bool:
    """Whether *group* only sets ids that are constants, or variables that are surely bound."""
    arguments = [a for site in group for a in site.arguments]
    if any(a.is_spread or a.may_lack for a in arguments):
        return False
    return all(map(_is_plain, group)) and all(
        isinstance(a.value, ast.Constant) or _is_bound(semantic, lifetime, a.value)
        for a in arguments
    )


def _is_plain(site: SetCall) -> bool:
    """Whether *site* is a statement, on the tracker's own variable, by today's name."""
    receiver = site.call.func.value  # type: ignore[attr-defined]
    plain = isinstance(site.statement, ast.Expr) and isinstance(receiver, ast.Name)
    return plain and site.problem is None and last_name(site.call.func) == words.SET_CALL


def _is_bound(semantic: SemanticModel, lifetime: Lifetime, value: ast.expr) -> bool:
    """Whether *value* is a parameter, or is assigned once in the suite of *lifetime* before."""
    if not isinstance(value, ast.Name) or not _stays_the_same(semantic, value):
        return False
    binder = semantic.scopes.of(value).binders[0]
    if semantic.scopes.of(value).scope is not lifetime.scope:
        return False
    if isinstance(binder, ast.arg):
        return True
    path = semantic.module.paths[semantic.module.statement(binder)]
    return path[:-1] == lifetime.prefix and path[-1][0] == lifetime.field_name


def _without(proposal: Proposal, sites: list[SetCall]) -> Proposal:
    """Return *proposal* without *sites* too, under whose ids nothing is called."""
    told = (f"nothing is called under the ids of line {site.call.lineno}" for site in sites)
    removals = (Delete(site.path) for site in sites)
    return replace(proposal, edits=(*proposal.edits, *removals), notes=(*proposal.notes, *told))


def begins_without_ids(lifetime: Lifetime, flow: Flow) -> bool:
    """Whether no id is set but by the calls of *lifetime*; of these ``lasting_refusal`` tells."""
    built = lifetime.construct.kind in ("plain", "arguments") and not lifetime.owned
    return built and not (lifetime.escapes or flow.trusted or other_set(lifetime, flow))


def decide_inside(
    semantic: SemanticModel,
    finding: Finding,
    lifetime: Lifetime,
    flow: Flow,
    groups: list[list[SetCall]],
) -> Verdict:
    """Return a block for each phase, inside the one of the phase before, or the refusal.

    On our runtime a block has the ids of the one around it that it does not name, or that are None.
    """
    idle = next((g for g in groups[1:] if not any(map(keys_of, g))), None)
    if idle is not None:
        detail = "this call sets no id, and the ids that were set before it still count"
        return refuse(semantic, finding, Reason.CARRIED_IDS, detail, idle[0].call)
    form = Form(lifetime.tracker, None, fresh=False, ours=True)
    sending = semantic.sending(flow, ours=True)
    uses = last_use(semantic, lifetime, flow)
    blocks = [_block(semantic, lifetime, flow, groups, n, uses) for n in range(len(groups))]
    closing, notes = closing_edits(semantic, lifetime, blocks[-1], ours=True)
    edits: list[Edit] = [Delete(site.path) for group in groups for site in group]
    planned: list[Planned] = []
    for group, own in zip(groups, blocks, strict=True):
        whole = replace(own, stop=blocks[-1].stop)
        refusal = _phase_refusal(semantic, finding, lifetime, whole, group, form, flow)
        if refusal is not None:
            return refusal
        if not remains_work(own, closing if own is blocks[-1] else []):
            return refuse(semantic, finding, Reason.NO_WORK, "a phase does nothing", group[0].call)
        body = lifetime.body[own.start : own.stop]
        header = plan_header(semantic, finding, group, body, group[0].statement, form, sending)
        if isinstance(header, Refusal):
            return header
        planned.append(header)
        edits.append(Wrap(group[0].path, whole.stop, planned[-1].header))
    if any(one.manager == words.BATCH_CONTEXT for one in planned[:-1]):
        detail = "the prices of a batch would go on into the next phase"
        return refuse(semantic, finding, Reason.STICKY_BATCH_MODE, detail, groups[0][0].call)
    told = (*(note for one in planned for note in one.notes), *notes)
    assumed = (one for each in planned for one in each.assumptions)
    return Proposal(
        finding,
        (*edits, *closing),
        "adopt",
        f"each phase of {lifetime.binding.name} has a block inside the one whose ids last into it",
        tuple(dict.fromkeys(one.manager for one in planned)),
        lifetime.construct.home,
        tuple(dict.fromkeys(told)),
        (*dict.fromkeys(assumed), *trusted(semantic, flow)),
    )


def _block(
    semantic: SemanticModel,
    lifetime: Lifetime,
    flow: Flow,
    groups: list[list[SetCall]],
    number: int,
    uses: LastUse,
) -> Block:
    start = groups[number][-1].path[-1][1] + 1
    end = groups[number + 1][0].path[-1][1] if number + 1 < len(groups) else None
    return block_from(semantic, lifetime, flow, start, end, uses)


def _phase_refusal(
    semantic: SemanticModel,
    finding: Finding,
    lifetime: Lifetime,
    block: Block,
    group: Sequence[SetCall],
    form: Form,
    flow: Flow,
) -> Refusal | None:
    inner = first_yield(lifetime.body[block.start : block.stop])
    if inner is not None:
        return yields_refusal(semantic, finding, inner)
    body = lifetime.body[block.start : block.stop]
    apart = next((site for site in group if site.problem == VALUE_USED), None)
    if not body and apart is not None:
        # The work may stand in the same statement, or behind the next call of it.
        return problem_refusal(semantic, finding, apart)
    return (
        block_refusal(semantic, finding, lifetime, block)
        or check_arguments(semantic, finding, group, form, flow.tainted)
        or store_refusal(semantic, finding, lifetime.construct, flow, body)
    )


def _nothing_between(
    semantic: SemanticModel,
    finding: Finding,
    block: Block,
    groups: list[list[SetCall]],
    number: int,
) -> Refusal | None:
    """Refuse a phase without work: its ids cannot be named again by the next, or need not."""
    group, after = groups[number], [site for one in groups[number + 1 :][:1] for site in one]
    if block.start != block.stop or not after or any(site.problem for site in group):
        return None
    given = {key for site in after for key in keys_of(site)}
    lasting = [a for site in group for a in site.arguments if a.keyword not in given]
    for one in lasting:
        if not (one.is_spread or is_none(one.value) or _stays_the_same(semantic, one.value)):
            detail = f"{one.keyword} lasts to the next call, and cannot be named again there"
            return refuse(semantic, finding, Reason.CARRIED_IDS, detail, after[0].call)
    detail = "nothing is called under these ids before the next are set"
    return refuse(semantic, finding, Reason.NO_WORK, detail, after[0].call)


class Again(NamedTuple):
    """What a header names again of earlier ids, and what is to be confirmed of the others."""

    texts: tuple[str, ...]
    confirm: tuple[str, ...] = ()


def named_again(
    semantic: SemanticModel,
    finding: Finding,
    carried: dict[str, Argument],
    site: SetCall,
    gone: Sequence[Argument] = (),
    *,
    ours: bool,
) -> Again | Refusal:
    """Return the header's arguments for ids that last from earlier calls to *site*, or the refusal.

    The original runtime leaves the ids of a block on its tracker: there a header need not name
    what it cannot, which is told of with ``--unsafe``, since a project may move on to ours.  What
    is *gone* no block has set.
    """
    texts: list[str] = []
    asked: list[str] = []
    for keyword, argument in carried.items():
        user = keyword == words.USER and not ours
        if not user and _stays_the_same(semantic, argument.value):
            texts.append(f"{keyword}={semantic.module.segment(argument.value)}")
        elif (lost := ours or any(argument is one for one in gone)) or not semantic.settings.unsafe:
            detail = f"{keyword} lasts from an earlier call and cannot be named again"
            refusal = refuse(semantic, finding, Reason.CARRIED_IDS, detail, argument.value)
            advice = "" if lost else ", or run with --unsafe if this stays on the original runtime"
            return replace(refusal, advice=f"{refusal.advice}{advice}")
        else:
            lines = argument.value.lineno, site.call.lineno
            asked.append(STAYS.format(keyword, *lines))
    return Again(tuple(texts), tuple(asked))


def _stays_the_same(semantic: SemanticModel, value: ast.expr) -> bool:
    """Whether *value* can be evaluated again later with the same result."""
    if isinstance(value, ast.Constant):
        return True
    if not isinstance(value, ast.Name):
        return False
    binding = semantic.scopes.of(value)
    if len(binding.binders) != 1 or binding.declared or binding.deletes or binding.scope.is_module:
        return False
    binder = binding.binders[0]
    statement = semantic.module.parents.get(binder)
    if isinstance(binder, ast.arg):
        return True
    before = (binder.lineno, binder.col_offset) < (value.lineno, value.col_offset)  # type: ignore[attr-defined]
    return isinstance(statement, ast.Assign) and before
