"""Parameter tracker: a function configures the tracker that it is given.

What it does    Adopts the parameter inside the function, where no caller can rely on the ids
                afterwards: a private function whose callers pass a tracker that nothing else
                holds, or none at all.
Why             On a tracker that callers share, the ids last into their next calls.
Before          def _read(text, tracker):
                    tracker.set_tracking_context(job_id="read-1")
                    return ask(text, tracker)
After           def _read(text, tracker):
                    with ai_usage_context("read", tracker=tracker, job_id="read-1"):
                        return ask(text, tracker)
Safety          Safe while every call of the function is in this file and passes a new tracker.
Leaves alone    caller-relies, escapes, yields-inside, ...
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.syntax.definitions import Resolved
from codemods.analysis.syntax.effects import first_yield
from codemods.analysis.syntax.signatures import default_of
from codemods.analysis.trackers.block_extent import Block
from codemods.analysis.trackers.last_use import LastUse
from codemods.model.edit import Delete, Wrap
from codemods.model.proposal import Proposal
from codemods.model.refusal import Reason, Refusal
from codemods.rules.checks.lifetime import flow_escape, trusted
from codemods.rules.checks.process_ends import ending_refusal
from codemods.rules.planning.headers import Form, check_arguments, plan_header
from codemods.rules.refusing import refuse

if TYPE_CHECKING:
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.scopes import Binding
    from codemods.analysis.trackers.lifetimes import Construct, SetCall
    from codemods.model.edit import Edit
    from codemods.model.finding import Finding
    from codemods.model.proposal import Verdict

CODE = "AIU002"
MESSAGE = "ids set by hand on a tracker that was passed in"
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def decide(semantic: SemanticModel, binding: Binding, sets: list[SetCall]) -> Verdict | None:
    """Return a proposal or refusal for the set calls on a parameter; None if it cannot be told."""
    function = binding.scope.node
    if not isinstance(function, _Function) or not function.name.startswith("_"):
        return None
    parameter = next((b for b in binding.binders if isinstance(b, ast.arg)), None)
    if parameter is None or not _rebinds_harmlessly(semantic, binding):
        return None
    if not _callers_forget(semantic, function, parameter) or semantic.used_elsewhere(function.name):
        return None
    finding = semantic.finding(CODE, sets[0].call, MESSAGE)
    return _adopted(semantic, finding, function, binding, sets)


def is_fallback(semantic: SemanticModel, construct: Construct) -> bool:
    """Whether the construction stands in for a parameter that is used with a context already."""
    choice = semantic.module.parents[construct.call]
    statement = semantic.module.parents.get(choice)
    if not isinstance(choice, ast.BoolOp) or not isinstance(statement, ast.Assign):
        return False
    target = statement.targets[0]
    if not isinstance(target, ast.Name):
        return False
    binding = semantic.scopes.of(target)
    parameter = next((b for b in binding.binders if isinstance(b, ast.arg)), None)
    function = binding.scope.node
    if parameter is None or not isinstance(function, _Function) or function.name[:1] != "_":
        return False
    if any(semantic.lifetimes.migrated_use(load) for load in binding.loads):
        return True
    sets = [s for s in semantic.lifetimes.set_calls if semantic.lifetimes.receiver(s) is binding]
    return bool(sets) and isinstance(decide(semantic, binding, sets), Proposal)


def _rebinds_harmlessly(semantic: SemanticModel, binding: Binding) -> bool:
    """Whether the parameter is bound again at most as ``tracker = tracker or AIUsageTracker()``."""
    if binding.declared or binding.deletes:
        return False
    stores = [b for b in binding.binders if not isinstance(b, ast.arg)]
    if len(stores) > 1:
        return False
    for store in stores:
        statement = semantic.module.parents.get(store)
        if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.BoolOp):
            return False
        first, *rest = statement.value.values
        built = {construct.call for construct in semantic.lifetimes.constructs}
        if not isinstance(first, ast.Name) or semantic.scopes.of(first) is not binding:
            return False
        if len(rest) != 1 or rest[0] not in built:
            return False
    return True


def _callers_forget(semantic: SemanticModel, function: _Function, parameter: ast.arg) -> bool:
    """Whether each use of the function is a call with a tracker that only it will hold."""
    owner = semantic.scopes.binding(
        function.name, semantic.scope_at(semantic.module.paths[function])
    )
    built = {construct.call for construct in semantic.lifetimes.constructs}
    if not owner.loads or len(owner.binders) != 1:
        return False
    for load in owner.loads:
        call = semantic.module.parents[load]
        if not isinstance(call, ast.Call) or call.func is not load:
            return False
        values = [*call.args, *(keyword.value for keyword in call.keywords)]
        resolved = Resolved(semantic.taint, function)
        given = [v for v in values if resolved.parameter(call, v) == parameter.arg]
        starred = any(isinstance(v, ast.Starred) for v in values)
        if starred or any(keyword.arg is None for keyword in call.keywords):
            return False
        if given and given[0] not in built:
            return False
        if not given and default_of(function.args, parameter) is None:
            return False
    return True


def _adopted(
    semantic: SemanticModel,
    finding: Finding,
    function: _Function,
    binding: Binding,
    sets: list[SetCall],
) -> Verdict:
    prefix = semantic.module.paths[function]
    first, last = sets[0].path[-1][1], sets[-1].path[-1][1]
    if any(s.path[:-1] != prefix for s in sets) or last - first != len(sets) - 1:
        detail = "the ids are set in an inner suite, or several times"
        return refuse(semantic, finding, Reason.CONDITIONAL_CONTEXT, detail)
    block = Block(prefix, "body", last + 1, len(function.body))
    body = function.body[block.start :]
    flow = semantic.taint.follow(binding, body, binding.scope)
    stop = LastUse(semantic.taint, flow, body).stop(function.body, block.start, block.stop)
    body = function.body[block.start : stop]
    inner = first_yield(body)
    home = semantic.imports.default_home
    form = Form(binding.name, None, fresh=True, ours=semantic.ours(home))
    refusal = (
        flow_escape(semantic, finding, flow)
        or ending_refusal(semantic, finding, body)
        or check_arguments(semantic, finding, sets, form, flow.tainted)
    )
    if inner is not None:
        refusal = refuse(semantic, finding, Reason.YIELDS_INSIDE, "control leaves the block", inner)
    if not body:
        refusal = refuse(semantic, finding, Reason.NO_WORK, "nothing follows in this function")
    if isinstance(refusal, Refusal):
        return refusal
    sending = semantic.sending(flow, ours=form.ours)
    planned = plan_header(semantic, sets, body, sets[0].statement, form, sending)
    semantic.holders[finding] = frozenset(flow.tainted)
    edits: list[Edit] = [Delete(s.path) for s in sets]
    edits.append(Wrap(sets[0].path, stop, planned.header))
    why = f"every caller of {function.name} passes a tracker that nothing else uses"
    assumptions = (*planned.assumptions, *trusted(semantic, flow))
    return Proposal(
        finding, tuple(edits), "adopt", why, (planned.manager,), home, planned.notes, assumptions
    )
