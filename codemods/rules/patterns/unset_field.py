"""Instance tracker without ids: an object builds it for its methods, and nobody configures it.

What it does    Gives each method that works with ``self.tracker`` a block around its work.
Why             An exception before the manual flush loses the metrics, and nothing says
                which operation the calls belong to.
Before          def __init__(self):
                    self.tracker = AIUsageTracker()
                def read(self, text):
                    return ask(text, self.tracker)
After           def read(self, text):
                    with ai_usage_context("reader_read", tracker=self.tracker):
                        return ask(text, self.tracker)
Safety          Safe while the object builds the tracker itself, only its own methods use it, and
                none of them, nor what they call, sets ids: a block then changes no record's.
Leaves alone    shared-state, escapes, yields-inside, ...
"""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.effects import first_yield
from codemods.analysis.trackers.block_extent import Block
from codemods.analysis.trackers.fields.syntax import Method, self_name
from codemods.analysis.trackers.last_use import LastUse
from codemods.model.edit import Wrap
from codemods.model.refusal import Reason, Refusal
from codemods.rules.checks.lifetime import doubted, flow_escape, trusted, with_bases
from codemods.rules.checks.process_ends import ending_refusal
from codemods.rules.checks.shared_trackers.foreign_fields import (
    external_uses,
    foreign_use,
    is_flushed,
)
from codemods.rules.checks.store_reads import store_refusal
from codemods.rules.checks.yields.held_yields import yields_refusal
from codemods.rules.planning.adoption import PlannedBlock, adopted
from codemods.rules.planning.headers import Form, plan_header
from codemods.rules.planning.replays import taken_calls
from codemods.rules.refusing import refuse
from codemods.rules.rule import Answer, Decided, OpenSites, Sites

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.dataflow.taint_records import Flow
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.fields.tracker_fields import TrackerField
    from codemods.analysis.trackers.lifetimes import Construct
    from codemods.model.finding import Finding
    from codemods.model.proposal import Verdict

TAKES = Sites.SHARED
CODE = "AIU001"
MESSAGE = "tracker of an object used without ids"


def decide(semantic: SemanticModel, open_sites: OpenSites) -> Iterator[Answer]:
    """Answer for each tracker that an object builds for itself and that is never configured."""
    built = {construct.call for construct in open_sites.constructs}
    for field in semantic.tracker_fields:
        construct = field.construct
        if construct is None or construct.call not in built:
            continue
        if _is_own(semantic, field, construct) and _is_left_alone(semantic, field):
            finding = semantic.finding(CODE, construct.call, MESSAGE)
            decided = partial(_decided, semantic, finding, field, construct)
            yield Answer(frozenset({construct.call}), finding, decided)


def _is_own(semantic: SemanticModel, field: TrackerField, construct: Construct) -> bool:
    """Whether each object surely builds the tracker at its beginning, under one name."""
    statement = semantic.module.parents[construct.call]
    init = semantic.module.parents.get(statement)
    if not isinstance(init, ast.FunctionDef) or init.name != "__init__":
        return False
    plain = construct.certain and statement in init.body and init in field.owner.body
    alone = field.family == (field.owner,) and field.names == {field.name}
    owner = field.owner
    bare = not (owner.bases or owner.keywords or owner.decorator_list or init.decorator_list)
    return plain and alone and bare and not (field.holders or field.aliases or field.strays)


def _is_left_alone(semantic: SemanticModel, field: TrackerField) -> bool:
    """Whether methods work with the tracker, and nothing else in sight uses or configures it."""
    loads = [load for loads in field.loads.values() for load in loads]
    set_on = {site.call.func.value for site in semantic.lifetimes.set_calls}  # type: ignore[attr-defined]
    given = (semantic.module.parents[load] for load in loads)
    if any(load in set_on for load in loads) or any(map(_is_of_header, given)):
        return False
    if next(external_uses(semantic, field), None) is not None:
        return False
    if any(semantic.elsewhere.field(field.owner.name, name).places for name in field.fields):
        return False
    return bool(_users(semantic, field))


def _is_of_header(around: ast.AST) -> bool:
    return isinstance(around, ast.keyword) and around.arg == words.TRACKER_ARGUMENT


