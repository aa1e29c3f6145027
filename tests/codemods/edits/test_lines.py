"""Lines around statements: blank ones, comments, and suites that stand behind their colon."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from editing import at, edited
from many_cases import each_of

from codemods.model.edit import Delete, Edit, Header, Rename, Taken, Wrap


@each_of(
    ("before", "after"),
    [
        ("def f():\n    a()\n\n    gone()\n\n    b()\n", "def f():\n    a()\n\n    b()\n"),
        ("def f():\n    a()\n    # of it\n    gone()\n", "def f():\n    a()\n    # of it\n"),
        (
            "def f():\n    a()\n    gone()  # so\n    b()\n",
            "def f():\n    a()\n    # so\n    b()\n",
        ),
    ],
)
def test_lines_where_a_statement_was(before: str, after: str) -> None:
    """Where blank lines meet only the longer run stays; no comment is lost."""
    assert edited(before, Delete(at(0, 1))) == after


@each_of(
    ("before", "after"),
    [
        ("if a: gone(); b()\n", "if a:\n    b()\n"),
        ("if a: b(); gone()  # end\n", "if a:\n    b()\n    # end\n"),
        ("class C: x = 1; gone(); y = 2\n", "class C:\n    x = 1\n    y = 2\n"),
    ],
)
def test_a_suite_behind_its_colon_gets_lines(before: str, after: str) -> None:
    """Where a statement of it goes the others have lines of their own, indented as the file is."""
    index = [part.strip() for part in before.partition(":")[2].split(";")]
    place = next(n for n, part in enumerate(index) if part.startswith("gone"))
    assert edited(before, Delete(at(0, place))) == after
    assert edited(before, Delete(at(0, place)), indent="\t") == after.replace("    ", "\t")


@each_of(
    ("text", "edit"),
    [
        ("if a: old()\n", Rename(at(0, 0), "old", "new")),
        ("if a:\n    b(); c()\n    old()\n", Rename(at(0, 2), "old", "new")),
        (
            "if a:   # note\n\n    # above\n    old()\n\n    # below\n",
            Rename(at(0, 0), "old", "new"),
        ),
        ("def f():\n\told()\n\n\n\n\t# far\n", Rename(at(0, 0), "old", "new")),
    ],
)
def test_lines_are_left_where_nothing_goes(text: str, edit: Edit) -> None:
    """A statement that only changes inside leaves every line and comment around it."""
    made = edited(text, edit)
    assert made.split() == text.replace("old", "new").split()
    assert made.count("#") == text.count("#")


def test_a_comment_is_in_one_place() -> None:
    """What a header takes along of a statement that goes is not left behind as well."""
    text = "t.set(\n    1,  # first\n    2,  # second\n)  # end\nx()\n"
    both = Wrap(at(1), 2, Header("block", taken=(Taken(at(0), ((0, "a"), (1, "b"))),)))
    one = Wrap(at(1), 2, Header("block", taken=(Taken(at(0), ((0, "a"),)),)))
    for wrap in (both, one):
        made = edited(text, Delete(at(0)), wrap)
        assert [made.count(word) for word in ("# first", "# second", "# end")] == [1, 1, 1]
