"""What stands against turning a tracker's life into a block: each check is one question."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.cells import crosses_cell
from codemods.analysis.syntax.class_uses import hidden_loads
from codemods.analysis.syntax.effects import first_yield
from codemods.analysis.trackers.block_extent import Block, state_read
from codemods.analysis.trackers.lifetimes import within
from codemods.analysis.trackers.sharing import strange_bases
from codemods.model.proposal import Assumption
from codemods.model.refusal import Reason, Refusal
from codemods.rules.checks.process_ends import ending_refusal
from codemods.rules.refusing import refuse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.dataflow.taint_records import Travel
    from codemods.analysis.external.references import Uses
    from codemods.analysis.semantic_model import Facts
    from codemods.analysis.syntax.scopes import Binding
    from codemods.analysis.trackers.lifetimes import Construct, Life
    from codemods.model.finding import Finding


def life_refusal(facts: Facts, finding: Finding, life: Life) -> Refusal | None:
    """Refuse lives that are not one variable bound once in a straight line."""
    binding = life.binding
    if not life.construct.certain:
        detail = "the class may come from several imports"
        return refuse(facts, finding, Reason.AMBIGUOUS_IMPORT, detail)
    if life.construct.shared:
        detail = f"the tracker may be one that others use: {life.construct.shared}"
        return refuse(facts, finding, Reason.SHARED_STATE, detail, life.construct.call)
    if facts.replaced_method is not None:
        detail = f"{ast.unparse(facts.replaced_method)} is replaced: the file tests the tracker"
        return refuse(facts, finding, Reason.TESTS_THE_TRACKER, detail, facts.replaced_method)
    if life.scope.is_class:
        detail = "the tracker is a class attribute, shared by every instance"
        return refuse(facts, finding, Reason.SHARED_STATE, detail)
    if binding.declared:
        detail = f"{binding.name} is declared global or nonlocal"
        return refuse(facts, finding, Reason.REBOUND, detail, binding.declared[0])
    hidden = hidden_loads(facts.module, facts.scopes, binding.name) if life.scope.is_module else []
    if hidden:
        detail = f"a class takes {binding.name} for an attribute of its own"
        return refuse(facts, finding, Reason.SHARED_STATE, detail, hidden[0])
    births = {other.birth for other in life.siblings}
    for binder in binding.binders:
        if not isinstance(binder, ast.Name) or facts.module.statement(binder) not in births:
            return refuse(
                facts, finding, Reason.REBOUND, f"{binding.name} is also bound here", binder
            )
    other = next((o for o in life.siblings if _lies_in(facts, o, life)), None)
    if other is not None:
        detail = f"{binding.name} is built again in an inner suite"
        return refuse(facts, finding, Reason.REBOUND, detail, other.birth)
    if binding.deletes and not _deleted_last(facts, life):
        return refuse(
            facts, finding, Reason.REBOUND, f"{binding.name} is deleted", binding.deletes[0]
        )
    return _stray_load(facts, finding, life) or _state_refusal(facts, finding, life)


def _lies_in(facts: Facts, one: Life, other: Life) -> bool:
    """Whether one of two lives of a variable begins in an inner suite of the other."""
    births = (facts.module.paths[one.birth], facts.module.paths[other.birth])
    return one is not other and (within(other, births[0]) or within(one, births[1]))


def _deleted_last(facts: Facts, life: Life) -> bool:
    """Whether the only ``del`` of the tracker ends its life, at the level of its own suite."""
    if len(life.binding.deletes) != 1 or len(life.siblings) != 1:
        return False
    name = life.binding.deletes[0]
    statement = facts.module.statement(name)
    if statement not in life.suite or len(getattr(statement, "targets", ())) != 1:
        return False
    last = max(((load.lineno, load.col_offset) for load in life.loads), default=(0, 0))
    return last < (statement.lineno, statement.col_offset)


def _stray_load(facts: Facts, finding: Finding, life: Life) -> Refusal | None:
    """Refuse where a use belongs to no single life."""
    name = life.binding.name
    owned = {load for other in life.siblings for load in other.loads}
    for load in life.binding.loads:
        if load in owned:
            if len(life.siblings) > 1 and facts.scopes.scope_of[load] is not life.scope:
                detail = f"an inner function uses {name}, which is bound several times"
                return refuse(facts, finding, Reason.REBOUND, detail, load)
            continue
        if facts.lives.enclosing_loop(life.birth) is not None:
            detail = f"{name} is built in a loop and used outside of that iteration"
            return refuse(facts, finding, Reason.ESCAPES_LOOP, detail, load)
        detail = f"{name} is used where its construction may not have run"
        return refuse(facts, finding, Reason.CONDITIONAL_CONSTRUCT, detail, load)
    return None


def _state_refusal(facts: Facts, finding: Finding, life: Life) -> Refusal | None:
    looked_up = _looked_up_by_name(facts, life)
    if looked_up is not None:
        detail = f"{ast.unparse(looked_up)} may reach {life.binding.name} by its name"
        return refuse(facts, finding, Reason.ESCAPES, detail, looked_up)
    place = state_read(life.loads, facts.module)
    if place is not None:
        detail = f"{ast.unparse(place)} depends on when the ids are set and reset"
        return refuse(facts, finding, Reason.READS_STATE, detail, place)
    for load in life.loads:
        parent = facts.module.parents[load]
        if isinstance(parent, ast.Attribute) and parent.attr.startswith("_"):
            detail = f"{ast.unparse(parent)} is private to the tracker"
            return refuse(facts, finding, Reason.TESTS_THE_TRACKER, detail, parent)
        if isinstance(parent, ast.Attribute) and parent.attr == words.BATCH_MODE_CALL:
            detail = "the tracker's batch mode is switched by hand"
            return refuse(facts, finding, Reason.STICKY_BATCH_MODE, detail, parent)
        if life.sets and facts.lives.migrated_use(load):
            detail = "the tracker is used by a context manager and configured by hand"
            return refuse(facts, finding, Reason.MIXED, detail, load)
    return None


def _looked_up_by_name(facts: Facts, life: Life) -> ast.AST | None:
    """Return a call that can reach variables by name: in the function, or for globals anywhere."""
    for call in facts.calls_by_name:
        name = call.func.id  # type: ignore[attr-defined]
        inside = life.scope.is_module or life.scope.node in facts.module.ancestors(call)
        reaches = life.scope.is_module or name != "globals"
        if inside and reaches and not (name == "vars" and call.args):
            return call
    return None


def travel_escape(facts: Facts, finding: Finding, travel: Travel) -> Refusal | None:
    """Refuse where something that holds the tracker gets out, or its state is read."""
    if travel.escapes:
        escape = travel.escapes[0]
        detail = f"the tracker is {escape.how}"
        return refuse(facts, finding, Reason.ESCAPES, detail, escape.node)
    older = next((place for place in travel.older if _stays_older(facts, place)), None)
    if older is not None:
        detail = f"{ast.unparse(older)} sets ids by the older name, which contexts may not take"
        refusal = refuse(facts, finding, Reason.MIXED, detail, older)
        return replace(refusal, advice=f"use {words.SET_CALL} there, then run again")
    if travel.reads:
        detail = f"{ast.unparse(travel.reads[0])} depends on when the ids are set and reset"
        return refuse(facts, finding, Reason.READS_STATE, detail, travel.reads[0])
    return None


def _stays_older(facts: Facts, place: ast.AST) -> bool:
    """Whether the older set call at *place* is none that a block takes in, or writes anew."""
    call = facts.module.parents.get(place) if isinstance(place, ast.Attribute) else None
    if not isinstance(call, ast.Call) or call.func is not place:
        return True  # in a function that is called, or a method that is handed on
    unpacked = any(keyword.arg is None for keyword in call.keywords)
    return unpacked and all(site.call is not call for site in facts.lives.set_calls)


def travel_refusal(facts: Facts, finding: Finding, life: Life, travel: Travel) -> Refusal | None:
    """Refuse escapes, uses behind the life, and a module's tracker that its functions reach."""
    escape = travel_escape(facts, finding, travel)
    if escape is not None:
        return escape
    for binding in travel.strong:
        refusal = _reached_by_functions(facts, finding, binding) or _used_behind(
            facts, finding, life, binding
        )
        if refusal is not None:
            return refusal
    return None


