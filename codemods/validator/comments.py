"""Comments of a rewritten file: all are there, and none says more than it did."""

from __future__ import annotations

import io
import re
import tokenize
from collections import Counter
from typing import TYPE_CHECKING

from codemods.validator.terms import Difference

if TYPE_CHECKING:
    import ast
    from collections.abc import Sequence

# What begins a cell of a notebook, at the start of a line and only there.
CELL = r"#\s*(?:%%|COMMAND -{5,}|<\w*cell|In ?\[[\d *]*\]:|[+-]\s*$|\+\s+(?:[\[{]|\w+\s*=))"
_CELL = re.compile(CELL)
# What holds for a whole block if it stands behind its header.
_FOR_A_BLOCK = re.compile(r"#\s*pragma[:\s]?\s*no\s*cover|#\s*pylint:\s*disable\b(?!-next)", re.I)


def same_comments(before: str, after: str, blocks: Sequence[ast.With]) -> None:
    """Raise unless both texts have the same comments, and those that mean something mean the same.

    *blocks* are the statements of *after* that are new.
    """
    old, new = _comments(before), _comments(after)
    had, has = (Counter(text for text, _, _ in found) for found in (old, new))
    lost, gained = had - has, has - had
    if lost or gained:
        which = next(iter(lost or gained))
        raise Difference(f"a comment was {'lost' if lost else 'added'}: {which}")
    if _cells(old) != _cells(new):
        raise Difference("a cell of the notebook begins elsewhere")
    for block in blocks:
        last = block.items[-1]
        end = (last.optional_vars or last.context_expr).end_lineno or block.lineno
        header = range(block.lineno, end + 1)
        for text, line, column in new:
            if line in header and column and _FOR_A_BLOCK.search(text):
                raise Difference(f"the comment holds for the whole block now: {text}", block)


def _cells(comments: Sequence[tuple[str, int, int]]) -> list[str]:
    return [text for text, _, column in comments if not column and _CELL.match(text)]


def _comments(text: str) -> list[tuple[str, int, int]]:
    """Return the comments of *text*, each with its line and column."""
    if "#" not in text:
        return []
    lines = io.StringIO(text).readline
    try:
        tokens = tokenize.generate_tokens(lines)
        return [(t.string.rstrip(), *t.start) for t in tokens if t.type == tokenize.COMMENT]
    except (tokenize.TokenError, IndentationError) as error:
        raise Difference(f"the text cannot be tokenised: {error}") from error
