"""Headers and imports that would be too long, and how long a line may be."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from editing import at, edited
from many_cases import each_of

from codemods.edits.style import SHORTEST, longest_line
from codemods.model.edit import AddImport, ExtendImport, Header, Merge, Taken, Wrap

HEADER = Header("block", ('"receipt_scan"', "job_id=job"), target="t")
ONE_LINE = 'with block("receipt_scan", job_id=job) as t:'
BROKEN = 'with block(\n    "receipt_scan",\n    job_id=job,\n) as t:'


def wrapped(text: str, length: int, header: Header = HEADER) -> str:
    """Return *text*, a statement, in a block of a file whose lines may be *length* long."""
    return edited(text, Wrap(at(0), 1, header), line_length=length)


def test_a_header_is_as_long_as_a_line_may_be() -> None:
    """One column more, and each argument has its line; without a name the name does not count."""
    assert wrapped("a()\n", len(ONE_LINE)) == f"{ONE_LINE}\n    a()\n"
    assert wrapped("a()\n", len(ONE_LINE) - 1) == f"{BROKEN}\n    a()\n"
    nameless = Header("block", HEADER.leading)
    assert wrapped("a()\n", len(ONE_LINE) - len(" as t"), nameless).count("\n") == 2


@each_of(("unit", "width"), [("    ", 4), ("\t", 4), ("  ", 2)])
def test_what_stands_before_a_header_counts(unit: str, width: int) -> None:
    """Indentation is counted in columns, as formatters do."""
    text = f"def f():\n{unit}if a:\n{unit}{unit}a()\n"
    edit = Wrap((*at(0), *at(0), ("body", 0)), 1, HEADER)
    fits = 2 * width + len(ONE_LINE)
    assert ONE_LINE in edited(text, edit, indent=unit, line_length=fits)
    assert ONE_LINE not in edited(text, edit, indent=unit, line_length=fits - 1)


@each_of(
    ("comment", "fits"),
    [("# the first one", False), ("# noqa: E501", True), ("# type: ignore[x]", True)],
)
def test_comments_count_unless_they_are_for_tools(comment: str, fits: bool) -> None:
    """A comment is part of the line, but for those that no formatter counts."""
    header = Header("block", ('"receipt_scan"',), (Taken(at(0), ((0, "job_id"),)),), target="t")
    text = f"x(job)  {comment}\na()\n"
    made = edited(text, Wrap(at(1), 2, header), line_length=len(ONE_LINE))
    assert (ONE_LINE in made) is fits


def test_a_header_that_ids_are_moved_into_keeps_to_the_length() -> None:
    """What is appended to a header that is there counts as well."""
    text = 'with block("receipt_scan") as t:\n    t.set(job)\n    a()\n'
    edit = Merge(at(0), 0, Taken((*at(0), ("body", 0)), ((0, "job_id"),)))
    assert ONE_LINE in edited(text, edit, line_length=len(ONE_LINE))
    assert BROKEN in edited(text, edit, line_length=len(ONE_LINE) - 1)


def test_an_import_is_broken_as_formatters_break_it() -> None:
    """A name a line, in parentheses; an import that fits stays on its line."""
    whole = "from app.usage import one, two\n"
    broken = "from app.usage import (\n    one,\n    two,\n)\n"
    extend = ExtendImport(at(0), (("two", None),))
    add = AddImport(at(0), "app.usage", (("one", None), ("two", None)))
    for length, made in ((30, whole), (29, broken)):
        assert edited("from app.usage import one\n", extend, line_length=length) == made
        assert edited("import os\n", add, line_length=length) == f"import os\n{made}"


@each_of(
    ("line", "expected"),
    [
        ("a = b\n", 88),
        (f"a = {'b' * 91}\n", 95),
        (f"a = {'b' * 300}\n", 120),
        (f"a = '{'b' * 100}'\n", 88),
        (f"a = b  # {'b' * 100}\n", 88),
        (f'"""\n{"b " * 50}\n"""\n', 88),
        (f"a = {'b' * 91}\r\n", 95),
        ("", 88),
    ],
)
def test_the_longest_line_of_code_is_allowed(line: str, expected: int) -> None:
    """Texts and comments, which no formatter breaks, say nothing of how long a line may be."""
    assert longest_line(ast.parse(line), line.splitlines(keepends=True)) == expected


@each_of("around", ["{}", "@mark({})\ndef f():\n    pass", "if x:\n    f({})"])
def test_a_line_within_a_text_is_no_line_of_code(around: str) -> None:
    """Of a text over several lines none counts, wherever the text stands."""
    long = "a" * 100
    text = around.format(f'"""\n{long}\n"""') + "\n"
    assert longest_line(ast.parse(text), text.splitlines(keepends=True)) == SHORTEST
    plain = text + f"{long} = 1\n"
    assert longest_line(ast.parse(plain), plain.splitlines(keepends=True)) == len(long) + 4