def _reached_by_functions(facts: Facts, finding: Finding, binding: Binding) -> Refusal | None:
    if not binding.scope.is_module:
        return None
    for load in binding.loads:
        if not facts.scopes.scope_of[load].is_module and _in_function(facts, load):
            detail = f"{binding.name} is used by functions of this module"
            return refuse(facts, finding, Reason.SHARED_STATE, detail, load)
    uses = facts.elsewhere.variable(binding.name)
    if uses.places:
        return external_refusal(facts, finding, uses)
    if facts.used_elsewhere(binding.name):
        detail = f"{binding.name} is exported, or used by other files"
        return refuse(facts, finding, Reason.SHARED_STATE, detail)
    return None


def external_refusal(facts: Facts, finding: Finding, uses: Uses) -> Refusal | None:
    """Refuse where another file uses the object too: with ids that are set here, perhaps."""
    if not uses.places:
        return None
    detail = f"another file uses the same tracker: {uses.places[0]}"
    return refuse(facts, finding, Reason.SHARED_STATE, detail)


def doubted(finding: Finding, uses: Uses) -> tuple[Assumption, ...]:
    """Return what is taken for granted about files that cannot be looked at."""
    return tuple(Assumption(text, finding.span) for text in uses.doubts)


def wrapped_refusal(facts: Facts, finding: Finding, life: Life, travel: Travel) -> Refusal | None:
    """Refuse wrapped clients on the original runtime where their context may be another one's.

    There a wrapped client takes its ids from the innermost context of its thread.
    """
    if facts.ours(life.construct.home):
        return None
    statements = life.suite[life.index + 1 : life.end]
    if not facts.wraps_clients(statements):
        return None
    hidden = other_set(life, travel)
    if hidden is not None:
        detail = f"{ast.unparse(hidden)} sets ids that a wrapped client would not see in the block"
        return refuse(facts, finding, Reason.TWO_TRACKERS, detail, hidden)
    wrapper = next((n for n in _wrappers(statements)), None)
    waits = any(isinstance(n, ast.Await) for s in statements for n in ast.walk(s))
    if wrapper is not None and waits:
        detail = "a wrapped client is awaited, and tasks share the context of their thread"
        return refuse(facts, finding, Reason.TWO_TRACKERS, detail, wrapper)
    return None


