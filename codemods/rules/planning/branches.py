"""Set calls in inner suites: loops, branches, ``try`` and ``with`` bodies.

The tracker stays where it is built; each set call becomes a block from there to
the next one of its own suite, or the end.  What lies outside must run before it.
"""

from __future__ import annotations

import ast
import dataclasses
from bisect import bisect_left
from typing import TYPE_CHECKING

from codemods.analysis.left_bodies import LeftBodies
from codemods.analysis.syntax.effects import first_yield
from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers.block_extent import Block, between, closing_flush
from codemods.analysis.trackers.last_use import LastUse
from codemods.analysis.trackers.lifetimes import Lifetime, SetCall
from codemods.model.refusal import Reason, Refusal
from codemods.rules.checks.lasting_ids import LeftByRounds, lasting_conditions, lasting_refusal
from codemods.rules.checks.lifetime import trusted
from codemods.rules.checks.parts import Lasting, Later, Order, Part, keys_of, level_of, named_in
from codemods.rules.checks.process_ends import ending_refusal
from codemods.rules.checks.shared_trackers.foreign_fields import is_flushed
from codemods.rules.checks.store_reads import store_refusal
from codemods.rules.checks.yields.driven_generators import open_yields
from codemods.rules.checks.yields.held_yields import yields_refusal
from codemods.rules.planning.adoption import PlannedBlock, adopted, block_around
from codemods.rules.planning.headers import Form, check_arguments, plan_header
from codemods.rules.planning.phases import begins_without_ids, named_again
from codemods.rules.planning.replays import deleted, taken_calls
from codemods.rules.planning.user_ids import keep_user
from codemods.rules.refusing import refuse

if TYPE_CHECKING:
    from codemods.analysis.dataflow.taint_records import Flow
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.ids.arguments import Argument
    from codemods.analysis.trackers.lifetimes import Lifetime, SetCall
    from codemods.model.edit import Edit, Path
    from codemods.model.finding import Finding
    from codemods.model.proposal import Verdict


def decide_nested(
    semantic: SemanticModel, finding: Finding, lifetime: Lifetime, flow: Flow
) -> Verdict:
    """Return one proposal for all set calls of *lifetime*, or the refusal."""
    # Of ids that a call of the lifetime may have set before, ``lasting_refusal`` tells.
    ours, fresh = semantic.ours(lifetime.construct.home), begins_without_ids(lifetime, flow)
    form = Form(lifetime.tracker, None, fresh=fresh, ours=ours)
    parts = _parts(semantic, lifetime, flow)
    left = LeftByRounds(semantic, lifetime, flow)
    refusal = _scopes_refusal(semantic, finding, lifetime) or _order_refusal(
        semantic, finding, lifetime, flow, parts, left
    )
    if refusal is not None:
        return refusal
    sending = semantic.sending(flow, ours=form.ours)
    blocks: list[PlannedBlock] = []
    confirm: list[str] = []
    idle = next((part.sets[0] for part in parts[1:] if not part.keys), None)
    if idle is not None:
        detail = "this call sets no id, and the ids that were set before it still count"
        return refuse(semantic, finding, Reason.CONDITIONAL_CONTEXT, detail, idle.call)
    order, later = Order(semantic, lifetime), Later(semantic, lifetime)
    for part in parts:
        first, block = part.sets[0], part.block
        outlived = _followed(semantic, lifetime, part, later) or lifetime.escapes
        own, stays = keep_user(semantic, part.sets, dataclasses.replace(form, outlived=outlived))
        carried = named_again(semantic, finding, part.carried, first, ours=form.ours)
        if isinstance(carried, Refusal):
            return carried
        confirm.extend(carried.confirm)
        refusal = _lost_refusal(semantic, finding, parts, part, order) or _block_refusal(
            semantic, finding, lifetime, part, own, flow, order
        )
        if refusal is not None:
            return refusal
        body = semantic.module.statements_around(first.statement)[block.start : block.stop]
        at = first.statement
        again = carried.texts
        planned = plan_header(semantic, finding, part.sets, body, at, own, sending, again)
        if isinstance(planned, Refusal):
            return planned
        confirm.extend(lasting_conditions(semantic, part.sets, order.earlier(first)))
        closing = _closing(semantic, lifetime, first, block)
        taken_in, notes = taken_calls(semantic, lifetime.tracker, body, ours=form.ours)
        closing.extend(taken_in)
        blocks.append(block_around(part.sets, block.stop, planned, stays, closing, notes))
    name = lifetime.binding.name
    why = f"{name} stays where it is built; its uses lie in the blocks or before them"
    taken = trusted(semantic, flow)
    confirm.extend(left.conditions)
    proposal = adopted(finding, why, lifetime.construct.home, blocks, taken, confirm)
    return dataclasses.replace(proposal, ways_out=left.statements)


