"""Comments of a rewritten file: all are there, and none says more than it did."""

from __future__ import annotations

import io
import re
import tokenize
from collections import Counter
from typing import TYPE_CHECKING

from codemods.interpreter import language
from codemods.validator.terms import Difference

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator, Sequence

# What begins a cell of a notebook, at the start of a line and only there.
CELL = r"#\s*(?:%%|COMMAND -{5,}|<\w*cell|In ?\[[\d *]*\]:|[+-]\s*$|\+\s+(?:[\[{]|\w+\s*=))"
_CELL = re.compile(CELL)
# What holds for a whole block if it stands behind its header.
_FOR_A_BLOCK = re.compile(r"#\s*pragma[:\s]?\s*no\s*cover|#\s*pylint:\s*disable\b(?!-next)", re.I)

# Comments, and the texts in which there is none.
_TOKENS = re.compile(
    r"#[^\n]*"
    r"|\"\"\"[^\"\\]*(?:(?:\\.|\"(?!\"\"))[^\"\\]*)*\"\"\""
    r"|'''[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*'''"
    r"|\"[^\"\\]*(?:\\.[^\"\\]*)*\""
    r"|'[^'\\]*(?:\\.[^'\\]*)*'",
    re.DOTALL,
)
# Where a line may end in more ways than one.
_STRANGE = re.compile(r"[\r\f\v\0]")
# What may hold comments, and texts with the same quotes, in its braces.
_FORMATTED = re.compile(r"""(?:f|t|fr|rf|tr|rt)["']""", re.IGNORECASE)


def same_comments(
    before: str,
    after: str,
    blocks: Sequence[ast.With],
    removed: Sequence[tuple[int, int]] = (),
) -> None:
    """Raise unless both texts have the same comments, and those that mean something mean the same.

    *blocks* are the statements of *after* that are new.  What stands in the lines of *before* that
    are *removed* (first and last), or right above them, may be gone.
    """
    old, new = _comments(before), _comments(after)
    had, has = (Counter(text for text, _, _ in found) for found in (old, new))
    lost, gained = had - has, has - had
    if lost:
        lost -= Counter(_about(before.split("\n"), old, removed))
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


def _about(
    lines: Sequence[str],
    comments: Sequence[tuple[str, int, int]],
    removed: Sequence[tuple[int, int]],
) -> Iterator[str]:
    """Yield those of *comments* that stand in lines that are *removed*, or right above them."""
    by_line = {line: (text, column) for text, line, column in comments}
    alone = {line for _, line, column in comments if not lines[line - 1][:column].strip()}
    gone: set[int] = set()
    for first, last in removed:
        gone.update(range(first, last + 1))
        while first - 1 in alone and first - 1 not in gone:
            text, column = by_line[first - 1]
            if not column and _CELL.match(text):
                break
            first -= 1
            gone.add(first)
    yield from (by_line[line][0] for line in gone if line in by_line)


def _cells(comments: Sequence[tuple[str, int, int]]) -> list[str]:
    return [text for text, _, column in comments if not column and _CELL.match(text)]


def _comments(text: str) -> list[tuple[str, int, int]]:
    """Return the comments of *text*, each with its line and column."""
    if "#" not in text:
        return []
    if _is_plain(text):
        return list(_read(text))
    lines = io.StringIO(text).readline
    try:
        tokens = tokenize.generate_tokens(lines)
        return [(t.string.rstrip(), *t.start) for t in tokens if t.type == tokenize.COMMENT]
    except (tokenize.TokenError, IndentationError) as error:
        raise Difference(f"the text cannot be tokenised: {error}") from error


def _is_plain(text: str) -> bool:
    """Whether comments and texts of *text* show without the interpreter's help."""
    if _STRANGE.search(text):
        return False
    return not language().nested_quotes or not _FORMATTED.search(text)


def _read(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield what ``_comments`` returns of a plain *text*, which compiles."""
    line, seen = 1, 0
    for found in _TOKENS.finditer(text):
        start = found.start()
        if text[start] == "#":
            line += text.count("\n", seen, start)
            seen = start
            yield found[0].rstrip(), line, start - text.rfind("\n", 0, start) - 1