def _wrappers(statements: list[ast.stmt]) -> Iterator[ast.Attribute]:
    for statement in statements:
        for node in ast.walk(statement):
            if isinstance(node, ast.Attribute) and node.attr in words.CLIENT_WRAPPERS:
                yield node


def _used_behind(facts: Facts, finding: Finding, life: Life, binding: Binding) -> Refusal | None:
    """Refuse where another name for the tracker is used outside of the tracker's own life."""
    if binding is life.binding:
        return None
    loop = facts.lives.enclosing_loop(life.birth)
    birth = (life.birth.lineno, life.birth.col_offset)
    for load in binding.loads:
        path = facts.module.paths[facts.module.statement(load)]
        earlier = (load.lineno, load.col_offset) < birth
        again = loop is not None and loop in facts.module.ancestors(load)
        if within(life, path) or (earlier and not again):
            continue
        detail = f"{binding.name} holds the tracker, and is used behind its last statement"
        return refuse(facts, finding, Reason.ESCAPES, detail, load)
    return None


def _in_function(facts: Facts, node: ast.AST) -> bool:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    return any(isinstance(ancestor, functions) for ancestor in facts.module.ancestors(node))


def block_refusal(
    facts: Facts, finding: Finding, life: Life, block: Block, held: ast.Yield | None = None
) -> Refusal | None:
    """Refuse what a block over these statements would change; *held* is a ``yield`` that may."""
    body = life.suite[block.start : block.stop]
    if not body or not life.loads:
        return refuse(facts, finding, Reason.NO_WORK, "nothing uses the tracker after this")
    inner = first_yield(body)
    if inner is not held:
        return refuse(facts, finding, Reason.YIELDS_INSIDE, "control leaves the block here", inner)
    if life.scope.is_module and crosses_cell(facts.module, life.suite, life.index, block.stop):
        return refuse(facts, finding, Reason.CROSSES_CELLS, "a notebook cell begins in the block")
    return ending_refusal(facts, finding, body)


def trusted(facts: Facts, travel: Travel) -> tuple[Assumption, ...]:
    """Return what is taken for granted about functions of other modules, and about failures."""
    calls = {ast.unparse(call.func): call for call in reversed(travel.trusted)}
    others = {one.text: one.node for one in reversed(travel.assumed)}
    return (
        *(
            Assumption(f"{name} does not keep the tracker", facts.module.span(calls[name]))
            for name in sorted(calls)
        ),
        *(Assumption(text, facts.module.span(others[text])) for text in sorted(others)),
    )


def trust_bases(facts: Facts, travel: Travel, construct: Construct) -> None:
    """Note in *travel* that bases of the tracker's class, not in sight, are trusted too."""
    for base in strange_bases(facts.taint, construct.call):
        made = ast.Call(base, [], [])
        travel.trusted.append(ast.copy_location(made, construct.call))


def other_set(life: Life, travel: Travel) -> ast.AST | None:
    """Return a place that sets ids of the tracker and is none of the life's own set calls."""
    own = {site.call.func for site in life.sets}
    return next((place for place in travel.sets if place not in own), None)