def _closing(
    semantic: SemanticModel, lifetime: Lifetime, site: SetCall, block: Block
) -> list[Edit]:
    """Return the removal of a flush that the end of the block makes needless."""
    if lifetime.owned:
        return []
    level = semantic.module.statements_around(site.statement)
    flush = closing_flush(level, block.start, block.stop, lifetime.binding, semantic.scopes)
    if flush is None or block.stop - block.start < 2 or flush[1]:
        return []
    return [deleted(semantic, block.path(flush[0]))]


def _parts(semantic: SemanticModel, lifetime: Lifetime, flow: Flow) -> list[Part]:
    """Return the blocks: those of one suite follow each other, none holds the next."""
    groups: list[list[SetCall]] = []
    for site in lifetime.sets:
        above = groups[-1][-1].path if groups else ()
        if above[:-1] == site.path[:-1] and above and above[-1] == _before(site.path):
            groups[-1].append(site)
        else:
            groups.append([site])
    parts: list[Part] = []
    statements = lifetime.body[lifetime.index + 1 : lifetime.end]
    last = LastUse(semantic.taint, flow, statements, looks=semantic.looks(lifetime.construct))
    beside: dict[tuple[ast.AST, str], list[SetCall]] = {}
    for group in groups:
        beside.setdefault(level_of(semantic, group[0]), []).append(group[0])
    carried: dict[tuple[ast.AST, str], dict[str, Argument]] = {}
    for group in groups:
        level = level_of(semantic, group[0])
        mine = {key for site in group for key in keys_of(site)}
        before = carried.setdefault(level, {})
        lasting = {key: a for key, a in before.items() if key not in mine}
        before.update({a.keyword: a for site in group for a in named_in(site)})
        beside[level].pop(0)
        later = next(iter(beside[level]), None)
        parts.append(Part(group, _block(semantic, last, group[-1], later), lasting))
    return parts


def _before(path: Path) -> tuple[str, int]:
    name, index = path[-1]
    return name, index - 1


def _same_level(one: SetCall, other: SetCall) -> bool:
    return one.path[:-1] == other.path[:-1] and one.path[-1][0] == other.path[-1][0]


def _block(semantic: SemanticModel, last: LastUse, site: SetCall, later: SetCall | None) -> Block:
    name, index = site.path[-1]
    level = semantic.module.statements_around(site.statement)
    end = later.path[-1][1] if later is not None else len(level)
    return Block(site.path[:-1], name, index + 1, last.stop(level, index + 1, end))


def _scopes_refusal(
    semantic: SemanticModel, finding: Finding, lifetime: Lifetime
) -> Refusal | None:
    for site in lifetime.sets:
        receiver = site.call.func.value  # type: ignore[attr-defined]
        if semantic.scopes.scope_of[receiver] is not lifetime.scope:
            detail = "an inner function sets the ids of the outer function's tracker"
            return refuse(semantic, finding, Reason.SHARED_STATE, detail, site.call)
    return None


