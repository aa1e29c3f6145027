"""Long values that no edit concerns are not parsed again, and come out as they were."""

from __future__ import annotations

import ast

import libcst
import pytest

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
            parsed = rewritten(text, written)
            patch.setattr(put_aside, "LONG", 1)
            assert rewritten(text, written) == parsed
            assert parsed != text


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


def test_a_value_that_an_edit_concerns_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement in which a name is replaced is parsed whole, and so is what is below it."""
    monkeypatch.setattr(put_aside, "LONG", 1)
    text = "def work(x):\n    return old.one(x).two(old)\n"
    made = apply(
        ast.parse(text),
        split_lines(text),
        [Rename(WORK, "old", "new")],
        Style(),
    )
    assert made == text.replace("old", "new")
