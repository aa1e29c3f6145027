"""Direct tracker: a tracker that is built, configured and used by hand.

What it does    Finds ``tracker = AIUsageTracker()`` whose whole lifetime stays inside one
                suite, and puts that lifetime into a context manager.
Why             An exception before the manual flush loses the metrics, and calls of a
                bare client are attributed to nothing.
Before          tracker = AIUsageTracker()
                tracker.set_tracking_context(job_id="job-1")
                result = analyze(tracker)
After           with ai_usage_context("receipt_analysis", job_id="job-1") as tracker:
                    result = analyze(tracker)
Safety          Safe while nothing that holds the tracker outlives the block.
Leaves alone    escapes, rebound, yields-inside, reads-state, conditional-context, ...
Guide           sections 3, 4, 6 and 7
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codemods.rules.planning.whole_lifetime import decide_lifetime
from codemods.rules.rule import Answer, Decided, OpenSites, Sites, calls_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.lifetimes import Lifetime

TAKES = Sites.BUILT
CODE = "AIU001"
MESSAGE = "tracker built and configured by hand"


def decide(semantic: SemanticModel, open_sites: OpenSites) -> Iterator[Answer]:
    """Answer for each tracker in a variable that only its own function, or module, uses."""
    built = {construct.call for construct in open_sites.constructs}
    for lifetime in semantic.tracker_lifetimes:
        if lifetime.construct.call in built and not semantic.is_used_by_functions(lifetime):
            yield _answer(semantic, lifetime)


def _answer(semantic: SemanticModel, lifetime: Lifetime) -> Answer:
    if semantic.is_migrated(lifetime):
        return Answer(calls_of(lifetime))
    finding = semantic.finding(CODE, lifetime.construct.call, MESSAGE)

    def decided() -> Decided:
        verdict = decide_lifetime(semantic, finding, lifetime)
        return Decided(verdict, frozenset(semantic.flow(lifetime).tainted))

    return Answer(calls_of(lifetime), finding, decided)
