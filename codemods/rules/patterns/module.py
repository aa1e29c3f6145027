"""Module tracker: one object at the top of a module, configured inside functions.

What it does    Gives each function that sets the ids a block of its own.
Why             The ids of one call last into the next, whoever makes it.
Before          tracker = AIUsageTracker()
                def review(data):
                    tracker.set_tracking_context(job_id="review-1")
                    return summarize(data, tracker)
After           def review(data):
                    with ai_usage_context("review", job_id="review-1") as tracker:
                        return summarize(data, tracker)
Safety          Safe while every function that uses the tracker sets the same ids first.
Leaves alone    shared-state, escapes, yields-inside, ...
Guide           section 5
"""

from __future__ import annotations

import ast
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.tree import walk
from codemods.model.edit import Delete, Edit, Header, Rename, Wrap
from codemods.model.proposal import Proposal
from codemods.model.refusal import Reason, Refusal
from codemods.rules.checks.lifetime import (
    block_refusal,
    doubted,
    external_refusal,
    lifetime_refusal,
    trusted,
)
from codemods.rules.checks.shared_trackers.doubtful_constructs import (
    construct_conditions,
    doubted_inside_refusal,
)
from codemods.rules.checks.shared_trackers.module_users import users_of
from codemods.rules.checks.shared_trackers.sole_use import helpers
from codemods.rules.checks.store_reads import store_refusal
from codemods.rules.planning import operation_types
from codemods.rules.planning.blocks import closing_edits, remains_work
from codemods.rules.planning.headers import Form, check_arguments, plan_header, sticky_refusal
from codemods.rules.planning.user_ids import keep_user
from codemods.rules.planning.whole_lifetime import decide_lifetime
from codemods.rules.refusing import refuse
from codemods.rules.rule import Answer, Decided, OpenSites, Sites, calls_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.external.names import Uses
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.lifetimes import Lifetime
    from codemods.model.finding import Finding
    from codemods.model.proposal import Verdict
    from codemods.rules.checks.shared_trackers.leaking_ids import Conditions
    from codemods.rules.checks.shared_trackers.module_users import User, Users

TAKES = Sites.BUILT
CODE = "AIU001"
MESSAGE = "module-level tracker configured by hand"
STEP_TARGET = "step_tracker"
_STEP = "_step"


def decide(semantic: SemanticModel, open_sites: OpenSites) -> Iterator[Answer]:
    """Answer for each tracker of the module that functions use."""
    built = {construct.call for construct in open_sites.constructs}
    for lifetime in semantic.tracker_lifetimes:
        if lifetime.construct.call in built and semantic.is_used_by_functions(lifetime):
            yield _answer(semantic, lifetime)


def _answer(semantic: SemanticModel, lifetime: Lifetime) -> Answer:
    if semantic.is_migrated(lifetime) or _has_ids_from_the_start(semantic, lifetime):
        return Answer(calls_of(lifetime))
    finding = semantic.finding(CODE, lifetime.construct.call, MESSAGE)
    return Answer(calls_of(lifetime), finding, partial(_decided, semantic, finding, lifetime))


def _has_ids_from_the_start(semantic: SemanticModel, lifetime: Lifetime) -> bool:
    """Whether contexts use the tracker, and no ids are set but by statements of the module."""
    top = semantic.module.tree.body
    stays = all(site.statement in top for site in lifetime.sets)
    return stays and any(map(semantic.lifetimes.migrated_use, lifetime.loads))


def _decided(semantic: SemanticModel, finding: Finding, lifetime: Lifetime) -> Decided:
    uses = semantic.elsewhere.variable(lifetime.binding.name)
    refusal = lifetime_refusal(semantic, finding, lifetime) or external_refusal(
        semantic, finding, uses, asks=True
    )
    if refusal is not None:
        return Decided(refusal)
    users = users_of(semantic, finding, lifetime)
    if isinstance(users, Refusal):
        if helpers(semantic, lifetime, lifetime.binding) and not uses.readers:
            verdict = decide_lifetime(semantic, finding, lifetime)
            return Decided(verdict, frozenset(semantic.flow(lifetime).tainted))
        return Decided(users)
    for place in uses.readers:
        text = f"{place} and {lifetime.binding.name}'s functions here"
        asked = users.asked.also(f"{text} would no longer pass ids on", lifetime.construct.call)
        users = replace(users, asked=asked)
    if users.asked.first is not None and not semantic.settings.unsafe:
        return Decided(users.asked.refusal(semantic, finding))
    holders = frozenset(binding for user in users.blocks for binding in user.part.flow.tainted)
    return Decided(_verdict(semantic, finding, lifetime, users, uses), holders)


