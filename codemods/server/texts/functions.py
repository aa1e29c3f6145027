"""The functions of a text by their lines."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codemods.model.source import Span

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
#: The first and the last line of a function, or of a statement that is in none.
Lines = tuple[int, int]


def functions_of(text: str) -> tuple[Lines, ...]:
    """Return where the functions of the program *text* are; none where it does not parse."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    found = (one for one in ast.walk(tree) if isinstance(one, _FUNCTIONS))
    return tuple((one.lineno, one.end_lineno or one.lineno) for one in found)


def is_inside(span: Span, lines: Lines) -> bool:
    """Whether *span* begins in *lines*."""
    return lines[0] <= span.line <= lines[1]


def around(span: Span, functions: Sequence[Lines]) -> Lines | None:
    """Return the innermost of *functions* that *span* begins in, None if there is none."""
    found = [one for one in functions if is_inside(span, one)]
    return max(found, key=lambda lines: (lines[0], -lines[1]), default=None)
