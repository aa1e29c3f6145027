"""Who uses the tracker of a module: functions that set its ids, and what counts on those."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.call_graph import TOO_MANY, reachable
from codemods.analysis.dataflow.deferred.registered import may_call_back
from codemods.analysis.trackers.block_extent import Block
from codemods.analysis.trackers.last_use import LastUse
from codemods.model.refusal import Reason, Refusal
from codemods.rules.checks.lifetime import flow_escape, other_set, with_bases
from codemods.rules.checks.shared_trackers.foreign_fields import is_flushed
from codemods.rules.checks.shared_trackers.leaking_ids import Conditions, conditions
from codemods.rules.planning.adoption import Part
from codemods.rules.planning.shared_blocks import parts_of
from codemods.rules.refusing import refuse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.dataflow.taint_records import Flow
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.parsed_module import Path
    from codemods.analysis.trackers.lifetimes import Lifetime, SetCall
    from codemods.model.finding import Finding

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class User:
    """A block of a function, and the tracker's lifetime as seen from the block's suite."""

    part: Part
    lifetime: Lifetime

    @property
    def function(self) -> Function:
        """The function that it is in."""
        return self.part.function

    @property
    def sets(self) -> tuple[SetCall, ...]:
        """The calls that set the ids of the block: none where nobody sets any."""
        return self.part.sets

    @property
    def first(self) -> ast.stmt:
        """The statement at which the block begins."""
        return self.sets[0].statement if self.sets else self.part.body[0]

    @property
    def path(self) -> Path:
        """Where that statement is."""
        return self.sets[0].path if self.sets else self.part.block.path(self.part.block.start)


@dataclass(frozen=True)
class Users:
    """The blocks, and what a person must confirm of those who are not in one."""

    blocks: list[User]
    asked: Conditions


def users_of(semantic: SemanticModel, finding: Finding, lifetime: Lifetime) -> Users | Refusal:
    """Return the blocks for all functions that set ids of the tracker of *lifetime*."""
    grouped: dict[Function, list[ast.Name]] = {}
    relying: list[tuple[str, ast.AST]] = []
    own = {site.call.func.value for site in lifetime.sets}  # type: ignore[attr-defined]
    for load in lifetime.loads:
        function = _function(semantic, load)
        if function is not None:
            grouped.setdefault(function, []).append(load)
        elif not is_flushed(semantic, load) and not _stands(semantic, load, own):
            relying.append((_called_in_module(semantic, load), load))
    blocks: list[User] = []
    if not lifetime.sets and not relying:
        return _without_ids(semantic, finding, lifetime, list(grouped))
    for function, loads in grouped.items():
        flow = _flow(semantic, lifetime, function)
        sets = [s for s in lifetime.sets if function in semantic.module.ancestors(s.call)]
        if sets:
            found = _blocks(semantic, finding, lifetime, function, sets, flow)
            if isinstance(found, Refusal):
                return found
            blocks.extend(found)
        elif not all(is_flushed(semantic, load) for load in loads):
            refusal = flow_escape(semantic, finding, flow) or _hidden(semantic, finding, flow)
            if refusal is not None:
                return refusal
            relying.append((function.name, loads[0]))
    if not blocks:
        detail = f"{lifetime.binding.name} has ids that no function sets, and functions use it"
        return refuse(semantic, finding, Reason.SHARED_STATE, detail, lifetime.loads[0])
    refused = _each_other(semantic, finding, blocks)
    if refused is not None:
        return refused
    relying += [use for user in blocks for use in user.part.loose]
    waiting = [user.function.name for user in blocks if user.part.waits]
    setters = [user.part.setter for user in blocks]
    asked = conditions(semantic, setters, relying, waiting)
    for text, place in _called_back(semantic, blocks):
        asked = asked.also(text, place)
    return Users(blocks, asked)


def _called_in_module(semantic: SemanticModel, load: ast.Name) -> str:
    """Return what uses the tracker at *load*, outside of functions: a statement, or a decorator."""
    statement = semantic.module.statement(load)
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        return f"{statement.name}, which line {load.lineno} decorates,"
    return f"the module itself (line {load.lineno})"


def _without_ids(
    semantic: SemanticModel, finding: Finding, lifetime: Lifetime, functions: list[Function]
) -> Users | Refusal:
    """Return a block for each of *functions* that works with a tracker which is given no ids."""
    blocks: list[User] = []
    for function in functions:
        flow = _flow(semantic, lifetime, function)
        refusal = flow_escape(semantic, finding, flow) or _hidden(semantic, finding, flow)
        if refusal is not None:
            return refusal
        body = function.body
        last = LastUse(semantic.taint, flow, body, looks=semantic.looks(lifetime.construct))
        start = next((i for i, s in enumerate(body) if last.works(s)), len(body))
        stop = last.stop(body, start, len(body))
        if start < stop:
            block = Block(semantic.module.paths[function], "body", start, stop)
            part = Part(function, function.name, (), body, block, flow)
            blocks.append(User(part, _local(semantic, lifetime, part)))
    if blocks:
        return Users(blocks, Conditions())
    return refuse(semantic, finding, Reason.NO_WORK, "no function works with the tracker")


def _function(semantic: SemanticModel, node: ast.AST) -> Function | None:
    """Return the outermost function that *node* stands in, if it is not the module's to run."""
    if semantic.scopes.scope_of[node].is_module:
        return None
    found = None
    for ancestor in semantic.module.ancestors(node):
        if isinstance(ancestor, Function):
            found = ancestor
    return found