def _verdict(
    semantic: SemanticModel,
    finding: Finding,
    lifetime: Lifetime,
    users: Users,
    uses: Uses,
    *,
    outlived: bool = False,
) -> Verdict:
    """Return the blocks of all *users*, or the refusal of the first that has none.

    *outlived* says that no block may leave the tracker in batch mode.
    """
    owns = _is_taken_in(semantic, lifetime, users)
    edits: list[Edit] = [Delete(lifetime.path(lifetime.index))] if owns else []
    proposal = Proposal(finding, (), "own" if owns else "adopt", _why(owns, lifetime, users))
    for user in users.blocks:
        steps = len(users.blocks) == 1
        part = _block_of(semantic, finding, user, users.asked, owns, steps=steps, outlived=outlived)
        if isinstance(part, Refusal):
            return part
        edits.extend(part.edits)
        proposal = _joined(proposal, part)
    doubted_inside = doubted_inside_refusal(semantic, finding, lifetime, edits)
    if doubted_inside is not None:
        return doubted_inside
    # Functions that a person was asked about may use the tracker outside of all blocks.
    several = len(users.blocks) > 1 and words.CONTEXT in proposal.needs
    others = several or users.asked.first is not None
    if others and words.BATCH_CONTEXT in proposal.needs and not outlived:
        if not semantic.ours(lifetime.construct.home):
            if semantic.settings.unsafe:
                return _verdict(semantic, finding, lifetime, users, uses, outlived=True)
            return sticky_refusal(semantic, finding, users.blocks[0].first)
    return Proposal(
        finding,
        tuple(edits),
        proposal.form,
        proposal.why,
        proposal.needs,
        lifetime.construct.home,
        proposal.notes,
        (*proposal.assumptions, *doubted(finding, uses)),
        (*users.asked.texts, *proposal.confirm, *construct_conditions(semantic, lifetime)),
    )


def _is_taken_in(semantic: SemanticModel, lifetime: Lifetime, users: Users) -> bool:
    """Whether the one block builds the tracker: nothing else asks for it by its name."""
    if len(users.blocks) != 1 or lifetime.construct.kind != "plain" or not lifetime.is_alone:
        return False
    if not semantic.ours(lifetime.construct.home):
        return False
    user = users.blocks[0]
    own = {site.call.func.value for site in user.sets}  # type: ignore[attr-defined]
    paths = semantic.module.paths
    inside = (
        load in own or user.part.block.holds(paths[semantic.module.statement(load)])
        for load in lifetime.loads
    )
    top = user.part.statements is user.function.body
    return top and all(inside) and not semantic.used_elsewhere(lifetime.binding.name)


def _why(owns: bool, lifetime: Lifetime, users: Users) -> str:
    name = lifetime.binding.name
    if owns:
        function = users.blocks[0].function.name
        return f"{name} is used by {function} only, and always after its ids are set"
    if users.asked.first is not None:
        return f"{name} stays; each function has the ids that it sets itself"
    return f"{name} stays; every function that uses it sets the same ids first"


def _joined(one: Proposal, other: Proposal) -> Proposal:
    return Proposal(
        one.finding,
        (),
        one.form,
        one.why,
        tuple(dict.fromkeys((*one.needs, *other.needs))),
        "",
        tuple(dict.fromkeys((*one.notes, *other.notes))),
        tuple(dict.fromkeys((*one.assumptions, *other.assumptions))),
        tuple(dict.fromkeys((*one.confirm, *other.confirm))),
    )


