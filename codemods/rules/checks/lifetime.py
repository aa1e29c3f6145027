"""What stands against turning a tracker's lifetime into a block: each check is one question."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.cells import crosses_cell, shown_value
from codemods.analysis.syntax.class_uses import hidden_loads
from codemods.analysis.syntax.effects import first_yield
from codemods.analysis.trackers.block_extent import Block, state_reads
from codemods.analysis.trackers.lifetimes import within
from codemods.analysis.trackers.mocks.classes import Mocks
from codemods.analysis.trackers.sharing import strange_bases
from codemods.model.proposal import Assumption
from codemods.model.refusal import Reason, Refusal
from codemods.rules.checks.process_ends import ending_refusal
from codemods.rules.checks.shared_trackers.doubtful_constructs import (
    given_again_refusal,
    never_built_refusal,
)
from codemods.rules.checks.shared_trackers.sole_use import helpers
from codemods.rules.checks.siblings import siblings_of
from codemods.rules.checks.state_reads import is_of_id, may_be_asked, read_refusal
from codemods.rules.checks.yields.held_yields import yields_refusal
from codemods.rules.refusing import refuse

if TYPE_CHECKING:
    from collections.abc import Collection

    from codemods.analysis.dataflow.taint_records import Flow
    from codemods.analysis.external.names import Uses
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.definitions import DataFlow
    from codemods.analysis.syntax.scopes import Binding
    from codemods.analysis.trackers.lifetimes import Construct, Lifetime
    from codemods.model.finding import Finding


def lifetime_refusal(
    semantic: SemanticModel, finding: Finding, lifetime: Lifetime
) -> Refusal | None:
    """Refuse lifetimes that are not one variable bound once in a straight line."""
    binding = lifetime.binding
    if not lifetime.construct.certain:
        detail = "the class may come from several imports"
        return refuse(semantic, finding, Reason.AMBIGUOUS_IMPORT, detail)
    shared = given_again_refusal(semantic, finding, lifetime.construct)
    if shared is not None:
        return shared
    perhaps = never_built_refusal(semantic, finding, lifetime)
    if perhaps is not None:
        return perhaps
    if semantic.replaced_method is not None:
        detail = f"{ast.unparse(semantic.replaced_method)} is replaced: the file tests the tracker"
        return refuse(semantic, finding, Reason.TESTS_THE_TRACKER, detail, semantic.replaced_method)
    mocked = semantic.once(Mocks).of_variable(binding.name) if lifetime.scope.is_module else None
    if mocked is not None:
        return refuse(semantic, finding, Reason.TESTS_THE_TRACKER, mocked)
    if lifetime.scope.is_class:
        detail = "the tracker is a class attribute, shared by every instance"
        return refuse(semantic, finding, Reason.SHARED_STATE, detail)
    if binding.declared:
        detail = f"{binding.name} is declared global or nonlocal"
        return refuse(semantic, finding, Reason.REBOUND, detail, binding.declared[0])
    hidden = (
        hidden_loads(semantic.module, semantic.scopes, binding.name)
        if lifetime.scope.is_module
        else []
    )
    if hidden:
        detail = f"a class takes {binding.name} for an attribute of its own"
        return refuse(semantic, finding, Reason.SHARED_STATE, detail, hidden[0])
    siblings = siblings_of(semantic, lifetime)
    if siblings.foreign_binder is not None:
        detail = f"{binding.name} is also bound here"
        return refuse(semantic, finding, Reason.REBOUND, detail, siblings.foreign_binder)
    other = siblings.crossing(lifetime)
    if other is not None:
        detail = f"{binding.name} is built again in an inner suite"
        return refuse(semantic, finding, Reason.REBOUND, detail, other.binding_statement)
    if binding.deletes and not _deleted_last(semantic, lifetime):
        return refuse(
            semantic, finding, Reason.REBOUND, f"{binding.name} is deleted", binding.deletes[0]
        )
    return _stray_load(semantic, finding, lifetime) or _state_refusal(semantic, finding, lifetime)


def _deleted_last(semantic: SemanticModel, lifetime: Lifetime) -> bool:
    """Whether the only ``del`` of the tracker ends its lifetime, at the level of its own suite."""
    if len(lifetime.binding.deletes) != 1 or len(lifetime.siblings) != 1:
        return False
    name = lifetime.binding.deletes[0]
    statement = semantic.module.statement(name)
    if statement not in lifetime.body or len(getattr(statement, "targets", ())) != 1:
        return False
    last = max(((load.lineno, load.col_offset) for load in lifetime.loads), default=(0, 0))
    return last < (statement.lineno, statement.col_offset)


def _stray_load(semantic: SemanticModel, finding: Finding, lifetime: Lifetime) -> Refusal | None:
    """Refuse where a use belongs to no single lifetime."""
    name = lifetime.binding.name
    siblings = siblings_of(semantic, lifetime)
    load = siblings.stray_load(lifetime.scope)
    if load is None:
        return None
    if load in siblings.loads:
        detail = f"an inner function uses {name}, which is bound several times"
        return refuse(semantic, finding, Reason.REBOUND, detail, load)
    if semantic.module.enclosing_loop(lifetime.binding_statement) is not None:
        detail = f"{name} is built in a loop and used outside of that iteration"
        return refuse(semantic, finding, Reason.ESCAPES_LOOP, detail, load)
    detail = f"{name} is used where its construction may not have run"
    return refuse(semantic, finding, Reason.CONDITIONAL_CONSTRUCT, detail, load)


def _state_refusal(semantic: SemanticModel, finding: Finding, lifetime: Lifetime) -> Refusal | None:
    looked_up = _looked_up_by_name(semantic, lifetime)
    if looked_up is not None:
        detail = f"{ast.unparse(looked_up)} may reach {lifetime.binding.name} by its name"
        return refuse(semantic, finding, Reason.ESCAPES, detail, looked_up)
    places = state_reads(lifetime.loads, semantic.module)
    known = (is_of_id, may_be_asked)
    place = next((p for p in places if not any(f(semantic, lifetime, p) for f in known)), None)
    if place is not None:
        return read_refusal(semantic, finding, place)
    of_loads = (_refusal_of_load(semantic, finding, lifetime, load) for load in lifetime.loads)
    return next((refusal for refusal in of_loads if refusal is not None), None)


def _refusal_of_load(
    semantic: SemanticModel, finding: Finding, lifetime: Lifetime, load: ast.Name
) -> Refusal | None:
    parent = semantic.module.parents[load]
    if isinstance(parent, ast.Attribute) and parent.attr.startswith("_"):
        detail = f"{ast.unparse(parent)} is private to the tracker"
        return refuse(semantic, finding, Reason.TESTS_THE_TRACKER, detail, parent)
    switches = isinstance(parent, ast.Attribute) and parent.attr == words.BATCH_MODE_CALL
    if switches and not _is_on_for_all(semantic, lifetime, load):
        detail = "the tracker's batch mode is switched by hand"
        return refuse(semantic, finding, Reason.STICKY_BATCH_MODE, detail, parent)
    if lifetime.sets and semantic.lifetimes.migrated_use(load):
        detail = "the tracker is used by a context manager and configured by hand"
        return refuse(semantic, finding, Reason.MIXED, detail, load)
    return None


def _is_on_for_all(semantic: SemanticModel, lifetime: Lifetime, load: ast.Name) -> bool:
    """Whether the tracker's batch mode is switched on where its one block keeps it to its end.

    On our runtime a block begins in the mode that its tracker is in.
    """
    site = lifetime.sets[0] if len(lifetime.sets) == 1 else None
    if site is None or site.path[:-1] != lifetime.prefix or lifetime.owned:
        return False
    call = semantic.module.parents[semantic.module.parents[load]]
    if not isinstance(call, ast.Call) or call.keywords or len(call.args) != 1:
        return False
    on = isinstance(call.args[0], ast.Constant) and call.args[0].value is True
    own = semantic.scopes.scope_of[load] is lifetime.scope
    is_statement = isinstance(semantic.module.parents[call], ast.Expr)
    return on and own and is_statement and semantic.ours(lifetime.construct.home)


def _looked_up_by_name(semantic: SemanticModel, lifetime: Lifetime) -> ast.AST | None:
    """Return a call that can reach variables by name: in the function, or for globals anywhere."""
    for call in semantic.calls_by_name:
        name = last_name(call.func)
        inside = lifetime.scope.is_module or lifetime.scope.node in semantic.module.ancestors(call)
        reaches = lifetime.scope.is_module or name != "globals"
        if inside and reaches and not (name == "vars" and call.args):
            return call
    return None


def flow_escape(semantic: SemanticModel, finding: Finding, flow: Flow) -> Refusal | None:
    """Refuse where something that holds the tracker gets out, or its state is read."""
    if flow.escapes:
        escape = flow.escapes[0]
        detail = f"the tracker is {escape.how}"
        return refuse(semantic, finding, Reason.ESCAPES, detail, escape.node)
    older = next((place for place in flow.older if _stays_older(semantic, place)), None)
    if older is not None:
        detail = f"{ast.unparse(older)} sets ids by the older name, which contexts may not take"
        refusal = refuse(semantic, finding, Reason.MIXED, detail, older)
        return replace(refusal, advice=f"use {words.SET_CALL} there, then run again")
    if flow.reads:
        return read_refusal(semantic, finding, flow.reads[0])
    return None


def _stays_older(semantic: SemanticModel, place: ast.AST) -> bool:
    """Whether the older set call at *place* is none that a block takes in, or writes anew."""
    call = semantic.module.parents.get(place) if isinstance(place, ast.Attribute) else None
    if not isinstance(call, ast.Call) or call.func is not place:
        return True  # in a function that is called, or a method that is handed on
    unpacked = any(keyword.arg is None for keyword in call.keywords)
    return unpacked and all(site.call is not call for site in semantic.lifetimes.set_calls)


def flow_refusal(
    semantic: SemanticModel, finding: Finding, lifetime: Lifetime, flow: Flow
) -> Refusal | None:
    """Refuse escapes, uses behind the lifetime, and a module's tracker that its functions reach."""
    escape = flow_escape(semantic, finding, flow)
    if escape is not None:
        return escape
    for binding in flow.holders:
        refusal = _reached_by_functions(semantic, finding, lifetime, binding) or _used_behind(
            semantic, finding, lifetime, binding
        )
        if refusal is not None:
            return refusal
    return None


