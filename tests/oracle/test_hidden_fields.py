"""Trackers of objects that another file gets at without naming their class keep their ids."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest
from harness import migrate_project
from many_cases import each_of

from .check import check
from .execute import run
from .hidden_fields import HIDINGS, Hiding, build, hidden

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.lengthy
def test_hidden_uses_record_what_they_did(tmp_path: Path) -> None:
    """A program of each way records after its migration what it recorded before."""
    found = {}
    for index in range(len(HIDINGS)):
        folder = tmp_path / str(index)
        folder.mkdir()
        found[index] = check(hidden(9, index), folder).problems
    assert {index: problems[0].kind for index, problems in found.items() if problems} == {}


@each_of("way", HIDINGS)
def test_each_way_gets_at_the_tracker(way: Hiding) -> None:
    """The programs do what they are made for: there are records of both files."""
    seen = run(build(Random(3), way), "tracker")
    assert seen.error == ""
    assert "raised" not in seen.output
    assert len(seen.metrics) == 2


_OWN = "        self.tracker = None\n        ask(AIUsageTracker(), 'again')\n"
#: A field of the same name of objects that are of another class for certain.
OTHERS = (
    f"from typing import Generic, TypeVar\n\nT = TypeVar('T')\n\n\nclass Base(Generic[T]):\n"
    f"    pass\n\n\nclass Other(Base['Row']):\n    def again(self):\n{_OWN}",
    f"class Base:\n    pass\n\n\nclass Other(Base):\n    def again(self):\n{_OWN}",
    f"import threading\n\n\nclass Other(threading.Thread):\n    def again(self):\n{_OWN}",
    f"class Other(dict[str, int]):\n    def again(self):\n{_OWN}",
)


@pytest.mark.parametrize("defines", OTHERS)
def test_field_of_another_class(defines: str, tmp_path: Path) -> None:
    """A class whose bases are seen is none of whose objects the field is, whatever its name."""
    way = Hiding(defines, "Other().again()")
    outcome = migrate_project(tmp_path, build(Random(5), way).files, runtime="tracker")
    assert outcome["service.py"].reasons == []
    assert outcome["service.py"].changed
