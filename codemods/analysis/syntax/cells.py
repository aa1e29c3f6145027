"""Where the cells of a notebook begin that is kept as a Python file.

Only comments at the start of a line of the module itself mark cells: in a function, or
in a text, the same characters mean nothing.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.tree import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.syntax.parsed_module import ParsedModule

_MARKER = re.compile(
    r"""\#\s*(?:
        %%                              # percent: Spyder, Hydrogen, VS Code, PyCharm, jupytext
        | COMMAND\s+-{5,}               # Databricks
        | <\w*cell\b[^>]*>              # IPython's older notebooks
        | In\s?\[[\d\s*]*\]:            # what nbconvert writes
        | [+-]\s*$                      # jupytext's light format: begin and end of a cell
        | \+\s+(?:[\[{]|\w+\s*=)        #   with a kind or options
    )""",
    re.VERBOSE,
)
_LIGHT = re.compile(r"#\s*format_name:\s*light\s*$")
_OPENS, _ENDS = re.compile(r"#\s*\+"), re.compile(r"#\s*-\s*$")
_HEADER_LINES = 40
_NOTEBOOK = ".ipynb"
#: Functions that give None, of Python, of the shell of a notebook, and of collections.
_SILENT = frozenset(
    (*words.TRACKER_METHODS, *"print display system setattr append extend add update".split())
)


def begins_cell(line: str) -> bool:
    """Whether *line*, one of a module, marks the beginning or the end of a cell."""
    return _MARKER.match(line) is not None


def crosses_cell(module: ParsedModule, beside: list[ast.stmt], start: int, stop: int) -> bool:
    """Whether a notebook cell begins between the statements of a block."""
    first, last = beside[start].lineno, beside[stop - 1].end_lineno or beside[stop - 1].lineno
    texts = set(_text_lines(beside[start:stop]))
    marked = (n for n in range(first, last + 1) if _MARKER.match(module.lines[n - 1]))
    if any(number not in texts for number in marked):
        return True
    light = any(_LIGHT.match(line.rstrip()) for line in module.lines[:_HEADER_LINES])
    return light and beside is module.tree.body and _has_paragraphs(module, beside, start, stop)


def shown_value(module: ParsedModule, beside: list[ast.stmt], stop: int) -> ast.expr | None:
    """Return what a cell of a notebook shows as its value, if the statement before *stop* gives it.

    That is the last expression of a cell, at its own level, without a semicolon behind it.
    """
    last = beside[stop - 1]
    if module.source.path.suffix != _NOTEBOOK or beside is not module.tree.body:
        return None
    end = last.end_lineno or last.lineno
    following = beside[stop].lineno - 1 if stop < len(beside) else len(module.lines)
    ends = stop == len(beside) or any(map(_MARKER.match, module.lines[end:following]))
    if not ends or not isinstance(last, ast.Expr) or _gives_none(last.value):
        return None
    behind = module.lines[end - 1].encode()[last.end_col_offset or 0 :]
    return None if behind.lstrip().startswith(b";") else last.value


def _gives_none(value: ast.expr) -> bool:
    """Whether *value* is the call of a function that gives nothing to show.

    An answer that is recorded by hand, which a block may do without, is not there to be shown.
    """
    if not isinstance(value, ast.Call):
        return False
    recorded = isinstance(value.func, ast.Call) and last_name(value.func.func)
    return recorded in words.RECORDING_DECORATORS or last_name(value.func) in _SILENT


def _text_lines(statements: list[ast.stmt]) -> Iterator[int]:
    """Yield the lines that begin inside a text."""
    for statement in statements:
        for node in walk(statement):
            if isinstance(node, ast.Constant | ast.JoinedStr) and node.end_lineno:
                yield from range(node.lineno + 1, node.end_lineno + 1)


def _has_paragraphs(module: ParsedModule, beside: list[ast.stmt], start: int, stop: int) -> bool:
    """Whether a blank line between two statements ends a cell: in the light format it does.

    Not in a cell that is marked as a whole.
    """
    above = reversed(module.lines[: beside[start].lineno - 1])
    border = next((line for line in above if _OPENS.match(line) or _ENDS.match(line)), "")
    if _OPENS.match(border):
        return False
    for one, other in zip(beside[start:stop], beside[start + 1 : stop], strict=False):
        between = module.lines[one.end_lineno or one.lineno : other.lineno - 1]
        if any(not line.strip() for line in between):
            return True
    return False
