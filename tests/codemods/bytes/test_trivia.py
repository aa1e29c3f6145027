"""Whatever comments, newlines and indents a program has, the same rewrite comes out."""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from collections import Counter
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from many_cases import each_of
from relayout import INDENTS, logical_lines, reindented, relaid
from rows import RUNTIMES, Fixture, fixtures, run_fixture

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness import Outcome

#: A form feed at the start of a line is refused, wherever another layout puts it.
PROGRAMS = [f for f in fixtures() if not any("\f" in text for text in f.files.values())]


class _ByKeyword(ast.NodeTransformer):
    """Gives a batch its id by keyword: which way is chosen depends on the line it stands on."""

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "batch_ai_usage_context":
            named = [ast.keyword("batch_id", value) for value in node.args]
            node.keywords = sorted([*named, *node.keywords], key=lambda k: k.arg or "")
            node.args = []
        return node


def tree(text: str) -> str:
    """Return the syntax tree of *text*."""
    return ast.dump(_ByKeyword().visit(ast.parse(text.removeprefix("\ufeff"))))


def comments(text: str) -> Counter[str]:
    """Return the comments of *text*, each as often as it is there."""
    read = tokenize.generate_tokens(io.StringIO(text.removeprefix("\ufeff")).readline)
    return Counter(token.string.rstrip() for token in read if token.type == tokenize.COMMENT)


def needless(text: str) -> Counter[str]:
    """Return the comments of *text* that go if what they are in, or right above, goes."""
    text = text.removeprefix("\ufeff")
    tree = ast.parse(text)
    going = set()
    for node in (n for n in ast.walk(tree) if isinstance(n, ast.Expr | ast.Try)):
        said = ast.unparse(node)
        if ".track_" in said or "flush_metrics" in said:
            going.update(range(node.lineno - 2, (node.end_lineno or node.lineno) + 1))
    read = tokenize.generate_tokens(io.StringIO(text).readline)
    found = (t for t in read if t.type == tokenize.COMMENT and t.start[0] in going)
    return Counter(token.string.rstrip() for token in found)


def migrated(fixture: Fixture, runtime: str, files: dict[str, str]) -> Mapping[str, Outcome]:
    """Migrate *files* in place of those of *fixture*."""
    return run_fixture(fixture, runtime, files)


@pytest.mark.lengthy
@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.sampled_from(PROGRAMS), st.sampled_from(RUNTIMES), st.integers(0, 2**32))
def test_layout_does_not_change_the_rewrite(fixture: Fixture, runtime: str, seed: int) -> None:
    """In any layout the same program comes out, and a second run is quiet.

    All comments are there, but for those in a recording or a flush that goes, and right above it.
    """
    random = Random(seed)
    plain = migrated(fixture, runtime, dict(fixture.files))
    sources = {name: text for name, text in fixture.files.items() if not name.endswith(".ipynb")}
    files = {**fixture.files, **{name: relaid(text, random) for name, text in sources.items()}}
    outcomes = migrated(fixture, runtime, files)
    texts = {name: outcomes[name].text for name in sources if name in outcomes}
    again = migrated(fixture, runtime, {**files, **texts})
    for name in texts:
        outcome = outcomes[name]
        assert outcome.failed is None, outcome.failed
        assert outcome.reasons == plain[name].reasons
        assert outcome.changed == plain[name].changed, files[name]
        assert tree(outcome.text) == tree(plain[name].text), files[name]
        assert not comments(outcome.text) - comments(files[name])
        assert comments(files[name]) - comments(outcome.text) <= needless(files[name])
        assert lines_end_alike(files[name], outcome.text)
        assert again[name].text == outcome.text
        assert again[name].failed is None


def lines_end_alike(before: str, after: str) -> bool:
    """Whether *after* has no newline of a kind that *before* has not, where it has only one."""
    crlf = before.count("\r\n")
    if crlf == before.count("\n"):
        return after.count("\r\n") == after.count("\n")
    return bool(crlf) or "\r" not in after


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
