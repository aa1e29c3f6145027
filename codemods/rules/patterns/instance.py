"""Instance tracker: built in ``__init__``, configured in methods.

What it does    Gives each method that sets the ids of ``self.tracker`` a block around its work.
Why             The ids of one call last into the next call of any method.
Before          def read(self, text):
                    self.tracker.set_tracking_context(job_id="read-1")
                    return ask(text, self.tracker)
After           def read(self, text):
                    with ai_usage_context("reader_read", tracker=self.tracker, job_id="read-1"):
                        return ask(text, self.tracker)
Safety          Safe while every method that uses the tracker sets the same ids first, or is
                called by such methods only, and no task switches in between.
Leaves alone    shared-state, escapes, yields-inside, ...
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.dataflow.call_graph import reachable
from codemods.analysis.dataflow.deferred.callbacks import may_call_back
from codemods.analysis.syntax.effects import first_yield
from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers.block_extent import Block
from codemods.analysis.trackers.last_use import LastUse
from codemods.analysis.trackers.lifetimes import is_none
from codemods.model.edit import Delete, Edit, Wrap
from codemods.model.proposal import Assumption, Proposal
from codemods.model.refusal import Reason, Refusal
from codemods.rules.checks.forwarders import is_forwarder
from codemods.rules.checks.lasting_ids import lasting_refusal
from codemods.rules.checks.lifetime import (
    doubted,
    flow_escape,
    trusted,
    with_bases,
)
from codemods.rules.checks.process_ends import ending_refusal
from codemods.rules.checks.store_reads import store_refusal
from codemods.rules.planning.headers import TASKS_APART, Form, check_arguments, plan_header
from codemods.rules.planning.newly_captured import bare_call_notes
from codemods.rules.planning.tracker_field import (
    Method,
    TrackerField,
    foreign_use,
    self_name,
    tracker_field,
)
from codemods.rules.planning.user_ids import keep_user, stays_in_context
from codemods.rules.refusing import refuse
from codemods.rules.rule import Answer, Decided, OpenSites, Sites

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.dataflow.taint_records import Flow
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.lifetimes import SetCall
    from codemods.model.finding import Finding
    from codemods.model.proposal import Verdict

TAKES = Sites.BUILT
CODE = "AIU001"
MESSAGE = "tracker of an object configured by hand"


@dataclass(frozen=True)
class _User:
    """A method that sets the ids, at the level of its body; ``helpers`` use the tracker for it."""

    method: Method
    sets: list[SetCall]
    block: Block
    flow: Flow
    helpers: frozenset[str]


def decide(semantic: SemanticModel, open_sites: OpenSites) -> Iterator[Answer]:
    """Answer for each tracker that an ``__init__`` puts into a field of its object."""
    for construct in open_sites.constructs:
        field = tracker_field(semantic, construct)
        if field is None:
            continue
        sets = [s for s in semantic.lifetimes.set_calls if _is_of(field, s)]
        if not all(stays_in_context(semantic, site) for site in sets):
            yield _answer(semantic, field, sets)
        elif _is_migrated(semantic, field):
            yield Answer(frozenset({construct.call}))


def _answer(semantic: SemanticModel, field: TrackerField, sets: list[SetCall]) -> Answer:
    """Return the answer; nothing is found of a class that only passes the ids on.

    Those who call such a class decide.
    """
    calls = frozenset({field.construct.call, *(site.call for site in sets)})
    if all(is_forwarder(semantic, site) for site in sets):
        return Answer(calls)
    finding = semantic.finding(CODE, field.construct.call, MESSAGE)
    return Answer(calls, finding, partial(_decided, semantic, finding, field, sets))


def _decided(
    semantic: SemanticModel, finding: Finding, field: TrackerField, sets: list[SetCall]
) -> Decided:
    outcome = _users(semantic, finding, field, sets)
    if isinstance(outcome, Refusal):
        return Decided(outcome)
    return Decided(_proposal(semantic, finding, field, outcome))


def _is_migrated(semantic: SemanticModel, field: TrackerField) -> bool:
    """Whether the field is used by context managers already."""
    return any(_feeds_context(semantic, load) for loads in field.loads.values() for load in loads)


def _feeds_context(semantic: SemanticModel, load: ast.Attribute) -> bool:
    keyword = semantic.module.parents[load]
    if not isinstance(keyword, ast.keyword) or keyword.arg != words.TRACKER_ARGUMENT:
        return False
    call = semantic.module.parents[keyword]
    return isinstance(call, ast.Call) and semantic.names.context_manager(call.func) is not None


def _is_of(field: TrackerField, site: SetCall) -> bool:
    receiver = site.call.func.value  # type: ignore[attr-defined]
    return any(receiver in loads for loads in field.loads.values())


def _users(
    semantic: SemanticModel, finding: Finding, field: TrackerField, sets: list[SetCall]
) -> list[_User] | Refusal:
    refusal = foreign_use(semantic, finding, field)
    if refusal is not None:
        return refusal
    users: list[_User] = []
    setting = {
        method: [s for s in sets if s.call.func.value in loads]  # type: ignore[attr-defined]
        for method, loads in field.loads.items()
    }
    helpers = [method for method, mine in setting.items() if not mine]
    names = {method.name for method in helpers}
    for method in (method for method, mine in setting.items() if mine):
        user = _user(semantic, finding, field, method, setting[method], names)
        if isinstance(user, Refusal):
            return user
        users.append(user)
    refusal = _helpers_refusal(semantic, finding, field, users, helpers)
    return refusal or _ids_refusal(semantic, finding, users) or users


def _user(
    semantic: SemanticModel,
    finding: Finding,
    field: TrackerField,
    method: Method,
    sets: list[SetCall],
    helpers: set[str],
) -> _User | Refusal:
    prefix = semantic.module.paths[method]
    text = f"self.{field.name}"
    if any(s.path[:-1] != prefix or s.path[-1][0] != "body" for s in sets):
        detail = f"{method.name} sets the ids of {text} in an inner suite"
        return refuse(semantic, finding, Reason.SHARED_STATE, detail, sets[0].call)
    first, last = sets[0].path[-1][1], sets[-1].path[-1][1]
    block = Block(prefix, "body", last + 1, len(method.body))
    if last - first != len(sets) - 1 or block.start == block.stop:
        detail = f"{method.name} sets the ids of {text} several times, or last"
        return refuse(semantic, finding, Reason.SHARED_STATE, detail, sets[-1].call)
    own = {s.call.func.value for s in sets}  # type: ignore[attr-defined]
    for load in field.loads[method]:
        if load not in own and not block.holds(
            semantic.module.paths[semantic.module.statement(load)]
        ):
            detail = f"{method.name} uses {text} before it sets the ids"
            return refuse(semantic, finding, Reason.SHARED_STATE, detail, load)
    rest = method.body[block.start :]
    scope = semantic.scopes.inner[method]
    root = (semantic.scopes.binding(self_name(method), scope), field.name)
    flow = semantic.taint.follow(root, rest, scope)
    flow = with_bases(semantic, flow, field.construct)
    last_use = LastUse(semantic.taint, flow, rest, helpers, semantic.looks(field.construct))
    stop = last_use.stop(method.body, last + 1, block.stop)
    block = replace(block, stop=stop)
    body = method.body[block.start : block.stop]
    if not body:
        return refuse(semantic, finding, Reason.NO_WORK, "nothing follows", sets[-1].call)
    inner = first_yield(body)
    if inner is not None:
        return refuse(
            semantic, finding, Reason.YIELDS_INSIDE, "control leaves the block here", inner
        )
    waits = isinstance(method, ast.AsyncFunctionDef) and _waits(body)
    if waits and not semantic.settings.unsafe:
        detail = f"tasks that run {method.name} at the same time share the tracker's ids"
        return refuse(semantic, finding, Reason.SHARED_STATE, detail, sets[0].call)
    return (
        flow_escape(semantic, finding, flow)
        or ending_refusal(semantic, finding, body)
        or _User(method, sets, block, flow, frozenset(helpers))
    )


def _waits(body: list[ast.stmt]) -> bool:
    waiting = (ast.Await, ast.AsyncFor, ast.AsyncWith)
    return any(isinstance(n, waiting) for s in body for n in walk(s))


def _helpers_refusal(
    semantic: SemanticModel,
    finding: Finding,
    field: TrackerField,
    users: list[_User],
    helpers: list[Method],
) -> Refusal | None:
    """Refuse a method that relies on ids set by others, unless only their blocks call it."""
    names = {method.name for method in helpers}
    allowed = {
        id(n) for u in users for s in u.method.body[u.block.start : u.block.stop] for n in walk(s)
    }
    allowed |= {id(n) for method in helpers for n in walk(method)}
    lazy = {method.name for method in helpers if first_yield(method.body) is not None}
    for method in helpers:
        if not method.name.startswith("_") or method.name.startswith("__"):
            detail = f"{method.name} relies on the ids that another method has set"
            return refuse(semantic, finding, Reason.SHARED_STATE, detail, method)
        called = semantic.elsewhere.field(field.owner.name, method.name).places
        if called:
            detail = f"{method.name}, which relies on the ids of others, is called: {called[0]}"
            return refuse(semantic, finding, Reason.SHARED_STATE, detail, method)
    for node in semantic.module.every(ast.Attribute):
        if node.attr not in names:
            continue
        if id(node) not in allowed:
            detail = f"{node.attr} is called outside of the methods that set the ids"
            return refuse(semantic, finding, Reason.SHARED_STATE, detail, node)
        if node.attr in lazy or not _called_at_once(semantic, node):
            detail = f"{node.attr} may run when the method that set the ids is over"
            return refuse(semantic, finding, Reason.ESCAPES, detail, node)
    return None


def _called_at_once(semantic: SemanticModel, node: ast.Attribute) -> bool:
    """Whether the method is called where it is named, and not by something made there."""
    call = semantic.module.parents[node]
    if not isinstance(call, ast.Call) or call.func is not node:
        return False
    definition = semantic.taint.definition(node)
    waits = isinstance(semantic.module.parents[call], ast.Await)
    if definition is None or isinstance(definition.node, ast.AsyncFunctionDef) != waits:
        return False
    functions = 0
    for around in semantic.module.ancestors(node):
        if isinstance(around, ast.Lambda | ast.GeneratorExp):
            return False
        functions += isinstance(around, ast.FunctionDef | ast.AsyncFunctionDef)
    return functions == 1


def _ids_refusal(semantic: SemanticModel, finding: Finding, users: list[_User]) -> Refusal | None:
    keys = [{a.keyword for s in u.sets for a in s.arguments if not is_none(a.value)} for u in users]
    methods: set[ast.AST] = {user.method for user in users}
    for user, mine in zip(users, keys, strict=True):
        if mine != keys[0]:
            detail = f"{users[0].method.name} and {user.method.name} set different ids"
            return refuse(semantic, finding, Reason.SHARED_STATE, detail, user.sets[0].call)
        body = user.method.body[user.block.start : user.block.stop]
        reached = {r.node for r in reachable(semantic.taint, body)}
        if (
            reached & methods
            or _calls_implicitly(semantic, user)
            or may_call_back(semantic.taint, body, methods)
        ):
            detail = f"{user.method.name} calls, or may call back, a method that sets other ids"
            return refuse(semantic, finding, Reason.SHARED_STATE, detail, user.sets[0].call)
        own = {s.call.func for s in user.sets}
        place = next((p for p in user.flow.sets if p not in own), None)
        if place is not None:
            detail = f"{ast.unparse(place)} may set ids of the shared tracker"
            return refuse(semantic, finding, Reason.SHARED_STATE, detail, place)
    return None


def _calls_implicitly(semantic: SemanticModel, user: _User) -> bool:
    """Whether a special method uses its own object as a whole: that may be a call of itself."""
    if not user.method.name.startswith("__"):
        return False
    own = self_name(user.method)
    names = (n for n in walk(user.method) if isinstance(n, ast.Name) and n.id == own)
    return any(not isinstance(semantic.module.parents[n], ast.Attribute) for n in names)


def _proposal(
    semantic: SemanticModel, finding: Finding, field: TrackerField, users: list[_User]
) -> Verdict:
    home = field.construct.home
    edits: list[Edit] = []
    needs: list[str] = []
    notes: list[str] = []
    uses = semantic.elsewhere.field(field.owner.name, field.name)
    assumptions: list[Assumption] = [*doubted(finding, uses)]
    confirm: list[str] = []
    for user in users:
        text = f"{self_name(user.method)}.{field.name}"
        form = Form(text, None, fresh=False, ours=semantic.ours(home), sticky=True)
        form, stays = keep_user(user.sets, form)
        body = user.method.body[user.block.start : user.block.stop]
        refusal = (
            check_arguments(semantic, finding, user.sets, form, user.flow.tainted)
            or lasting_refusal(semantic, finding, user.sets)
            or store_refusal(semantic, finding, field.construct, user.flow, body, user.helpers)
        )
        if refusal is not None:
            return refusal
        sending = semantic.sending(user.flow, ours=form.ours, also=user.helpers)
        planned = plan_header(semantic, user.sets, body, user.sets[0].statement, form, sending)
        edits.extend(stays.get(site.path, Delete(site.path)) for site in user.sets)
        edits.append(Wrap(user.sets[0].path, user.block.stop, planned.header))
        needs.append(planned.manager)
        notes.extend((*planned.notes, *bare_call_notes(semantic, body, ours=form.ours)))
        if isinstance(user.method, ast.AsyncFunctionDef) and _waits(body):
            confirm.append(TASKS_APART.format(user.method.name))
        assumptions.extend((*planned.assumptions, *trusted(semantic, user.flow)))
        if planned.manager == words.BATCH_CONTEXT and not form.ours:
            detail = "the original runtime leaves the tracker in batch mode after the block"
            return refuse(semantic, finding, Reason.STICKY_BATCH_MODE, detail, user.sets[0].call)
    why = f"self.{field.name} stays; every method that uses it sets the same ids first"
    return Proposal(
        finding,
        tuple(edits),
        "adopt",
        why,
        tuple(dict.fromkeys(needs)),
        home,
        tuple(dict.fromkeys(notes)),
        tuple(dict.fromkeys(assumptions)),
        tuple(confirm),
    )
