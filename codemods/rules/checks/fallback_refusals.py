"""Legacy places that no other rule takes: each is refused with the reason that fits it."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.trackers.owners import passed_to, passes_on
from codemods.model.refusal import Reason, Refusal
from codemods.rules.planning.headers import problem_refusal
from codemods.rules.refusing import refuse

if TYPE_CHECKING:
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.lifetimes import Construct, SetCall

CONSTRUCT_CODE = "AIU001"
SET_CODE = "AIU002"
INVALID = "invalid-call"
_SET_NAMES = (words.SET_CALL, words.OLDER_SET_CALL)
SET_MESSAGE = "ids set by hand on a tracker"


def refuse_construct(semantic: SemanticModel, construct: Construct) -> Refusal | None:
    """Return the refusal of a construction that is bound to no plain variable, if it needs one."""
    parent = semantic.module.parents[construct.call]
    if isinstance(parent, ast.keyword) and parent.arg == words.TRACKER_ARGUMENT:
        call = semantic.module.parents[parent]
        if isinstance(call, ast.Call) and semantic.names.context_manager(call.func) is not None:
            return None
    finding = semantic.finding(CONSTRUCT_CODE, construct.call, "tracker built by hand")
    reason, detail = _place(parent)
    return refuse(semantic, finding, reason, detail, parent if hasattr(parent, "lineno") else None)


def _place(parent: ast.AST) -> tuple[Reason, str]:
    if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Attribute):
        return Reason.ESCAPES, f"the tracker is stored in {ast.unparse(parent.targets[0])}"
    if isinstance(parent, ast.Return):
        return Reason.ESCAPES, "the tracker is returned"
    if isinstance(parent, ast.arguments):
        return Reason.SHARED_STATE, "the tracker is a default argument, shared by all calls"
    if isinstance(parent, ast.IfExp | ast.BoolOp):
        return Reason.CONDITIONAL_CONSTRUCT, "the tracker is built under a condition"
    if isinstance(parent, ast.NamedExpr):
        return Reason.REBOUND, "the tracker is bound inside an expression"
    if isinstance(parent, ast.Attribute):
        return Reason.ESCAPES, "the tracker has no name of its own"
    if isinstance(parent, ast.Call | ast.keyword):
        return Reason.ESCAPES, "the tracker is passed on where it is built"
    if isinstance(parent, ast.Expr):
        return Reason.NO_WORK, "the tracker is built and dropped"
    return Reason.ESCAPES, "the tracker is stored where it is built"


def refuse_set_call(semantic: SemanticModel, site: SetCall) -> Refusal | None:
    """Return the refusal of a set call on something that is, or may be, a tracker."""
    receiver = site.call.func.value  # type: ignore[attr-defined]
    if is_forwarder(semantic, site):
        return None
    finding = semantic.finding(SET_CODE, site.call, SET_MESSAGE)
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


def by_hand(refusal: Refusal, name: str, owner: ast.ClassDef) -> Refusal:
    """Return *refusal* with the field that the class *owner* passes ids on to in its advice."""
    field = next((f for m in owner.body if (f := passed_to(m)) is not None), None)
    if field is None:
        return refusal
    return replace(refusal, advice=f"open the context with tracker={name}.{field} by hand")


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


def refuse_inspection(semantic: SemanticModel, place: ast.Attribute) -> Refusal | None:
    """Return the refusal of a test that asks a double of the tracker which ids were set."""
    receiver = place.value.value  # type: ignore[attr-defined]
    if isinstance(receiver, ast.Name) and any(
        isinstance(b, ast.Name)
        and semantic.module.statement(b) in semantic.lifetimes.binding_statements
        for b in semantic.scopes.of(receiver).binders
    ):
        return None  # a real tracker: refused where it is built
    finding = semantic.finding(SET_CODE, place, "a test of how ids are set")
    detail = f"{ast.unparse(place)} asks for the set call, which migrated code does not make"
    return refuse(semantic, finding, Reason.TESTS_THE_TRACKER, detail)


def _on_expression(semantic: SemanticModel, site: SetCall, receiver: ast.expr) -> Refusal:
    finding = semantic.finding(SET_CODE, site.call, SET_MESSAGE)
    text = ast.unparse(receiver)
    if isinstance(receiver, ast.Attribute):
        detail = f"{text} outlives this function: others may rely on its ids"
        return refuse(semantic, finding, Reason.SHARED_STATE, detail, receiver)
    detail = f"it is not known what {text} is"
    return refuse(semantic, finding, Reason.UNKNOWN_RECEIVER, detail, receiver)


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


def is_forwarder(semantic: SemanticModel, site: SetCall) -> bool:
    """Whether the call is what a class's own set call does: the places that use it count."""
    method = next(
        (n for n in semantic.module.ancestors(site.call) if isinstance(n, ast.FunctionDef)), None
    )
    owner = semantic.module.parents.get(method) if method is not None else None
    if method is None or method.name not in _SET_NAMES or not isinstance(owner, ast.ClassDef):
        return False
    own_class = all(semantic.names.tracker_class(base) is None for base in owner.bases)
    return own_class and isinstance(site.call.func.value, ast.Attribute)  # type: ignore[attr-defined]


def _forwards(definition: ast.ClassDef) -> bool:
    for method in definition.body:
        if isinstance(method, ast.FunctionDef) and method.name in _SET_NAMES:
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
