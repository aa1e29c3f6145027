"""Applies a file's edits: cut out the chunks, rebuild each, put them back."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

import libcst as cst

from codemods.edits.arguments import EditError
from codemods.edits.bodies import Rebuilder
from codemods.edits.chunks import Chunk, chunks, touched
from codemods.edits.put_aside import PutAside
from codemods.edits.style import may_outgrow

if TYPE_CHECKING:
    import ast
    from collections.abc import Mapping, Sequence

    from codemods.edits.style import Style
    from codemods.model.edit import Edit


class RoundTripError(EditError):
    """Parsing and printing the text does not give the same text."""


def apply(tree: ast.Module, lines: list[str], edits: Sequence[Edit], style: Style) -> str:
    """Return the text of *lines*, a file of *style*, with *edits* made.

    Raises EditError where an edit does not fit the text.
    """
    result = list(lines)
    found = chunks(tree, lines, edits)
    firsts = [chunk.first for chunk in found]
    within: list[list[Edit]] = [[] for _ in found]
    for edit in edits:
        within[bisect_right(firsts, touched(edit)[0]) - 1].append(edit)
    for chunk, mine in zip(reversed(found), reversed(within), strict=True):
        flat = not any(map(_has_suite, tree.body[chunk.first : chunk.last + 1]))
        aside = PutAside(tree, lines, chunk, mine, style)
        try:
            made = _rebuild(aside.text, chunk, mine, style, flat=flat, counts=aside.counts)
            rebuilt = aside.back(made)
        except EditError:
            if not aside:
                raise
            # It is said of the text as it stands there.
            whole = "".join(lines[chunk.start : chunk.end])
            rebuilt = _rebuild(whole, chunk, mine, style, flat=flat)
        start = chunk.start
        if not rebuilt.strip():
            rebuilt = ""
            # The blank lines above a vanished statement go with it.
            while start and not result[start - 1].strip():
                start -= 1
        result[start : chunk.end] = [rebuilt]
    return "".join(result)


def _has_suite(statement: ast.stmt) -> bool:
    """Whether *statement* has an indentation of its own, as far as its lines tell."""
    compound = hasattr(statement, "body") or hasattr(statement, "cases")
    return compound and statement.end_lineno != statement.lineno


def _lost(text: str, printed: str, chunk: Chunk) -> int:
    """Return the number of the first line of *text* that is not *printed* as it was."""
    pairs = zip(text.split("\n"), printed.split("\n"), strict=False)
    return chunk.start + next((n for n, (old, new) in enumerate(pairs, 1) if old != new), 1)


def _parsed(text: str, chunk: Chunk) -> cst.Module:
    try:
        module = cst.parse_module(text)
    except cst.ParserSyntaxError as error:
        # The parser names what it read last: behind a line break the start of the next line.
        line = error.raw_line - (1 if error.raw_column else 0)
        said = f"the parser that edits files does not read line {chunk.start + max(line, 1)}"
        raise EditError(said) from error
    except cst.CSTLogicError as error:
        # What the parser took for an older syntax, as it does joined template strings.
        lines = f"lines {chunk.start + 1} to {chunk.end}"
        raise EditError(f"the parser that edits files does not understand {lines}") from error
    if module.code != text:
        raise RoundTripError(
            f"parsing and printing line {_lost(text, module.code, chunk)} changes it"
        )
    return module


def _rebuild(
    text: str,
    chunk: Chunk,
    edits: list[Edit],
    style: Style,
    *,
    flat: bool,
    counts: Mapping[str, int] | None = None,
) -> str:
    # A chunk of one line has no newline to detect, a flat one no indentation: the file's own is
    # the one to write.  Where there is a suite, what the parser found there stays.
    module = _parsed(text, chunk).with_changes(default_newline=style.newline)
    if flat:
        module = module.with_changes(default_indent=style.indent)
    tight = may_outgrow(text.splitlines(), style)
    rebuilder = Rebuilder(edits, chunk.first, style, tight=tight, counts=counts)
    return rebuilder.module(module).code
