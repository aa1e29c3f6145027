"""Foreign tracker: ids are set on something that is built out of sight.

What it does    Refuses the call: on a parameter that callers share, a field that others use, an
                object that owns a tracker, or something of which nothing is known.
Why             Whoever has the tracker too may rely on the ids afterwards.
Before          def read(text, tracker):
                    tracker.set_tracking_context(job_id="read-1")
After           (left alone)
Safety          Nothing changes; the reason says whose tracker it is, as far as can be seen.
Leaves alone    objects of other classes that have a method of the same name
"""

from __future__ import annotations

import ast
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from codemods.analysis.syntax.calls import last_name
from codemods.model.refusal import Reason, Refusal
from codemods.rules.checks.forwarders import SET_NAMES, by_hand, is_forwarder
from codemods.rules.checks.method_names.other_receivers import (
    is_built_each_time,
    is_of_another_class,
    is_receiver_of_method,
    manager_of,
    own_setter,
)
from codemods.rules.planning.headers import INVALID, problem_refusal
from codemods.rules.planning.shared_blocks import loose_parts
from codemods.rules.refusing import refuse
from codemods.rules.rule import Answer, Decided, OpenSites, Sites

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.definitions import Resolved
    from codemods.analysis.syntax.scopes import Binding
    from codemods.analysis.trackers.lifetimes import SetCall
    from codemods.model.finding import Finding

TAKES = Sites.SET_OTHERWISE
CODE = "AIU002"
MESSAGE = "ids set by hand on a tracker"


def decide(semantic: SemanticModel, open_sites: OpenSites) -> Iterator[Answer]:
    """Answer for each set call that is left."""
    parameters = _parameters(semantic, open_sites.set_calls)
    for site in open_sites.set_calls:
        refusal = _refusal(semantic, site)
        if refusal is None:
            continue
        of_parameter = parameters.get(semantic.lifetimes.receiver(site), ())
        if refusal.reason != Reason.CALLER_RELIES or not of_parameter:
            yield Answer.of(refusal, {site.call})
            continue
        decided = partial(_decided, semantic, refusal, of_parameter)
        yield Answer(frozenset({site.call}), refusal.finding, decided)


def _parameters(
    semantic: SemanticModel, sites: Iterable[SetCall]
) -> dict[Binding | None, list[SetCall]]:
    """Return the set calls on each parameter that nothing else binds."""
    found: dict[Binding | None, list[SetCall]] = {}
    for site in sites:
        binding = semantic.lifetimes.receiver(site) if site.problem is None else None
        if binding is None or binding.parameter is None or semantic.scope_at(site.path).is_class:
            continue
        if binding.binders == [binding.parameter] and not binding.declared and not binding.deletes:
            found.setdefault(binding, []).append(site)
    return found


def _decided(semantic: SemanticModel, refusal: Refusal, sites: list[SetCall]) -> Decided:
    """Return what nobody can confirm of blocks for *sites*, if anything; else *refusal*."""
    binding = semantic.lifetimes.receiver(sites[0])
    function = semantic.scope_at(sites[0].path)
    if binding is None or binding.scope is not function:
        return Decided(refusal)
    parts = loose_parts(semantic, refusal.finding, sites, binding)
    # What is only set for the caller is the caller's.
    stands = isinstance(parts, Refusal) and parts.reason != Reason.SHARED_STATE
    return Decided(parts if stands and isinstance(parts, Refusal) else refusal)


