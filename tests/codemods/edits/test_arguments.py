"""The arguments of a header or call: taken over with their layout, named, and kept valid."""

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
from codemods.model.edit import Delete, Edit, Header, Merge, PassKeyword, Taken, Wrap

VALUES = ["1", "'a'", "f(x)", "(y := 2)", "(yield)", "lambda: 0", "[1, 2]", "a if b else c", "(g)"]
CALLS = st.lists(
    st.tuples(st.sampled_from(["", "k{0}=", "k{0} = "]), st.sampled_from(VALUES)),
    min_size=1,
    max_size=4,
)
LAYOUTS = st.sampled_from(
    [
        ("", ", ", ""),
        ("\n    ", ",\n    ", ",\n"),
        ("\n    ", ",  # why\n    ", "\n"),
        ("", ",\n  ", ""),
    ]
)


def written(arguments: list[tuple[str, str]], layout: tuple[str, str, str]) -> str:
    """Return a call of these arguments; those without a keyword come first, as they must."""
    ordered = sorted(arguments, key=lambda one: bool(one[0]))
    texts = [keyword.format(n) + value for n, (keyword, value) in enumerate(ordered)]
    opening, between, closing = layout
    return f"t.set({opening}{between.join(texts)}{closing})"


@given(CALLS, LAYOUTS, st.booleans())
def test_a_header_takes_the_values_over(
    arguments: list[tuple[str, str]], layout: tuple[str, str, str], trailing: bool
) -> None:
    """Each value of the call is in the header, in order, by the name that it is to have."""
    call = written(arguments, layout)
    text = f"def f():\n    {call}\n    work()\n".replace("\n", "\n    ").rstrip(" ")
    names = tuple((index, f"n{index}") for index in range(len(arguments)))
    more = ("z=0",) if trailing else ()
    header = Header("block", ('"op"',), (Taken(at(0, 0), names),), more, "t")
    made = ast.parse(edited(text, Delete(at(0, 0)), Wrap(at(0, 1), 2, header)))
    [block] = (node for node in ast.walk(made) if isinstance(node, ast.With))
    found = block.items[0].context_expr
    [old] = (n for n in ast.walk(ast.parse(text)) if ast.unparse(n).startswith("t.set(")
             and isinstance(n, ast.Call))  # fmt: skip
    values = [*old.args, *(keyword.value for keyword in old.keywords)]
    assert isinstance(found, ast.Call)
    assert [ast.dump(keyword.value) for keyword in found.keywords[: len(values)]] == [
        ast.dump(value) for value in values
    ]
    assert [keyword.arg for keyword in found.keywords] == [
        *(name for _, name in names),
        *(["z"] if trailing else []),
    ]


def header_of(call: str, *taken: tuple[int, str | None], trailing: tuple[str, ...] = ()) -> str:
    """Return the header that takes arguments over from *call*, a statement over any lines."""
    header = Header("block", ('"op"',), (Taken(at(0), taken),), trailing)
    made = edited(f"{call}\nx = 1\n", Delete(at(0)), Wrap(at(1), 2, header))
    return made.removesuffix("    x = 1\n")


@each_of(
    ("call", "header"),
    [
        ('t.set("a")  # why', 'with block("op", job="a"):  # why\n'),
        ("t.set(job = 1)", 'with block("op", job = 1):\n'),
        ("t.set((a := 1))", 'with block("op", job=(a := 1)):\n'),
        ("t.set(x for x in y)", 'with block("op", job=(x for x in y)):\n'),
        ("t.set(\n    1,  # one\n)", 'with block(\n    "op",\n    job=1,  # one\n):\n'),
        ("t.set(1,\n      2)", 'with block("op", job=1):\n'),
    ],
)
def test_a_value_keeps_its_layout(call: str, header: str) -> None:
    """Comments, lines and spaces around a value come along; nothing else of the call does."""
    assert header_of(call, (0, "job")) == header


def test_a_long_header_has_an_argument_a_line() -> None:
    """A header that would be longer than a line is laid out."""
    made = header_of("t.set('" + "x" * 90 + "')", (0, "job"), trailing=("z=0",))
    assert made == f"with block(\n    \"op\",\n    job='{'x' * 90}',\n    z=0,\n):\n"


def passing(callee: str, number: int = 0) -> Edit:
    """Return the edit that passes a tracker to a call of the first statement."""
    return PassKeyword(at(0), number, callee, "tracker", "t")


@each_of(
    ("before", "after"),
    [
        ("f()\n", "f(tracker=t)\n"),
        ("f(1,)\n", "f(1, tracker=t)\n"),
        ("f(*a, **b)\n", "f(*a, **b, tracker=t)\n"),
        ("f(x for x in y)\n", "f((x for x in y), tracker=t)\n"),
        ("f(\n    1,\n    2,\n)\n", "f(\n    1,\n    2,\n    tracker=t,\n)\n"),
        ("f(\n    1,  # one\n)\n", "f(\n    1,  # one\n    tracker=t,\n)\n"),
        ("f(1,\n  2)\n", "f(1,\n  2, tracker=t)\n"),
        ("(f)(1)\n", None),
    ],
)
def test_a_keyword_is_appended(before: str, after: str | None) -> None:
    """It is last, on a line of its own where the others are; another spelling is another call."""
    if after is None:
        with pytest.raises(EditError, match="expected a call of f"):
            edited(before, passing("f"))
        return
    assert edited(before, passing("f")) == after


@pytest.mark.parametrize(
    "before",
    ["with lock:\n    t.set(1)\n    x = 1\n", "with lock as l, other:\n    t.set(1)\n    y()\n"],
)
def test_only_a_call_takes_arguments(before: str) -> None:
    """A header that calls nothing has no arguments to append to."""
    with pytest.raises(EditError, match="expected a call"):
        edited(before, Merge(at(0), 0, Taken(at(0, 0), ((0, "job"),))), Delete(at(0, 0)))


@each_of(
    ("before", "after"),
    [
        ("with c():\n    t.set(1)\n    x = 1\n", "with c(job=1):\n    x = 1\n"),
        ("with a, c(0) as b:\n    t.set(1)\n    x()\n", "with a, c(0, job=1) as b:\n    x()\n"),
        ("with c(0):\n    t.set(1)  # so\n    x()\n", "with c(0, job=1):\n    # so\n    x()\n"),
    ],
)
def test_arguments_move_into_a_header_that_is_there(before: str, after: str) -> None:
    """Of several items only the one that is named is changed; a comment stays in the block."""
    item = 1 if "with a" in before else 0
    merge = Merge(at(0), item, Taken(at(0, 0), ((0, "job"),)))
    assert edited(before, merge, Delete(at(0, 0))) == after
