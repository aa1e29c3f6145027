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
                block that works with the outer one's tracker beside its own
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
    from collections.abc import Iterator

    from codemods.analysis.semantic_model import SemanticModel

TAKES = Sites.NEW_CODE
CODE = "AIU007"
MESSAGE = "nested context without tracker="
CONFIRM = "the inner metrics belong to the tracker and the ids of the outer block"


def decide(semantic: SemanticModel, open_sites: OpenSites) -> Iterator[Answer]:
    """Answer with a proposal for each inner block that the outer tracker can be handed to."""
    del open_sites
    if not semantic.settings.unsafe:
        return
    for outer, call in nested(semantic):
        item, header = next((i, c) for s, i, c, _ in semantic.context_calls if s is outer)
        tracker = tracker_name(outer.items[item].optional_vars, header)
        place = ordinal(semantic.module, call)
        if tracker is None or place is None or not semantic.ours(semantic.imports.home_of(call)):
            continue
        if not same_value(semantic, tracker, call) or _are_two(semantic, tracker, call):
            continue
        path, number = place
        callee = semantic.module.segment(call.func)
        edit = PassKeyword(path, number, callee, words.TRACKER_ARGUMENT, tracker.id)
        finding = semantic.finding(CODE, call, MESSAGE)
        why = f"{tracker.id} is the tracker of the block around it"
        yield Answer.of(Proposal(finding, (edit,), "pass", why, confirm=(CONFIRM,)))


def _are_two(semantic: SemanticModel, tracker: ast.Name, call: ast.Call) -> bool:
    """Whether the block that *call* begins works with *tracker* beside one of its own.

    What is recorded on either would be recorded on one of them.
    """
    item = semantic.module.parents[call]
    block = semantic.module.parents.get(item)
    if not isinstance(item, ast.withitem) or not isinstance(block, ast.With | ast.AsyncWith):
        return False
    own = item.optional_vars
    if not isinstance(own, ast.Name) or own.id == tracker.id:
        return False
    names = (n for s in block.body for n in walk(s) if isinstance(n, ast.Name))
    return any(name.id == tracker.id for name in names)
