"""Which set calls one header can stand for, and which may stay inside its block."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.effects import changes_environment
from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers.ids.merging import Merged, Merging
from codemods.rules.checks.late_recordings import late_recording
from codemods.rules.planning.conditional.texts import written
from codemods.rules.planning.user_ids import is_inside_once

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codemods.analysis.dataflow.taint_records import Flow
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.lifetimes import Lifetime, SetCall

#: An argument that does not fit a line is none that a reader understands.
_LONGEST = 88


def merged_ids(semantic: SemanticModel, lifetime: Lifetime, flow: Flow) -> Merged | None:
    """Return what all set calls of *lifetime* leave behind, if that is more than their arguments.

    None too where they do not all follow each other.
    """
    merged = _first_run(semantic, lifetime, flow)
    if merged is None or merged.is_plain or len(merged.sites) != len(lifetime.sets):
        return None
    return merged


def staying_ids(semantic: SemanticModel, lifetime: Lifetime, flow: Flow) -> Merged | None:
    """Return what the first set calls leave behind, where the others may stay inside the block."""
    merged = _first_run(semantic, lifetime, flow)
    if merged is None or not merged.leading:
        return None
    later = [site for site in lifetime.sets if site not in merged.sites]
    if any(site.path[:-1] == lifetime.prefix for site in later):
        return None
    return merged if _may_stay(semantic, lifetime, flow, later) else None


def all_may_stay(semantic: SemanticModel, lifetime: Lifetime, flow: Flow) -> bool:
    """Whether a block without ids may hold all set calls of *lifetime*, none of them in a loop."""
    if lifetime.owned:
        return False
    inside = (is_inside_once(semantic, site, lifetime.body) for site in lifetime.sets)
    return all(inside) and _may_stay(semantic, lifetime, flow, lifetime.sets)


def _first_run(semantic: SemanticModel, lifetime: Lifetime, flow: Flow) -> Merged | None:
    depth = len(lifetime.prefix)
    first = lifetime.sets[0].path[depth][1] if lifetime.sets else 0
    if not lifetime.sets or lifetime.owned:
        return None
    merging = Merging(semantic, lifetime.sets)
    merged = merging.run(lifetime.body, first, lifetime.end)
    sites = merged.sites if merged is not None else []
    users = any(a.keyword == words.USER for s in sites for a in s.arguments)
    if merged is not None and users and not semantic.ours(lifetime.construct.home):
        # There a call has to stay for the user, and what comes behind it stays with it.
        merged = merging.run(lifetime.body, first, first + merged.leading)
    if merged is None:
        return None
    if _asks_the_tracker(semantic, lifetime, flow, merged):
        merged = merging.run(lifetime.body, first, first + merged.leading)
        if merged is None or _asks_the_tracker(semantic, lifetime, flow, merged):
            return None
    if changes_environment(lifetime.body[first : merged.stop]) is not None:
        return None
    texts = (written(semantic, value) for value in merged.others().values())
    return None if any(len(text) > _LONGEST for text in texts) else merged


def _asks_the_tracker(
    semantic: SemanticModel, lifetime: Lifetime, flow: Flow, merged: Merged
) -> bool:
    """Whether a test or a value in the run of set calls is computed with the tracker itself."""
    inside = [n for s in lifetime.body[merged.first : merged.stop] for n in walk(s)]
    receivers = {site.call.func.value for site in merged.sites}  # type: ignore[attr-defined]
    known = semantic.scopes.scope_of
    names = (n for n in inside if isinstance(n, ast.Name) and n in known and n not in receivers)
    return any(semantic.scopes.of(n) in flow.tainted for n in names)


def _may_stay(
    semantic: SemanticModel, lifetime: Lifetime, flow: Flow, later: Sequence[SetCall]
) -> bool:
    """Whether the calls *later* do in the block what they do today.

    On our runtime a call of a bare client is booked when it is made, not when it is
    replayed; on the original one a wrapped client asks the context, and not the tracker.
    """
    if any(site.problem is not None or not _runs_here(semantic, lifetime, site) for site in later):
        return False
    statements = lifetime.body[lifetime.index + 1 : lifetime.end]
    if not semantic.ours(lifetime.construct.home):
        older = any(_is_older(site) for site in later)
        return not older and not semantic.wraps_clients(
            lifetime.body, lifetime.index + 1, lifetime.end
        )
    places = [(site.call.lineno, site.call.col_offset) for site in later]
    return late_recording(semantic, flow, statements, places) is None


def _runs_here(semantic: SemanticModel, lifetime: Lifetime, site: SetCall) -> bool:
    return semantic.scopes.scope_of[site.call.func.value] is lifetime.scope  # type: ignore[attr-defined]


def _is_older(site: SetCall) -> bool:
    return getattr(site.call.func, "attr", "") == words.OLDER_SET_CALL
