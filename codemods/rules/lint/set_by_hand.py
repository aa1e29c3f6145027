"""Ids set by hand: a set call on a variable that a tracker is built into.

What it does    Reports each set call that the patterns have not told of already.
Why             The ids last into calls that they do not belong to.
Before          tracker.set_tracking_context(job_id="job-1")
After           with ai_usage_context("receipt_analysis", job_id="job-1") as tracker: ...
Safety          Reported here; the patterns decide whether migrate rewrites it.
Leaves alone    a user that is set at the start of a block of the original runtime
Guide           section 3
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.rules.planning.user_ids import stays_in_context

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.lifetimes import SetCall
    from codemods.model.finding import Finding

CODE = "AIU002"
MESSAGE = "ids set by hand on a tracker"
_TOLD = frozenset({CODE, "AIU004"})


def find(semantic: SemanticModel, told: Collection[Finding]) -> Iterator[Finding]:
    """Yield the set calls on trackers of the module."""
    places = {finding.span for finding in told if finding.code in _TOLD}
    for site in semantic.lifetimes.set_calls:
        known = stays_in_context(semantic, site) or semantic.module.span(site.call) in places
        if not known and _is_legacy(semantic, site):
            yield semantic.finding(CODE, site.call, MESSAGE)


def _is_legacy(semantic: SemanticModel, site: SetCall) -> bool:
    binding = semantic.lifetimes.receiver(site)
    if binding is None:
        return False
    binding_statements = semantic.lifetimes.binding_statements
    return any(
        isinstance(b, ast.Name) and semantic.module.statement(b) in binding_statements
        for b in binding.binders
    )
