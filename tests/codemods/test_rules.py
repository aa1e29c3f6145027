"""What rules say of a module depends on the module alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from rows import MODULE, fixtures

from codemods.model.options import Options, ProjectConfig
from codemods.model.source import SourceFile
from codemods.project.sources import decode
from codemods.rules.checks.lifetime import flow_refusal
from codemods.rules.engine import RULES, answered, decide
from codemods.runner.run import Run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.model.proposal import Verdict
    from codemods.rules.rule import Answer

#: Programs with several trackers, whose rules could tell each other something.
ROWS = ("X14", "X16", "B1", "B4", "E8", "E10", "E11", "M2", "M6")
PROGRAMS = [f for f in fixtures() if f.row in ROWS and MODULE in f.files][::7]


def analysed(folder: Path, text: str) -> SemanticModel:
    """Return the analysis of *text*, the one file of *folder*."""
    path = folder / MODULE
    source = decode(path, MODULE, text.encode())
    assert isinstance(source, SourceFile)
    options = Options((path,), folder)
    return Run(options, ProjectConfig(), (), (source,)).project.semantic(source)


def verdicts(answers: Sequence[Answer]) -> set[Verdict]:
    """Return the verdicts of *answers*, the last one decided first."""
    return {answer.decide().verdict for answer in answers[::-1] if answer.decide is not None}


@pytest.mark.parametrize("name", [f.name for f in PROGRAMS])
def test_the_order_in_which_rules_are_asked_makes_no_difference(name: str, tmp_path: Path) -> None:
    """Rules of one kind answer the same, whoever of them is first, and when asked once more."""
    text = next(f.files[MODULE] for f in PROGRAMS if f.name == name)
    semantic, other = analysed(tmp_path, text), analysed(tmp_path, text)
    assert verdicts(answered(semantic, RULES[::-1])) == verdicts(answered(semantic, RULES))
    assert decide(semantic) == decide(other)


def test_the_first_place_of_the_program_is_told(tmp_path: Path) -> None:
    """Of two variables that lead to the tracker and are used elsewhere the earlier is named."""
    name = "X16_wrapped_client_of_another_tracker"
    semantic = analysed(tmp_path, next(f.files[MODULE] for f in fixtures() if f.name == name))
    lifetime = semantic.tracker_lifetimes[0]
    finding = semantic.finding("AIU001", lifetime.construct.call, "built by hand")
    flow = semantic.flow(lifetime)
    orders = [list(flow.tainted), list(flow.tainted)[::-1]]
    refusals = {
        flow_refusal(semantic, finding, lifetime, replace(flow, tainted=order))  # type: ignore[arg-type]
        for order in orders
    }
    assert len(flow.tainted) > 1
    assert len(refusals) == 1
