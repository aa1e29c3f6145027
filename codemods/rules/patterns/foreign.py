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
from typing import TYPE_CHECKING

from codemods.analysis.syntax.calls import last_name
from codemods.analysis.trackers.owners import passes_on
from codemods.model.refusal import Reason, Refusal
from codemods.rules.checks.forwarders import SET_NAMES, by_hand, is_forwarder
from codemods.rules.planning.headers import problem_refusal
from codemods.rules.refusing import refuse
from codemods.rules.rule import Answer, OpenSites, Sites

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.lifetimes import SetCall

TAKES = Sites.SET_OTHERWISE
CODE = "AIU002"
MESSAGE = "ids set by hand on a tracker"
INVALID = "invalid-call"


def decide(semantic: SemanticModel, open_sites: OpenSites) -> Iterator[Answer]:
    """Answer for each set call that is left."""
    for site in open_sites.set_calls:
        refusal = _refusal(semantic, site)
        if refusal is not None:
            yield Answer.of(refusal, {site.call})


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
    if not isinstance(receiver, ast.Name):
        return _on_expression(semantic, site, receiver)
    binding = semantic.scopes.of(receiver)
    if any(isinstance(b, ast.arg) for b in binding.binders):
        if _is_receiver_of_method(semantic, binding.binders[0], receiver):
            return None
        detail = f"{receiver.id} is a parameter: the caller may rely on the ids afterwards"
        return refuse(semantic, finding, Reason.CALLER_RELIES, detail, binding.binders[0])
    manager = _manager(semantic, binding.binders)
    if manager is not None:
        detail = f"{manager.name} owns a tracker and passes the ids on to it"
        refusal = refuse(semantic, finding, Reason.MANAGER, detail, manager)
        return by_hand(refusal, receiver.id, manager)
    if _another_class(semantic, binding.binders):
        return None
    detail = f"it is not known what {receiver.id} is"
    return refuse(semantic, finding, Reason.UNKNOWN_RECEIVER, detail)


def is_another(semantic: SemanticModel, site: SetCall) -> bool:
    """Whether *site* surely sets no ids of a tracker that it names, or of none that lasts."""
    receiver = site.call.func.value  # type: ignore[attr-defined]
    if is_forwarder(semantic, site):
        return True
    if not isinstance(receiver, ast.Name):
        return isinstance(receiver, ast.Attribute) and _is_built_each_time(semantic, receiver)
    binders = semantic.scopes.of(receiver).binders
    if any(
        isinstance(b, ast.arg) and _is_receiver_of_method(semantic, b, receiver) for b in binders
    ):
        return True
    return _manager(semantic, binders) is not None or _another_class(semantic, binders)


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
        if _is_built_each_time(semantic, receiver):
            detail = f"each read of {text} builds another tracker, which these ids are set on"
            return refuse(semantic, finding, Reason.NO_WORK, detail, receiver)
        detail = f"{text} outlives this function: others may rely on its ids"
        return refuse(semantic, finding, Reason.SHARED_STATE, detail, receiver)
    detail = f"it is not known what {text} is"
    return refuse(semantic, finding, Reason.UNKNOWN_RECEIVER, detail, receiver)


def _is_built_each_time(semantic: SemanticModel, receiver: ast.Attribute) -> bool:
    """Whether *receiver* is a property of its object that returns a new tracker for each read."""
    owner = semantic.taint.object_class(receiver.value)
    getter = owner.method(receiver.attr) if owner is not None else None
    if owner is None or getter is None or owner.taint is not semantic.taint:
        return False
    built = {construct.call for construct in semantic.lifetimes.constructs}
    last = getter.node.body[-1]
    plain = [last_name(d) for d in getter.node.decorator_list] == ["property"]
    return plain and isinstance(last, ast.Return) and last.value in built


def _is_receiver_of_method(semantic: SemanticModel, binder: ast.AST, name: ast.Name) -> bool:
    """Whether *name* is ``self`` of a class: then the method called is that class's own."""
    definition = semantic.module.parents.get(semantic.module.parents.get(binder, binder), binder)
    owner = semantic.module.parents.get(definition)
    return isinstance(owner, ast.ClassDef) and name.id in ("self", "cls")


def _manager(semantic: SemanticModel, binders: list[ast.AST]) -> ast.ClassDef | None:
    """Return the class of this module that the variable is built from and that forwards ids."""
    for binder in binders:
        value = getattr(semantic.module.parents.get(binder), "value", None)
        if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Name):
            continue
        for definition in semantic.scopes.of(value.func).binders:
            if isinstance(definition, ast.ClassDef) and _forwards(definition):
                return definition
    return None


def _forwards(definition: ast.ClassDef) -> bool:
    for method in definition.body:
        if isinstance(method, ast.FunctionDef) and method.name in SET_NAMES:
            if passes_on(method):
                return True
    return False


def _another_class(semantic: SemanticModel, binders: list[ast.AST]) -> bool:
    """Whether the variable is certainly an object of a class that is not the tracker."""
    for binder in binders:
        statement = semantic.module.parents.get(binder)
        value = getattr(statement, "value", None)
        if not isinstance(statement, ast.Assign) or not isinstance(value, ast.Call):
            return False
        if not isinstance(value.func, ast.Name) or value.func not in semantic.scopes.scope_of:
            return False
        definitions = semantic.scopes.of(value.func).binders
        if not definitions or not all(_is_foreign_class(semantic, d) for d in definitions):
            return False
    return bool(binders)


def _is_foreign_class(semantic: SemanticModel, definition: ast.AST) -> bool:
    if isinstance(definition, ast.ClassDef):
        return all(semantic.names.tracker_class(base) is None for base in definition.bases)
    return isinstance(definition, ast.alias) and definition.name[:1].isupper()
