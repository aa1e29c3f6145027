"""Two trackers at once: which proposals would change what is booked to whom.

A legacy tracker speaks for itself inside another's block.  Blocks do not: an inner
one inherits what it does not name, on our runtime, and both runtimes are looked at
whatever is assumed, since a project may move to ours later.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.dataflow.tainted_values import last_name
from codemods.analysis.syntax.effects import may_be_none
from codemods.analysis.syntax.mentions import Mentions
from codemods.model.edit import Delete, Wrap
from codemods.model.refusal import Reason
from codemods.rules.checks.waiting.awaited_clients import client_beside
from codemods.rules.conflicts.enclosing_contexts import heirs_of_contexts
from codemods.rules.conflicts.inheritance import Heirs, heirs_of, told
from codemods.rules.conflicts.missing_ids import missing_ids
from codemods.rules.conflicts.proposed_blocks import (
    body_of,
    is_step,
    lent_by,
    named_ids,
    uses_of_others,
    wraps,
)
from codemods.rules.planning.replays import RECORDING_REMOVED
from codemods.rules.refusing import refuse

if TYPE_CHECKING:
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.model.proposal import Proposal
    from codemods.model.refusal import Refusal
    from codemods.rules.conflicts.inheritance import Heir
    from codemods.rules.rule import Holders

# What is done with a tracker that is given to these is looked at where it matters.
_KNOWN = (*words.CLIENT_WRAPPERS, "print", "isinstance", "id", "repr", "str", "bool", "append")
_PARTIAL = "functools.partial"
_BY_HAND = "what is recorded by hand in the block stays: another tracker is at work there"


def compatible(
    semantic: SemanticModel, proposals: list[Proposal], holders: Holders
) -> tuple[list[Proposal], list[Refusal]]:
    """Return the proposals that may be made together, and the refusals of the others."""
    refusals: list[Refusal] = []
    # By identity, which is theirs as long as they are kept here: to compare them is dear.
    gone: dict[int, Proposal] = {}

    def without(proposal: Proposal, detail: str, place: ast.AST | None = None) -> None:
        left.remove(proposal)
        gone[id(proposal)] = proposal
        refusals.append(refuse(semantic, proposal.finding, Reason.TWO_TRACKERS, detail, place))

    left = list(proposals)
    for proposal in proposals:
        other = foreign_use(semantic, proposal, holders)
        by_hand = _recording_by_hand(semantic, proposal, other, holders)
        if by_hand is not None:
            left[left.index(proposal)] = by_hand
        elif other is not None:
            without(proposal, f"{ast.unparse(other)} is, or leads to, another tracker", other)
    for proposal in list(left):
        bodies = [body_of(semantic, wrap) for wrap in wraps(proposal)]
        client = client_beside(semantic, proposal.home, bodies)
        if client is not None:
            without(
                proposal, "a wrapped client would take ids that tasks leave their thread", client
            )
    left = _lengthened(semantic, left)
    # What is not made stands in nobody's way.
    for proposal in overlapping(semantic, list(left)):
        without(proposal, "another tracker's block would overlap with this one")
    for proposal, details in heirs_of_contexts(semantic, left, holders).items():
        if semantic.settings.unsafe:
            left[left.index(proposal)] = _asking(proposal, *dict.fromkeys(details))
        else:
            without(proposal, details[0])
    heirs = Heirs(semantic, left, holders)
    for proposal in list(left):
        if id(proposal) in gone:
            continue
        if semantic.settings.unsafe:
            asked = told(heirs_of(semantic, proposal, heirs))
            left[left.index(proposal)] = _asking(proposal, *asked)
            continue
        heir = next(heirs_of(semantic, proposal, heirs), None)
        while (idle := _without_ids(heir)) is not None and idle in left:
            without(idle, f"it would inherit ids of the block at line {proposal.finding.span.line}")
            heirs.without(idle)
            heir = next(heirs_of(semantic, proposal, heirs), None)
        if heir is not None:
            without(proposal, heir.text, heir.place)
            heirs.without(proposal)
    return left, refusals


def _without_ids(heir: Heir | None) -> Proposal | None:
    """Return the proposal that *heir* is, if its blocks name no ids: it has the least to lose."""
    if heir is None or heir.proposal is None:
        return None
    return None if any(map(named_ids, wraps(heir.proposal))) else heir.proposal


def _asking(proposal: Proposal, *details: str) -> Proposal:
    """Return *proposal* with *details* as things that a person must confirm."""
    line = proposal.finding.span.line
    asked = (f"of the block at line {line}: {detail}" for detail in details)
    return replace(proposal, confirm=(*proposal.confirm, *asked))


def overlapping(semantic: SemanticModel, proposals: list[Proposal]) -> list[Proposal]:
    """Return the proposals whose blocks overlap with an earlier one's in the same function."""
    near = _overlaps(semantic, proposals)
    crossing: list[int] = []
    gone: set[int] = set()
    for number, one in enumerate(proposals):
        around = [proposals[other] for other in near[number] if other not in gone]
        pairs = ((a, b, k) for k in around for a in wraps(k) for b in wraps(one))
        if any(_crosses(semantic, a, b) and not _nests(semantic, k, a, b) for a, b, k in pairs):
            crossing.append(number)
            gone.add(number)
    return [proposals[number] for number in crossing]


