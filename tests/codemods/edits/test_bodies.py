"""Blocks: statements are put into one, taken out of one, and what is around them stays."""

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
from codemods.model.edit import Delete, Header, Taken, Unwrap, Wrap

PLAIN = Header("block", target="t")
SUITE = st.lists(
    st.sampled_from(["a()", "b = 1  # one", "# above\nc()", "\nd()", "if e:\n    f()"]),
    min_size=1,
    max_size=6,
)


@given(SUITE, st.data())
def test_a_block_holds_what_was_there(statements: list[str], data: st.DataObject) -> None:
    """Statements of a block are those that were there, in their order, with their comments."""
    start = data.draw(st.integers(0, len(statements) - 1))
    stop = data.draw(st.integers(start + 1, len(statements)))
    text = "\n".join(statements) + "\n"
    made = edited(text, Wrap(at(start), stop, PLAIN))
    tree, before = ast.parse(made), ast.parse(text)
    [block] = (s for s in tree.body if isinstance(s, ast.With))
    assert tree.body.index(block) == start
    tree.body[start : start + 1] = block.body
    assert ast.dump(tree) == ast.dump(before)
    assert made.count("#") == text.count("#")


@each_of(
    ("before", "after"),
    [
        ("a()\n\n\nb()\n", "with block() as t:\n    a()\n\n\n    b()\n"),
        ("# above\na()\nb()  # end\n", "# above\nwith block() as t:\n    a()\n    b()  # end\n"),
        ("x = '''\nraw'''\ny()\n", "with block() as t:\n    x = '''\nraw'''\n    y()\n"),
        ("a(); b()\n", "with block() as t:\n    a()\n    b()\n"),
    ],
)
def test_a_block_around_statements(before: str, after: str) -> None:
    """Comments above stay above the block, texts over lines keep every character."""
    assert edited(before, Wrap(at(0), 2, PLAIN)) == after


@each_of("indent", ["\t", "  ", "        "])
@each_of("text", ["a()\nb(\n  1)\n", "a()\nif b: c(); d()\n"])
def test_a_block_is_indented_as_the_file(text: str, indent: str) -> None:
    """Where the statements have no indentation of their own the rest of the file's counts."""
    made = edited(text, Wrap(at(0), 2, PLAIN), indent=indent)
    assert made == "with block() as t:\n" + "".join(
        indent + line for line in text.splitlines(keepends=True)
    )


@pytest.mark.parametrize("indent", ["\t", "        "])
def test_a_suite_keeps_its_indentation(indent: str) -> None:
    """What is indented in another way than the file stays so, and a block in it is alike."""
    text = "if a:\n  b()\n  c()\n"
    made = edited(text, Wrap(at(0, 1), 2, PLAIN), indent=indent)
    assert made == "if a:\n  b()\n  with block() as t:\n    c()\n"


def test_blocks_inside_each_other() -> None:
    """Of two blocks that begin at one statement the longer one is outside."""
    wraps = [Wrap(at(0), 1, Header("inner")), Wrap(at(0), 2, Header("outer"))]
    made = "with outer():\n    with inner():\n        a()\n    b()\nc()\n"
    assert edited("a()\nb()\nc()\n", *wraps) == made
    assert edited("a()\nb()\nc()\n", *reversed(wraps)) == made


@each_of(
    ("text", "path"),
    [
        ("if a:\n  b()\nelse:\n  gone()\n  c()\n", (("body", 0), ("orelse", 0))),
        (
            "if a:\n  b()\nelif c:\n  gone()\n  d()\n",
            (("body", 0), ("orelse", 0), ("body", 0)),
        ),
        (
            "try:\n  b()\nexcept E:\n  gone()\n  c()\n",
            (("body", 0), ("handlers", 0), ("body", 0)),
        ),
        ("try:\n  b()\nfinally:\n  gone()\n  c()\n", (("body", 0), ("finalbody", 0))),
        (
            "match a:\n  case b:\n    gone()\n    c()\n",
            (("body", 0), ("cases", 0), ("body", 0)),
        ),
        ("for a in b:\n\tgone()\n\tc()\n", at(0, 0)),
    ],
)
def test_every_suite_can_be_reached(text: str, path: tuple[tuple[str, int], ...]) -> None:
    """A place is named by fields and indices, as Python's own trees have them."""
    gone = [line for line in text.splitlines(keepends=True) if "gone" in line]
    assert edited(text, Delete(path)) == text.replace(gone[0], "")


@each_of(
    ("text", "edits"),
    [
        ("if a:\n    gone()\n", [Delete(at(0, 0))]),
        ("def f(): gone()\n", [Delete(at(0, 0))]),
        ("if a:\n    b()\nelse:\n    gone()\n", [Delete((("body", 0), ("orelse", 0)))]),
        ("while a:\n    gone()\n    gone()\n", [Delete(at(0, 0)), Delete(at(0, 1))]),
    ],
)
def test_a_suite_is_never_emptied(text: str, edits: list[Delete]) -> None:
    """The only statement of a suite does not go: what is left would be no Python."""
    with pytest.raises(EditError, match="empty"):
        edited(text, *edits)


@each_of(
    ("before", "after"),
    [
        ("try:\n    a()\n    b()\nfinally:\n    end()\nc()\n", "a()\nb()\nc()\n"),
        ("try:\n    a()\nfinally:\n    # why\n    end()  # so\n", "a()\n# why\n# so\n"),
        (
            "try:\n    a()\nexcept E:\n    b()\nfinally:\n    end()\n",
            "try:\n    a()\nexcept E:\n    b()\n",
        ),
        (
            "try:\n    a()\nexcept E:\n    b()\nelse:\n    c()\nfinally:\n    end()\n",
            "try:\n    a()\nexcept E:\n    b()\nelse:\n    c()\n",
        ),
    ],
)
def test_a_finally_goes(before: str, after: str) -> None:
    """Without handlers the body stays alone, with them the rest of the statement does."""
    assert edited(before, Unwrap(at(0))) == after


@each_of("pragma", ["# pragma: no cover", "#pragma:nocover", "# pragma no cover"])
def test_a_pragma_does_not_get_to_the_header(pragma: str) -> None:
    """Behind a header it would hold for the whole block: it stays on a line of its own."""
    wrap = Wrap(at(1), 2, Header("block", taken=(Taken(at(0), ()),)))
    made = edited(f"gone()  {pragma}\na()\n", Delete(at(0)), wrap)
    assert "with block():\n" in made
    assert made.count(pragma) == 1
    other = edited("gone()  # noqa\na()\n", Delete(at(0)), wrap)
    assert other == "with block():  # noqa\n    a()\n"
