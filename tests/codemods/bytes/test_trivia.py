"""The other layouts that tests write programs in are really others, of the same programs."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from many_cases import each_of
from relayout import INDENTS, logical_lines, reindented, relaid
from rows import fixtures

#: A form feed at the start of a line is refused, wherever another layout puts it.
PROGRAMS = [f for f in fixtures() if not any("\f" in text for text in f.files.values())]


@each_of("unit", INDENTS)
def test_reindenting_keeps_the_program(unit: str) -> None:
    """The re-indenting that tests rely on changes neither strings nor anything Python sees.

    Each indent has a share of the programs.
    """
    units = list(INDENTS)
    for fixture in fixtures()[units.index(unit) :: len(units)]:
        for text in fixture.files.values():
            assert ast.dump(ast.parse(reindented(text, unit))) == ast.dump(ast.parse(text))


def test_layouts_are_really_different() -> None:
    """The layouts join lines, break lines, and put comments in brackets and on lines of their own.

    A generator that changed nothing would prove nothing.
    """
    text = max((f.files.get("receipts.py", "") for f in PROGRAMS), key=len)
    made = [relaid(text, Random(seed)) for seed in range(60)]
    assert len(set(made)) == 60
    joined = "".join(made)
    for sign in ("; ", " \\\n", "\r\n", "\ufeff", "\t", "  # noqa: E501", "\n\n", "\u2028"):
        assert sign in joined, repr(sign)
    lengths = {sum(1 for _ in logical_lines(m.removeprefix("\ufeff"))) for m in made}
    assert len(lengths) > 2
