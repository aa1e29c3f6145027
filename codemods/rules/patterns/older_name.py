"""Older name: a set call by its former name that stays, since no block takes its place.

What it does    Writes it by today's name.
Why             Today's method of the older name takes a dictionary; with ids it is deprecated.
Before          tracker.set_context(job_id="job-1")
After           tracker.set_tracking_context(job_id="job-1")
Safety          Safe on our runtime, where both set the same ids in the same way, of an object that
                is surely of the tracker's own class, and where nobody replaces or watches either.
Leaves alone    parameters, subclasses, what may be None or something else; dictionaries; other
                runtimes; the refusal of the block stands beside it
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.calls import last_name
from codemods.model.edit import Retain
from codemods.model.proposal import RENAME, Proposal
from codemods.model.refusal import Reason
from codemods.model.runtime import Runtime
from codemods.rules.checks.method_names.own_objects import home_of_object
from codemods.rules.checks.method_names.watched_methods import watched
from codemods.rules.refusing import refuse
from codemods.rules.rule import Answer, Decided, OpenSites, Sites

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.lifetimes import SetCall
    from codemods.model.finding import Finding

TAKES = Sites.LEFT
CODE = "AIU013"
MESSAGE = "ids set by the older name of the set call"
WHY = "the tracker is of the runtime's own class, where both names do the same with ids"


def decide(semantic: SemanticModel, open_sites: OpenSites) -> Iterator[Answer]:
    """Answer for each set call by the older name, on an object that is surely a tracker."""
    for site in open_sites.set_calls:
        if last_name(site.call.func) != words.OLDER_SET_CALL or not _names_ids(site):
            continue
        finding = semantic.finding(CODE, site.call, MESSAGE)
        home = home_of_object(semantic, site.call.func.value, finding)  # type: ignore[attr-defined]
        if home is not None and semantic.runtime(home).runtime is Runtime.TRACKER:
            decision = partial(_decided, semantic, site, home, finding)
            yield Answer(frozenset({site.call}), finding, decision)


def _names_ids(site: SetCall) -> bool:
    """Whether the call is a statement that is given ids by keyword, and nothing else."""
    keywords = [keyword.arg for keyword in site.call.keywords]
    known = all(name in words.SET_PARAMETERS for name in keywords)
    return site.problem is None and not site.call.args and bool(keywords) and known


def _decided(semantic: SemanticModel, site: SetCall, home: str, finding: Finding) -> Decided:
    seen = semantic.once(watched)
    if seen is not None:
        text, place = seen
        detail = f"{text}, which would not hear of today's name"
        return Decided(refuse(semantic, finding, Reason.TESTS_THE_TRACKER, detail, place))
    edit = Retain(site.path, tuple(range(len(site.call.keywords))), words.SET_CALL)
    return Decided(Proposal(finding, (edit,), RENAME, WHY, home=home))