def _reached_by_functions(
    semantic: SemanticModel, finding: Finding, lifetime: Lifetime, binding: Binding
) -> Refusal | None:
    if not binding.scope.is_module:
        return None
    load = semantic.taint.once(_LoadsInFunctions).first(binding)
    if load is not None and not helpers(semantic, lifetime, binding):
        detail = f"{binding.name} is used by functions of this module"
        return refuse(semantic, finding, Reason.SHARED_STATE, detail, load)
    uses = semantic.elsewhere.variable(binding.name)
    if uses.places:
        return external_refusal(semantic, finding, uses)
    if semantic.used_elsewhere(binding.name):
        detail = f"{binding.name} is exported, or used by other files"
        return refuse(semantic, finding, Reason.SHARED_STATE, detail)
    return None


class _LoadsInFunctions:
    """Where functions first read the variables of a module, each looked at once."""

    def __init__(self, taint: DataFlow) -> None:
        self._scope_of = taint.scopes.scope_of
        self._module = taint.module
        self._known: dict[Binding, ast.Name | None] = {}

    def first(self, binding: Binding) -> ast.Name | None:
        if binding not in self._known:
            inner = (load for load in binding.loads if not self._scope_of[load].is_module)
            self._known[binding] = next(filter(self._is_in_function, inner), None)
        return self._known[binding]

    def _is_in_function(self, node: ast.AST) -> bool:
        functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
        return any(isinstance(ancestor, functions) for ancestor in self._module.ancestors(node))


