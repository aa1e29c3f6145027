"""Nested contexts: an inner block that does not take over the tracker of the outer one.

What it does    With ``--unsafe``, hands the outer block's tracker to the inner one.
Why             The inner block's metrics do not belong to the job of the outer one.
Before          with ai_usage_context("receipt_reading", job_id="read-1") as tracker:
                    with ai_usage_context("line_check") as checker:
                        check(checker)
After           with ai_usage_context("receipt_reading", job_id="read-1") as tracker:
                    with ai_usage_context("line_check", tracker=tracker) as checker:
                        check(checker)
Safety          Never safe: the inner metrics get another tracker, and the ids that it has.
Leaves alone    everything without --unsafe, the original runtime (ids would stay behind), an inner
                block that has ids of its own, or may work with the outer one's tracker beside
                its own, and blocks that this run has put into one another
Guide           Best Practices, 5
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.calls import ordinal
from codemods.analysis.syntax.tree import walk
from codemods.model.edit import PassKeyword
from codemods.model.proposal import Proposal
from codemods.rules.checks.nested_contexts import nested
from codemods.rules.checks.tracker_names import same_value, tracker_name
from codemods.rules.rule import Answer, OpenSites, Sites

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.scopes import Binding

TAKES = Sites.NEW_CODE
CODE = "AIU007"
MESSAGE = "nested context without tracker="
CONFIRM = "the inner metrics belong to the tracker and the ids of the outer block"


def decide(semantic: SemanticModel, open_sites: OpenSites) -> Iterator[Answer]:
    """Answer with a proposal for each inner block that the outer tracker can be handed to."""
    del open_sites
    # What this run has put into one another was two trackers' in the text that it was given.
    if not semantic.settings.unsafe or semantic.is_result:
        return
    for outer, call in nested(semantic):
        item, header = next((i, c) for s, i, c, _ in semantic.context_calls if s is outer)
        tracker = tracker_name(outer.items[item].optional_vars, header)
        place = ordinal(semantic.module, call)
        if tracker is None or place is None or not semantic.ours(semantic.imports.home_of(call)):
            continue
        if not same_value(semantic, tracker, call) or _has_ids(call):
            continue
        if _are_two(semantic, (outer, header), tracker, call):
            continue
        path, number = place
        callee = semantic.module.segment(call.func)
        edit = PassKeyword(path, number, callee, words.TRACKER_ARGUMENT, tracker.id)
        finding = semantic.finding(CODE, call, MESSAGE)
        why = f"{tracker.id} is the tracker of the block around it"
        yield Answer.of(Proposal(finding, (edit,), "pass", why, confirm=(CONFIRM,)))


def _has_ids(call: ast.Call) -> bool:
    """Whether the block that *call* begins is for somebody of its own: it inherits no job."""
    return any(keyword.arg in words.SET_PARAMETERS for keyword in call.keywords)


def _are_two(
    semantic: SemanticModel,
    outer: tuple[ast.With | ast.AsyncWith, ast.Call],
    tracker: ast.Name,
    call: ast.Call,
) -> bool:
    """Whether the block that *call* begins may work with *tracker* beside one of its own.

    What is recorded on either would be recorded on one of them, with the ids of the inner block.
    """
    item = semantic.module.parents[call]
    block = semantic.module.parents.get(item)
    if not isinstance(item, ast.withitem) or not isinstance(block, ast.With | ast.AsyncWith):
        return True
    own = item.optional_vars
    if own is None or (isinstance(own, ast.Name) and own.id == tracker.id):
        return False
    holders = _holders(semantic, *outer, tracker)
    if holders is None:
        return True
    names = (n for s in block.body for n in walk(s) if isinstance(n, ast.Name))
    return any(
        semantic.scopes.of(name) in holders for name in names if name in semantic.scopes.scope_of
    )


def _holders(
    semantic: SemanticModel, outer: ast.With | ast.AsyncWith, header: ast.Call, tracker: ast.Name
) -> Collection[Binding] | None:
    """Return the variables that may hold the tracker of *outer*, None if others may have it."""
    given = [k.value for k in header.keywords if k.arg in (words.TRACKER_ARGUMENT, None)]
    binding, body = semantic.scopes.of(tracker), outer.body
    others: list[Binding] = []
    built = semantic.lifetimes.by_call
    if len(header.args) > 1 or len(given) > 1 or binding.scope.is_module:
        return None
    if given and given[0] not in built:
        function = semantic.module.function_around(outer)
        known = _built_here(semantic, given[0])
        if function is None or known is None or known.scope is not binding.scope:
            return None
        body, others = function.body, [known]
    flow = semantic.taint.follow(binding, body, binding.scope, others)
    escapes = flow.escapes or flow.attributes or flow.sets
    return None if escapes else flow.tainted


def _built_here(semantic: SemanticModel, given: ast.expr) -> Binding | None:
    """Return the variable that *given* is, if a tracker is built into it and nothing else."""
    if not isinstance(given, ast.Name):
        return None
    binding = semantic.scopes.of(given)
    bound = {semantic.lifetimes.binding_of(one) for one in semantic.lifetimes.constructs}
    if len(binding.binders) != 1 or binding.parameter is not None:
        return None
    (binder,) = binding.binders
    plain = isinstance(binder, ast.Name) and semantic.module.statement(binder) in bound
    return binding if plain else None
