"""Blocks for a tracker that outlives the function which sets its ids: one for each set call.

A block begins at set calls that directly follow each other, in whatever suite, and ends behind
the last use; every use of the function must lie in one.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from codemods.analysis.syntax.effects import first_yield
from codemods.analysis.syntax.tree import children, walk
from codemods.analysis.trackers.block_extent import Block
from codemods.analysis.trackers.last_use import LastUse
from codemods.model.refusal import Reason, Refusal
from codemods.rules.checks.lifetime import flow_escape, trusted
from codemods.rules.checks.process_ends import ending_refusal
from codemods.rules.checks.yields.held_yields import yields_refusal
from codemods.rules.planning.adoption import Part, PlannedBlock, adopted, block_of
from codemods.rules.planning.headers import Form
from codemods.rules.refusing import refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from codemods.analysis.dataflow.taint_records import Flow
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.scopes import Binding
    from codemods.analysis.trackers.lifetimes import SetCall
    from codemods.model.finding import Finding
    from codemods.model.proposal import Proposal

_NO_USE = "does nothing with the tracker after that"
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def parts_of(
    semantic: SemanticModel,
    finding: Finding,
    function: _Function,
    sets: Sequence[SetCall],
    flow: Flow,
    last: LastUse,
    text: str,
    making: frozenset[ast.AST] = frozenset(),
    *,
    loosely: bool = False,
) -> list[Part] | Refusal:
    """Return the blocks for *sets*, all those of *function*, or why there can be none.

    Uses outside of all blocks are told, and not refused, if *loosely* says so.

    *flow* and *last* follow the tracker through the whole function; *text* is what it is called,
    *making* the statements by which it comes there.
    """
    scope = semantic.scopes.inner[function]
    groups = _groups(sets)
    parts: list[Part] = []
    for group in groups:
        first, end = group[0], group[-1].path[-1][1] + 1
        if semantic.scope_at(first.path) is not scope:
            detail = f"an inner function of {function.name} sets the ids of {text}"
            return refuse(semantic, finding, Reason.SHARED_STATE, detail, first.call)
        statements = semantic.module.statements_around(first.statement)
        name, prefix = first.path[-1][0], first.path[:-1]
        beside = (g[0].path[-1][1] for g in groups if _is_beside(g[0], first))
        limit = min((index for index in beside if index >= end), default=len(statements))
        block = Block(prefix, name, end, last.stop(statements, end, limit))
        called = (
            function.name if len(groups) == 1 else f"{function.name} (line {first.call.lineno})"
        )
        parts.append(Part(function, called, tuple(group), statements, block, flow))
    nested = _nested(parts)
    if nested is not None:
        detail = f"{function.name} sets ids of {text} again while others hold"
        return refuse(semantic, finding, Reason.SHARED_STATE, detail, nested.call)
    loose = [one for one in _loose_uses(parts, last, making) if not _only_binds(one[0], text)]
    if loose and not loosely:
        use, where = loose[0]
        detail = f"{function.name} uses {text} {where}"
        return refuse(semantic, finding, Reason.SHARED_STATE, detail, use)
    told = tuple((f"{function.name} (line {use.lineno})", use) for use, _ in loose)  # type: ignore[attr-defined]
    parts[0] = replace(parts[0], loose=told)
    return _body_refusal(semantic, finding, parts) or parts


def loose_parts(
    semantic: SemanticModel,
    finding: Finding,
    sets: Sequence[SetCall],
    root: Binding | tuple[Binding, str],
) -> list[Part] | Refusal:
    """Return the blocks for *sets*, whose tracker is *root* and is built out of sight.

    A refusal is of what nobody can confirm.
    """
    scope = semantic.scope_at(sets[0].path)
    function: _Function = scope.node  # type: ignore[assignment]
    flow = semantic.taint.follow(root, function.body, scope)
    own = {site.call.func for site in sets}
    place = next((p for p in flow.sets if p not in own), None)
    if place is not None:
        detail = f"{ast.unparse(place)} may set ids of the same tracker"
        return refuse(semantic, finding, Reason.SHARED_STATE, detail, place)
    last = LastUse(semantic.taint, flow, function.body)
    text = semantic.module.segment(sets[0].call.func.value)  # type: ignore[attr-defined]
    return parts_of(semantic, finding, function, sets, flow, last, text, loosely=True)


def adopted_parts(
    semantic: SemanticModel,
    finding: Finding,
    parts: Sequence[Part],
    text: str,
    home: str,
    *,
    about_none: bool = False,
) -> Proposal | Refusal:
    """Return the blocks of *parts* for the tracker that *text* gives, which stays where it is.

    *about_none* says that a person answers for values which may be None.
    """
    plain = Form(text, None, fresh=False, ours=semantic.ours(home), sticky=True)
    blocks: list[PlannedBlock] = []
    for part in parts:
        block = block_of(semantic, finding, part, plain, about_none=about_none)
        if isinstance(block, Refusal):
            return block
        taken = (*block.assumptions, *trusted(semantic, part.flow))
        blocks.append(replace(block, assumptions=taken))
    return adopted(finding, "", home, blocks, ())


def _groups(sets: Sequence[SetCall]) -> list[list[SetCall]]:
    groups: list[list[SetCall]] = []
    for site in sorted(sets, key=lambda s: (s.call.lineno, s.call.col_offset)):
        above = groups[-1][-1] if groups else None
        field, index = site.path[-1]
        if above is not None and above.path == (*site.path[:-1], (field, index - 1)):
            groups[-1].append(site)
        else:
            groups.append([site])
    return groups


def _is_beside(one: SetCall, other: SetCall) -> bool:
    return one.path[:-1] == other.path[:-1] and one.path[-1][0] == other.path[-1][0]


def _nested(parts: Sequence[Part]) -> SetCall | None:
    """Return a set call that lies in the block of another one, or carries on from it."""
    for part in parts:
        for other in parts:
            if other is part:
                continue
            if part.block.holds(other.sets[0].path):
                return other.sets[0]
            follows = part.sets[0].call.lineno < other.sets[0].call.lineno
            if follows and part.setter.keys - other.setter.keys:
                return other.sets[0]
    return None


def _loose_uses(
    parts: Sequence[Part], last: LastUse, making: frozenset[ast.AST]
) -> Iterator[tuple[ast.AST, str]]:
    """Yield the uses outside of all blocks, and where they are: with ids that were set before."""
    own = {site.statement for part in parts for site in part.sets}
    inside = {s for part in parts for s in part.body}
    first = min(site.call.lineno for part in parts for site in part.sets)
    for node in _loose(parts[0].function, lambda s: s in own or s in inside or s in making):
        if last.works(node):
            before = node.lineno < first  # type: ignore[attr-defined]
            yield node, "before it sets the ids" if before else "behind its block"


def _only_binds(node: ast.AST, text: str) -> bool:
    """Whether *node* gives the tracker the name *text*, and does nothing else with it."""
    if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
        return False
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    named = [ast.unparse(target) for target in targets]
    parts = (part for part in walk(node.value) if isinstance(part, ast.Name | ast.Attribute))
    return named == [text] and all(ast.unparse(part) != text for part in parts)


def _loose(node: ast.AST, is_known: Callable[[ast.AST], bool]) -> Iterator[ast.AST]:
    """Yield the parts of *node*'s suites that are not settled, down to single statements."""
    for child in children(node):
        if is_known(child):
            continue
        inner = isinstance(child, ast.stmt) and not hasattr(child, "body")
        definition = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if inner or definition or isinstance(child, ast.expr | ast.withitem | ast.pattern):
            if not isinstance(child, ast.withitem):
                yield child
            else:
                yield child.context_expr
        else:
            yield from _loose(child, is_known)


