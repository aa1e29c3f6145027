"""Mocked tracker: a test asks a mock of the tracker which ids were set.

What it does    Refuses the place.
Why             Migrated code sets no ids by hand, so the test would fail.
Before          tracker.set_tracking_context.assert_called_once_with(job_id="job-1")
After           (left alone)
Safety          Nothing changes; the test is to be written anew for the context manager.
Leaves alone    a tracker that is built in the same file, which is refused where it is built
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.trackers.mocks.methods import inspected_set_calls
from codemods.model.refusal import Reason, Refusal
from codemods.rules.refusing import refuse
from codemods.rules.rule import Answer, OpenSites, Sites

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.semantic_model import SemanticModel

TAKES = Sites.SET_OTHERWISE
CODE = "AIU002"
MESSAGE = "a test of how ids are set"


def decide(semantic: SemanticModel, open_sites: OpenSites) -> Iterator[Answer]:
    """Answer for each look at a mock's set call; those are no set calls themselves."""
    del open_sites
    for place in inspected_set_calls(semantic.module):
        refusal = _refusal(semantic, place)
        if refusal is not None:
            yield Answer.of(refusal)


def _refusal(semantic: SemanticModel, place: ast.Attribute) -> Refusal | None:
    """Return the refusal of a test that asks a mock of the tracker which ids were set."""
    receiver = place.value.value  # type: ignore[attr-defined]
    if isinstance(receiver, ast.Name) and any(
        isinstance(b, ast.Name)
        and semantic.module.statement(b) in semantic.lifetimes.binding_statements
        for b in semantic.scopes.of(receiver).binders
    ):
        return None  # a real tracker: refused where it is built
    finding = semantic.finding(CODE, place, MESSAGE)
    detail = f"{ast.unparse(place)} asks for the set call, which migrated code does not make"
    return refuse(semantic, finding, Reason.TESTS_THE_TRACKER, detail)
