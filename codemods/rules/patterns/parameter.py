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
from codemods.model.refusal import Reason
from codemods.rules.checks.lifetime import flow_escape, trusted
from codemods.rules.checks.process_ends import ending_refusal
from codemods.rules.planning.headers import Form, check_arguments, plan_header
from codemods.rules.refusing import refuse
from codemods.rules.rule import Answer, Decided, OpenSites, Sites

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.scopes import Binding
    from codemods.analysis.trackers.lifetimes import Construct, SetCall
    from codemods.model.edit import Edit
    from codemods.model.finding import Finding

TAKES = Sites.BUILT
CODE = "AIU002"
MESSAGE = "ids set by hand on a tracker that was passed in"
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def decide(semantic: SemanticModel, open_sites: OpenSites) -> Iterator[Answer]:
    """Answer for the set calls on each parameter whose callers are all known.

    What is built where a caller gives none belongs to the parameter if that gets a block, or
    has one; otherwise it is refused where it is built, and its set calls with it.
    """
    built = list(_stand_ins(semantic, open_sites.constructs))
    adopted = [(binding, one) for binding, one in built if _is_adopted(semantic, binding)]
    yield Answer(frozenset(construct.call for _, construct in adopted))
    refused = {binding for binding, _ in built} - {binding for binding, _ in adopted}
    for binding, sets in _by_parameter(semantic, open_sites.set_calls).items():
        decided = _decided(semantic, binding, sets) if binding not in refused else None
        if decided is not None:
            yield Answer.of(decided.verdict, (site.call for site in sets), decided.holders)


def _by_parameter(
    semantic: SemanticModel, set_calls: Iterable[SetCall]
) -> dict[Binding, list[SetCall]]:
    found: dict[Binding, list[SetCall]] = {}
    for site in set_calls:
        binding = semantic.lifetimes.receiver(site)
        if binding is not None and any(isinstance(b, ast.arg) for b in binding.binders):
            found.setdefault(binding, []).append(site)
    return found


def _decided(semantic: SemanticModel, binding: Binding, sets: list[SetCall]) -> Decided | None:
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


def _stand_ins(
    semantic: SemanticModel, constructs: Iterable[Construct]
) -> Iterator[tuple[Binding, Construct]]:
    """Yield what is built for a parameter of a private function that got none."""
    for construct in constructs:
        choice = semantic.module.parents[construct.call]
        statement = semantic.module.parents.get(choice)
        if not isinstance(choice, ast.BoolOp) or not isinstance(statement, ast.Assign):
            continue
        target = statement.targets[0]
        if not isinstance(target, ast.Name):
            continue
        binding = semantic.scopes.of(target)
        function = binding.scope.node
        private = isinstance(function, _Function) and function.name.startswith("_")
        if private and any(isinstance(binder, ast.arg) for binder in binding.binders):
            yield binding, construct


def _is_adopted(semantic: SemanticModel, binding: Binding) -> bool:
    """Whether what a parameter holds is used with a context, or gets one."""
    if any(map(semantic.lifetimes.migrated_use, binding.loads)):
        return True
    sets = semantic.lifetimes.sets_on.get(binding, [])
    decided = _decided(semantic, binding, sets) if sets else None
    return decided is not None and isinstance(decided.verdict, Proposal)


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
    around = semantic.scope_at(semantic.module.paths[function])
    owner = semantic.scopes.binding(function.name, around)
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
) -> Decided:
    prefix = semantic.module.paths[function]
    first, last = sets[0].path[-1][1], sets[-1].path[-1][1]
    if any(s.path[:-1] != prefix for s in sets) or last - first != len(sets) - 1:
        detail = "the ids are set in an inner suite, or several times"
        return Decided(refuse(semantic, finding, Reason.CONDITIONAL_CONTEXT, detail))
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
    if refusal is not None:
        return Decided(refusal)
    sending = semantic.sending(flow, ours=form.ours)
    planned = plan_header(semantic, sets, body, sets[0].statement, form, sending)
    edits: list[Edit] = [Delete(s.path) for s in sets]
    edits.append(Wrap(sets[0].path, stop, planned.header))
    why = f"every caller of {function.name} passes a tracker that nothing else uses"
    assumptions = (*planned.assumptions, *trusted(semantic, flow))
    verdict = Proposal(
        finding, tuple(edits), "adopt", why, (planned.manager,), home, planned.notes, assumptions
    )
    return Decided(verdict, frozenset(flow.tainted))
