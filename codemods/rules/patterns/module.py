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
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.dataflow.call_graph import reachable
from codemods.analysis.dataflow.deferred.callbacks import may_call_back
from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers.block_extent import Block
from codemods.analysis.trackers.last_use import LastUse
from codemods.analysis.trackers.lifetimes import Lifetime, SetCall, is_none
from codemods.model.edit import Delete, Edit, Header, Path, Rename, Wrap
from codemods.model.proposal import Proposal
from codemods.model.refusal import Reason, Refusal
from codemods.rules.checks.lasting_ids import lasting_refusal
from codemods.rules.checks.lifetime import (
    block_refusal,
    doubted,
    external_refusal,
    flow_escape,
    lifetime_refusal,
    other_set,
    trusted,
    with_bases,
)
from codemods.rules.checks.store_reads import store_refusal
from codemods.rules.planning import operation_types
from codemods.rules.planning.blocks import closing_edits, remains_work
from codemods.rules.planning.headers import TASKS_APART, Form, check_arguments, plan_header
from codemods.rules.planning.user_ids import keep_user
from codemods.rules.refusing import refuse
from codemods.rules.rule import Answer, Decided, OpenSites, Sites, calls_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.dataflow.taint_records import Flow
    from codemods.analysis.external.references import Uses
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.model.finding import Finding
    from codemods.model.proposal import Verdict

TAKES = Sites.BUILT
CODE = "AIU001"
MESSAGE = "module-level tracker configured by hand"
STEP_TARGET = "step_tracker"
_STEP = "_step"
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class _User:
    """A function that sets the ids of the module's tracker, in the top level of its body."""

    function: _Function
    sets: list[SetCall]
    lifetime: Lifetime
    block: Block
    flow: Flow


def decide(semantic: SemanticModel, open_sites: OpenSites) -> Iterator[Answer]:
    """Answer for each tracker of the module that functions use."""
    built = {construct.call for construct in open_sites.constructs}
    for lifetime in semantic.tracker_lifetimes:
        if lifetime.construct.call in built and semantic.is_used_by_functions(lifetime):
            yield _answer(semantic, lifetime)


def _answer(semantic: SemanticModel, lifetime: Lifetime) -> Answer:
    if semantic.is_migrated(lifetime):
        return Answer(calls_of(lifetime))
    finding = semantic.finding(CODE, lifetime.construct.call, MESSAGE)
    return Answer(calls_of(lifetime), finding, partial(_decided, semantic, finding, lifetime))


def _decided(semantic: SemanticModel, finding: Finding, lifetime: Lifetime) -> Decided:
    uses = semantic.elsewhere.variable(lifetime.binding.name)
    refusal = lifetime_refusal(semantic, finding, lifetime) or external_refusal(
        semantic, finding, uses
    )
    if refusal is not None:
        return Decided(refusal)
    users = _users(semantic, finding, lifetime)
    if isinstance(users, Refusal):
        return Decided(users)
    holders = frozenset(binding for user in users for binding in user.flow.tainted)
    return Decided(_verdict(semantic, finding, lifetime, users, uses), holders)


def _verdict(
    semantic: SemanticModel,
    finding: Finding,
    lifetime: Lifetime,
    users: list[_User],
    uses: Uses,
) -> Verdict:
    """Return the blocks of all *users*, or the refusal of the first that has none."""
    alone = (
        len(users) == 1
        and lifetime.construct.kind == "plain"
        and lifetime.is_alone
        and semantic.ours(lifetime.construct.home)
    )
    owns = alone and not semantic.used_elsewhere(lifetime.binding.name)
    edits: list[Edit] = [Delete(lifetime.path(lifetime.index))] if owns else []
    proposal = Proposal(finding, (), "own" if owns else "adopt", _why(owns, lifetime, users))
    for user in users:
        part = _block_of(semantic, finding, user, owns, steps=len(users) == 1)
        if isinstance(part, Refusal):
            return part
        edits.extend(part.edits)
        proposal = _joined(proposal, part)
    if len(users) > 1 and {words.BATCH_CONTEXT, words.CONTEXT} <= {*proposal.needs}:
        if not semantic.ours(lifetime.construct.home):
            detail = "the original runtime leaves the tracker in batch mode after the block"
            return refuse(
                semantic, finding, Reason.STICKY_BATCH_MODE, detail, users[0].sets[0].call
            )
    return Proposal(
        finding,
        tuple(edits),
        proposal.form,
        proposal.why,
        proposal.needs,
        lifetime.construct.home,
        proposal.notes,
        (*proposal.assumptions, *doubted(finding, uses)),
        proposal.confirm,
    )


