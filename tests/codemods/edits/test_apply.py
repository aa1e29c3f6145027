"""Edits are made where they are asked for, in any order, and nowhere else."""

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

from codemods.edits.apply import RoundTripError
from codemods.edits.arguments import EditError
from codemods.model.edit import AddImport, AddParameter, Delete, DropImport, PassKeyword, Rename

#: Top-level statements in layouts that no printer would choose, with what may stand between them.
STATEMENTS = st.sampled_from(
    [
        "x  =  1   # odd",
        "if  a :  b( 1 )",
        "def f( a,b ) :\n  '''doc'''\n\n  return(a)",
        "class C: x=1;y=2",
        "f(\n1,\n  2 ,\n )",
        "x = '''a\n  b'''",
        "for i in  j:\n\t\tpass\n\n\t\t# end of the suite",
        "assert(x) , 'y'",
        "with a  as  b , c: d",
    ]
)
BETWEEN = st.sampled_from(["", "\n", "\n\n\n", "# note\n", "\n# note\n\n", "   \n"])
PROGRAMS = st.lists(st.tuples(BETWEEN, STATEMENTS), min_size=1, max_size=6)


def text_of(program: list[tuple[str, str]]) -> str:
    """Return the text of a program of which each statement is on lines of its own."""
    return "".join(f"{above}{statement}\n" for above, statement in program)


@given(PROGRAMS, st.data())
def test_nothing_else_is_printed_anew(program: list[tuple[str, str]], data: st.DataObject) -> None:
    """The lines of statements that are not named stay as they are, whatever their layout."""
    index = data.draw(st.integers(0, len(program) - 1))
    above, _ = program[index]
    edit = Rename(at(index), "no_such_name", "other")
    assert edited(text_of(program), edit) == text_of(program)
    program[index] = (above, "old(keep)")
    made = edited(text_of(program), Rename(at(index), "old", "new"))
    program[index] = (above, "new(keep)")
    assert made == text_of(program)


@given(PROGRAMS, st.data())
def test_a_deleted_statement_takes_no_other_line(
    program: list[tuple[str, str]], data: st.DataObject
) -> None:
    """What is left is the same program without the statement, and every comment."""
    index = data.draw(st.integers(0, len(program) - 1))
    program[index] = (program[index][0], "gone()")
    made = edited(text_of(program), Delete(at(index)))
    rest = ast.parse(text_of(program))
    del rest.body[index]
    assert ast.dump(ast.parse(made)) == ast.dump(rest)
    assert made.count("#") == text_of(program).count("#")


@given(st.permutations(range(4)))
def test_the_order_of_edits_does_not_count(order: list[int]) -> None:
    """Places are those of the original text: edits are data, and not steps."""
    text = "from m import a, b\nf(x)\ngone()\n\n\ndef g(y):\n    return x\n"
    edits = [
        DropImport(at(0), "a"),
        PassKeyword(at(1), 0, "f", "tracker", "t"),
        Delete(at(2)),
        AddParameter(at(3), "tracker"),
    ]
    made = edited(text, *(edits[number] for number in order))
    assert made == (
        "from m import b\nf(x, tracker=t)\n\n\ndef g(y, *, tracker=None):\n    return x\n"
    )


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_new_lines_end_as_the_others(newline: str) -> None:
    """A line that is added ends as the file's lines do."""
    text = newline.join(["import a", "x = 1", ""])
    made = edited(text, AddImport(at(0), "m", (("c", None),)), newline=newline)
    assert made == newline.join(["import a", "from m import c", "x = 1", ""])


@each_of(
    ("text", "line"),
    [
        ("(n): int = 3\n", 1),
        ("(n): int = 3\nx = 1\n", 1),
        ("x = 1\n\n(n): int = 3\n", 3),
        ("x = 1\nif x:\n    (n): int = 3\n    y = 2\n", 3),
        ("x = 1\nif x:\n    (n): int = 3\n", 3),
    ],
)
def test_what_the_parser_does_not_read_is_refused(text: str, line: int) -> None:
    """Python reads more than the parser that edits: such a text is left, and the line named."""
    edits = [Rename(at(n), "n", "m") for n in range(len(ast.parse(text).body))]
    with pytest.raises(EditError, match=f"does not read line {line}$"):
        edited(text, *edits)


@pytest.mark.parametrize("text", ["old()\rx = 1\r", "if a:\r    old()\r"])
def test_what_does_not_come_back_is_refused(text: str) -> None:
    """A text that the parser reads, and would print in another way, is left."""
    with pytest.raises(RoundTripError, match="line 1"):
        edited(text, Rename(at(0), "old", "new"))


def test_what_the_parser_does_not_read_elsewhere_is_no_hindrance() -> None:
    """Only the statements that change are read by it."""
    text = "(n): int = 3\nold(1)\n(n): int = 3\n"
    assert edited(text, Rename(at(1), "old", "new")) == text.replace("old", "new")


@each_of("text", ["x = 1\n", "", "# only a comment", "\n\n"])
def test_no_edit_changes_nothing(text: str) -> None:
    """A text without edits is not even read."""
    assert edited(text) == text
