"""The short form of the mutation suite: each mutant until the first program that shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .cases import baseline, cases, clients
from .judging import MUTANTS, judged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .mutant import Mutant


@pytest.fixture(scope="module")
def connected() -> Iterator[None]:
    """The clients that the programs call."""
    with clients():
        yield


@pytest.mark.lengthy
@pytest.mark.parametrize("mutant", [pytest.param(m, id=m.name) for m in MUTANTS])
def test_a_broken_rewriter_is_noticed(mutant: Mutant, connected: None) -> None:
    """The validator complains, or the result shows it when it is compiled, run or run again."""
    verdict = judged(mutant, thorough=False)
    assert verdict.changed is not None, "the mutant changes no program"
    assert verdict.noticed, f"{mutant.breaks}: not noticed, first on {verdict.changed}"


def test_there_are_mutants_of_every_part() -> None:
    """At least forty mutants, each with a name of its own, in the edits, rules and analysis."""
    parts = [mutant.target.partition(".")[0] for mutant in MUTANTS]
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 40
    assert min(parts.count(part) for part in ("edits", "rules", "analysis")) >= 10


def test_the_real_rewriter_is_not_accused() -> None:
    """Without a mutant nobody complains: the validator's verdicts above are about mutants."""
    written = [case for case in cases().values() if case.name.startswith(("bytes", "guide", "X1"))]
    assert len(written) > 50
    for case in written:
        made = baseline(case.name, case.runtime)
        assert (made.complaints, made.uncompiled, made.crashed) == ((), False, False), case.name