def _why(owns: bool, lifetime: Lifetime, users: list[_User]) -> str:
    name = lifetime.binding.name
    if owns:
        return f"{name} is used by {users[0].function.name} only, and always after its ids are set"
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
        (*one.confirm, *other.confirm),
    )


def _function(semantic: SemanticModel, node: ast.AST) -> _Function | None:
    """Return the outermost function around *node*."""
    found = None
    for ancestor in semantic.module.ancestors(node):
        if isinstance(ancestor, ast.FunctionDef | ast.AsyncFunctionDef):
            found = ancestor
    return found


def _users(semantic: SemanticModel, finding: Finding, lifetime: Lifetime) -> list[_User] | Refusal:
    name = lifetime.binding.name
    grouped: dict[_Function, list[ast.Name]] = {}
    for load in lifetime.loads:
        function = _function(semantic, load)
        if function is None or isinstance(function, ast.Lambda):
            detail = f"the module itself uses {name}, and functions rely on the ids that are set"
            return refuse(semantic, finding, Reason.SHARED_STATE, detail, load)
        grouped.setdefault(function, []).append(load)
    users: list[_User] = []
    for function, loads in grouped.items():
        user = _user(semantic, finding, lifetime, function, loads)
        if isinstance(user, Refusal):
            return user
        users.append(user)
    return _same_ids(semantic, finding, users) or _each_other(semantic, finding, users) or users


def _each_other(semantic: SemanticModel, finding: Finding, users: list[_User]) -> Refusal | None:
    """Refuse where a block reaches a function that sets the ids of the same tracker."""
    functions: set[ast.AST] = {user.function for user in users}
    for user in users:
        body = user.function.body[user.block.start : user.block.stop]
        for reached in reachable(semantic.taint, body):
            if reached.node in functions:
                detail = f"{user.function.name} calls {reached.node.name}, which sets other ids"
                return refuse(semantic, finding, Reason.SHARED_STATE, detail, user.sets[0].call)
        if may_call_back(semantic.taint, body, functions):
            detail = f"{user.function.name} may call back a function that sets other ids"
            return refuse(semantic, finding, Reason.SHARED_STATE, detail, user.sets[0].call)
        place = other_set(user.lifetime, user.flow)
        if place is not None:
            detail = f"{ast.unparse(place)} may set ids of the shared tracker"
            return refuse(semantic, finding, Reason.SHARED_STATE, detail, place)
    return None


def _user(
    semantic: SemanticModel,
    finding: Finding,
    lifetime: Lifetime,
    function: _Function,
    loads: list[ast.Name],
) -> _User | Refusal:
    name = lifetime.binding.name
    prefix = semantic.module.paths[function]
    sets = [s for s in lifetime.sets if s.path[:-1] == prefix and s.path[-1][0] == "body"]
    inside = [s for s in lifetime.sets if s.path[: len(prefix)] == prefix]
    if not sets or len(inside) != len(sets):
        detail = f"{function.name} uses {name} with ids that others set, or sets them in a branch"
        place = inside[0].call if inside else loads[0]
        return refuse(semantic, finding, Reason.SHARED_STATE, detail, place)
    first, last = sets[0].path[-1][1], sets[-1].path[-1][1]
    if last - first != len(sets) - 1:
        detail = f"{function.name} sets the ids of the shared tracker several times"
        return refuse(semantic, finding, Reason.SHARED_STATE, detail, sets[-1].call)
    block = Block(prefix, "body", last + 1, len(function.body))
    if _waits(function) and not semantic.settings.unsafe:
        detail = f"tasks that run {function.name} at the same time share the tracker's ids"
        return refuse(semantic, finding, Reason.SHARED_STATE, detail, sets[0].call)
    own = {site.call.func.value for site in sets}  # type: ignore[attr-defined]
    for load in loads:
        if load not in own and not block.holds(
            semantic.module.paths[semantic.module.statement(load)]
        ):
            detail = f"{function.name} uses {name} before it sets the ids"
            return refuse(semantic, finding, Reason.SHARED_STATE, detail, load)
    scope = semantic.scopes.inner[function]
    rest = function.body[last + 1 :]
    flow = semantic.taint.follow(lifetime.binding, rest, scope)
    flow = with_bases(semantic, flow, lifetime.construct)
    last_use = LastUse(semantic.taint, flow, rest, looks=semantic.looks(lifetime.construct))
    stop = last_use.stop(function.body, block.start, block.stop)
    return flow_escape(semantic, finding, flow) or _User(
        function,
        sets,
        _local(lifetime, function, prefix, scope),
        replace(block, stop=stop),
        flow,
    )