def _order_refusal(
    semantic: SemanticModel,
    finding: Finding,
    lifetime: Lifetime,
    flow: Flow,
    parts: list[Part],
    left: LeftByRounds,
) -> Refusal | None:
    """Refuse uses for which an id would have lasted that the block has given back."""
    own = {site.call.func.value for site in lifetime.sets}  # type: ignore[attr-defined]
    lasting = Lasting(semantic, lifetime, parts)
    for binding in flow.holders:
        for load in binding.loads:
            if load in own or is_flushed(semantic, load) or not lasting.may_reach(load):
                continue
            path = semantic.module.paths[semantic.module.statement(load)]
            others = [part for part in parts if not part.block.holds(path)]
            holding = [part for part in parts if part.block.holds(path)]
            for part in others:
                if _overridden(part, holding):
                    continue
                if _is_left_before(semantic, lifetime, parts, part, load):
                    continue
                refusal = _reached(semantic, finding, lifetime, part.sets[0], load)
                of_loop = refusal is not None and refusal.reason == Reason.LOOP_CARRIED_CONTEXT
                asked = of_loop and not holding and left.may_be_asked(part, load)
                if refusal is not None and not asked:
                    return refusal
    return _exits_refusal(semantic, finding, lifetime, flow)


def _is_left_before(
    semantic: SemanticModel, lifetime: Lifetime, parts: list[Part], part: Part, load: ast.Name
) -> bool:
    """Whether the life is over before *load*, once the ids of *part* are set.

    Those that are set inside the block of others stay there: no block is put into another one.
    """
    first = part.sets[0]
    if semantic.taint.once(LeftBodies).may_follow(lifetime, first.call, load):
        return False
    return not any(other.block.holds(first.path) for other in parts if other is not part)


def _overridden(part: Part, holding: list[Part]) -> bool:
    """Whether one of the other parts whose blocks hold the place names the same ids."""
    return any(
        not other.block.holds(part.sets[0].path) and part.keys <= other.keys for other in holding
    )


def _reached(
    semantic: SemanticModel, finding: Finding, lifetime: Lifetime, site: SetCall, load: ast.Name
) -> Refusal | None:
    """Refuse if *load* may run after *site* did."""
    enclosing = between(semantic.module, site.statement, lifetime.body)
    loops = [n for n in enclosing if isinstance(n, ast.For | ast.AsyncFor | ast.While)]
    around = set(semantic.module.ancestors(load))
    if loops and any(loop in around for loop in loops):
        detail = "the tracker is used outside of the part of the loop that its ids are set for"
        return refuse(semantic, finding, Reason.LOOP_CARRIED_CONTEXT, detail, load)
    if (load.lineno, load.col_offset) < (site.call.lineno, site.call.col_offset):
        return None
    if exclusive(semantic, site, load):
        return None
    reason = Reason.LOOP_CARRIED_CONTEXT if loops else Reason.CONDITIONAL_CONTEXT
    detail = "the tracker is used after the statement in which its ids are set"
    return refuse(semantic, finding, reason, detail, load)


def _exits_refusal(
    semantic: SemanticModel, finding: Finding, lifetime: Lifetime, flow: Flow
) -> Refusal | None:
    """Refuse blocks inside a ``with`` that may use the tracker when it is left."""
    seen: set[ast.AST] = set()
    for site in lifetime.sets:
        for outer in between(semantic.module, site.statement, lifetime.body):
            if outer in seen:
                break  # all around it was looked at, too
            seen.add(outer)
            if not isinstance(outer, ast.With | ast.AsyncWith):
                continue
            names = (n for item in outer.items for n in walk(item) if isinstance(n, ast.Name))
            if any(
                semantic.scopes.of(n) in flow.tainted
                for n in names
                if n in semantic.scopes.scope_of
            ):
                detail = "this manager may use the tracker when it is left"
                return refuse(semantic, finding, Reason.CONDITIONAL_CONTEXT, detail, outer)
    return None