def _block_of(
    semantic: SemanticModel,
    finding: Finding,
    user: User,
    asked: Conditions,
    owns: bool,
    *,
    steps: bool,
    outlived: bool,
) -> Proposal | Refusal:
    ours = semantic.ours(user.lifetime.construct.home)
    name = user.lifetime.binding.name
    form = (
        Form(None, name, fresh=False, ours=ours, sticky=True)
        if owns
        else Form(name, None, fresh=False, ours=ours, sticky=True)
    )
    form, stays = keep_user(semantic, user.sets, replace(form, outlived=outlived))
    block, flow, body = user.part.block, user.part.flow, user.part.body
    checked = replace(form, sticky=False, fresh=True) if asked.about_none else form
    refusal = (
        block_refusal(semantic, finding, user.lifetime, block)
        or check_arguments(semantic, finding, user.sets, checked, flow.tainted)
        or store_refusal(semantic, finding, user.lifetime.construct, flow, body)
    )
    if refusal is not None:
        return refusal
    closing, notes = closing_edits(semantic, user.lifetime, block, ours)
    if not remains_work(block, closing):
        return refuse(semantic, finding, Reason.NO_WORK, "nothing follows", user.first)
    sending = semantic.sending(flow, ours=ours)
    planned = plan_header(semantic, finding, user.sets, body, user.first, form, sending)
    if isinstance(planned, Refusal):
        return planned
    inner = _step_edits(semantic, user) if steps else []
    edits = (
        *(stays.get(site.path, Delete(site.path)) for site in user.sets),
        Wrap(user.path, block.stop, planned.header),
        *closing,
        *inner,
    )
    needs = (planned.manager, words.CONTEXT) if inner else (planned.manager,)
    assumptions = (*planned.assumptions, *trusted(semantic, flow))
    notes = (*planned.notes, *notes)
    return Proposal(finding, edits, "", "", needs, "", notes, assumptions, planned.confirm)


def _step_edits(semantic: SemanticModel, user: User) -> list[Edit]:
    """Return a sub-context for each of two or more step calls in a row."""
    scope = semantic.scopes.inner[user.function]
    if semantic.scopes.binding(STEP_TARGET, scope).binders:
        return []
    runs: list[list[tuple[int, str]]] = [[]]
    for index in range(user.part.block.start, user.part.block.stop):
        step = _step_call(semantic, user, user.lifetime.body[index])
        if step is None:
            runs.append([])
        else:
            runs[-1].append((index, step))
    edits: list[Edit] = []
    for run in (run for run in runs if len(run) > 1):
        for index, step in run:
            edits.extend(_sub_context(semantic, user, index, step))
    return edits


def _sub_context(semantic: SemanticModel, user: User, index: int, step: str) -> list[Edit]:
    operation = f"{operation_types.snake(step, _STEP) or 'workflow'}{_STEP}"
    name = user.lifetime.binding.name
    leading = (
        operation_types.literal(operation, semantic.quote),
        f"{words.TRACKER_ARGUMENT}={name}",
    )
    header = Header(words.CONTEXT, leading, (), (), STEP_TARGET, (operation,))
    path = user.part.block.path(index)
    return [Wrap(path, index + 1, header), Rename(path, name, STEP_TARGET)]


def _step_call(semantic: SemanticModel, user: User, statement: ast.stmt) -> str | None:
    """Return the function's name if *statement* is one call that is given the tracker."""
    if not isinstance(statement, ast.Assign | ast.Expr):
        return None
    value = statement.value.value if isinstance(statement.value, ast.Await) else statement.value
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Name | ast.Attribute):
        return None
    if any(isinstance(n, ast.Lambda | ast.NamedExpr) for n in walk(statement)):
        return None
    given = [*value.args, *(keyword.value for keyword in value.keywords)]
    mentions = [
        n
        for n in walk(statement)
        if isinstance(n, ast.Name)
        and n in semantic.scopes.scope_of
        and semantic.scopes.of(n) is user.lifetime.binding
    ]
    if len(mentions) != 1 or mentions[0] not in given:
        return None
    return value.func.id if isinstance(value.func, ast.Name) else value.func.attr
