"""A program in another form that means the same is migrated in the same way."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from many_cases import each_of
from rows import RUNTIMES, Fixture, fixtures

from tests.metamorphic.check import differences
from tests.metamorphic.kinds import KINDS

if TYPE_CHECKING:
    from tests.metamorphic.check import Kind

FIXTURES = st.sampled_from(fixtures())
#: The kinds of which no form of a fixture is known to differ; the command tries all of them.
HELD = (
    *("layout", "definitions", "imports", "docstrings", "strings"),
    *("fields", "modules", "package", "src", "line-ends", "latin"),
)
#: Those that change so few that these are looked for.
RARE = ("fields",)


def examples(kind: str) -> int:
    """Return how many examples of *kind* there are: layouts differ in most ways."""
    return 50 if kind == "layout" else 6


@pytest.mark.lengthy
@each_of("kind", HELD)
def test_form_does_not_change_the_outcome(kind: str) -> None:
    """Sites, reasons and the program that comes out are the same; a second run is quiet."""

    among = st.sampled_from(_changed(kind, 12)) if kind in RARE else FIXTURES

    @settings(max_examples=examples(kind), deadline=None, derandomize=True, database=None)
    @given(among, st.sampled_from(RUNTIMES), st.integers(0, 2**32))
    def the_same(fixture: Fixture, runtime: str, seed: int) -> None:
        assert not differences(fixture, runtime, KINDS[kind], seed)

    the_same()


@each_of("kind", tuple(KINDS))
def test_forms_are_really_others(kind: str) -> None:
    """Each kind changes some of the programs: one that changed nothing would prove nothing."""
    assert len(_changed(kind, 3)) == 3


def _changed(kind: str, most: int) -> list[Fixture]:
    """Return the first that *kind* changes of every fortieth fixture, or of all."""
    every = fixtures() if kind in RARE else fixtures()[::40]
    return list(itertools.islice((f for f in every if _changes(KINDS[kind], f)), most))


def _changes(kind: Kind, fixture: Fixture) -> bool:
    made = [kind(fixture.files, Random(seed)) for seed in range(3)]
    return any(m is not None and (dict(m.files) != dict(fixture.files) or m.given) for m in made)
