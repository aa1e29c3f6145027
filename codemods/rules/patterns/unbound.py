"""Unbound tracker: one that is built where no plain variable gets it.

What it does    Refuses what no other pattern takes: a tracker that is returned, passed on, stored,
                built under a condition or inside an expression.
Why             Whoever gets the tracker may rely on the ids, and no block covers all of its uses.
Before          queue.put(AIUsageTracker())
After           (left alone)
Safety          Nothing changes; the reason says where the tracker goes.
Leaves alone    what is handed to a context manager right away, which needs nothing; what is handed
                to code in sight that sets the ids, where they are decided on
"""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.tree import walk
from codemods.model.refusal import Reason, Refusal
from codemods.rules.checks.forwarders import SET_NAMES
from codemods.rules.refusing import refuse
from codemods.rules.rule import Answer, OpenSites, Sites

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.lifetimes import Construct
    from codemods.model.finding import Finding

TAKES = Sites.BUILT_OTHERWISE
CODE = "AIU001"
MESSAGE = "tracker built by hand"


def decide(semantic: SemanticModel, open_sites: OpenSites) -> Iterator[Answer]:
    """Answer for each construction that is left, and for the set calls on what it builds."""
    for construct in open_sites.constructs:
        refusal = _refusal(semantic, construct)
        if refusal is not None:
            yield Answer.of(refusal, {construct.call, *_set_calls(semantic, construct)})


def _set_calls(semantic: SemanticModel, construct: Construct) -> Iterator[ast.Call]:
    """Yield the set calls on the variable that the statement of a refused construction binds."""
    statement = semantic.module.statement(construct.call)
    for site in semantic.lifetimes.set_calls:
        binding = semantic.lifetimes.receiver(site)
        for binder in binding.binders if binding is not None else ():
            if isinstance(binder, ast.Name) and semantic.module.statement(binder) is statement:
                yield site.call


def _refusal(semantic: SemanticModel, construct: Construct) -> Refusal | None:
    """Return the refusal of a construction that is bound to no plain variable, if it needs one."""
    parent = semantic.module.parents[construct.call]
    if isinstance(parent, ast.keyword) and parent.arg == words.TRACKER_ARGUMENT:
        call = semantic.module.parents[parent]
        if isinstance(call, ast.Call) and semantic.names.context_manager(call.func) is not None:
            return None
    if _is_taken_over(semantic, parent):
        return None  # what becomes of it is decided where the object uses it
    finding = semantic.finding(CODE, construct.call, MESSAGE)
    if isinstance(parent, ast.NamedExpr):
        return _bound_inside(semantic, finding, parent)
    reason, detail = _place(parent)
    return refuse(semantic, finding, reason, detail, parent if hasattr(parent, "lineno") else None)


def _bound_inside(semantic: SemanticModel, finding: Finding, named: ast.NamedExpr) -> Refusal:
    """Refuse a tracker that ``:=`` binds where it is handed on, or may not be built."""
    around = semantic.module.parents[named]
    if isinstance(around, ast.Call | ast.keyword):
        reason, detail = _place(around)
    else:
        reason, detail = Reason.REBOUND, "the tracker is bound inside an expression"
    refusal = refuse(semantic, finding, reason, detail, named)
    advice = f"build {named.target.id} in a statement of its own, then run again"
    return replace(refusal, advice=advice) if reason == Reason.REBOUND else refusal


def _is_taken_over(semantic: SemanticModel, parent: ast.AST) -> bool:
    """Whether *parent* hands the tracker to code in sight that sets ids on what it is given."""
    call = semantic.module.parents[parent] if isinstance(parent, ast.keyword) else parent
    if not isinstance(call, ast.Call):
        return False
    owner, function = semantic.taint.class_of(call.func), semantic.taint.definition(call.func)
    if owner is not None:
        return any(_configures(method.node, ast.Attribute) for method in owner.methods())
    return function is not None and _configures(function.node, ast.Name)


def _configures(function: ast.AST, kind: type[ast.expr]) -> bool:
    """Whether *function* sets ids on a value of *kind*, or opens a context with it."""
    for node in walk(function):
        if isinstance(node, ast.keyword) and node.arg == words.TRACKER_ARGUMENT:
            if isinstance(node.value, kind):
                return True
        if not isinstance(node, ast.Call) or last_name(node.func) not in SET_NAMES:
            continue
        value = getattr(node.func, "value", None)
        if isinstance(value, kind) and all(k.arg in words.SET_PARAMETERS for k in node.keywords):
            return True
    return False


def _place(parent: ast.AST) -> tuple[Reason, str]:
    if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Attribute):
        return Reason.ESCAPES, f"the tracker is stored in {ast.unparse(parent.targets[0])}"
    if isinstance(parent, ast.Return):
        return Reason.ESCAPES, "the tracker is returned"
    if isinstance(parent, ast.arguments):
        return Reason.SHARED_STATE, "the tracker is a default argument, shared by all calls"
    if isinstance(parent, ast.IfExp | ast.BoolOp):
        return Reason.CONDITIONAL_CONSTRUCT, "the tracker is built under a condition"
    if isinstance(parent, ast.Attribute):
        return Reason.ESCAPES, "the tracker has no name of its own"
    if isinstance(parent, ast.Call | ast.keyword):
        return Reason.ESCAPES, "the tracker is passed on where it is built"
    if isinstance(parent, ast.Expr):
        return Reason.NO_WORK, "the tracker is built and dropped"
    return Reason.ESCAPES, "the tracker is stored where it is built"