def _stands(semantic: SemanticModel, load: ast.Name, own: set[ast.expr]) -> bool:
    """Whether *load* sets ids that the tracker has from the start: that stays as it is."""
    return load in own and semantic.module.statement(load) in semantic.module.tree.body


def _flow(semantic: SemanticModel, lifetime: Lifetime, function: Function) -> Flow:
    scope = semantic.scopes.inner[function]
    flow = semantic.taint.follow(lifetime.binding, function.body, scope)
    return with_bases(semantic, flow, lifetime.construct)


def _blocks(
    semantic: SemanticModel,
    finding: Finding,
    lifetime: Lifetime,
    function: Function,
    sets: list[SetCall],
    flow: Flow,
) -> list[User] | Refusal:
    looks = semantic.looks(lifetime.construct)
    last = LastUse(semantic.taint, flow, function.body, looks=looks)
    name, unsafe = lifetime.binding.name, semantic.settings.unsafe
    parts = parts_of(semantic, finding, function, sets, flow, last, name, loosely=unsafe)
    if isinstance(parts, Refusal):
        return parts
    return [User(part, _local(semantic, lifetime, part)) for part in parts]


def _local(semantic: SemanticModel, lifetime: Lifetime, part: Part) -> Lifetime:
    """Return the lifetime as seen from the suite of *part*."""
    return replace(
        lifetime,
        scope=semantic.scopes.inner[part.function],
        body=part.statements,
        prefix=part.block.prefix,
        field_name=part.block.field,
        index=-1,
        end=len(part.statements),
    )


def _hidden(semantic: SemanticModel, finding: Finding, flow: Flow) -> Refusal | None:
    """Refuse a function that has ids set by another one, which has the tracker from it."""
    place = next(iter(flow.sets), None)
    if place is None:
        return None
    detail = f"{ast.unparse(place)} may set ids of the shared tracker"
    return refuse(semantic, finding, Reason.SHARED_STATE, detail, place)


def _called_back(semantic: SemanticModel, users: list[User]) -> Iterator[tuple[str, ast.AST]]:
    """Yield what is to be confirmed of blocks that may come to run another one's function.

    Today its ids hold on behind that; its block gives them back.
    """
    functions: set[ast.AST] = {user.function for user in users}
    names = " or ".join(dict.fromkeys(user.function.name for user in users))
    for user in users:
        if may_call_back(semantic.taint, user.part.body, functions):
            name = user.function.name
            text = f"{name} would go on with its own ids behind what may call back {names}"
            yield text, user.sets[0].call


def _each_other(semantic: SemanticModel, finding: Finding, users: list[User]) -> Refusal | None:
    """Refuse where a block reaches a function that sets the ids of the same tracker."""
    functions: set[ast.AST] = {user.function for user in users}
    for user in users:
        body, place = user.part.body, user.sets[0].call
        reached = reachable(semantic.taint, body)
        for one in reached:
            if one.node in functions:
                detail = f"{user.function.name} calls {one.node.name}, which sets other ids"
                return refuse(semantic, finding, Reason.SHARED_STATE, detail, place)
        if reached.is_cut:
            detail = f"{user.function.name} calls {TOO_MANY}: one may set other ids"
            return refuse(semantic, finding, Reason.SHARED_STATE, detail, place)
        hidden = other_set(user.lifetime, user.part.flow)
        if hidden is not None:
            detail = f"{ast.unparse(hidden)} may set ids of the shared tracker"
            return refuse(semantic, finding, Reason.SHARED_STATE, detail, hidden)
    return None
