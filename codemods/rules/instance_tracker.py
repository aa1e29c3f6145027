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
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.callbacks import may_call_back
from codemods.analysis.effects import first_yield
from codemods.analysis.extent import Block
from codemods.analysis.last_use import LastUse
from codemods.analysis.lives import is_none
from codemods.analysis.reach import reachable
from codemods.analysis.strength import last_name
from codemods.model import Reason, Refusal
from codemods.proposal import Assumption, Delete, Edit, Proposal, Wrap
from codemods.rules.bare_calls import bare_call_notes
from codemods.rules.checks import doubted, external_refusal, travel_escape, trust_bases, trusted
from codemods.rules.headers import TASKS_APART, Form, check_arguments, plan_header
from codemods.rules.lasting import lasting_refusal
from codemods.rules.leftovers import is_forwarder
from codemods.rules.mixed import kept_calls
from codemods.rules.process_ends import ending_refusal
from codemods.rules.reasons import refuse
from codemods.rules.store_looks import store_refusal
from codemods.rules.users import keep_user

if TYPE_CHECKING:
    from codemods.analysis.facts import Facts
    from codemods.analysis.lives import Construct, SetCall
    from codemods.analysis.travel import Travel
    from codemods.model import Finding
    from codemods.proposal import Verdict

CODE = "AIU001"
MESSAGE = "tracker of an object configured by hand"
_LOOKUPS = ("getattr", "setattr", "vars", "attrgetter")
_Method = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class _User:
    """A method that sets the ids, at the level of its body; ``helpers`` use the tracker for it."""

    method: _Method
    sets: list[SetCall]
    block: Block
    travel: Travel
    helpers: frozenset[str]


@dataclass(frozen=True)
class _Field:
    """``self.name`` of a class, and the places that use it."""

    owner: ast.ClassDef
    name: str
    construct: Construct
    loads: dict[_Method, list[ast.Attribute]]


def decide(facts: Facts, construct: Construct) -> tuple[list[SetCall], Verdict | None] | None:
    """Return the set calls that are settled here and the verdict; None for other constructions.

    There is no verdict on a class that only passes the ids on: those who call it decide.
    """
    field = _field(facts, construct)
    if field is None:
        return None
    sets = [s for s in facts.lives.set_calls if _is_of(field, s)]
    kept = kept_calls(facts)
    if all(site.call in kept for site in sets):
        return None
    if all(is_forwarder(facts, site) for site in sets):
        return sets, None
    finding = facts.finding(CODE, construct.call, MESSAGE)
    outcome = _users(facts, finding, field, sets)
    if isinstance(outcome, Refusal):
        return sets, outcome
    return sets, _proposal(facts, finding, field, outcome)


def is_migrated(facts: Facts, construct: Construct) -> bool:
    """Whether the field is used by context managers already, and nothing sets ids on it."""
    field = _field(facts, construct)
    if field is None:
        return False
    return any(_feeds_context(facts, load) for loads in field.loads.values() for load in loads)


def _feeds_context(facts: Facts, load: ast.Attribute) -> bool:
    keyword = facts.module.parents[load]
    if not isinstance(keyword, ast.keyword) or keyword.arg != words.TRACKER_ARGUMENT:
        return False
    call = facts.module.parents[keyword]
    return isinstance(call, ast.Call) and facts.names.context_manager(call.func) is not None


def _field(facts: Facts, construct: Construct) -> _Field | None:
    statement = facts.module.parents[construct.call]
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return None
    target = statement.targets[0]
    method = facts.module.parents[statement]
    owner = facts.module.parents.get(method)
    if not isinstance(target, ast.Attribute) or not isinstance(owner, ast.ClassDef):
        return None
    if not isinstance(method, ast.FunctionDef) or method.name != "__init__":
        return None
    if not isinstance(target.value, ast.Name) or target.value.id != _self(method):
        return None
    loads: dict[_Method, list[ast.Attribute]] = {}
    for inner in owner.body:
        if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
            found = [
                n
                for n in ast.walk(inner)
                if isinstance(n, ast.Attribute)
                and _is_field(n, target.attr, _self(inner))
                and n is not target
            ]
            if found:
                loads[inner] = found
    return _Field(owner, target.attr, construct, loads)