def exclusive(semantic: SemanticModel, one: SetCall, load: ast.AST) -> bool:
    """Whether the call and the use lie in different branches of one ``if`` or ``match``."""
    other = semantic.module.paths[semantic.module.statement(load)]
    shorter = min(len(one.path), len(other))
    # How far two paths agree is found by halves: slices are compared without a loop here.
    depth = bisect_left(range(1, shorter + 1), 1, key=lambda n: one.path[:n] != other[:n])
    if depth >= shorter:
        return False
    statement = semantic.statement_at(one.path[:depth])
    if semantic.module.enclosing_loop(one.call) is not None:
        return False
    if isinstance(statement, ast.If):
        return one.path[depth][0] != other[depth][0]
    return isinstance(statement, ast.Match) and one.path[depth] != other[depth]


def _block_refusal(
    semantic: SemanticModel,
    finding: Finding,
    lifetime: Lifetime,
    part: Part,
    form: Form,
    flow: Flow,
    order: Order,
) -> Refusal | None:
    first, block = part.sets[0], part.block
    body = semantic.module.statements_around(first.statement)[block.start : block.stop]
    if not body:
        return refuse(
            semantic, finding, Reason.NO_WORK, "nothing follows in this suite", first.call
        )
    inner = first_yield(body)
    if inner is not None and inner not in open_yields(semantic, lifetime):
        return yields_refusal(semantic, finding, inner)
    return (
        _carried_refusal(semantic, finding, lifetime, part, order)
        or ending_refusal(semantic, finding, body)
        or check_arguments(semantic, finding, part.sets, form, flow.tainted)
        or lasting_refusal(semantic, finding, part.sets, order.earlier(part.sets[0]))
        or store_refusal(semantic, finding, lifetime.construct, flow, body)
    )


def _lost_refusal(
    semantic: SemanticModel, finding: Finding, parts: list[Part], part: Part, order: Order
) -> Refusal | None:
    """Refuse a block that would not have ids of a call above, in a body that is over."""
    first = part.sets[0]
    lost = order.above(first) - part.keys
    if not lost or not lost.difference(*(o.keys for o in parts if o.block.holds(first.path))):
        return None
    detail = f"{min(lost)} may last from a call above, which is in a body of its own"
    return refuse(semantic, finding, Reason.CONDITIONAL_CONTEXT, detail, first.call)


def _carried_refusal(
    semantic: SemanticModel, finding: Finding, lifetime: Lifetime, part: Part, order: Order
) -> Refusal | None:
    """Refuse to name an id again that a call in an inner suite has changed since."""
    first = part.sets[0]
    if not any(order.is_between(a, first) for a in part.carried.values()):
        return None
    for site in lifetime.sets:
        if _same_level(site, first) or _position(site) > _position(first):
            continue
        for key in sorted(keys_of(site) & set(part.carried)):
            value = part.carried[key].value
            if (value.lineno, value.col_offset) < _position(site):
                detail = f"{key} lasts from an earlier call, or from this one in an inner suite"
                return refuse(semantic, finding, Reason.CARRIED_IDS, detail, site.call)
    return None


def _position(site: SetCall) -> tuple[int, int]:
    return site.call.lineno, site.call.col_offset


def _loops(semantic: SemanticModel, lifetime: Lifetime, site: SetCall) -> frozenset[ast.AST]:
    module = semantic.module
    return module.loops_around(site.statement) - module.loops_around(lifetime.body[0])


def _followed(semantic: SemanticModel, lifetime: Lifetime, part: Part, later: Later) -> bool:
    """Whether the tracker may be at work again once the block of *part* is over."""
    first = part.sets[0]
    if _loops(semantic, lifetime, first):
        return True  # the block itself may come again
    left = semantic.taint.once(LeftBodies)
    return any(
        site not in part.sets and left.may_follow(lifetime, first.call, site.call)
        for site in later.than(first)
    )
