"""Names are found in bytes as Python's own tokens tell them, in every layout."""

from __future__ import annotations

import ast
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codemods.analysis.external.spelling import GAP, NAME, giving, spaced, whole

GAPS = st.lists(
    st.sampled_from((" ", "\t", "\f", "\\\n", "\\\r\n", "  ")), min_size=1, max_size=4
).map("".join)
IN_BRACKETS = st.lists(
    st.sampled_from((" ", "\n", "\r\n", "# why\n", "#\n", "# a # b\n")), min_size=0, max_size=5
).map("".join)
NAMES = st.sampled_from(("look", "_look", "look2", "pr\u00fcfe", "\u00e9lan", "\u65e5\u4ed8"))


@given(GAPS, GAPS, NAMES)
def test_definition_is_found_in_any_layout(first: str, second: str, name: str) -> None:
    """Whatever stands between `def`, the name and the bracket, the definition is found."""
    text = f"def{first}{name}{second}(): pass\n"
    tree = ast.parse(text)
    assert isinstance(tree.body[0], ast.FunctionDef)
    assert re.search(giving(name), text.encode())
    found = re.search(rb"def%b(%b)" % (GAP, NAME), text.encode())
    assert found is not None
    assert found[1].decode() == name


@given(IN_BRACKETS, IN_BRACKETS, NAMES)
def test_field_is_found_behind_comments(first: str, second: str, name: str) -> None:
    """In brackets comments and new lines may be on both sides of a point."""
    text = f"(reader{first}.{second}{name})\n"
    assert isinstance(ast.parse(text).body[0], ast.Expr)
    assert re.search(spaced(rb"reader", rb"\.", whole(name)), text.encode())


@given(NAMES, st.sampled_from(("x", "1", "_", "\u00e9", "\u65e5")))
def test_part_of_a_name_is_not_that_name(name: str, more: str) -> None:
    """A longer name is another one, in ASCII or not."""
    assert not re.search(whole(name), f"{name}{more} = 1".encode())
    assert not re.search(whole(name), f"a{more}{name} = 1".encode())


GIVEN = (
    "class look(Base): pass",
    "async def look(self): pass",
    "from reading import look",
    "from reading import (run,  # first\n    look,\n)",
    "import reading as look",
    "look = 1",
    "look: int = 1",
    "a.look, b = pair",
    "(look) = other",
    "for a.look in pairs: pass",
    "with opened() as a.look: pass",
    "mock.look.return_value = 1",
    "make(look=1)",
    "if (look := 1): pass",
)
NOT_GIVEN = ("a.look(1)", "look()", "a.look == 1", "outlook = 1", "look.at(1)", "# look at it\n")


@pytest.mark.parametrize("text", GIVEN)
def test_what_gives_a_name_is_found(text: str) -> None:
    """A definition, an import, a keyword and every form of a target may give a name."""
    ast.parse(text)
    assert re.search(giving("look"), text.encode())


@pytest.mark.parametrize("text", NOT_GIVEN)
def test_calls_and_comparisons_give_nothing(text: str) -> None:
    """A call, a comparison, another name and a comment are no reason to read a tree."""
    ast.parse(text)
    assert not re.search(giving("look"), text.encode())