def _self(method: _Method) -> str:
    arguments = [*method.args.posonlyargs, *method.args.args]
    return arguments[0].arg if arguments else ""


def _is_field(node: ast.Attribute, name: str, owner: str) -> bool:
    return node.attr == name and isinstance(node.value, ast.Name) and node.value.id == owner


def _is_of(field: _Field, site: SetCall) -> bool:
    receiver = site.call.func.value  # type: ignore[attr-defined]
    return any(receiver in loads for loads in field.loads.values())


def _users(
    facts: Facts, finding: Finding, field: _Field, sets: list[SetCall]
) -> list[_User] | Refusal:
    refusal = _outside_use(facts, finding, field)
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
        user = _user(facts, finding, field, method, setting[method], names)
        if isinstance(user, Refusal):
            return user
        users.append(user)
    return (
        _helpers_refusal(facts, finding, field, users, helpers)
        or _ids_refusal(facts, finding, users)
        or users
    )


def _outside_use(facts: Facts, finding: Finding, field: _Field) -> Refusal | None:
    """Refuse where something else than the class's own methods reaches the field, or binds it."""
    own = {load for loads in field.loads.values() for load in loads}
    for node in facts.module.every(ast.Attribute):
        if node.attr != field.name:
            continue
        built = facts.module.parents[field.construct.call]
        if node in own and isinstance(node.ctx, ast.Load):
            continue
        if node not in getattr(built, "targets", ()):
            detail = f"{ast.unparse(node)} is used or bound outside of the class's methods"
            return refuse(facts, finding, Reason.SHARED_STATE, detail, node)
    named = _reached_by_name(facts, field)
    if named is not None:
        detail = f"{ast.unparse(named)} may reach self.{field.name} by its name"
        return refuse(facts, finding, Reason.SHARED_STATE, detail, named)
    if not field.construct.certain:
        detail = "the class may come from several imports"
        return refuse(facts, finding, Reason.AMBIGUOUS_IMPORT, detail)
    if field.construct.shared:
        detail = f"the tracker may be one that others use: {field.construct.shared}"
        return refuse(facts, finding, Reason.SHARED_STATE, detail, field.construct.call)
    return external_refusal(facts, finding, facts.elsewhere.field(field.owner.name, field.name))


def _reached_by_name(facts: Facts, field: _Field) -> ast.AST | None:
    """Return what looks the field up by its name, or all fields of an object."""
    for node in ast.walk(facts.module.tree):
        captured = isinstance(node, ast.MatchClass) and field.name in node.kwd_attrs
        if captured or (isinstance(node, ast.Attribute) and node.attr == "__dict__"):
            return node
        if not isinstance(node, ast.Call) or last_name(node.func) not in _LOOKUPS:
            continue
        name = node.args[1] if len(node.args) > 1 else None
        if not isinstance(name, ast.Constant) or name.value == field.name:
            return node
    return None