def _body_refusal(
    semantic: SemanticModel, finding: Finding, parts: Sequence[Part]
) -> Refusal | None:
    for part in parts:
        if not part.body:
            later = any(use.lineno > part.sets[-1].call.lineno for _, use in parts[0].loose)  # type: ignore[attr-defined]
            uses = "uses the tracker behind the branch or loop of that" if later else _NO_USE
            detail = f"{part.name} sets ids, and {uses}"
            return refuse(semantic, finding, Reason.SHARED_STATE, detail, part.sets[-1].call)
        inner = first_yield(part.body)
        if inner is not None:
            return yields_refusal(semantic, finding, inner)
        refusal = (
            _called_again(semantic, finding, part)
            or flow_escape(semantic, finding, part.flow)
            or ending_refusal(semantic, finding, part.body)
        )
        if refusal is not None:
            return refusal
    return None


def _called_again(semantic: SemanticModel, finding: Finding, part: Part) -> Refusal | None:
    """Refuse several set calls on what a call gives: one header would call it once."""
    receivers = [site.call.func.value for site in part.sets]  # type: ignore[attr-defined]
    called = next((one for one in receivers if isinstance(one, ast.Call)), None)
    if called is None or len(receivers) < 2:
        return None
    text = ast.unparse(called)
    refusal = refuse(semantic, finding, Reason.SHARED_STATE, f"{text} is called again", called)
    return replace(refusal, advice=f"put {text} into a variable first, then run again")
