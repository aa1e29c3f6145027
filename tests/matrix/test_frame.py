"""The frame of the matrix: what it finds, selects, compares and reports."""

from __future__ import annotations

import pytest
from many_cases import each_of

from matrix import printing
from matrix.catalogue import entries, selected
from matrix.judge import difference, steady
from matrix.outcome import Cell, Outcome

OK = Outcome("a", (Cell("x"),))
BAD = Outcome("b", (Cell("x"), Cell("y", "2 records")))
IMPOSSIBLE = Outcome("c", not_installed="no release for this Python", impossible=True)
THEIRS = Outcome("e", (Cell("x"), Cell("z", "TypeError: theirs", alone=True)))
NOTHING_SHOWN = Outcome("f", (Cell("z", "TypeError: theirs", alone=True),))
UNREACHED = Outcome("d", not_installed="no network")


def test_entries_are_found_by_their_file() -> None:
    """Each names what to install, without its packages being here."""
    labels = {entry.label for entry in entries()}
    assert {"instrumentations/openinference", "instrumentations/openllmetry"} <= labels
    assert all(entry.requirements for entry in entries())


def test_a_selection_names_kinds_and_entries() -> None:
    """By name, by kind, or by both; in the order of the catalogue."""
    assert [e.name for e in selected(["openinference"])] == ["openinference"]
    assert selected(["instrumentations"]) == [e for e in entries() if e.kind == "instrumentations"]
    assert selected(["instrumentations/openllmetry"]) == selected(["openllmetry"])
    assert selected([]) == entries()


def test_an_unknown_name_is_refused() -> None:
    """Rather than nothing being tried; the message has the names that there are."""
    with pytest.raises(ValueError, match=r"no such entry: nobody; .*openinference"):
        selected(["openinference", "nobody"])


@each_of(
    ("outcomes", "status"),
    [
        ([OK], 0),
        ([OK, BAD], 1),
        ([OK, IMPOSSIBLE], 0),
        ([OK, UNREACHED], 3),
        ([BAD, UNREACHED], 1),
        ([IMPOSSIBLE], 3),
        ([Outcome("nothing tried")], 1),
        ([THEIRS], 0),
        ([OK, NOTHING_SHOWN], 1),
    ],
)
def test_the_exit_status_tells(outcomes: list[Outcome], status: int) -> None:
    """0 only where something was tried, all of it is ok, and all that exists was installed."""
    assert printing.status(outcomes) == status


def test_what_cannot_be_installed_is_named() -> None:
    """With its reason on its own line, and in the sum."""
    assert list(printing.lines(IMPOSSIBLE)) == [
        "c: CANNOT BE INSTALLED: no release for this Python"
    ]
    text = printing.summary([OK, BAD, IMPOSSIBLE])
    assert text == "3 cells: 2 ok, 1 not ok; 2 entries; could not be installed: c"


def test_each_cell_that_is_not_ok_is_told() -> None:
    """With what was wrong."""
    assert "    NOT OK y: 2 records" in list(printing.lines(BAD))


def test_what_fails_without_us_too_is_named() -> None:
    """It is neither ok nor not ok: by itself, and in the sum."""
    assert "    FAILS WITHOUT US TOO z: TypeError: theirs" in list(printing.lines(THEIRS))
    assert printing.summary([THEIRS]) == "2 cells: 1 ok, 0 not ok; 1 fail without us too; 1 entries"


def test_a_difference_is_told_with_its_place() -> None:
    """The first one, in lists and dicts, and what is there once only."""
    assert difference({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2}]}) is None
    told = difference({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, "host")
    assert told == "host.a[1].b: without us 2, with us 3"
    assert difference({}, {"a": 1}) == "a: without us '(nothing)', with us 1"
    assert difference([1], [1, 2], "x") == "x: without us [1], with us [1, 2]"


def test_what_varies_by_itself_is_compared_by_its_type() -> None:
    """A time that differs without us may differ with us, and may not become a text or vanish."""
    expected = steady({"took": 1.5, "n": [1]}, {"took": 1.25, "n": [1]})
    assert difference(expected, {"took": 9.0, "n": [1]}) is None
    assert difference(expected, {"took": "soon", "n": [1]}) is not None
    assert difference(expected, {"n": [1]}) is not None
    assert difference(expected, {"took": 9.0, "n": [2]}) is not None
