"""Each numbered line of docs/security.md is held by a test, and each such test has its line."""

from __future__ import annotations

import ast
import re

from many_cases import each_of
from source_tree import ROOT, functions_of

LINE = re.compile(r"^- \*\*(T\d+):\*\* \S", re.MULTILINE)
BULLET = re.compile(r"^- ", re.MULTILINE)
#: A docstring begins with the lines that the test holds: "T1 T2: ...".
HEAD = re.compile(r"((?:T\d+ )*T\d+):")
UNNUMBERED = ("Who controls what", "What is not promised")


def lines(text: str) -> list[str]:
    """Return the numbers of the lines of *text*."""
    return LINE.findall(text)


def unnumbered(text: str) -> list[str]:
    """Return the sections of *text* that promise something in a line without a number."""
    sections = re.split(r"^## (.+)$", text, flags=re.MULTILINE)[1:]
    pairs = zip(sections[::2], sections[1::2], strict=True)
    return [
        title
        for title, body in pairs
        if title not in UNNUMBERED and len(BULLET.findall(body)) != len(lines(body))
    ]


def held(source: str) -> set[str]:
    """Return the lines that tests in *source* say they hold."""
    found: set[str] = set()
    for function in functions_of(ast.parse(source)):
        head = HEAD.match(ast.get_docstring(function) or "")
        if head and function.name.startswith("test_"):
            found |= set(head[1].split())
    return found


def test_every_line_is_held_by_a_test() -> None:
    """What the page promises is tried as an attacker would, and what is tried is promised."""
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    numbers = lines(text)
    assert numbers == [f"T{number}" for number in range(1, len(numbers) + 1)]
    assert unnumbered(text) == []
    sources = (ROOT / "tests").glob("*/trust/test_*.py")
    tried = set().union(*(held(path.read_text(encoding="utf-8")) for path in sources))
    assert tried == set(numbers)


@each_of(
    ("text", "found"),
    [
        ('def test_a():\n    """T1 T22: both."""', {"T1", "T22"}),
        ('def test_a():\n    """As T1 says."""', set()),
        ('def helper():\n    """T1: no test."""', set()),
        ('class T:\n    def test_a(self):\n        """T3: a method."""', {"T3"}),
    ],
)
def test_a_reference_is_read(text: str, found: set[str]) -> None:
    """Only the head of a test's docstring counts."""
    assert held(text) == found


def test_a_promise_without_a_number_is_seen() -> None:
    """Each line of a section has a number, but in the sections that promise nothing."""
    text = (
        "## What runs\n\n- **T1:** this.\n- and that.\n\n## What is not promised\n\n- All else.\n"
    )
    assert unnumbered(text) == ["What runs"]
    assert lines(text) == ["T1"]
