"""A parameter more: harmless to calls that leave it out, in the layout of the others."""

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
from codemods.model.edit import AddParameter

ADD = AddParameter(at(0), "tracker")
PARAMETERS = st.tuples(
    st.lists(st.sampled_from(["a", "b: int"]), unique=True),
    st.lists(st.sampled_from(["c=1", "d: int = 2"]), unique=True),
    st.sampled_from([[], ["*rest"], ["*", "k"], ["*", "k=1"], ["*rest", "k", "l=1"]]),
    st.sampled_from([(", ", ""), (",\n    ", ""), (",\n    ", ","), (" ,", " ")]),
)


@given(PARAMETERS)
def test_a_parameter_is_last_and_by_keyword(
    given: tuple[list[str], list[str], list[str], tuple[str, str]],
) -> None:
    """Whatever a function takes, it takes one more, of which every call may know nothing."""
    plain, optional, rest, (between, closing) = given
    names = [*plain, *optional, *rest]
    lines = "\n    " if "\n" in between and names else ""
    written = between.join(names) + (closing if names else "")
    text = f"def f({lines}{written}{lines and chr(10)}): return 1\n"
    before = ast.parse(text).body[0]
    made = ast.parse(edited(text, ADD)).body[0]
    assert isinstance(before, ast.FunctionDef)
    assert isinstance(made, ast.FunctionDef)
    assert made.args.kwonlyargs.pop().arg == "tracker"
    assert ast.unparse(made.args.kw_defaults.pop() or ast.Name("missing")) == "None"
    assert ast.dump(made) == ast.dump(before)


@each_of(
    ("before", "after"),
    [
        ("def f(): pass\n", "def f(*, tracker=None): pass\n"),
        (
            "def f(\n    a,\n    b,  # two\n): pass\n",
            "def f(\n    a,\n    b,  # two\n    *,\n    tracker=None,\n): pass\n",
        ),
        ("async def f(a, /, b): pass\n", "async def f(a, /, b, *, tracker=None): pass\n"),
    ],
)
def test_the_layout_is_kept(before: str, after: str) -> None:
    """A line each where the others have one, and no comment away from its parameter."""
    assert edited(before, ADD) == after


@each_of(
    "text",
    [
        "def f(**kwargs): pass\n",
        "def f(a, *, b, **kwargs): pass\n",
        "def f(a, /): pass\n",
        "def f(a, b=1, /): pass\n",
        "class C: pass\n",
        "f = lambda: 0\n",
        "f()\n",
    ],
)
def test_other_signatures_are_refused(text: str) -> None:
    """What takes every keyword already, none, or is no function gets no parameter."""
    with pytest.raises(EditError):
        edited(text, ADD)