def _user(
    facts: Facts,
    finding: Finding,
    field: _Field,
    method: _Method,
    sets: list[SetCall],
    helpers: set[str],
) -> _User | Refusal:
    prefix = facts.module.paths[method]
    text = f"self.{field.name}"
    if any(s.path[:-1] != prefix or s.path[-1][0] != "body" for s in sets):
        detail = f"{method.name} sets the ids of {text} in an inner suite"
        return refuse(facts, finding, Reason.SHARED_STATE, detail, sets[0].call)
    first, last = sets[0].path[-1][1], sets[-1].path[-1][1]
    block = Block(prefix, "body", last + 1, len(method.body))
    if last - first != len(sets) - 1 or block.start == block.stop:
        detail = f"{method.name} sets the ids of {text} several times, or last"
        return refuse(facts, finding, Reason.SHARED_STATE, detail, sets[-1].call)
    own = {s.call.func.value for s in sets}  # type: ignore[attr-defined]
    for load in field.loads[method]:
        if load not in own and not block.holds(facts.module.paths[facts.module.statement(load)]):
            detail = f"{method.name} uses {text} before it sets the ids"
            return refuse(facts, finding, Reason.SHARED_STATE, detail, load)
    rest = method.body[block.start :]
    scope = facts.scopes.inner[method]
    root = (facts.scopes.binding(_self(method), scope), field.name)
    travel = facts.taint.follow(root, rest, scope)
    trust_bases(facts, travel, field.construct)
    last_use = LastUse(facts.taint, travel, rest, helpers, facts.looks(field.construct))
    stop = last_use.stop(method.body, last + 1, block.stop)
    block = replace(block, stop=stop)
    body = method.body[block.start : block.stop]
    if not body:
        return refuse(facts, finding, Reason.NO_WORK, "nothing follows", sets[-1].call)
    inner = first_yield(body)
    if inner is not None:
        return refuse(facts, finding, Reason.YIELDS_INSIDE, "control leaves the block here", inner)
    waits = isinstance(method, ast.AsyncFunctionDef) and _waits(body)
    if waits and not facts.settings.unsafe:
        detail = f"tasks that run {method.name} at the same time share the tracker's ids"
        return refuse(facts, finding, Reason.SHARED_STATE, detail, sets[0].call)
    return (
        travel_escape(facts, finding, travel)
        or ending_refusal(facts, finding, body)
        or _User(method, sets, block, travel, frozenset(helpers))
    )


def _waits(body: list[ast.stmt]) -> bool:
    waiting = (ast.Await, ast.AsyncFor, ast.AsyncWith)
    return any(isinstance(n, waiting) for s in body for n in ast.walk(s))


def _helpers_refusal(
    facts: Facts, finding: Finding, field: _Field, users: list[_User], helpers: list[_Method]
) -> Refusal | None:
    """Refuse a method that relies on ids set by others, unless only their blocks call it."""
    names = {method.name for method in helpers}
    allowed = {
        id(n)
        for u in users
        for s in u.method.body[u.block.start : u.block.stop]
        for n in ast.walk(s)
    }
    allowed |= {id(n) for method in helpers for n in ast.walk(method)}
    lazy = {method.name for method in helpers if first_yield(method.body) is not None}
    for method in helpers:
        if not method.name.startswith("_") or method.name.startswith("__"):
            detail = f"{method.name} relies on the ids that another method has set"
            return refuse(facts, finding, Reason.SHARED_STATE, detail, method)
        called = facts.elsewhere.field(field.owner.name, method.name).places
        if called:
            detail = f"{method.name}, which relies on the ids of others, is called: {called[0]}"
            return refuse(facts, finding, Reason.SHARED_STATE, detail, method)
    for node in facts.module.every(ast.Attribute):
        if node.attr not in names:
            continue
        if id(node) not in allowed:
            detail = f"{node.attr} is called outside of the methods that set the ids"
            return refuse(facts, finding, Reason.SHARED_STATE, detail, node)
        if node.attr in lazy or not _called_at_once(facts, node):
            detail = f"{node.attr} may run when the method that set the ids is over"
            return refuse(facts, finding, Reason.ESCAPES, detail, node)
    return None


