"""Exams for what lets more places be rewritten: where it does not hold, a place is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness import migrate_project
from rows import MODULE, fixtures

from codemods.model.refusal import Reason

if TYPE_CHECKING:
    from pathlib import Path


def _reasons(folder: Path, name: str) -> list[str]:
    """Return what the main file of the fixture *name* is refused for."""
    (fixture,) = (one for one in fixtures() if one.name == name)
    return migrate_project(folder, fixture.files, runtime="tracker")[MODULE].reasons


def a_table_that_is_given_none_is_refused(folder: Path) -> None:
    """What a table holds makes a tracker of its own where a call gives it none."""
    assert _reasons(folder, "X16_objects_of_a_table_are_given_none") == [Reason.TWO_TRACKERS]


def a_batch_mode_of_some_calls_is_refused(folder: Path) -> None:
    """A mode that is switched on behind the first call is not that of a whole block."""
    name = "B6_batch_mode_by_hand_in_an_inner_function"
    assert _reasons(folder, name) == [Reason.STICKY_BATCH_MODE]


def a_task_that_is_taken_out_is_not_awaited(folder: Path) -> None:
    """A list of tasks that has one less is no longer all that was begun."""
    assert _reasons(folder, "X4_tasks_deleted_before_the_wait") == [Reason.ESCAPES]
