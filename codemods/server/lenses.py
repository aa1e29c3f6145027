"""What stands above functions: that they can be migrated, or need a person."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from lsprotocol.types import CodeLens, Command, Range

from codemods.server.hover import reason_of
from codemods.server.texts.functions import around

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from codemods.model.refusal import Refusal
    from codemods.model.source import Span
    from codemods.server.analysis import Migration
    from codemods.server.texts.documents import Document
    from codemods.server.texts.functions import Lines

MIGRATE = "ai-usage.migrate"
EXPLAIN = "ai-usage.explain"


def lenses_of(document: Document, migration: Migration) -> Iterator[CodeLens]:
    """Yield what stands above the functions of *document*, of which there is a *migration*."""
    functions = document.functions
    made = {_around(span, functions) for _, _, span in migration.made}
    left: defaultdict[Lines, list[Refusal]] = defaultdict(list)
    for refusal in migration.refusals:
        left[_around(refusal.finding.span, functions)].append(refusal)
    for lines in sorted({*made, *left}):
        if lines in made:
            yield _migrating(document, lines, is_function=lines in functions)
        if lines in left:
            yield _explaining(document, lines, left[lines])


def _around(span: Span, functions: Sequence[Lines]) -> Lines:
    """Return the innermost of *functions* that *span* is in, or the lines of it alone."""
    return around(span, functions) or (span.line, span.end_line)


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
