"""Instance tracker: an object keeps it in a field, and its methods set the ids.

What it does    Gives each method that sets the ids of ``self.tracker`` a block around its work.
Why             The ids of one call last into the next call of any method.
Before          def read(self, text):
                    self.tracker.set_tracking_context(job_id="read-1")
                    return ask(text, self.tracker)
After           def read(self, text):
                    with ai_usage_context("reader_read", tracker=self.tracker, job_id="read-1"):
                        return ask(text, self.tracker)
Safety          Safe while every method that uses the tracker sets the same ids first, or is
                called by such methods only, no task switches in between, and nobody hands in
                a tracker that others have. What would no longer leak is named with --unsafe.
Leaves alone    shared-state, escapes, yields-inside, ...
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.dataflow.call_graph import reachable
from codemods.analysis.dataflow.deferred.registered import may_call_back
from codemods.analysis.syntax.effects import first_yield
from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers.fields.syntax import Method, self_name
from codemods.analysis.trackers.last_use import LastUse
from codemods.model.refusal import Reason, Refusal
from codemods.rules.checks.forwarders import is_forwarder
from codemods.rules.checks.lifetime import doubted, flow_escape, trusted, with_bases
from codemods.rules.checks.shared_trackers.at_once import called_at_once, gathered, gathers
from codemods.rules.checks.shared_trackers.families import (
    methods_of_objects,
    set_calls_of,
    setting_method,
)
from codemods.rules.checks.shared_trackers.foreign_fields import (
    external_conditions,
    foreign_use,
    is_flushed,
)
from codemods.rules.checks.shared_trackers.leaking_ids import (
    Conditions,
    conditions,
    first_values,
)
from codemods.rules.checks.shared_trackers.method_callers import runs_alone
from codemods.rules.checks.shared_trackers.object_makers import hands_in
from codemods.rules.checks.store_reads import store_refusal
from codemods.rules.planning.adoption import Part, PlannedBlock, adopted, block_of
from codemods.rules.planning.headers import Form
from codemods.rules.planning.shared_blocks import parts_of
from codemods.rules.planning.user_ids import stays_in_context
from codemods.rules.refusing import refuse
from codemods.rules.rule import Answer, Decided, OpenSites, Sites

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.dataflow.taint_records import Flow
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.fields.tracker_fields import TrackerField
    from codemods.analysis.trackers.lifetimes import SetCall
    from codemods.model.finding import Finding
    from codemods.model.proposal import Verdict

TAKES = Sites.SHARED
CODE = "AIU001"
SET_CODE = "AIU002"
MESSAGE = "tracker of an object configured by hand"
_INIT = "__init__"


@dataclass(frozen=True)
class _Users:
    """The blocks of the methods that set ids; ``relying`` use the tracker outside of all blocks."""

    parts: list[Part]
    helpers: frozenset[str]
    relying: list[Method]


def decide(semantic: SemanticModel, open_sites: OpenSites) -> Iterator[Answer]:
    """Answer for each tracker that objects keep in a field, with the set calls of their methods."""
    del open_sites  # fields are known by themselves: many are given what is built elsewhere
    for field in semantic.tracker_fields:
        sets = set_calls_of(semantic, field)
        if not all(stays_in_context(semantic, site) for site in sets):
            yield _answer(semantic, field, sets)
        elif _is_migrated(semantic, field):
            yield Answer(_calls(field, []))


def _answer(semantic: SemanticModel, field: TrackerField, sets: list[SetCall]) -> Answer:
    """Return the answer; nothing is found of a class that only passes the ids on.

    Those who call such a class decide.  Nor is anything found where each object has its ids from
    the start, and contexts use the field already.
    """
    calls = _calls(field, sets)
    from_the_start = all(_is_first(semantic, field, site) for site in sets)
    if all(is_forwarder(semantic, site) for site in sets):
        return Answer(calls)
    if from_the_start and _is_migrated(semantic, field):
        return Answer(calls)
    construct = field.construct
    finding = (
        semantic.finding(CODE, construct.call, MESSAGE)
        if construct is not None
        else semantic.finding(SET_CODE, sets[0].call, MESSAGE)
    )
    return Answer(calls, finding, partial(_decided, semantic, finding, field, sets))


def _calls(field: TrackerField, sets: list[SetCall]) -> frozenset[ast.Call]:
    built = [field.construct.call] if field.construct is not None else []
    return frozenset([*built, *(site.call for site in sets)])


def _decided(
    semantic: SemanticModel, finding: Finding, field: TrackerField, sets: list[SetCall]
) -> Decided:
    users = _users(semantic, finding, field, sets)
    if isinstance(users, Refusal):
        return Decided(users)
    return Decided(_proposal(semantic, finding, field, users))


def _is_migrated(semantic: SemanticModel, field: TrackerField) -> bool:
    """Whether the field is used by context managers already, under whatever name."""
    loads: list[ast.expr] = [load for loads in field.loads.values() for load in loads]
    loads += [load for alias in field.aliases for load in alias.loads]
    return any(_feeds_context(semantic, load) for load in loads)


def _feeds_context(semantic: SemanticModel, load: ast.expr) -> bool:
    keyword = semantic.module.parents[load]
    if not isinstance(keyword, ast.keyword) or keyword.arg != words.TRACKER_ARGUMENT:
        return False
    call = semantic.module.parents[keyword]
    return isinstance(call, ast.Call) and semantic.names.context_manager(call.func) is not None


def _is_first(semantic: SemanticModel, field: TrackerField, site: SetCall) -> bool:
    """Whether *site* gives each object its ids from the start, before it does anything."""
    method = setting_method(semantic, field, site)
    return method is not None and method.name == _INIT


def _users(
    semantic: SemanticModel, finding: Finding, field: TrackerField, sets: list[SetCall]
) -> _Users | Refusal:
    refusal = foreign_use(semantic, finding, field)
    if refusal is not None:
        return refusal
    setting: dict[Method, list[SetCall]] = {}
    for site in sets:
        method = setting_method(semantic, field, site)
        assert method is not None
        setting.setdefault(method, []).append(site)
    helpers = [
        method
        for method, loads in field.loads.items()
        if method not in setting and not all(is_flushed(semantic, load) for load in loads)
    ]
    names = frozenset(method.name for method in helpers)
    parts: list[Part] = []
    for method, mine in setting.items():
        found = _of_method(semantic, finding, field, method, mine, names)
        if isinstance(found, Refusal):
            return found
        parts.extend(found)
    if not parts:
        detail = f"__init__ sets ids of self.{field.name} that every method relies on"
        return refuse(semantic, finding, Reason.SHARED_STATE, detail, sets[0].call)
    relying = _relying(semantic, finding, field, parts, helpers)
    if isinstance(relying, Refusal):
        return relying
    return _calls_refusal(semantic, finding, parts) or _Users(parts, names, relying)


def _of_method(
    semantic: SemanticModel,
    finding: Finding,
    field: TrackerField,
    method: Method,
    sets: list[SetCall],
    helpers: frozenset[str],
) -> list[Part] | Refusal:
    flow, last = _followed(semantic, field, method, helpers)
    own = {site.call.func.value for site in sets}  # type: ignore[attr-defined]
    if method.name == _INIT and all(load in own for load in field.loads[method]):
        return []  # what each object has from the start stays
    taking = frozenset(field.aliases.values())
    text, unsafe = f"self.{field.name}", semantic.settings.unsafe
    parts = parts_of(semantic, finding, method, sets, flow, last, text, taking, loosely=unsafe)
    owner = semantic.module.parents[method]
    if isinstance(parts, Refusal) or not isinstance(owner, ast.ClassDef) or owner is field.owner:
        return parts
    return [replace(part, name=f"{part.name} of {owner.name}") for part in parts]


def _followed(
    semantic: SemanticModel, field: TrackerField, method: Method, helpers: frozenset[str]
) -> tuple[Flow, LastUse]:
    """Return how the tracker goes through *method*."""
    scope = semantic.scopes.inner[method]
    root = (semantic.scopes.binding(self_name(method), scope), field.name)
    flow = semantic.taint.follow(root, method.body, scope, fields=field.fields)
    looks = None
    if field.construct is not None:
        flow = with_bases(semantic, flow, field.construct)
        looks = semantic.looks(field.construct)
    return flow, LastUse(semantic.taint, flow, method.body, helpers, looks)


def _relying(
    semantic: SemanticModel,
    finding: Finding,
    field: TrackerField,
    parts: list[Part],
    helpers: list[Method],
) -> list[Method] | Refusal:
    """Return the methods that use the tracker, and that not only blocks of the class call."""
    names = {method.name for method in helpers}
    allowed = {id(n) for part in parts for s in part.body for n in walk(s)}
    allowed |= {id(n) for method in helpers for n in walk(method)}
    relying = []
    for method in helpers:
        if method.name == _INIT:
            detail = f"__init__ hands self.{field.name} on, to what may use it at any time"
            place = field.loads[method][0]
            return refuse(semantic, finding, Reason.ESCAPES, detail, place)
        flow, _ = _followed(semantic, field, method, frozenset())
        escape = flow_escape(semantic, finding, flow)
        if escape is not None:
            return escape
        if flow.sets:
            detail = f"{ast.unparse(flow.sets[0])} may set ids of self.{field.name}"
            return refuse(semantic, finding, Reason.SHARED_STATE, detail, flow.sets[0])
        used = semantic.elsewhere.field(field.owner.name, method.name).places
        public = not method.name.startswith("_") or method.name.startswith("__")
        called = any(
            node.attr == method.name and id(node) not in allowed
            for node in semantic.module.every(ast.Attribute)
        )
        if public or used or called:
            relying.append(method)
    lazy = {method.name for method in helpers if first_yield(method.body) is not None}
    for node in semantic.module.every(ast.Attribute):
        if node.attr not in names or id(node) not in allowed:
            continue
        if node.attr in lazy or not (called_at_once(semantic, node) or gathers(semantic, node)):
            detail = f"{node.attr} may run when the method that set the ids is over"
            return refuse(semantic, finding, Reason.ESCAPES, detail, node)
    return relying


def _calls_refusal(semantic: SemanticModel, finding: Finding, parts: list[Part]) -> Refusal | None:
    """Refuse blocks in which ids of the tracker surely are set by something else."""
    methods: set[ast.AST] = {part.function for part in parts}
    own = {site.call.func for part in parts for site in part.sets}
    for part in parts:
        runs = reachable(semantic.taint, part.body).may_have(methods)
        if runs or _calls_implicitly(semantic, part):
            detail = f"{part.name} calls a method that sets other ids"
            return refuse(semantic, finding, Reason.SHARED_STATE, detail, part.sets[0].call)
        place = next((p for p in part.flow.sets if p not in own), None)
        if place is not None:
            detail = f"{ast.unparse(place)} may set ids of the shared tracker"
            return refuse(semantic, finding, Reason.SHARED_STATE, detail, place)
    return None


def _called_back(
    semantic: SemanticModel, field: TrackerField, parts: list[Part]
) -> list[tuple[str, ast.AST, Reason]]:
    """Return which of *parts* may run methods that set ids, without naming them.

    What those set lasts behind their call today, and would not if the object is the same.
    """
    methods: set[ast.AST] = {part.function for part in parts}
    names = " or ".join(dict.fromkeys(part.name for part in parts))
    owner = field.owner.name
    text = "{} would go on with its own ids behind what may call back {} of the same " + owner
    return [
        (text.format(part.name, names), part.sets[0].call, Reason.SHARED_STATE)
        for part in parts
        if may_call_back(semantic.taint, part.body, methods)
    ]


def _calls_implicitly(semantic: SemanticModel, part: Part) -> bool:
    """Whether a special method uses its own object as a whole: that may be a call of itself."""
    if not part.function.name.startswith("__"):
        return False
    own = self_name(part.function)
    names = (n for n in walk(part.function) if isinstance(n, ast.Name) and n.id == own)
    return any(not isinstance(semantic.module.parents[n], ast.Attribute) for n in names)


def _handed_in(semantic: SemanticModel, field: TrackerField, parts: list[Part]) -> str | None:
    """Return what whoever hands in a tracker would no longer find on it."""
    place = hands_in(semantic, field)
    if place is None:
        return None
    keys = " or ".join(sorted({key for part in parts for key in part.setter.keys}))
    owner = field.owner.name
    return (
        f"who hands {owner} a tracker ({place}) would no longer find the {keys} of its calls on it"
    )


def _proposal(
    semantic: SemanticModel, finding: Finding, field: TrackerField, users: _Users
) -> Verdict:
    asked = _asked(semantic, field, users)
    handed = _handed_in(semantic, field, users.parts)
    if handed is not None:
        asked = asked.also(handed, users.parts[0].sets[0].call)
    if not semantic.settings.unsafe and asked.first is not None:
        return asked.refusal(semantic, finding)
    return _blocks(semantic, finding, field, users, asked)


def _asked(semantic: SemanticModel, field: TrackerField, users: _Users) -> Conditions:
    """Return what must be confirmed of the blocks: of objects of each class of the family."""
    home = field.made.home or semantic.imports.default_home
    found: list[tuple[str, ast.AST, Reason]] = []
    for methods in methods_of_objects(semantic, field):
        parts = [part for part in users.parts if part.function in methods]
        relying: list[tuple[str, ast.AST]] = [(m.name, m) for m in users.relying if m in methods]
        relying += [use for part in parts for use in part.loose]
        waits = [part.function for part in parts if part.waits]
        waiting = [one.name for one in waits if not runs_alone(semantic, one, home)]
        if parts:
            setters, first = [p.setter for p in parts], _first_values(semantic, field, parts)
            of_class = conditions(semantic, setters, relying, waiting, first)
            found.extend(of_class.found)
    found.extend(external_conditions(semantic, field))
    found.extend(_called_back(semantic, field, users.parts))
    return Conditions(tuple(dict.fromkeys(found)))


def _first_values(
    semantic: SemanticModel, field: TrackerField, parts: list[Part]
) -> frozenset[ast.AST]:
    """Return the values of ids that a constructor sets on the tracker that it has just built."""
    init = next((part.function for part in parts if part.function.name == _INIT), None)
    built = field.construct.call if field.construct is not None else None
    made = semantic.module.parents[built] if built is not None else None
    if init is None or made not in init.body or getattr(made, "value", None) is not built:
        return frozenset()
    sets = [site for part in parts if part.function is init for site in part.sets]
    return first_values(init.body, sets)


def _blocks(
    semantic: SemanticModel,
    finding: Finding,
    field: TrackerField,
    users: _Users,
    asked: Conditions,
) -> Verdict:
    home = field.made.home or semantic.imports.default_home
    blocks: list[PlannedBlock] = []
    first = _first_values(semantic, field, users.parts)
    for part in users.parts:
        text = semantic.module.segment(part.sets[0].call.func.value)  # type: ignore[attr-defined]
        form = Form(text, None, fresh=False, ours=semantic.ours(home), sticky=True)
        new = first.issuperset(a.value for site in part.sets for a in site.arguments)
        block = block_of(
            semantic, finding, part, form, about_none=asked.about_none or new, helpers=users.helpers
        )
        if isinstance(block, Refusal):
            return block
        if field.construct is not None:
            looks = store_refusal(
                semantic, finding, field.construct, part.flow, part.body, users.helpers
            )
            if looks is not None:
                return looks
        taken = (*block.assumptions, *trusted(semantic, part.flow))
        blocks.append(replace(block, assumptions=taken))
    why = f"self.{field.name} stays; every method that uses it sets the same ids first"
    if asked.first is not None:
        why = f"self.{field.name} stays; each method has the ids that it sets itself"
    uses = [semantic.elsewhere.field(field.owner.name, name) for name in sorted(field.fields)]
    told = [one for each in uses for one in doubted(finding, each)]
    told += gathered(semantic, users.helpers, users.parts)
    return adopted(finding, why, home, blocks, told, asked.texts)
