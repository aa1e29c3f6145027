"""What stands above functions: that they can be migrated, or need a person."""

from __future__ import annotations

import ast
from collections import defaultdict
from typing import TYPE_CHECKING

from lsprotocol.types import CodeLens, Command, Range

from codemods.server.hover import reason_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from codemods.model.refusal import Refusal
    from codemods.model.source import Span
    from codemods.server.analysis import Migration
    from codemods.server.documents import Document

MIGRATE = "ai-usage.migrate"
EXPLAIN = "ai-usage.explain"
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_MARK = "\ufeff"
#: The first and the last line of a function, or of a statement that is in none.
Lines = tuple[int, int]


def lenses_of(document: Document, migration: Migration) -> Iterator[CodeLens]:
    """Yield what stands above the functions of *document*, of which there is a *migration*."""
    functions = _functions(document.text.removeprefix(_MARK))
    made = {_around(span, functions) for _, _, span in migration.made}
    left: defaultdict[Lines, list[Refusal]] = defaultdict(list)
    for refusal in migration.refusals:
        left[_around(refusal.finding.span, functions)].append(refusal)
    for lines in sorted({*made, *left}):
        if lines in made:
            yield _migrating(document, lines, is_function=lines in functions)
        if lines in left:
            yield _explaining(document, lines, left[lines])


def is_inside(span: Span, lines: Lines) -> bool:
    """Whether *span* begins in *lines*."""
    return lines[0] <= span.line <= lines[1]


def _functions(text: str) -> list[Lines]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    found = (one for one in ast.walk(tree) if isinstance(one, _FUNCTIONS))
    return [(one.lineno, one.end_lineno or one.lineno) for one in found]


def _around(span: Span, functions: Sequence[Lines]) -> Lines:
    """Return the innermost of *functions* that *span* is in, or the lines of it alone."""
    around = [one for one in functions if is_inside(span, one)]
    alone = span.line, span.end_line
    return max(around, key=lambda lines: (lines[0], -lines[1]), default=alone)


def _migrating(document: Document, lines: Lines, *, is_function: bool) -> CodeLens:
    title = "Migrate this function" if is_function else "Migrate this statement"
    return _lens(document, lines, Command(title, MIGRATE, arguments=[document.uri, *lines]))


def _explaining(document: Document, lines: Lines, refusals: Sequence[Refusal]) -> CodeLens:
    names = ", ".join(dict.fromkeys(str(one.reason) for one in refusals))
    lines_told = (f"Line {one.finding.span.line}: {reason_of(one)}" for one in refusals)
    told = "\n".join(dict.fromkeys(lines_told))
    return _lens(document, lines, Command(f"Needs a person: {names}", EXPLAIN, arguments=[told]))


def _lens(document: Document, lines: Lines, command: Command) -> CodeLens:
    start = document.lines.position(lines[0] - 1, 0)
    return CodeLens(Range(start, start), command)