def _refusal(semantic: SemanticModel, site: SetCall) -> Refusal | None:
    """Return the refusal of a set call on something that is, or may be, a tracker."""
    receiver = site.call.func.value  # type: ignore[attr-defined]
    if is_forwarder(semantic, site):
        return None
    finding = semantic.finding(CODE, site.call, MESSAGE)
    if site.problem == INVALID and not _is_tracker(semantic, receiver):
        return None  # a method of that name with parameters of its own: another class's
    if site.problem is not None:
        return problem_refusal(semantic, finding, site)
    own = own_setter(semantic, receiver) or _extended(semantic, receiver)
    if own is not None:
        return _by_its_own_way(semantic, finding, own)
    if not isinstance(receiver, ast.Name):
        return _on_expression(semantic, site, receiver)
    binding = semantic.scopes.of(receiver)
    if any(isinstance(b, ast.arg) for b in binding.binders):
        if is_receiver_of_method(semantic, binding.binders[0], receiver):
            return None
        detail = f"{receiver.id} is a parameter: the caller may rely on the ids afterwards"
        return refuse(semantic, finding, Reason.CALLER_RELIES, detail, binding.binders[0])
    manager = manager_of(semantic, binding.binders)
    if manager is not None:
        detail = f"{manager.name} owns a tracker and passes the ids on to it"
        refusal = refuse(semantic, finding, Reason.MANAGER, detail, manager)
        return by_hand(refusal, receiver.id, manager)
    if is_of_another_class(semantic, binding.binders):
        return None
    made = _made_elsewhere(semantic, receiver)
    if made is not None:
        detail = f"{receiver.id} is the tracker of {made}, and others may rely on its ids"
        place = binding.binders[0] if binding.binders else receiver  # a star names nothing
        return refuse(semantic, finding, Reason.SHARED_STATE, detail, place)
    detail = f"it is not known what {receiver.id} is"
    return refuse(semantic, finding, Reason.UNKNOWN_RECEIVER, detail)


def _made_elsewhere(semantic: SemanticModel, name: ast.Name) -> str | None:
    """Return file and line where the tracker is built that *name* is imported from, if it is."""
    found = semantic.taint.value_elsewhere(name)
    if found is None:
        return None
    there, made = found
    builds = isinstance(made, ast.Call) and there.names.tracker_class(made.func) is not None
    return f"{there.module.source.display}:{made.lineno}" if builds else None


def _extended(semantic: SemanticModel, receiver: ast.expr) -> Resolved | None:
    """Return the set call of a tracker's subclass that asks ``super()`` for the rest."""
    method = semantic.taint.method_around(receiver)
    if method is None or not isinstance(receiver, ast.Call) or last_name(receiver.func) != "super":
        return None
    return method if method.node.name in SET_NAMES else None


def _by_its_own_way(semantic: SemanticModel, finding: Finding, own: Resolved) -> Refusal:
    owner = own.taint.module.parents[own.node]
    name = owner.name if isinstance(owner, ast.ClassDef) else own.node.name
    detail = f"{name}.{own.node.name} (line {own.node.lineno}) sets ids in a way of its own"
    refusal = refuse(semantic, finding, Reason.MANAGER, detail)
    return replace(refusal, advice=f"open the context by hand, with the ids that {name} makes")


def _is_tracker(semantic: SemanticModel, receiver: ast.expr) -> bool:
    """Whether there is evidence that *receiver* is a tracker, beside the name of the method."""
    if isinstance(receiver, ast.Attribute):
        return any(
            isinstance(target, ast.Attribute) and target.attr == receiver.attr
            for construct in semantic.lifetimes.constructs
            for target in getattr(semantic.module.parents[construct.call], "targets", ())
        )
    if not isinstance(receiver, ast.Name) or receiver not in semantic.scopes.scope_of:
        return False
    return any(_makes_tracker(semantic, binder) for binder in semantic.scopes.of(receiver).binders)


def _makes_tracker(semantic: SemanticModel, binder: ast.AST) -> bool:
    annotation = getattr(binder, "annotation", None)
    if annotation is not None and semantic.names.is_annotated(annotation):
        return True
    if not isinstance(binder, ast.Name):
        return False
    statement = semantic.module.statement(binder)
    managed = any(
        statement is w and w.items[i].optional_vars is binder
        for w, i, _, _ in semantic.context_calls
    )
    return managed or statement in semantic.lifetimes.binding_statements


def _on_expression(semantic: SemanticModel, site: SetCall, receiver: ast.expr) -> Refusal:
    finding = semantic.finding(CODE, site.call, MESSAGE)
    text = ast.unparse(receiver)
    if isinstance(receiver, ast.Attribute):
        if is_built_each_time(semantic, receiver):
            detail = f"each read of {text} builds another tracker, which these ids are set on"
            return refuse(semantic, finding, Reason.NO_WORK, detail, receiver)
        detail = f"{text} outlives this function: others may rely on its ids"
        return refuse(semantic, finding, Reason.SHARED_STATE, detail, receiver)
    detail = f"it is not known what {text} is"
    return refuse(semantic, finding, Reason.UNKNOWN_RECEIVER, detail, receiver)
