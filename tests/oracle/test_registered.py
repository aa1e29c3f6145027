"""Functions that other files register, or find by computed names, run in blocks as they did."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest
from harness import migrate_project
from many_cases import each_of

from .check import check
from .execute import run
from .registered import FOUND, REGISTERED, WAYS, Way, build, registered

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.lengthy
@pytest.mark.parametrize("sort", sorted(WAYS))
def test_what_others_put_into_a_block_does_what_it_did(sort: str, tmp_path: Path) -> None:
    """A program of each way records after its migration what it recorded before."""
    found = {}
    for index in range(len(WAYS[sort])):
        folder = tmp_path / str(index)
        folder.mkdir()
        found[index] = check(registered(411, index, sort), folder).problems
    assert {index: problems[0].kind for index, problems in found.items() if problems} == {}


@each_of("way", [*REGISTERED, *FOUND])
def test_each_way_leads_to_the_function(way: Way) -> None:
    """The programs do what they are made for: the block's call runs the other file's function."""
    seen = run(build(Random(3), way, "registered"), "tracker")
    assert seen.error == ""
    assert "raised" not in seen.output
    assert sorted(row[1] for row in seen.metrics) == ["of-flow", "of-work"]


#: Neither leads from the block to the function: what is called is known, or is of another module.
APART = (
    Way("from work import on_text\nimport bus\nbus.register(on_text)", "bus.notify(text)"),
    Way("import work\nimport bus\nbus.TABLE['x'] = work.on_text", "text.strip()", ""),
    Way("from work import on_text\nprint(on_text is None)", "bus.fire(text)"),
    Way("import work\nwork.on_text('alone')", "bus.fire(text)"),
    Way("import work", "bus.BUS.run", "import bus"),
    Way("import getpass\nprint(vars(getpass)['getpass'] is None)", "bus.fire(text)"),
)


def test_function_that_gets_into_the_block(tmp_path: Path) -> None:
    """The same program is refused where the function is registered and the block runs it."""
    program = build(Random(3), REGISTERED[0], "registered")
    outcomes = migrate_project(tmp_path, program.files, runtime="tracker")
    assert outcomes["flow.py"].reasons == ["two-trackers"]


@pytest.mark.parametrize("way", APART)
def test_function_that_does_not_get_into_the_block(way: Way, tmp_path: Path) -> None:
    """A function that nobody hands on, or that the block cannot come to, keeps no block away."""
    program = build(Random(3), way, "registered")
    outcomes = migrate_project(tmp_path, program.files, runtime="tracker")
    assert [r.detail for o in outcomes.values() for r in o.refusals] == []
    assert any(outcome.changed for outcome in outcomes.values())
