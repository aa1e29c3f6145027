"""Mixed pattern: a context manager whose tracker is configured by hand.

What it does    Moves the ids of a set call at the start of a block into the header.
Why             Two ways to say the same; the call outlives the block on a shared tracker.
Before          with ai_usage_context("receipt_analysis") as tracker:
                    tracker.set_tracking_context(job_id="job-1")
                    analyze(tracker)
After           with ai_usage_context("receipt_analysis", job_id="job-1") as tracker:
                    analyze(tracker)
Safety          Safe where the call comes first in the block and names nothing twice.
Leaves alone    not-first, given-twice, may-be-none, no-work
Guide           Common Issues, 3
"""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.dataflow.nullness import Nullness
from codemods.analysis.dataflow.tainted_values import last_name
from codemods.analysis.syntax.effects import is_plain
from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers.lifetimes import is_none
from codemods.model.edit import Delete, Merge
from codemods.model.proposal import Proposal
from codemods.model.refusal import Reason, Refusal
from codemods.rules.planning.headers import Form, check_arguments, taken_of
from codemods.rules.planning.user_ids import stays_in_context
from codemods.rules.refusing import refuse
from codemods.rules.rule import Answer, OpenSites, Sites

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.ids.arguments import Argument
    from codemods.analysis.trackers.lifetimes import SetCall
    from codemods.model.finding import Finding
    from codemods.model.proposal import Verdict

TAKES = Sites.SET_IN_CONTEXT
CODE = "AIU004"
MESSAGE = "ids set by hand inside a context manager"

# Calls that record nothing, whatever they are given.
_HARMLESS = frozenset(
    "str int repr len format hex uuid4 isoformat strftime lower upper strip".split()
)

_With = ast.With | ast.AsyncWith


def decide(semantic: SemanticModel, open_sites: OpenSites) -> Iterator[Answer]:
    """Answer for every set call on the tracker of an enclosing context manager."""
    merged: set[ast.AST] = set()
    for site in open_sites.set_calls:
        around = semantic.set_in_contexts.get(site.call)
        if around is None:
            continue
        if stays_in_context(semantic, site):
            yield Answer(frozenset({site.call}))
            continue
        finding = semantic.finding(CODE, site.call, MESSAGE)
        verdict = _decide_one(semantic, finding, site, *around, done=around[0] in merged)
        if isinstance(verdict, Proposal):
            merged.add(around[0])
        yield Answer.of(verdict, {site.call})


def _decide_one(
    semantic: SemanticModel,
    finding: Finding,
    site: SetCall,
    statement: _With,
    item: int,
    call: ast.Call,
    *,
    done: bool,
) -> Verdict:
    home = semantic.imports.home_of(call)
    form = Form("", None, fresh=False, ours=semantic.ours(home))
    refusal = check_arguments(semantic, finding, [site], form)
    if refusal is not None:
        return refusal
    if not form.ours and last_name(site.call.func) == words.OLDER_SET_CALL:
        detail = "inside a context, the older name takes no ids"
        return refuse(semantic, finding, Reason.INVALID_CALL, detail)
    if done or statement.body[0] is not site.statement:
        detail = "the call is not the first statement of the block"
        return refuse(semantic, finding, Reason.NOT_FIRST, detail)
    if len(statement.items) > 1 or len(call.args) > 1:
        detail = "the with statement has other managers, or passes its tracker by position"
        return refuse(semantic, finding, Reason.MIXED, detail, call)
    if len(statement.body) == 1:
        return refuse(semantic, finding, Reason.NO_WORK, "the block does nothing else")
    present = {keyword.arg: keyword.value for keyword in call.keywords}
    if None in present:
        return refuse(
            semantic, finding, Reason.UNKNOWN_FIELDS, "the header passes fields through **"
        )
    confirm: list[str] = []
    for argument in (a for a in site.arguments if not is_none(a.value)):
        is_batch = semantic.names.context_manager(call.func) == words.BATCH_CONTEXT
        if argument.keyword in present or (argument.keyword == words.BATCH and is_batch):
            asked = _replaced(semantic, present.get(argument.keyword), argument)
            if asked is None:
                detail = f"the header names {argument.keyword} already"
                return refuse(semantic, finding, Reason.GIVEN_TWICE, detail, call)
            confirm += asked
        refusal = _moved(
            semantic, finding, argument.value, (statement.items[item].optional_vars, _given(call))
        )
        if refusal is not None:
            return refusal
        confirm += _quiet_calls(semantic, argument.value)
    path = semantic.module.paths[statement]
    taken = taken_of(site)
    edits: tuple[Delete | Merge, ...] = (Delete(site.path),)
    if taken.arguments:
        edits = (Merge(path, item, taken), *edits)
    why = "the call came first in the block, so nothing was recorded without these ids"
    return Proposal(finding, edits, "fold", why, confirm=tuple(confirm))


def _replaced(
    semantic: SemanticModel, old: ast.expr | None, argument: Argument
) -> list[str] | None:
    """Return what a person must confirm so that *argument* stands for *old* in the header.

    None where it cannot, or nobody is asked.
    """
    new = argument.value
    if old is None or argument.is_spread or not (is_plain(old) and is_plain(new)):
        return None
    if ast.dump(old) == ast.dump(new):
        return []
    if not semantic.settings.unsafe or not Nullness(semantic).is_given(new):
        return None
    text = f"all calls of the block are for the {argument.keyword} of line {new.lineno}"
    return [f"{text}, and none for that of its header"]


def _given(call: ast.Call) -> ast.expr | None:
    """Return what the header takes as its tracker."""
    return next((k.value for k in call.keywords if k.arg == words.TRACKER_ARGUMENT), None)


def _moved(
    semantic: SemanticModel,
    finding: Finding,
    value: ast.expr,
    trackers: tuple[ast.expr | None, ...],
) -> Refusal | None:
    """Refuse a value that is not the same, or does something else, in front of the block."""
    bindings = [semantic.scopes.of(t) for t in trackers if isinstance(t, ast.Name)]
    for node in walk(value):
        if isinstance(node, ast.Name) and node in semantic.scopes.scope_of:
            if semantic.scopes.of(node) in bindings:
                detail = "an id is computed from the block's own tracker"
                return refuse(semantic, finding, Reason.READS_STATE, detail, value)
        if _may_record(node) and not semantic.settings.unsafe:
            detail = "a call that computes an id would leave the block, and may record something"
            refusal = refuse(semantic, finding, Reason.MIXED, detail, value)
            return replace(refusal, advice=f"{refusal.advice}, or run with --unsafe if it does not")
    return None


def _may_record(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and last_name(node.func) not in _HARMLESS


def _quiet_calls(semantic: SemanticModel, value: ast.expr) -> list[str]:
    """Return what a person must confirm of the calls in *value*, which leave the block."""
    found = (n for n in walk(value) if isinstance(n, ast.Call) and _may_record(n))
    texts = (f"{semantic.module.segment(n)} in line {n.lineno}" for n in found)
    return [f"{text} makes no AI call, and reads nothing of the block" for text in texts]
