"""Applications as people wrote them do after their migration what they did before."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import pytest

from .accounting import ids_said
from .comparing import Comparison, Difference, compare
from .migrating import Migrated, copied, migrate
from .observing import Observed, observe
from .projects import APPLICATIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

#: The least share of sites that is rewritten, by default and with --unsafe.
SHARES = {"receipts": (0.78, 0.90), "merchants": (0.75, 0.92)}
#: Flows in which calls are recorded that nothing recorded before, and where the report says so.
NEWLY_RECORDED: dict[str, dict[str, str]] = {
    "receipts": {},
    "merchants": {"streaming": "merchants/api/streaming.py"},
}
#: What --unsafe may change of a flow, and the condition of the report that says how.
CONDITIONS = {
    "receipts": {
        "categories": [
            "categorize would no longer inherit the batch_id that categorize_all set",
            "categorize_all would no longer inherit the job_id that categorize set",
        ],
        # The object that has the tracker is not in sight there: what it may run is named.
        "handlers": [
            "of the block at line 26: process in receipts/managers.py, categorize in"
            " receipts/services/categories.py, categorize_item in receipts/services/categories.py,"
            " categorize_all in receipts/services/categories.py, match in"
            " receipts/services/merchant_match.py, prepare in receipts/services/merchant_match.py,"
            " handle_upload in receipts/handlers/upload.py, handle_replace in"
            " receipts/handlers/upload.py and 4 other functions may run in this block, and have"
            " trackers that would inherit",
            "post would no longer inherit the user_id that get set",
            "of the block at line 18: run has a tracker of its own, which"
            " would inherit ids of this block",
        ],
        "failures": [
            "diagnose would no longer inherit the batch_id that diagnose_all set",
            "diagnose_all would no longer inherit the job_id that diagnose set",
        ],
        "tests of tasks": [
            "what is put in the place of _tracker by a test, say, which may"
            " have the tracker of get_tracker, would no longer find the job_id that diagnose set"
        ],
    },
    "merchants": {
        "its tests": [
            "who hands Timing a tracker (tests/test_api.py:32) would no longer find"
            " the job_id of its calls on it"
        ],
        "enriching": [
            "self.tracker in merchants/enrich/description.py:16 and the methods"
            " of Enricher would no longer pass ids on to each other"
        ],
        "events": ["note_move would no longer inherit the user_id that warn_owner set"],
    },
}


@dataclass(frozen=True)
class Case:
    """An application that was migrated, again too, and what that changed of its flows."""

    done: Migrated
    again: Migrated
    same: Comparison


@cache
def before(name: str) -> Mapping[str, Observed]:
    """Return what an application's flows show in the legacy form."""
    application = APPLICATIONS[name]
    return observe(application.folder, application.flows)


def migrated(name: str, unsafe: bool, folder: Path) -> Case:
    """Return what becomes of an application by default, or with --unsafe."""
    folder = copied(name, folder)
    done = migrate(folder, unsafe=unsafe)
    same = compare(before(name), observe(folder, APPLICATIONS[name].flows))
    return Case(done, migrate(folder, unsafe=unsafe), same)


def _is_said(difference: Difference, named: Mapping[str, Sequence[str]]) -> bool:
    conditions = named.get(difference.flow, ())
    said = frozenset[str]().union(*map(ids_said, conditions))
    return bool(difference.ids) and difference.ids <= said


@pytest.mark.lengthy
@pytest.mark.parametrize("unsafe", [False, True], ids=["default", "unsafe"])
@pytest.mark.parametrize("name", APPLICATIONS)
def test_an_application_does_the_same(name: str, unsafe: bool, tmp_path: Path) -> None:
    """It does what it did, as far as it was rewritten before, and a second run is quiet.

    One test, for what is set up takes seconds: each process would do it again for its share.
    """
    case = migrated(name, unsafe, tmp_path)
    assert case.done.failed == []
    assert case.done.share >= SHARES[name][unsafe]
    # Each flow gives, prints, calls and records the same; --unsafe changes what it names.
    named = CONDITIONS[name] if unsafe else {}
    told = [text for applied in case.done.applied for text in applied.confirm]
    assert {text for conditions in named.values() for text in conditions} <= set(told)
    # ``make applications`` shows by leaving rewrites out that a condition is about its difference.
    assert [str(one) for one in case.same.differences if not _is_said(one, named)] == []
    # Calls that nothing recorded are recorded only where the report says so.
    expected = NEWLY_RECORDED[name]
    assert set(case.same.newly_recorded) == set(expected)
    for path in expected.values():
        own = [one for one in case.done.applied if one.finding.path.endswith(path)]
        assert any("recorded from now on" in note for one in own for note in one.notes)
    # What is migrated stays as it is, and what was refused is, for the same reasons.
    assert case.again.applied == []
    assert case.again.reasons == case.done.reasons


@pytest.mark.parametrize("name", APPLICATIONS)
def test_an_application_is_one(name: str) -> None:
    """An application has at least 30 files, with notebooks and tests of its own."""
    files = [path.name for path in APPLICATIONS[name].files]
    assert len(files) >= 30
    assert sum(file.endswith(".ipynb") for file in files) >= 2
    assert sum(file.startswith("test_") for file in files) >= 4
