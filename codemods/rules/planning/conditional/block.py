"""The block for ids that a run of set calls leaves behind, with calls that stay inside."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from codemods.analysis.trackers.ids.merging import Choice, Merged, Value
from codemods.model.edit import Delete, Edit, Wrap
from codemods.model.proposal import Proposal
from codemods.model.refusal import Reason, Refusal
from codemods.rules.checks.lifetime import block_refusal, trusted
from codemods.rules.checks.store_reads import store_refusal
from codemods.rules.planning.blocks import block_from, closing_edits, form_of, remains_work
from codemods.rules.planning.conditional.texts import written
from codemods.rules.planning.headers import argument_refusal, plan_header, problem_refusal
from codemods.rules.planning.user_ids import keep_user
from codemods.rules.refusing import refuse

if TYPE_CHECKING:
    import ast
    from collections.abc import Sequence

    from codemods.analysis.dataflow.taint_records import Flow
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.lifetimes import Lifetime, SetCall
    from codemods.model.finding import Finding
    from codemods.model.proposal import Verdict
    from codemods.rules.planning.headers import Form, Planned


def decide_merged(
    semantic: SemanticModel, finding: Finding, lifetime: Lifetime, flow: Flow, merged: Merged
) -> Verdict:
    """Return the block with the ids of *merged* in its header, or the refusal."""
    ours = semantic.ours(lifetime.construct.home)
    form, own = form_of(semantic, lifetime, flow, merged.first, ours)
    form, stays = keep_user(semantic, merged.sites, form)
    if stays:
        form, own = replace(form, tracker=lifetime.binding.name, target=None), False
    block = block_from(semantic, lifetime, flow, merged.stop)
    body = lifetime.body[block.start : block.stop]
    refusal = (
        block_refusal(semantic, finding, lifetime, block)
        or _value_refusal(semantic, finding, merged, form)
        or store_refusal(semantic, finding, lifetime.construct, flow, body)
    )
    if refusal is not None:
        return refusal
    closing, notes = closing_edits(semantic, lifetime, block, ours)
    if not remains_work(block, closing):
        detail = "nothing happens between the ids and the end"
        return refuse(semantic, finding, Reason.NO_WORK, detail)
    planned = _planned(semantic, finding, lifetime, flow, merged, body, form)
    if isinstance(planned, Refusal):
        return planned
    edits: list[Edit] = [
        stays.get(site.path, Delete(site.path)) for site in merged.sites[: merged.leading]
    ]
    later = range(merged.first + merged.leading, merged.stop)
    edits.extend(Delete(lifetime.path(index)) for index in later)
    head = lifetime.path(merged.first)
    if own:
        edits.append(Delete(lifetime.path(lifetime.index)))
        head = lifetime.path(lifetime.index) if merged.first == lifetime.index + 1 else head
    staying = [site for site in lifetime.sets if site not in merged.sites]
    return Proposal(
        finding,
        (*edits, Wrap(head, block.stop, planned.header), *closing),
        "keep" if staying or stays else ("own" if own else "adopt"),
        f"{lifetime.binding.name} has the ids of the header from the first use on",
        (planned.manager,),
        lifetime.construct.home,
        (*planned.notes, *notes, *map(_told, staying)),
        (*planned.assumptions, *trusted(semantic, flow)),
        planned.confirm,
    )


def with_calls_inside(proposal: Proposal, lifetime: Lifetime) -> Proposal:
    """Return *proposal*, a block without ids, as one in which all set calls of *lifetime* stay."""
    why = f"all that uses {lifetime.binding.name} is in the block, and the calls in it set the ids"
    notes = (*proposal.notes, *map(_told, lifetime.sets))
    return replace(proposal, form="keep", why=why, notes=notes)


def _told(site: SetCall) -> str:
    return f"the call in line {site.call.lineno} stays: it sets ids for the rest of the block"


def _value_refusal(
    semantic: SemanticModel, finding: Finding, merged: Merged, form: Form
) -> Refusal | None:
    for site in merged.sites:
        if site.problem is not None:
            return problem_refusal(semantic, finding, site)
        for argument in site.arguments:
            refusal = argument_refusal(semantic, finding, argument, form)
            if refusal is not None:
                return refusal
    erased = not (form.fresh or form.ours)
    for keyword, value in merged.values.items():
        if erased and _may_lack(value):
            place = merged.sites[0].call
            detail = f"{keyword} is not set in each branch, and then the earlier id must stay"
            return refuse(semantic, finding, Reason.CONDITIONAL_CONTEXT, detail, place)
    return None


def _may_lack(value: Value | None) -> bool:
    """Whether an id is not set on some way through the run."""
    if isinstance(value, Choice):
        return _may_lack(value.then) or _may_lack(value.other)
    return value is None


def _planned(
    semantic: SemanticModel,
    finding: Finding,
    lifetime: Lifetime,
    flow: Flow,
    merged: Merged,
    body: Sequence[ast.stmt],
    form: Form,
) -> Planned | Refusal:
    """Return the header: arguments of calls as they are, then the ids that are merged."""
    sets = [replace(site, arguments=tuple(merged.own_of(site))) for site in merged.sites]
    sending = semantic.sending(flow, ours=form.ours)
    form = replace(form, outlived=lifetime.escapes)
    at = lifetime.body[merged.first]
    planned = plan_header(semantic, finding, sets, body, at, form, sending)
    if isinstance(planned, Refusal):
        return planned
    texts = (f"{k}={written(semantic, v)}" for k, v in merged.others().items())
    taken = planned.header.taken[: merged.leading]
    trailing = (*texts, *planned.header.trailing)
    return replace(planned, header=replace(planned.header, taken=taken, trailing=trailing))
