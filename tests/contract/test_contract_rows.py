"""Every row of the decision table has its fixtures, every reason its text and its fixture."""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from source_tree import ROOT

sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from many_cases import each_of
from rows import RUNTIMES, fixtures, outcome_of

from codemods.model.refusal import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable

DOCUMENT = ROOT / "docs" / "semantics.md"
KINDS = ("shape", "near-miss")
GROUPS = {"X": 19, "A": 10, "B": 7, "E": 17, "R": 5, "N": 5, "P": 3, "M": 8}
#: The kinds of fault in the codemods that were seen on real use: one and four siblings of each.
FAULTS = [f"C{number}" for number in range(1, 26)]
SIBLINGS = 5


def row_ids(text: str) -> list[str]:
    """Return the ids of the table's rows: the first cells that are a letter and a number."""
    return re.findall(r"^\| ([A-Z]\d+) \|", text, re.MULTILINE)


def reason_anchors(text: str) -> list[str]:
    """Return the reason codes that have a heading of their own."""
    return re.findall(r"^### ([a-z-]+)$", text, re.MULTILINE)


def lacking(rows: Iterable[str], present: Iterable[tuple[str, str]]) -> list[str]:
    """Return which kinds of fixtures the *rows* lack, as ``X1: near-miss``."""
    counted = Counter(present)
    return [f"{row}: {kind}" for row in rows for kind in KINDS if not counted[row, kind]]


def test_the_document_has_all_rows() -> None:
    """Each group of the table is numbered without a gap, and no row is there twice."""
    wanted = [f"{letter}{n}" for letter, last in GROUPS.items() for n in range(1, last + 1)]
    assert row_ids(DOCUMENT.read_text()) == wanted


def test_every_row_has_its_fixtures() -> None:
    """A row without a program of its shape, or without a near miss, is listed."""
    present = [(fixture.row, fixture.kind) for fixture in fixtures()]
    assert lacking(row_ids(DOCUMENT.read_text()), present) == []


def test_every_fault_has_its_siblings() -> None:
    """Of each kind of fault seen in the codemods on real use, at least five programs are tried."""
    counted = Counter(fixture.fault for fixture in fixtures())
    assert [name for name in FAULTS if counted[name] < SIBLINGS] == []


def test_fixtures_belong_to_a_row() -> None:
    """A fixture names a row that exists, is called after it, and is one of the two kinds.

    The fault that it names, if any, is one of those that are counted.
    """
    rows = set(row_ids(DOCUMENT.read_text()))
    stray = [
        fixture.name
        for fixture in fixtures()
        if fixture.row not in rows
        or not fixture.name.startswith(f"{fixture.row}_")
        or fixture.kind not in KINDS
        or fixture.fault not in ("", *FAULTS)
    ]
    assert stray == []


def test_fixtures_agree_with_themselves() -> None:
    """A rewritten fixture has a text and a label, a refused one a reason, a left one neither."""
    known = {"rewritten": (True, False), "partly": (True, True), "refused": (False, True)}
    odd = []
    for fixture in fixtures():
        for runtime in RUNTIMES:
            expected = fixture.expected[runtime]
            said = (bool(expected.texts), bool(expected.reasons))
            if said != known.get(expected.outcome, (False, False)) or (
                bool(expected.labels) != bool(expected.texts)
            ):
                odd.append(f"{fixture.name} ({runtime})")
    assert odd == []
    assert outcome_of({}) == "left"


def test_every_reason_is_documented() -> None:
    """The document explains each reason code once, in alphabetical order, and no other."""
    assert reason_anchors(DOCUMENT.read_text()) == sorted(str(reason) for reason in Reason)


def test_every_reason_is_provoked() -> None:
    """Some fixture is refused for each reason, but for four: the one that no rule may lead to,
    and those of the way back, of documents and of a person, which have tests of their own."""
    provoked = {r for f in fixtures() for runtime in RUNTIMES for r in f.expected[runtime].reasons}
    elsewhere = {Reason.NOT_PROVEN, Reason.NO_WAY_BACK, Reason.NOT_WHOLE, Reason.DECLINED}
    assert {str(reason) for reason in Reason} - provoked == elsewhere


def test_links_inside_the_document_lead_somewhere() -> None:
    """A link from a row to a reason points at a heading that is there."""
    text = DOCUMENT.read_text()
    linked = set(re.findall(r"\]\(#([a-z-]+)\)", text))
    assert sorted(linked - set(reason_anchors(text))) == []


@each_of(
    ("present", "expected"),
    [
        ([("X1", "shape"), ("X1", "near-miss")], []),
        ([("X1", "shape"), ("X1", "shape")], ["X1: near-miss"]),
        ([], ["X1: shape", "X1: near-miss"]),
    ],
)
def test_a_lack_is_seen(present: list[tuple[str, str]], expected: list[str]) -> None:
    """Two fixtures of one kind do not stand for both."""
    assert lacking(["X1"], present) == expected


def test_rows_and_anchors_are_read() -> None:
    """Only first cells and headings of the third level count."""
    assert row_ids("| id | shape |\n|---|---|\n| X1 | a |\n| b | X2 |\n") == ["X1"]
    assert reason_anchors("## a\n### no-work\n### Two words\n") == ["no-work"]
