"""Values that no edit concerns are not parsed again, and come out as they were."""

from __future__ import annotations

import ast

import libcst
import pytest
from many_cases import each_of

from codemods.analysis.syntax.parsed_module import split_lines
from codemods.edits import put_aside
from codemods.edits.apply import apply
from codemods.edits.style import Style
from codemods.model.edit import Delete, Header, Path, Rename, Taken, Wrap

FUNCTION = (
    """\
def work(query, x):
    tracker = Tracker()
    tracker.set(job=x)
    rows = (query
        .one(1)  # a comment
      .two(2)
.three("\N{LATIN SMALL LETTER E WITH ACUTE}", x)
            .four(x))
    if rows.five(x).six("\N{LATIN SMALL LETTER E WITH ACUTE}").seven:
        others = [x, rows.eight(
            x)]; print(rows)
    return ask(tracker, rows, """
    + '"""some\n    text"""'
    + """)
"""
)
WORK: Path = (("body", 0),)
SET = (*WORK, ("body", 1))
EDITS = (
    Delete(SET),
    Wrap((*WORK, ("body", 2)), 5, Header("block", taken=(Taken(SET, ((0, "job"),)),))),
)


def rewritten(text: str, newline: str = "\n") -> str:
    """Return *text*, of a file with that *newline*, with its statements in a block."""
    return apply(ast.parse(text), split_lines(text), EDITS, Style(newline))


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("indent", ["    ", "\t"])
def test_values_come_back_as_lines_of_their_block(
    monkeypatch: pytest.MonkeyPatch, newline: str, indent: str
) -> None:
    """Whether values are put aside or parsed, the same text comes out, lines moved alike."""
    text = FUNCTION.replace("    ", indent).replace("\n", newline)
    for written in ("\n", "\r\n"):
        with monkeypatch.context() as patch:
            patch.setattr(put_aside, "WORTH", len(text))
            parsed = rewritten(text, written)
            for longest in (put_aside.LONG, 1):
                patch.setattr(put_aside, "WORTH", 1)
                patch.setattr(put_aside, "LONG", longest)
                assert rewritten(text, written) == parsed
            assert parsed != text


@pytest.mark.parametrize("sign", ["\f", "\v", "\x1c", "\x85", "\N{LINE SEPARATOR}"])
def test_a_text_with_a_sign_that_ends_lines_of_str(sign: str) -> None:
    """It ends no line of code: what is behind it in the text is not moved with the block."""
    said = f"'one{sign}    two', 'and the rest of a value that is long'"
    text = FUNCTION.replace("rows.five(x)", f"rows.five(\n        {said})")
    assert f"\n            {said})" in rewritten(text)


def test_a_long_value_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What LibCST is given does not grow with a chain that stays as it is."""
    sizes = []
    parse = libcst.parse_module

    def measured(source: str) -> libcst.Module:
        sizes.append(len(source))
        return parse(source)

    monkeypatch.setattr(libcst, "parse_module", measured)
    chain = "".join(f".step_{number}(x)" for number in range(300))
    text = FUNCTION.replace("rows.five(x)", f"rows{chain}")
    assert chain in rewritten(text)
    assert len(chain) > put_aside.LONG
    assert sizes == [sizes[0]]
    assert sizes[0] < len(FUNCTION)


def parsed_of(text: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what LibCST is given of *text* while its statements are put in a block."""
    given = []
    parse = libcst.parse_module

    def noted(source: str) -> libcst.Module:
        given.append(source)
        return parse(source)

    monkeypatch.setattr(libcst, "parse_module", noted)
    assert rewritten(text) != text
    return given


def test_a_short_value_is_not_parsed_either(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a call in a line or several nothing is parsed, if there is no comment in it."""
    call = "rows.create(model='a model', messages=[{'role': 'user'}])"
    text = FUNCTION.replace("rows.five(x).six", call).replace(
        "eight(", "create(model='a model', x="
    )
    (given,) = parsed_of(text, monkeypatch)
    assert "create" not in given
    assert "# a comment" in given


def test_a_value_with_a_comment_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Edits ask for comments: what may have one is left in its place."""
    call = "rows.create(  # of all\n                model='a model', messages=[])"
    text = FUNCTION.replace("rows.five(x).six", call)
    (given,) = parsed_of(text, monkeypatch)
    assert call in given


def test_a_docstring_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement that is a text alone is left as it is: edits ask for docstrings."""
    said = "'Do the work that is written in the query, once for each row.'"
    text = FUNCTION.replace("    return", f"    {said}\n    return")
    (given,) = parsed_of(text, monkeypatch)
    assert said in given


@each_of(
    "statement",
    [
        "if'the text of a long condition, and more of it' in rows: pass",
        "assert'the text of a long condition, and more of it' in rows",
        "raise Wrong('the text of a long message, and more')from None",
    ],
)
def test_a_value_without_a_space_around_it_comes_back(statement: str) -> None:
    """Where a name in its place would be another word, the text is the same all the same."""
    text = FUNCTION.replace("    return", f"    {statement}\n    return")
    assert f"        {statement}\n    return" in rewritten(text)


def test_a_value_that_an_edit_concerns_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement in which a name is replaced is parsed whole, and so is what is below it."""
    monkeypatch.setattr(put_aside, "WORTH", 1)
    monkeypatch.setattr(put_aside, "LONG", 1)
    text = "def work(x):\n    return old.one(x).two(old)\n"
    made = apply(
        ast.parse(text),
        split_lines(text),
        [Rename(WORK, "old", "new")],
        Style(),
    )
    assert made == text.replace("old", "new")
