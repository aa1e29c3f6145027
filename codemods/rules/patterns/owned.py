"""Owned tracker: ids are set on an object that owns a tracker and passes them on to it.

What it does    Gives the rest of the object's lifetime a block around the tracker that it owns.
Why             The ids of one job last into the next one of the same object.
Before          manager = ClientManager()
                manager.set_tracking_context(job_id="job-1")
                return manager.read(text)
After           manager = ClientManager()
                with ai_usage_context("read", tracker=manager.usage_tracker, job_id="job-1"):
                    return manager.read(text)
Safety          Safe while the class builds a tracker for every object and never changes it, its
                set call only passes the ids on, and the object's lifetime stays inside one suite.
Leaves alone    manager, and what the direct tracker leaves alone: escapes, rebound, ...
"""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.dataflow.call_graph import TOO_MANY, reachable
from codemods.analysis.dataflow.tainted_values import last_name
from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers.owners import Owned, forwarder, owned, rebinding
from codemods.model.proposal import Assumption, Proposal
from codemods.model.refusal import Reason, Refusal
from codemods.rules.checks.forwarders import by_hand
from codemods.rules.checks.lifetime import doubted, external_refusal, lifetime_refusal
from codemods.rules.checks.shared_trackers.module_users import users_of
from codemods.rules.checks.store_reads import store_refusal
from codemods.rules.planning.shared_blocks import adopted_parts
from codemods.rules.planning.whole_lifetime import decide_lifetime
from codemods.rules.refusing import refuse
from codemods.rules.rule import Answer, Decided, OpenSites, Sites

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.scopes import Binding
    from codemods.analysis.trackers.lifetimes import Lifetime, SetCall
    from codemods.model.finding import Finding
    from codemods.model.proposal import Verdict


TAKES = Sites.SET
CODE = "AIU002"
MESSAGE = "ids set by hand on a tracker"


def decide(semantic: SemanticModel, open_sites: OpenSites) -> Iterator[Answer]:
    """Answer for the set calls on each object that owns a tracker."""
    found: dict[Binding, list[SetCall]] = {}
    for site in open_sites.set_calls:
        binding = semantic.lifetimes.receiver(site)
        if binding is not None and not any(isinstance(b, ast.arg) for b in binding.binders):
            found.setdefault(binding, []).append(site)
    for binding, sites in found.items():
        decided = _decided(semantic, binding, sites)
        if decided is not None:
            yield Answer.of(decided.verdict, (site.call for site in sites), decided.holders)


def _decided(semantic: SemanticModel, binding: Binding, sites: list[SetCall]) -> Decided | None:
    """Return what to do about the set calls *sites* on *binding*; None if it owns no tracker."""
    name = binding.binders[0] if len(binding.binders) == 1 else None
    binding_statement = semantic.module.parents.get(name) if name is not None else None
    if not isinstance(name, ast.Name) or not isinstance(
        binding_statement, ast.Assign | ast.AnnAssign
    ):
        return None
    value = binding_statement.value
    owner = semantic.taint.class_of(value.func) if isinstance(value, ast.Call) else None
    method = last_name(sites[0].call.func)
    if owner is None or forwarder(owner, method) is None:
        return None
    finding = semantic.finding(CODE, sites[0].call, MESSAGE)
    found = owned(owner, semantic.vocabulary, method)
    if any(last_name(site.call.func) != method for site in sites):
        found = f"{owner.node.name} is told ids by more than one method"
    if isinstance(found, str):
        refusal = refuse(semantic, finding, Reason.MANAGER, found)
        return Decided(by_hand(refusal, binding.name, owner.node))
    if isinstance(binding_statement, ast.Assign) and binding_statement.targets != [name]:
        detail = f"{binding.name} is bound together with other names"
        return Decided(refuse(semantic, finding, Reason.MANAGER, detail, binding_statement))
    lifetime = semantic.lifetimes.owner_lifetime(
        name, binding_statement, found.construct, found.name
    )
    refused = _refusal(semantic, finding, lifetime, found, sites)
    if refused is not None:
        return Decided(refused)
    if semantic.is_used_by_functions(lifetime):
        return _in_functions(semantic, finding, lifetime, found)
    verdict = decide_lifetime(semantic, finding, lifetime)
    holders = frozenset(semantic.flow(lifetime).tainted)
    return Decided(_explained(semantic, verdict, found, lifetime), holders)