def _lengthened(semantic: SemanticModel, proposals: list[Proposal]) -> list[Proposal]:
    """Return *proposals*; a block ends with a later one in its suite that names all of its ids.

    It only stores later what it has, which a person is told of with ``--unsafe``.
    """
    if not semantic.settings.unsafe:
        return proposals
    made = list(proposals)
    for number, near in enumerate(_overlaps(semantic, proposals)):
        for other in sorted(near):
            for one, two in ((other, number), (number, other)):
                for inner in wraps(made[two]):
                    made[one] = _with_whole(semantic, made[one], inner)
    return made


def _with_whole(semantic: SemanticModel, proposal: Proposal, inner: Wrap) -> Proposal:
    """Return *proposal* with the block that *inner* begins in lengthened, if that may hold it."""
    for outer in wraps(proposal):
        beside = outer.path[:-1] == inner.path[:-1] and outer.path[-1][0] == inner.path[-1][0]
        begin = inner.path[-1][1]
        if not beside or not outer.path[-1][1] < begin < outer.stop < inner.stop:
            continue
        longer = replace(outer, stop=inner.stop)
        others = [wrap for wrap in wraps(proposal) if wrap is not outer]
        if not _nests(semantic, proposal, longer, inner) or any(
            _crosses(semantic, longer, wrap) for wrap in others
        ):
            continue
        first, last = body_of(semantic, outer)[0].lineno, body_of(semantic, inner)[-1].end_lineno
        text = f"nothing looks, before line {last} is over, for what the block of line {first} has"
        edits = tuple(longer if edit is outer else edit for edit in proposal.edits)
        return replace(proposal, edits=edits, confirm=(*proposal.confirm, text))
    return proposal


def _overlaps(semantic: SemanticModel, proposals: list[Proposal]) -> list[set[int]]:
    """Return for each of *proposals* those before it that have a block in the same lines of code.

    Blocks can only cross where they hold the same statement.
    """
    mentions = semantic.taint.once(Mentions)
    extents: list[tuple[int, int, int]] = []
    for number, proposal in enumerate(proposals):
        for wrap in wraps(proposal):
            body = body_of(semantic, wrap)
            extents.append((mentions.first[body[0]], mentions.last[body[-1]], number))
    found: list[set[int]] = [set() for _ in proposals]
    still_open: list[tuple[int, int]] = []
    for begin, end, number in sorted(extents):
        still_open = [(last, other) for last, other in still_open if last >= begin]
        for _, other in still_open:
            if other != number:
                found[max(number, other)].add(min(number, other))
        still_open.append((end, number))
    return found


def _crosses(semantic: SemanticModel, one: Wrap, other: Wrap) -> bool:
    outer, inner = sorted((one, other), key=lambda w: len(w.path))
    depth = len(outer.path) - 1
    if inner.path[:depth] != outer.path[:depth] or inner.path[depth][0] != outer.path[depth][0]:
        return False
    first, last = inner.path[depth][1], inner.path[depth][1]
    if len(inner.path) == len(outer.path):
        last = inner.stop - 1
    if last < outer.path[depth][1] or first >= outer.stop:
        return False
    return not _function_between(semantic, inner, depth)


def _nests(semantic: SemanticModel, proposal: Proposal, outer: Wrap, inner: Wrap) -> bool:
    """Whether *inner* lies wholly inside *outer*, of *proposal*, and names all of its ids."""
    depth = len(outer.path) - 1
    if len(inner.path) == len(outer.path):
        if inner.stop > outer.stop or inner.path[depth][1] <= outer.path[depth][1]:
            return False
    elif len(inner.path) < len(outer.path):
        return False
    return lent_by(semantic, proposal, outer) <= named_ids(inner) - missing_ids(semantic, inner)


def _function_between(semantic: SemanticModel, inner: Wrap, depth: int) -> bool:
    """Whether *inner* lies in a function that is defined inside the outer block."""
    for length in range(depth + 1, len(inner.path)):
        node = semantic.statement_at(inner.path[:length])
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return True
    return False


