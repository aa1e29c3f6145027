"""The short form of the mutation suite: each mutant until the first program that shows it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from rows import fixtures

from codemods.model.refusal import Reason
from tests.oracle.kinds import KINDS

from .cases import baseline, cases, clients
from .generated import fixes
from .judging import MUTANTS, judged
from .mutant import Mutant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


#: Where a site is refused for these, the validator was heard on it.
UNPROVEN = {Reason.NOT_PROVEN, Reason.CANNOT_BE_EDITED, Reason.DOES_NOT_COMPILE}


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


def test_an_exam_that_passes_notices_nothing() -> None:
    """Whatever stands in: it is the exam that must fail.  One that fails anyway is an error."""

    def easy(_folder: Path) -> None:
        return

    def hopeless(_folder: Path) -> None:
        raise AssertionError

    same = Mutant(
        "same", "Nothing", "model.atomic_group:in_whole_groups", lambda real: real, (), easy
    )
    assert not judged(same, thorough=False).noticed
    with pytest.raises(AssertionError):
        judged(replace(same, exam=hopeless), thorough=False)


def test_there_are_mutants_of_every_part() -> None:
    """At least forty mutants, each with a name of its own, in the edits, rules and analysis."""
    parts = [re.split("[.:]", mutant.target)[0] for mutant in MUTANTS]
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 40
    assert min(parts.count(part) for part in ("edits", "rules", "analysis")) >= 10
    assert min(parts.count(part) for part in ("report", "project", "validator")) >= 5
    assert sum(mutant.exam is not None for mutant in MUTANTS) >= 50


def test_mutants_aim_at_what_is_public() -> None:
    """Edits are data and reports are records: other ones are given to the public functions.

    The exceptions are decisions inside of these modules that nothing which is given shows.
    """
    aimed = {m.target for m in MUTANTS if m.target.split(".")[0] in ("edits", "report")}
    assert {target for target in aimed if re.search(r"[:.]_", target)} == {
        "edits.bodies:_COVERAGE",
        "edits.lines:_taken_apart",
    }


def test_each_fix_that_is_taken_back_is_of_a_fault() -> None:
    """A mutant that takes a fix back names the fault, and no kind that is never generated."""
    assert [m.name for m in fixes() if not re.fullmatch(r"C\d+", m.fault)] == []
    assert {kind for m in MUTANTS for kind in m.kinds} <= KINDS.keys()


def test_the_real_rewriter_is_not_accused() -> None:
    """Without a mutant nobody complains: the validator's verdicts above are about mutants."""
    refused = {
        f.name for f in fixtures() if any(UNPROVEN & {*e.reasons} for e in f.expected.values())
    }
    written = [
        case
        for case in cases().values()
        if case.name.startswith(("bytes", "guide", "X1_")) and case.name not in refused
    ]
    assert len(written) > 50
    for case in written:
        made = baseline(case.name, case.runtime)
        assert (made.complaints, made.uncompiled, made.crashed) == ((), False, False), case.name
