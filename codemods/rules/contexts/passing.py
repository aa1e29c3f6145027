"""Missing tracker passing: a call inside a block that leaves its callee without the tracker.

What it does    Passes the block's tracker, by keyword, to functions that provably take one.
Why             The callee's metrics are attributed to nothing, or to a tracker of its own.
Before          with ai_usage_context("outer_op") as tracker:
                    inner()
After           with ai_usage_context("outer_op") as tracker:
                    inner(tracker=tracker)
Safety          Safe where the parameter is a tracker by its annotation, by the use of its
                API, or by what another caller passes; a name alone proves nothing. The
                callee has to do the same without a tracker, but for recording.
Leaves alone    generators and coroutines that may run behind the block,
                calls with * or **, callbacks, functions of other packages; without --unsafe, a
                callee that builds a tracker of its own where the context names ids,
                and one that does something else when it has a tracker
Guide           Common Issues, 1
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.calls import last_name, ordinal
from codemods.analysis.syntax.definitions import Resolved
from codemods.analysis.syntax.effects import first_yield, walk_here
from codemods.analysis.syntax.signatures import default_of
from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers.lifetimes import is_none
from codemods.analysis.trackers.substitution import same_but_recorded
from codemods.model.edit import PassKeyword
from codemods.model.proposal import Proposal
from codemods.rules.checks.left_out import unsupplied
from codemods.rules.checks.tracker_names import same_value, tracker_name
from codemods.rules.conflicts.inheritance import lent_ids
from codemods.rules.rule import Answer, OpenSites, Sites

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.definitions import DataFlow
    from codemods.analysis.syntax.scopes import Binding

TAKES = Sites.NEW_CODE
CODE = "AIU005"
MESSAGE = "call inside a context that does not pass the tracker on"
_WITH_ONE = "what {0} does where it is given a tracker is what it is to do here"
_TAKES_IDS = "what {0} records with a tracker of its own is to be the context's, with its ids"

# What uses a generator up before it returns, and what runs a coroutine to its end.
_AT_ONCE = frozenset("list tuple set frozenset dict sorted sum min max join extend update".split())
_LOOPS = frozenset({"run", "run_until_complete"})

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def decide(semantic: SemanticModel, open_sites: OpenSites) -> Iterator[Answer]:
    """Answer with a proposal for every call that a tracker can certainly be passed to."""
    del open_sites
    proposals: dict[ast.Call, Proposal] = {}
    for statement, item, call, name in semantic.context_calls:
        tracker = tracker_name(statement.items[item].optional_vars, call)
        if tracker is None:
            continue
        stores = _stores(semantic, call)
        given = next((k.value for k in call.keywords if k.arg == words.TRACKER_ARGUMENT), None)
        lends = bool(lent_ids(semantic, call, name, given or tracker))
        for node in walk_here(statement.body):
            if isinstance(node, ast.Call):
                # A later context is further inside: its tracker is the one to pass.
                proposal = _decide_one(semantic, node, tracker, stores=stores, lends=lends)
                if proposal is not None:
                    proposals[node] = proposal
    yield from map(Answer.of, proposals.values())


def _stores(semantic: SemanticModel, context: ast.Call) -> bool:
    """Whether what the block's tracker records is stored somewhere.

    The original runtime gives no sink to the tracker that a context makes for itself.
    """
    given = any(keyword.arg == words.TRACKER_ARGUMENT for keyword in context.keywords)
    return given or semantic.ours(semantic.imports.home_of(context))


def _decide_one(
    semantic: SemanticModel, call: ast.Call, tracker: ast.Name, *, stores: bool, lends: bool
) -> Proposal | None:
    resolved = _callee(semantic, call.func)
    if resolved is None or resolved.node.decorator_list or not _runs_here(semantic, resolved, call):
        return None
    definition = resolved.node
    if any(isinstance(a, ast.Starred) for a in call.args) or any(
        k.arg is None for k in call.keywords
    ):
        return None
    parameter = next(
        (p for p in unsupplied(definition, call) if is_tracker(semantic, resolved, p)), None
    )
    if parameter is None or not same_value(semantic, tracker, call):
        return None
    confirm: tuple[str, ...] = ()
    if not does_the_same(semantic, resolved, parameter, call):
        if not semantic.settings.unsafe:
            return None
        confirm = (_WITH_ONE.format(definition.name),)
    if _may_build_one(resolved, parameter):
        # What it records is stored now, and under no ids but its own.
        if not stores or (lends and not semantic.settings.unsafe):
            return None
        if lends:
            confirm = (*confirm, _TAKES_IDS.format(definition.name))
    place = ordinal(semantic.module, call)
    # What stands in its place may not take a tracker; asked last, it looks at every file.
    if place is None or semantic.elsewhere.is_replaced(definition.name):
        return None
    path, number = place
    edit = PassKeyword(path, number, semantic.module.segment(call.func), parameter.arg, tracker.id)
    why = f"{definition.name} takes a tracker as {parameter.arg}, and the block's own is at hand"
    note = f"the metrics of {definition.name} are now attributed to the enclosing context"
    return Proposal(
        semantic.finding(CODE, call, MESSAGE), (edit,), "pass", why, notes=(note,), confirm=confirm
    )


def does_the_same(
    semantic: SemanticModel, resolved: Resolved, parameter: ast.arg, call: ast.Call
) -> bool:
    """Whether the function does with a tracker what it does without, but for recording.

    What fails without one may work with one, unless somebody in sight expects it to fail.
    """
    if default_of(resolved.node.args, parameter) is None:
        return not _expects_failure(semantic, call)
    found = same_but_recorded(resolved, parameter.arg)
    return found.proven and not (found.fails and _expects_failure(semantic, call))


def _expects_failure(semantic: SemanticModel, call: ast.Call) -> bool:
    """Whether something around the call in its function may catch what it raises."""
    node: ast.AST = call
    while not isinstance(node, _Function | ast.Lambda | ast.Module):
        if getattr(node, "handlers", ()):
            return True
        if isinstance(node, ast.With | ast.AsyncWith):
            managers = [item.context_expr for item in node.items]
            if not all(
                isinstance(m, ast.Call) and semantic.names.context_manager(m.func) for m in managers
            ):
                return True
        node = semantic.module.parents[node]
    return False


def _runs_here(semantic: SemanticModel, resolved: Resolved, call: ast.Call) -> bool:
    """Whether the function runs where it is called, and no later: behind the block, perhaps."""
    parent = semantic.module.parents[call]
    if first_yield(resolved.node.body) is not None:
        if isinstance(parent, ast.For | ast.AsyncFor):
            return call is parent.iter
        if isinstance(parent, ast.comprehension):
            return not isinstance(semantic.module.parents[parent], ast.GeneratorExp)
        at_once = isinstance(parent, ast.Call) and call in parent.args
        return at_once and last_name(parent.func) in _AT_ONCE  # type: ignore[attr-defined]
    if not isinstance(resolved.node, ast.AsyncFunctionDef):
        return True
    around: ast.AST = call
    while isinstance(around, ast.expr | ast.comprehension | ast.keyword):
        if isinstance(around, ast.Await):
            return True
        if isinstance(around, ast.Call) and last_name(around.func) in _LOOPS:
            return True
        around = semantic.module.parents[around]
    return False


def _callee(semantic: SemanticModel, function: ast.expr) -> Resolved | None:
    """Return the function of the project that is called; a method may be overridden anywhere."""
    if isinstance(function, ast.Name) or semantic.names.meaning(function).certain:
        return semantic.taint.definition(function)
    return None


def _may_build_one(resolved: Resolved, parameter: ast.arg) -> bool:
    """Whether the function, left without a tracker, may build one, or have one built."""
    if default_of(resolved.node.args, parameter) is None:
        return False
    for node in walk_here(resolved.node.body):
        if not isinstance(node, ast.Call):
            continue
        owner = node.func.value if isinstance(node.func, ast.Attribute) else node.func
        if any(resolved.taint.names.tracker_class(made) for made in (node.func, owner)):
            return True
        handed = [*node.args, *(keyword.value for keyword in node.keywords)]
        if any(isinstance(n, ast.Name) and n.id == parameter.arg for a in handed for n in walk(a)):
            return True
    return False


def is_tracker(semantic: SemanticModel, resolved: Resolved, parameter: ast.arg) -> bool:
    """Whether *parameter* of a function of the project provably receives a tracker."""
    default = default_of(resolved.node.args, parameter)
    if default is not None and not is_none(default):
        return False
    home = resolved.taint
    if parameter.annotation is not None:
        return home.names.is_annotated(parameter.annotation)
    binding = home.scopes.binding(parameter.arg, home.scopes.inner[resolved.node])
    if len(binding.binders) != 1:
        return False
    if _uses_api(home, binding):
        return True
    return home is semantic.taint and _passed_one(semantic, resolved.node, parameter)


def _uses_api(home: DataFlow, binding: Binding) -> bool:
    for load in binding.loads:
        parent = home.module.parents[load]
        if isinstance(parent, ast.Attribute) and parent.attr in words.TRACKER_METHODS:
            return True
        call = home.module.parents.get(parent)
        if isinstance(parent, ast.keyword) and parent.arg == words.TRACKER_ARGUMENT:
            if isinstance(call, ast.Call) and home.names.context_manager(call.func) is not None:
                return True
    return False


def _passed_one(semantic: SemanticModel, definition: _Function, parameter: ast.arg) -> bool:
    """Whether some call in the module passes a tracker for *parameter*."""
    binding = semantic.scopes.binding(definition.name, semantic.scopes.module_scope)
    for load in binding.loads:
        call = semantic.module.parents[load]
        if not isinstance(call, ast.Call) or call.func is not load:
            continue
        for value in [*call.args, *(keyword.value for keyword in call.keywords)]:
            if Resolved(semantic.taint, definition).parameter(call, value) == parameter.arg:
                if isinstance(value, ast.Name) and _is_known_tracker(semantic, value):
                    return True
    return False


def _is_known_tracker(semantic: SemanticModel, name: ast.Name) -> bool:
    binders = semantic.scopes.of(name).binders if name in semantic.scopes.scope_of else []
    contexts = {w for w, _, _, _ in semantic.context_calls}
    binding_statements = {semantic.lifetimes.binding_of(c) for c in semantic.lifetimes.constructs}
    statements = [semantic.module.statement(b) for b in binders if isinstance(b, ast.Name)]
    return bool(statements) and all(s in contexts or s in binding_statements for s in statements)
