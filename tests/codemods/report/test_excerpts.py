"""Places as a person sees them: concise and full text, excerpts and carets."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from many_cases import each_of
from samples import BEFORE, Known, changed, finding, source

from codemods.model.outcome import Applied, Failed, Linted, Refused, RunReport
from codemods.model.refusal import Reason, Refusal
from codemods.model.source import Span
from codemods.report.formats import Look, rendered
from codemods.report.lines.excerpt import excerpt

FINDING = finding("a.py")
REFUSAL = Refusal(FINDING, Reason.ESCAPES, "it is returned", "pass it in", Span(6, 5, 6, 14))
KNOWN = Look(around=Known())


def test_a_finding_in_full() -> None:
    """Its place, the lines around it with carets, and the counts, as ruff lays them out."""
    given = RunReport((Linted("a.py", (FINDING,)),), 1, written=False)
    assert rendered(given, "full", KNOWN) == (
        "AIU001 tracker built by hand\n"
        " --> a.py:5:15\n"
        "  |\n"
        "4 | def read(text):\n"
        "5 |     tracker = AIUsageTracker()\n"
        "  |               ^^^^^^^^^^^^^^^^\n"
        "6 |     ask(text)\n"
        "  |\n"
        "\n"
        "1 file scanned: 1 finding.\n"
    )


def test_a_refusal_in_full() -> None:
    """Reason, the place that blocks and advice stand below the excerpt."""
    given = RunReport((Refused("a.py", (REFUSAL,)),), 1, written=False)
    text = rendered(given, "full", KNOWN)
    assert "  |\nrefused: escapes at line 6: it is returned\nto do: pass it in\n\n" in text


def test_a_rewrite_in_full() -> None:
    """A rewrite comes with its patch until it is made; its place is one of the text before."""
    applied = replace(changed("a.py").applied[0], assumptions=("ask keeps nothing",))
    given = RunReport((replace(changed("a.py"), applied=(applied,)),), 1, written=False)
    text = rendered(given, "full", Look())
    assert "5 |     tracker = AIUsageTracker()\n" in text
    assert "to rewrite: own\nlikely: nothing outlives the block\n" in text
    assert "assumes: that ask keeps nothing\n" in text
    assert "a.py would become:\n@@ " in text
    assert "would become" not in rendered(replace(given, written=True), "full", Look())


def test_without_sources() -> None:
    """Where the text is not known, or has fewer lines, the place alone is told."""
    given = RunReport((Linted("a.py", (FINDING,)),), 1, written=False)
    for around in (Look(), Look(around=Known("x\n"))):
        assert rendered(given, "full", around).startswith(
            "AIU001 tracker built by hand\n --> a.py:5:15\n\n"
        )
    failed = RunReport((Failed("b.py", "parse", "no Python", "correct it"),), 1, written=False)
    assert "failed to parse: no Python\n --> b.py\nto do: correct it\n" in rendered(
        failed, "full", Look()
    )


@each_of(("written", "shown"), [(False, True), (True, False)])
@each_of("path", ["a.py", "n.ipynb"])
def test_what_was_before_is_not_taken_from_disk(path: str, written: bool, shown: bool) -> None:
    """After a run has written, the file on disk is not the one that its places are of."""
    text = "" if path == "a.py" else "{}"
    outcome = replace(changed(path), source=source(path, text), after=b"{ }")
    cell = replace(outcome.applied[0], finding=replace(finding(path), cell=int(bool(text))))
    given = RunReport((replace(outcome, applied=(cell,)),), 1, written=written)
    assert ("tracker = AIUsageTracker()\n" in rendered(given, "full", KNOWN)) is shown


def test_concise() -> None:
    """One line a place says what became of it, and a cell where there is one."""
    applied = changed("a.py").applied[0]
    outcomes = (
        replace(changed("a.py"), applied=(applied,), refusals=(REFUSAL,)),
        Failed("b.py", "parse", "no Python", "correct it"),
        Linted("n.ipynb", (replace(FINDING, path="n.ipynb", cell=2),)),
    )
    given = RunReport(outcomes, 3, written=True)
    assert rendered(given, "concise", Look()).splitlines()[:-1] == [
        "a.py:5:15: AIU001 tracker built by hand (rewritten: proven)",
        "a.py:5:15: AIU001 tracker built by hand (refused: escapes)",
        "b.py: failed failed to parse: no Python",
        "n.ipynb:cell 2:5:15: AIU001 tracker built by hand",
    ]
    assert len(rendered(given, "concise", Look(quiet=True)).splitlines()) == 3


@pytest.mark.parametrize("name", ["concise", "full"])
def test_colours_change_no_character(name: str) -> None:
    """Colours are all that a coloured report has more."""
    applied = Applied(FINDING, "own", "nothing outlives the block")
    given = RunReport(
        (replace(changed("a.py"), applied=(applied,), refusals=(REFUSAL,)),), 1, False
    )
    plain = rendered(given, name, KNOWN)
    shown = rendered(given, name, replace(KNOWN, coloured=True))
    assert shown != plain
    assert click.unstyle(shown) == plain


@each_of(
    ("line", "column", "end", "shown", "carets"),
    [
        ("\tx = f()", 6, 9, "    x = f()", "        ^^^"),
        ("日本 = f()", 6, 9, "日本 = f()", "       ^^^"),
        ("a\x1b = f()", 6, 9, r"a\x1b = f()", "        ^^^"),
        ("x = f()", 1, 1, "x = f()", "^"),
        ("x = f()\r", 5, 8, "x = f()", "    ^^^"),
    ],
)
def test_carets_stand_below_what_is_meant(
    line: str, column: int, end: int, shown: str, carets: str
) -> None:
    """Tabs, wide characters and escapes are as wide above as below."""
    assert excerpt([line], Span(1, column, 1, end))[1:3] == [f"1 | {shown}", f"  | {carets}"]


def test_a_place_of_several_lines() -> None:
    """Each line of it has its carets, up to a number of lines; the rest is counted."""
    lines = ["x = f(", "    a,", "    b,", ")", ""]
    assert excerpt(lines, Span(1, 5, 4, 2)) == [
        "  |",
        "1 | x = f(",
        "  |     ^^",
        "2 |     a,",
        "  |     ^^",
        "3 |     b,",
        "  |     ^^",
        "4 | )",
        "  | ^",
        "  |",
    ]
    many = excerpt([f"line{n}" for n in range(100)], Span(1, 1, 90, 2))
    assert sum("^" in line for line in many) == 8
    assert "  | (82 more lines)" in [line.replace("   |", "  |") for line in many]


def test_a_long_line_is_cut() -> None:
    """Of a line without an end the part around the place is shown."""
    line = "a" * 10_000 + "HERE" + "b" * 10_000
    shown, carets = excerpt([line], Span(1, 10_001, 1, 10_005))[1:3]
    assert len(shown) < 300
    assert shown[carets.index("^") :].startswith("HERE")
    assert shown.endswith("…")


def test_blank_lines_around_are_left_out() -> None:
    """An excerpt begins and ends with a line that says something."""
    assert excerpt(["", "", "x", "", ""], Span(3, 1, 3, 2)) == ["  |", "3 | x", "  | ^", "  |"]
    assert excerpt(BEFORE.split("\n"), Span(99, 1, 99, 2)) == []