def external_refusal(
    semantic: SemanticModel, finding: Finding, uses: Uses, *, asks: bool = False
) -> Refusal | None:
    """Refuse where the object is used from elsewhere too: with ids that are set here, perhaps.

    With ``--unsafe`` those who only read it are for a person to look at, where the rule *asks*.
    """
    told = {*uses.readers} if asks and semantic.settings.unsafe else set()
    place = next((one for one in uses.places if one not in told), None)
    if place is None:
        return None
    here = place.where.rpartition(":")[0] == semantic.module.source.display
    detail = f"another file uses the same tracker: {place}"
    if here:  # a look-up by a computed name
        detail = f"{place} may reach the tracker by its name"
    return refuse(semantic, finding, Reason.SHARED_STATE, detail)


def doubted(finding: Finding, uses: Uses) -> tuple[Assumption, ...]:
    """Return what is taken for granted about files that cannot be looked at."""
    return tuple(Assumption(text, finding.span) for text in uses.doubts)


def _used_behind(
    semantic: SemanticModel, finding: Finding, lifetime: Lifetime, binding: Binding
) -> Refusal | None:
    """Refuse where another name for the tracker is used outside of the tracker's own lifetime."""
    if binding is lifetime.binding:
        return None
    loop = semantic.module.enclosing_loop(lifetime.binding_statement)
    binding_statement = (lifetime.binding_statement.lineno, lifetime.binding_statement.col_offset)
    for load in binding.loads:
        path = semantic.module.paths[semantic.module.statement(load)]
        earlier = (load.lineno, load.col_offset) < binding_statement
        again = loop is not None and loop in semantic.module.ancestors(load)
        if within(lifetime, path) or (earlier and not again):
            continue
        detail = f"{binding.name} holds the tracker, and is used behind its last statement"
        return refuse(semantic, finding, Reason.ESCAPES, detail, load)
    return None