def _waits(function: _Function) -> bool:
    waiting = (ast.Await, ast.AsyncFor, ast.AsyncWith)
    return isinstance(function, ast.AsyncFunctionDef) and any(
        isinstance(n, waiting) for n in walk(function)
    )


def _local(lifetime: Lifetime, function: _Function, prefix: Path, scope: object) -> Lifetime:
    """Return the lifetime as seen from inside *function*: its suite is the function's body."""
    return Lifetime(
        lifetime.binding,
        scope,  # type: ignore[arg-type]
        lifetime.construct,
        lifetime.binding_statement,
        function.body,
        prefix,
        "body",
        -1,
        len(function.body),
        lifetime.sets,
        lifetime.loads,
    )


def _same_ids(semantic: SemanticModel, finding: Finding, users: list[_User]) -> Refusal | None:
    """Refuse where an id that one function sets would last into another one's calls."""
    keys = [{a.keyword for s in u.sets for a in s.arguments if not is_none(a.value)} for u in users]
    for user, mine in zip(users, keys, strict=True):
        if mine != keys[0]:
            detail = f"{users[0].function.name} and {user.function.name} set different ids"
            return refuse(semantic, finding, Reason.SHARED_STATE, detail, user.sets[0].call)
    return None


def _block_of(
    semantic: SemanticModel, finding: Finding, user: _User, owns: bool, *, steps: bool
) -> Proposal | Refusal:
    ours = semantic.ours(user.lifetime.construct.home)
    name = user.lifetime.binding.name
    form = (
        Form(None, name, fresh=False, ours=ours, sticky=True)
        if owns
        else Form(name, None, fresh=False, ours=ours, sticky=True)
    )
    form, stays = keep_user(user.sets, form)
    body = user.function.body[user.block.start : user.block.stop]
    refusal = (
        block_refusal(semantic, finding, user.lifetime, user.block)
        or check_arguments(semantic, finding, user.sets, form, user.flow.tainted)
        or lasting_refusal(semantic, finding, user.sets)
        or store_refusal(semantic, finding, user.lifetime.construct, user.flow, body)
    )
    if refusal is not None:
        return refusal
    closing, notes = closing_edits(semantic, user.lifetime, user.block, ours)
    if not remains_work(user.block, closing):
        return refuse(semantic, finding, Reason.NO_WORK, "nothing follows", user.sets[0].call)
    sending = semantic.sending(user.flow, ours=ours)
    planned = plan_header(semantic, user.sets, body, user.sets[0].statement, form, sending)
    inner = _step_edits(semantic, user) if steps else []
    edits = (
        *(stays.get(site.path, Delete(site.path)) for site in user.sets),
        Wrap(user.sets[0].path, user.block.stop, planned.header),
        *closing,
        *inner,
    )
    needs = (planned.manager, words.CONTEXT) if inner else (planned.manager,)
    confirm = (TASKS_APART.format(user.function.name),) if _waits(user.function) else ()
    assumptions = (*planned.assumptions, *trusted(semantic, user.flow))
    notes = (*planned.notes, *notes)
    return Proposal(finding, edits, "", "", needs, "", notes, assumptions, confirm)


def _step_edits(semantic: SemanticModel, user: _User) -> list[Edit]:
    """Return a sub-context for each of two or more step calls in a row."""
    scope = semantic.scopes.inner[user.function]
    if semantic.scopes.binding(STEP_TARGET, scope).binders:
        return []
    runs: list[list[tuple[int, str]]] = [[]]
    for index in range(user.block.start, user.block.stop):
        step = _step_call(semantic, user, user.function.body[index])
        if step is None:
            runs.append([])
        else:
            runs[-1].append((index, step))
    edits: list[Edit] = []
    for run in (run for run in runs if len(run) > 1):
        for index, step in run:
            edits.extend(_sub_context(semantic, user, index, step))
    return edits


def _sub_context(semantic: SemanticModel, user: _User, index: int, step: str) -> list[Edit]:
    operation = f"{operation_types.snake(step, _STEP) or 'workflow'}{_STEP}"
    name = user.lifetime.binding.name
    leading = (
        operation_types.literal(operation, semantic.quote),
        f"{words.TRACKER_ARGUMENT}={name}",
    )
    header = Header(words.CONTEXT, leading, (), (), STEP_TARGET, (operation,))
    path = user.block.path(index)
    return [Wrap(path, index + 1, header), Rename(path, name, STEP_TARGET)]


def _step_call(semantic: SemanticModel, user: _User, statement: ast.stmt) -> str | None:
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
