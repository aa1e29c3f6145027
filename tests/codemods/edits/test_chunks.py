"""Which lines belong to a statement that changes: its own, and those of its suites."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from editing import at, edited
from many_cases import each_of

from codemods.model.edit import Delete, Rename


@each_of(
    ("before", "after"),
    [
        ("a = 1\n\n\ngone()\n\n\nb = 2\n", "a = 1\n\n\nb = 2\n"),
        ("a = 1\n\n\n# of it\ngone()\nb = 2\n", "a = 1\n\n\n# of it\nb = 2\n"),
        ("gone()\n", ""),
        ("gone()\n\nb = 2\n", "\nb = 2\n"),
        ("gone()  # why\nb = 2\n", "# why\nb = 2\n"),
        ("gone(\n    1,  # one\n    # two\n)\nb = 2\n", "# one\n# two\nb = 2\n"),
    ],
)
def test_what_goes_with_a_statement(before: str, after: str) -> None:
    """Blank lines above it go, its comments stay where it was."""
    index = 1 if before.startswith("a") else 0
    assert edited(before, Delete(at(index))) == after


@each_of(
    ("before", "after"),
    [
        ("a = 1; gone(); b = 2\n", "a = 1\nb = 2\n"),
        ("a = 1; gone()  # end\n", "a = 1\n# end\n"),
        ("a = '''x\ny'''; gone()\nc = 3\n", "a = '''x\ny'''\nc = 3\n"),
    ],
)
def test_statements_of_one_line_are_taken_apart(before: str, after: str) -> None:
    """What shares a line with a statement that goes has a line of its own after it."""
    assert edited(before, Delete(at(1))) == after


@each_of(
    "rest",
    [
        "    # the last thing in f\n\nx = 1\n",
        "\n    # far below, and still in f\nx = 1\n",
        "# not in f\nx = 1\n",
        "\n\nx = 1\n",
        "    # no line end",
    ],
)
def test_the_end_of_a_suite_is_left(rest: str) -> None:
    """Comments that follow a suite stay, in their column, whichever they belong to."""
    text = "def f():\n    old()\n"
    made = edited(text + rest, Rename(at(0, 0), "old", "new"))
    assert made == text.replace("old", "new") + rest


def test_statements_beside_it_keep_their_text() -> None:
    """What shares a line with a statement that changes gets a line, and is not printed anew."""
    text = "x = 1\na  = 1 ;  old( ); b=2  # end\ny = 2\n"
    made = edited(text, Rename(at(2), "old", "new"))
    assert made == "x = 1\na  = 1\nnew( )\nb=2  # end\ny = 2\n"