def _users(semantic: SemanticModel, field: TrackerField) -> list[Method]:
    """Return the methods that do more with the tracker than to flush it."""
    return [
        method
        for method, loads in field.loads.items()
        if not all(is_flushed(semantic, load) for load in loads)
    ]


def _decided(
    semantic: SemanticModel, finding: Finding, field: TrackerField, construct: Construct
) -> Decided:
    refusal = foreign_use(semantic, finding, field)
    if refusal is not None:
        return Decided(refusal)
    blocks: list[PlannedBlock] = []
    for method in _users(semantic, field):
        block = _of_method(semantic, finding, field, construct, method)
        if isinstance(block, Refusal):
            return Decided(block)
        blocks.append(block)
    return Decided(_proposal(semantic, finding, field, construct, blocks))


def _proposal(
    semantic: SemanticModel,
    finding: Finding,
    field: TrackerField,
    construct: Construct,
    blocks: list[PlannedBlock],
) -> Verdict:
    why = f"self.{field.name} stays; nobody sets ids of it, so that a block changes none"
    uses = [semantic.elsewhere.field(field.owner.name, name) for name in sorted(field.fields)]
    told = [one for each in uses for one in doubted(finding, each)]
    return adopted(finding, why, construct.home, blocks, told)


def _of_method(
    semantic: SemanticModel,
    finding: Finding,
    field: TrackerField,
    construct: Construct,
    method: Method,
) -> PlannedBlock | Refusal:
    """Return the block of *method*, or what stands against it."""
    load = field.loads[method][0]
    if method.name == "__init__":
        detail = f"__init__ hands self.{field.name} on, to what may use it at any time"
        return refuse(semantic, finding, Reason.ESCAPES, detail, load)
    flow = _flow(semantic, field, construct, method)
    last = LastUse(semantic.taint, flow, method.body, looks=semantic.looks(construct))
    start = next((i for i, s in enumerate(method.body) if last.works(s)), len(method.body))
    stop = last.stop(method.body, start, len(method.body))
    body = method.body[start:stop]
    if not body:
        detail = f"{method.name} does nothing with the tracker that a block would be for"
        return refuse(semantic, finding, Reason.NO_WORK, detail, load)
    refusal = (
        flow_escape(semantic, finding, flow)
        or _hidden(semantic, finding, field, flow)
        or _waiting(semantic, finding, body)
        or ending_refusal(semantic, finding, body)
        or store_refusal(semantic, finding, construct, flow, body)
    )
    if refusal is not None:
        return refusal
    ours = semantic.ours(construct.home)
    tracker = semantic.module.segment(load)
    form = Form(tracker, None, fresh=False, ours=ours)
    planned = plan_header(
        semantic, finding, (), body, body[0], form, semantic.sending(flow, ours=ours)
    )
    if isinstance(planned, Refusal):
        return planned
    again, notes = taken_calls(semantic, tracker, body, ours=ours)
    path = Block(semantic.module.paths[method], "body", start, stop).path(start)
    return PlannedBlock(
        (Wrap(path, stop, planned.header), *again),
        planned.manager,
        (*planned.notes, *notes),
        (*planned.assumptions, *trusted(semantic, flow)),
    )


def _flow(
    semantic: SemanticModel, field: TrackerField, construct: Construct, method: Method
) -> Flow:
    scope = semantic.scopes.inner[method]
    root = (semantic.scopes.binding(self_name(method), scope), field.name)
    flow = semantic.taint.follow(root, method.body, scope, fields=field.fields)
    return with_bases(semantic, flow, construct)


def _hidden(
    semantic: SemanticModel, finding: Finding, field: TrackerField, flow: Flow
) -> Refusal | None:
    place = next(iter(flow.sets), None)
    if place is None:
        return None
    detail = f"{ast.unparse(place)} may set ids of self.{field.name}"
    return refuse(semantic, finding, Reason.SHARED_STATE, detail, place)


def _waiting(semantic: SemanticModel, finding: Finding, body: list[ast.stmt]) -> Refusal | None:
    inner = first_yield(body)
    if inner is None:
        return None
    return yields_refusal(semantic, finding, inner)