def _called_at_once(facts: Facts, node: ast.Attribute) -> bool:
    """Whether the method is called where it is named, and not by something made there."""
    call = facts.module.parents[node]
    if not isinstance(call, ast.Call) or call.func is not node:
        return False
    definition = facts.taint.definition(node)
    waits = isinstance(facts.module.parents[call], ast.Await)
    if definition is None or isinstance(definition.node, ast.AsyncFunctionDef) != waits:
        return False
    functions = 0
    for around in facts.module.ancestors(node):
        if isinstance(around, ast.Lambda | ast.GeneratorExp):
            return False
        functions += isinstance(around, ast.FunctionDef | ast.AsyncFunctionDef)
    return functions == 1


def _ids_refusal(facts: Facts, finding: Finding, users: list[_User]) -> Refusal | None:
    keys = [{a.keyword for s in u.sets for a in s.arguments if not is_none(a.value)} for u in users]
    methods: set[ast.AST] = {user.method for user in users}
    for user, mine in zip(users, keys, strict=True):
        if mine != keys[0]:
            detail = f"{users[0].method.name} and {user.method.name} set different ids"
            return refuse(facts, finding, Reason.SHARED_STATE, detail, user.sets[0].call)
        body = user.method.body[user.block.start : user.block.stop]
        reached = {r.node for r in reachable(facts.taint, body)}
        if (
            reached & methods
            or _calls_implicitly(facts, user)
            or may_call_back(facts.taint, body, methods)
        ):
            detail = f"{user.method.name} calls, or may call back, a method that sets other ids"
            return refuse(facts, finding, Reason.SHARED_STATE, detail, user.sets[0].call)
        own = {s.call.func for s in user.sets}
        place = next((p for p in user.travel.sets if p not in own), None)
        if place is not None:
            detail = f"{ast.unparse(place)} may set ids of the shared tracker"
            return refuse(facts, finding, Reason.SHARED_STATE, detail, place)
    return None


def _calls_implicitly(facts: Facts, user: _User) -> bool:
    """Whether a special method uses its own object as a whole: that may be a call of itself."""
    if not user.method.name.startswith("__"):
        return False
    own = _self(user.method)
    names = (n for n in ast.walk(user.method) if isinstance(n, ast.Name) and n.id == own)
    return any(not isinstance(facts.module.parents[n], ast.Attribute) for n in names)


def _proposal(facts: Facts, finding: Finding, field: _Field, users: list[_User]) -> Verdict:
    home = field.construct.home
    edits: list[Edit] = []
    needs: list[str] = []
    notes: list[str] = []
    uses = facts.elsewhere.field(field.owner.name, field.name)
    assumptions: list[Assumption] = [*doubted(finding, uses)]
    confirm: list[str] = []
    for user in users:
        text = f"{_self(user.method)}.{field.name}"
        form = Form(text, None, fresh=False, ours=facts.ours(home), sticky=True)
        form, stays = keep_user(user.sets, form)
        body = user.method.body[user.block.start : user.block.stop]
        refusal = (
            check_arguments(facts, finding, user.sets, form, user.travel.strong)
            or lasting_refusal(facts, finding, user.sets)
            or store_refusal(facts, finding, field.construct, user.travel, body, user.helpers)
        )
        if refusal is not None:
            return refusal
        sending = facts.sending(user.travel, ours=form.ours, also=user.helpers)
        planned = plan_header(facts, user.sets, body, user.sets[0].statement, form, sending)
        edits.extend(stays.get(site.path, Delete(site.path)) for site in user.sets)
        edits.append(Wrap(user.sets[0].path, user.block.stop, planned.header))
        needs.append(planned.manager)
        notes.extend((*planned.notes, *bare_call_notes(facts, body, ours=form.ours)))
        if isinstance(user.method, ast.AsyncFunctionDef) and _waits(body):
            confirm.append(TASKS_APART.format(user.method.name))
        assumptions.extend((*planned.assumptions, *trusted(facts, user.travel)))
        if planned.manager == words.BATCH_CONTEXT and not form.ours:
            detail = "the original runtime leaves the tracker in batch mode after the block"
            return refuse(facts, finding, Reason.STICKY_BATCH_MODE, detail, user.sets[0].call)
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
