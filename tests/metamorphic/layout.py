"""The same statements on other lines, with other blanks, indents and comments."""

from __future__ import annotations

import ast
import io
import tokenize
from collections import Counter
from typing import TYPE_CHECKING

from relayout import relaid

from .variation import Variation

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from harness import Outcome


def layout(files: Mapping[str, str], random: Random) -> Variation | None:
    """Return *files* in another layout."""
    if any("\f" in text for text in files.values()):
        return (
            None  # a form feed at the start of a line is refused, wherever another layout puts it
        )
    sources = {name: text for name, text in files.items() if not name.endswith(".ipynb")}
    changed = {name: relaid(text, random) for name, text in sources.items()}
    return Variation({**files, **changed}, also=_fidelity)


def _fidelity(files: Mapping[str, str], outcomes: Mapping[str, Outcome]) -> list[str]:
    """Return where comments are lost that stand neither in what goes, nor right above it."""
    found = []
    for name, before in files.items():
        if name.endswith(".ipynb"):
            continue
        after = outcomes[name].text
        if comments(after) - comments(before):
            found.append(f"{name}: comments are new")
        if not comments(before) - comments(after) <= needless(before):
            found.append(f"{name}: comments are lost")
        if not lines_end_alike(before, after):
            found.append(f"{name}: lines end otherwise")
    return found


def comments(text: str) -> Counter[str]:
    """Return the comments of *text*, each as often as it is there."""
    read = tokenize.generate_tokens(io.StringIO(text.removeprefix("\ufeff")).readline)
    return Counter(token.string.rstrip() for token in read if token.type == tokenize.COMMENT)


def needless(text: str) -> Counter[str]:
    """Return the comments of *text* that go if what they are in, or right above, goes."""
    text = text.removeprefix("\ufeff")
    going = set()
    for node in (n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Expr | ast.Try)):
        said = ast.unparse(node)
        if ".track_" in said or "flush_metrics" in said:
            going.update(range(node.lineno - 2, (node.end_lineno or node.lineno) + 1))
    read = tokenize.generate_tokens(io.StringIO(text).readline)
    found = (t for t in read if t.type == tokenize.COMMENT and t.start[0] in going)
    return Counter(token.string.rstrip() for token in found)


def lines_end_alike(before: str, after: str) -> bool:
    """Whether *after* has no newline of a kind that *before* has not, where it has only one."""
    crlf = before.count("\r\n")
    if crlf == before.count("\n"):
        return after.count("\r\n") == after.count("\n")
    return bool(crlf) or "\r" not in after