def foreign_use(semantic: SemanticModel, proposal: Proposal, holders: Holders) -> ast.AST | None:
    """Return a use of another tracker inside a block that may be more than its own recording."""
    own = holders.of.get(proposal.finding)
    if own is None:
        return None
    drops = any(_is_replay(semantic, e) for e in proposal.edits if isinstance(e, Delete))
    for wrap in wraps(proposal):
        if is_step(wrap):
            continue
        uses = uses_of_others(semantic, body_of(semantic, wrap), holders.every, own)
        for use in uses:
            moves = drops or _is_flushed(semantic, use) or _is_handed_out(semantic, use)
            if moves or _may_be_nobody(semantic, use):
                return use
    return None


def _may_be_nobody(semantic: SemanticModel, use: ast.Name) -> bool:
    """Whether *use* may be None, or gone, and fails behind the call that it should have recorded.

    On our runtime that call would be the block's.
    """
    binding = semantic.scopes.of(use)
    if binding.deletes:
        return True
    statements = [semantic.module.parents[binder] for binder in binding.binders]
    values = (s.value for s in statements if isinstance(s, ast.Assign | ast.AnnAssign))
    return any(value is not None and may_be_none(value, []) for value in values)


def _recording_by_hand(
    semantic: SemanticModel, proposal: Proposal, use: ast.AST | None, holders: Holders
) -> Proposal | None:
    """Return *proposal* with the recordings by hand that it drops, beside *use* of another tracker.

    Each call is then booked as it was, unless both record the same one, which a person is asked
    with ``--unsafe``.  None where it drops none, or that is not all that stands against it.
    """
    if use is None or not semantic.settings.unsafe:
        return None
    drops = [e for e in proposal.edits if isinstance(e, Delete) and _is_replay(semantic, e)]
    if not drops:
        return None
    # What the block builds needs its name again.
    name = ast.unparse(semantic.statement_at(drops[0].path).value.func.func.value)  # type: ignore[attr-defined]
    edits = (_with_name(e, name) if isinstance(e, Wrap) else e for e in proposal.edits)
    line = use.lineno  # type: ignore[attr-defined]
    text = f"{ast.unparse(use)}, in line {line}, records no call that {name} records, too"
    notes = tuple(n for n in proposal.notes if not n.startswith(RECORDING_REMOVED))
    made = replace(
        proposal,
        edits=tuple(e for e in edits if e not in drops),
        notes=(*notes, _BY_HAND),
        confirm=(*proposal.confirm, text),
    )
    return made if foreign_use(semantic, made, holders) is None else None


def _with_name(wrap: Wrap, name: str) -> Wrap:
    header = wrap.header
    given = any(text.startswith(f"{words.TRACKER_ARGUMENT}=") for text in header.leading)
    plain = given and not wrap.header.target
    return wrap if plain or header.target else replace(wrap, header=replace(header, target=name))


def _is_replay(semantic: SemanticModel, edit: Delete) -> bool:
    """Whether *edit* drops a recording by hand: then only the block records that call."""
    value = getattr(semantic.statement_at(edit.path), "value", None)
    made = value.func if isinstance(value, ast.Call) else None
    function = made.func if isinstance(made, ast.Call) else None
    return isinstance(function, ast.Attribute) and function.attr in words.REPLAYS


def _is_flushed(semantic: SemanticModel, use: ast.Name) -> bool:
    """Whether *use* stores what the other tracker has: a block drops such calls at its end."""
    parent = semantic.module.parents[use]
    return isinstance(parent, ast.Attribute) and parent.attr == words.FLUSH_CALL


def _is_handed_out(semantic: SemanticModel, use: ast.Name) -> bool:
    """Whether *use* gives the tracker to a function that is not in sight: it may open a block."""
    parent = semantic.module.parents[use]
    call = semantic.module.parents[parent] if isinstance(parent, ast.keyword) else parent
    if not isinstance(call, ast.Call) or call.func is use:
        return False
    if semantic.names.context_manager(call.func) is not None or last_name(call.func) in _KNOWN:
        return False
    known = semantic.taint.definition(call.func) or semantic.taint.class_of(call.func)
    return known is None and not _is_bound_to_own(semantic, call, use)


def _is_bound_to_own(semantic: SemanticModel, call: ast.Call, use: ast.Name) -> bool:
    """Whether *call* makes a partial of a function in sight: who calls that is looked at."""
    if set(semantic.names.meaning(call.func).paths) != {_PARTIAL} or not call.args:
        return False
    function = call.args[0]
    return function is not use and semantic.taint.definition(function) is not None
