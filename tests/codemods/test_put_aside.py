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


def test_a_docstring_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement that is a text alone is put aside where it has a line."""
    said = "'Do the work that is written in the query, once for each row.'"
    text = FUNCTION.replace("    return", f"    {said}\n    return")
    (given,) = parsed_of(text, monkeypatch)
    assert said not in given


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


ASIDE = (
    "for row in rows:\n    if row:\n        continue\n    kept[row] = row.total",
    "if x:\n    rows = rows[:10]\nelif kept:\n    rows = []\nelse:\n    rows = kept",
    "try:\n    rows = rows[0]\nexcept KeyError as error:\n    rows = error\nfinally:\n    x = None",
    "with open(x) as stream:\n    if x: rows = stream.read(); kept = rows",
    "match x:\n    case [1, *kept]:\n        rows = kept\n    case _:\n        pass",
    "kept[x] = [row for row in rows]",
    "kept = [\n    row for row in rows\n  if row]",
    "kept[x] = (\n    'one text'\n  f'and {another}'\n)",
)
# What is inside of them is put aside, and they are not.
INSIDE = (
    "for row in rows:\n    kept[row] = row.total\n\n    print(row)",
    "for row in rows:\n    kept[row] = (row\n  .total)\n    print(row)",
    "for row in (rows\n  .all):\n    kept[row] = row.total\n    # of it\n    print(row)",
)
PARSED = (
    "for row in rows:\n    kept[row] = row.total  # of the row",
    "for row in (rows\n  .all):\n    kept[row] = row.total",
    "for row in rows:\n    kept[row] = row.total\n    # above the end",
    "for row in rows:\n    kept[row] = row.total  \n    print(row)",
    "for row in rows:\n    kept[row] = \\\n        row.total",
    "for row in rows:\n    kept[row] = '''a\n  text'''",
    "kept[x] = 1; rows.append(kept)",
    "@cached\ndef kept(row):\n    return 1",
    "if x:\n    def kept(a,\n     b):\n        return a",
    "class Kept:\n    kept = 1",
    "kept = 1",
    "kept[x] = (\n    f'{rows = }'\n  'text'\n)",
    "if x:\n    y\nelif kept: rows = 1  # none",
    "kept = {x : [row for row in rows]}",
)


def with_statement(statement: str) -> str:
    """Return the function with *statement* in front of its last."""
    lines = "".join(f"    {line}\n" if line else "\n" for line in statement.split("\n"))
    return FUNCTION.replace("    return", f"{lines}    return")


@each_of("statement", [*ASIDE, *INSIDE, *PARSED])
def test_statements_come_back_as_lines_of_their_block(
    monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    """Whether a statement is put aside or parsed, the same text comes out, lines moved alike."""
    text = with_statement(statement)
    for one in (text, text.replace("    ", "\t"), text.replace("\n", "\r\n")):
        newline = "\r\n" if "\r" in one else "\n"
        with monkeypatch.context() as patch:
            patch.setattr(put_aside, "WORTH", len(one))
            parsed = rewritten(one, newline)
            patch.setattr(put_aside, "WORTH", 1)
            assert rewritten(one, newline) == parsed


@each_of("statement", ASIDE)
def test_a_statement_that_no_edit_concerns_is_not_parsed(
    monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    """With all that is inside of it, it is one name where LibCST reads it."""
    with monkeypatch.context() as patch:
        (given,) = parsed_of(with_statement(statement), patch)
    assert "kept" not in given


@each_of("statement", INSIDE)
def test_statements_in_a_row_are_one_name(monkeypatch: pytest.MonkeyPatch, statement: str) -> None:
    """Blank lines and comments between them are put aside with them."""
    with monkeypatch.context() as patch:
        (given,) = parsed_of(with_statement(statement), patch)
    assert "for row in" in given
    assert "kept" not in given
    assert "print(row)" not in given


ROWS = """\
class Work:
    kept = 1

    def first(self, query: str, x: list[int]) -> None:
        '''What is said of it
  goes over lines.'''
        self.x = x  # a comment

        self.query = query

    @cached
    def work(self, query: str, x: list[int]) -> list[int]:
        tracker = Tracker()
        tracker.set(job=x)
        # A comment above the first.
        rows = query.all()
        others = rows[0]

        # A comment above one of them.
        kept = rows[1:]
        del rows
        return ask(tracker, kept)

    def last(self, query: str, x: list[int]) -> None:
        print(query, x)
"""


@each_of("stop", range(3, 8))
@pytest.mark.parametrize("parameters", ["self, query: str, x: int", "self,\n    q=':', x=1"])
def test_methods_and_statements_in_a_row_come_back(
    monkeypatch: pytest.MonkeyPatch, stop: int, parameters: str
) -> None:
    """Wherever a block ends between statements, the text is the one of a file that is parsed."""
    text = ROWS.replace("work(self, query: str, x: list[int]", f"work({parameters}")
    path: Path = (("body", 0), ("body", 2))
    header = Header("block", taken=(Taken((*path, ("body", 1)), ((0, "job"),)),))
    edits = (Delete((*path, ("body", 1))), Wrap((*path, ("body", 2)), stop, header))
    for one in (text, text.replace("    ", "\t"), text.replace("\n", "\r\n")):
        style = Style("\r\n" if "\r" in one else "\n")
        made = []
        for worth in (len(one), 1):
            with monkeypatch.context() as patch:
                patch.setattr(put_aside, "WORTH", worth)
                made.append(apply(ast.parse(one), split_lines(one), edits, style))
        assert made[0] == made[1]
        assert made[0] != one


@each_of("statement", PARSED)
def test_a_statement_whose_lines_are_not_all_of_it_is_parsed(
    monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    """Comments, blank lines, lines that go on, and definitions are moved by rules of their own."""
    with monkeypatch.context() as patch:
        (given,) = parsed_of(with_statement(statement), patch)
    assert "kept" in given