def _in_functions(
    semantic: SemanticModel, finding: Finding, lifetime: Lifetime, found: Owned
) -> Decided:
    """Return the blocks in functions for an object of the module, as for a tracker of it."""
    uses = semantic.elsewhere.variable(lifetime.binding.name)
    refusal = lifetime_refusal(semantic, finding, lifetime) or external_refusal(
        semantic, finding, uses, asks=True
    )
    users = refusal or users_of(semantic, finding, lifetime)
    if isinstance(users, Refusal):
        return Decided(users)
    asked = users.asked
    for place in uses.readers:
        text = f"{place} and the functions here would no longer pass ids on"
        asked = asked.also(f"{lifetime.binding.name}: {text}", lifetime.binding_statement)
    if asked.first is not None and not semantic.settings.unsafe:
        return Decided(asked.refusal(semantic, finding))
    parts = [user.part for user in users.blocks]
    home = lifetime.construct.home
    verdict = adopted_parts(
        semantic, finding, parts, lifetime.tracker, home, about_none=asked.about_none
    )
    if isinstance(verdict, Refusal):
        return Decided(verdict)
    body = [statement for part in parts for statement in part.body]
    looks = store_refusal(semantic, finding, lifetime.construct, parts[0].flow, body)
    if looks is not None:
        return Decided(looks)
    why = f"every function that uses {lifetime.binding.name} sets the same ids first"
    if asked.first is not None:
        why = "each function has the ids that it sets itself"
    doubts = (*verdict.assumptions, *doubted(finding, uses))
    verdict = replace(verdict, why=why, assumptions=doubts, confirm=asked.texts)
    holders = frozenset(binding for part in parts for binding in part.flow.tainted)
    return Decided(_explained(semantic, verdict, found, lifetime), holders)


def _refusal(
    semantic: SemanticModel,
    finding: Finding,
    lifetime: Lifetime,
    found: Owned,
    sites: list[SetCall],
) -> Refusal | None:
    name = found.owner.node.name
    foreign = next((s for s in sites if s not in lifetime.sets), None)
    if foreign is not None:
        detail = f"{lifetime.binding.name} may not be built yet, or may be another object"
        return refuse(semantic, finding, Reason.MANAGER, detail, foreign.call)
    for site in sites:
        if site.problem is None and not found.takes(site):
            detail = f"{name} does not pass these arguments on under their names"
            return refuse(semantic, finding, Reason.MANAGER, detail, site.call)
        user = site.argument(words.USER)
        if user is not None and not semantic.ours(found.construct.home):
            detail = "the original runtime's context does not set the user"
            return refuse(semantic, finding, Reason.MIXED, detail, user.value)
    body = lifetime.body[lifetime.index :]
    other = _rebound(semantic, found, body)
    if other is not None:
        detail = f"{other} may put another tracker in the place of {lifetime.tracker}"
        return refuse(semantic, finding, Reason.MANAGER, detail)
    waits = any(isinstance(n, ast.Await) for s in body for n in walk(s))
    if waits and not semantic.ours(found.construct.home) and _wraps(found):
        detail = f"{name} wraps clients, and tasks share the context of their thread"
        return refuse(semantic, finding, Reason.TWO_TRACKERS, detail)
    return None


def _rebound(semantic: SemanticModel, found: Owned, body: list[ast.stmt]) -> str | None:
    """Return what may bind the object's field anew: in this module, or in code that it reaches."""
    fields = [name for name in (found.name, found.backing) if name]
    if semantic.taint is not found.owner.taint:
        every = list(walk(semantic.module.tree))
        here = next((r for r in (rebinding(every, name) for name in fields) if r), None)
        if here is not None:
            return ast.unparse(here)
    reached = reachable(semantic.taint, body)
    others = (one.node for one in reached if one.taint is not semantic.taint)
    own = set(walk(found.owner.node))
    inside = [n for node in others if node not in own for n in walk(node)]
    there = next((r for r in (rebinding(inside, name) for name in fields) if r), None)
    if there is None:
        return f"one of {TOO_MANY}" if reached.is_cut else None
    return ast.unparse(there)


def _wraps(found: Owned) -> bool:
    tree = found.owner.taint.module.tree
    return any(isinstance(n, ast.Attribute) and n.attr in words.CLIENT_WRAPPERS for n in walk(tree))


def _explained(
    semantic: SemanticModel, verdict: Verdict, found: Owned, lifetime: Lifetime
) -> Verdict:
    """Return *verdict*; a proposal says what it knows of the class, and takes for granted."""
    if not isinstance(verdict, Proposal):
        return verdict
    name = found.owner.node.name
    why = f"each {name} builds {found.name} for itself, and {verdict.why}"
    calls = {ast.unparse(call.func): call for call in found.trusted}
    here = semantic.taint is found.owner.taint
    assumed = (
        Assumption(
            f"{called}, in {name}, does not keep the tracker",
            semantic.module.span(call)
            if here
            else semantic.module.span(lifetime.binding_statement),
        )
        for called, call in calls.items()
    )
    place = semantic.module.span(lifetime.binding_statement)
    others = (Assumption(text, place) for text in dict.fromkeys(found.assumed))
    return replace(verdict, why=why, assumptions=(*verdict.assumptions, *assumed, *others))