def block_refusal(
    semantic: SemanticModel,
    finding: Finding,
    lifetime: Lifetime,
    block: Block,
    held: Collection[ast.AST] = (),
) -> Refusal | None:
    """Refuse what a block over these statements would change; *held* are yields that may."""
    body = lifetime.body[block.start : block.stop]
    if not body or not lifetime.loads:
        return refuse(semantic, finding, Reason.NO_WORK, "nothing uses the tracker after this")
    inner = first_yield(body)
    if inner is not None and inner not in held:
        return yields_refusal(semantic, finding, inner)
    shown = _cell_refusal(semantic, finding, lifetime, block)
    return shown or ending_refusal(semantic, finding, body)


def _cell_refusal(
    semantic: SemanticModel, finding: Finding, lifetime: Lifetime, block: Block
) -> Refusal | None:
    """Refuse a block that would go over cells of a notebook, or take from one what it shows."""
    span = (lifetime.body, lifetime.index, block.stop)
    if lifetime.scope.is_module and crosses_cell(semantic.module, *span):
        detail = "a notebook cell begins in the block"
        return refuse(semantic, finding, Reason.CROSSES_CELLS, detail)
    shown = shown_value(semantic.module, lifetime.body, block.stop)
    if shown is not None:
        detail = "the cell shows what its last line gives, and a block shows nothing"
        return refuse(semantic, finding, Reason.SHOWS_VALUE, detail, shown)
    return None


def trusted(semantic: SemanticModel, flow: Flow) -> tuple[Assumption, ...]:
    """Return what is taken for granted about functions of other modules, and about failures."""
    calls = {ast.unparse(call.func): call for call in reversed(flow.trusted)}
    others = {one.text: one.node for one in reversed(flow.assumed)}
    return (
        *(
            Assumption(f"{name} does not keep the tracker", semantic.module.span(calls[name]))
            for name in sorted(calls)
        ),
        *(Assumption(text, semantic.module.span(others[text])) for text in sorted(others)),
    )


def with_bases(semantic: SemanticModel, flow: Flow, construct: Construct) -> Flow:
    """Return *flow* where bases of the tracker's class, not in sight, are trusted too."""
    bases = strange_bases(semantic.taint, construct.call)
    made = (ast.copy_location(ast.Call(base, [], []), construct.call) for base in bases)
    return replace(flow, trusted=[*flow.trusted, *made])


def other_set(lifetime: Lifetime, flow: Flow) -> ast.AST | None:
    """Return a place that sets ids of the tracker and is none of the lifetime's own set calls."""
    own = {site.call.func for site in lifetime.sets}
    return next((place for place in flow.sets if place not in own), None)
