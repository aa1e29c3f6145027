"""Inside one statement: reads of a name, keywords of a call, names of an import."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parent))

from editing import at, edited
from many_cases import each_of

from codemods.edits.arguments import EditError
from codemods.model.edit import DropImport, Edit, ExtendImport, PassKeyword, Rename, Retain

NAMES = st.lists(st.sampled_from(["b", "c as d", "e", "g as h"]), min_size=1, unique=True)
LAYOUTS = st.sampled_from(
    [
        ("", ", ", ""),
        ("(", ", ", ")"),
        ("(\n    ", ",\n    ", ",\n)"),
        ("(\n  ", ",  # x\n  ", "\n)"),
    ]
)


def import_of(names: list[str], layout: tuple[str, str, str]) -> str:
    """Return the import of *names* in that layout."""
    return f"from a import {layout[0]}{layout[1].join(names)}{layout[2]}\n"


def bound(text: str) -> list[str]:
    """Return the names that the import *text* imports, as they are spelled there."""
    [statement] = ast.parse(text).body
    assert isinstance(statement, ast.ImportFrom)
    return [ast.unparse(alias) for alias in statement.names]


@given(NAMES, LAYOUTS, st.data())
def test_a_name_leaves_an_import(
    names: list[str], layout: tuple[str, str, str], data: st.DataObject
) -> None:
    """The others stay, in their order, and every comment of the import does."""
    gone = data.draw(st.sampled_from(names))
    text = import_of(names, layout)
    made = edited(text, DropImport(at(0), gone.split()[-1]))
    assert made.count("#") == text.count("#")
    rest = [name for name in names if name != gone]
    assert bound(made) == rest if rest else ast.parse(made).body == []


@given(NAMES, LAYOUTS)
def test_names_join_an_import(names: list[str], layout: tuple[str, str, str]) -> None:
    """What is added comes last; nothing else changes."""
    text = import_of(names, layout)
    made = edited(text, ExtendImport(at(0), (("x", None), ("y", "z"))))
    assert bound(made) == [*names, "x", "y as z"]
    assert made.count("#") == text.count("#")


@each_of(
    ("before", "after"),
    [
        ("from a import (\n    b,  # of b\n    c,\n)\n", "# of b\nfrom a import (\n    c,\n)\n"),
        (
            "from a import (\n    c,  # of c\n    b,  # of b\n)\n",
            "# of b\nfrom a import (\n    c,  # of c\n)\n",
        ),
        (
            "# above\nfrom a import (  # all\n    b,\n    # of c\n    c,\n)  # end\n",
            "# above\n# of c\nfrom a import (  # all\n    c,\n)  # end\n",
        ),
        ("from a import b, c  # end\n", "from a import c  # end\n"),
        ("import a, b\n", "import a\n"),
    ],
)
def test_comments_of_a_name_that_goes(before: str, after: str) -> None:
    """They stand above the import, and those of other names stay behind these."""
    assert edited(before, DropImport(at(0), "b")) == after


@each_of(
    ("before", "after"),
    [
        ("a = t.x + f(t=t, x=t.t)\n", "a = u.x + f(t=u, x=u.t)\n"),
        ("t[t] = t\n", "u[u] = u\n"),
        ("x = 't' + b't'  # t\n", "x = 't' + b't'  # t\n"),
        ("a.t.t(tt, t_, _t)\n", "a.t.t(tt, t_, _t)\n"),
    ],
)
def test_a_name_is_renamed(before: str, after: str) -> None:
    """Attributes, keywords, texts, comments and longer names are left alone."""
    assert edited(before, Rename(at(0), "t", "u")) == after


@each_of(
    ("before", "number", "after"),
    [
        ("f(g(1), f())\n", 2, "f(g(1), f(tracker=t))\n"),
        ("f(g(1), f())\n", 0, "f(g(1), f(), tracker=t)\n"),
        ('x = f"{g()}" + f()\n', 0, 'x = f"{g()}" + f(tracker=t)\n'),
        ("if f():\n    f()\n", 0, "if f(tracker=t):\n    f()\n"),
    ],
)
def test_calls_are_counted_as_they_stand(before: str, number: int, after: str) -> None:
    """From the left and outside in; texts and suites have no calls of the statement."""
    assert edited(before, PassKeyword(at(0), number, "f", "tracker", "t")) == after


@each_of(
    ("text", "edit", "said"),
    [
        ("f(g(1))\n", PassKeyword(at(0), 1, "f", "k", "v"), "expected a call of f, found g"),
        ("f(g(1))\n", PassKeyword(at(0), 2, "f", "k", "v"), "no call of f"),
        ("if a:\n    f()\n", PassKeyword(at(0), 0, "f", "k", "v"), "no call of f"),
        ('f"{f()}"\n', PassKeyword(at(0), 0, "f", "k", "v"), "no call of f"),
        ("from a import b\n", DropImport(at(0), "c"), "c is not imported"),
        ("from a import b as c\n", DropImport(at(0), "b"), "b is not imported"),
        ("from a import *\n", DropImport(at(0), "b"), "expected an import"),
        ("b = 1\n", DropImport(at(0), "b"), "expected an import"),
        ("if b:\n    import b\n", DropImport(at(0), "b"), "expected an import"),
        ("from a import *\n", ExtendImport(at(0), (("b", None),)), "expected a from import"),
        ("import a\n", ExtendImport(at(0), (("b", None),)), "expected a from import"),
        ("x = f() + 1\n", Retain(at(0), ()), "expected a statement that is one call"),
        ("for x in y: f()\n", Retain(at(0), ()), "expected a statement that is one call"),
    ],
)
def test_what_is_not_there_is_refused(text: str, edit: Edit, said: str) -> None:
    """An edit that does not fit its place raises: nothing is guessed."""
    with pytest.raises(EditError, match=said):
        edited(text, edit)


@each_of(
    ("before", "kept", "after"),
    [
        ("t.set(1, 2, x=3)\n", (2,), "t.set(x=3)\n"),
        ("t.set(1, 2)\n", (0,), "t.set(1)\n"),
        ("t.set(1)\n", (), "t.set()\n"),
        ("t.set(\n    1,  # one\n    x=2,  # two\n)\n", (1,), "# one\n# two\nt.set(x=2)\n"),
    ],
)
def test_a_call_keeps_some_arguments(before: str, kept: tuple[int, ...], after: str) -> None:
    """The others go; comments of which nobody can tell whose they are stand above."""
    assert edited(before, Retain(at(0), kept)) == after
    other = edited(before, Retain(at(0), kept, method="use"))
    assert other == after.replace("t.set(", "t.use(")
