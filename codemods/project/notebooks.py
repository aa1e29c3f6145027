"""Jupyter notebooks as one module: the code cells below one another, each line where it was.

Notebooks are read and never written: their outputs and their state are a person's.  What only
IPython understands (``%magic``, ``!command``, ``name?``) stands in the module as ``pass``.
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from codemods.model.outcome import Failed
from codemods.model.source import SourceFile
from codemods.project.sources import digest
from codemods.vocabulary import NEEDLES

if TYPE_CHECKING:
    from pathlib import Path

    from codemods.model.finding import Finding

SUFFIX = ".ipynb"
_SAVE_AGAIN = "open and save it in Jupyter, or leave it out with `exclude`"
# Cell magics behind which the cell is Python of the notebook itself.
_TRANSPARENT = frozenset({"time", "timeit", "capture", "prun", "memit", "mprun", "lprun"})
_CELL_MAGIC = re.compile(r"\s*%%(\w+)")
_LINE_MAGIC = re.compile(r"(\s*)(?:%|!|\?|[\w.]+\?{1,2}\s*$)")
_ASSIGNED_MAGIC = re.compile(r"(\s*[\w., ]+=\s*)[%!].*")


class _BrokenNotebook(Exception):
    """The bytes are no notebook, or a cell with legacy names is no Python; the message says why."""


def is_notebook(path: Path) -> bool:
    """Whether *path* is a notebook by its name."""
    return path.suffix == SUFFIX


def source(path: Path, display: str, content: bytes) -> SourceFile | Failed:
    """Return the code of the notebook *content* as one module."""
    try:
        cells = [_python(number, cell) for number, cell in enumerate(_cells(content), start=1)]
    except _BrokenNotebook as error:
        return Failed(display, "read", str(error), _SAVE_AGAIN)
    text = "".join(cells)
    return SourceFile(path, display, content, text, "utf-8", False, "\n", digest(content))


def in_cells(content: bytes, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return *findings* of the module with the places that they have in the notebook's cells."""
    starts = [0]
    for number, cell in enumerate(_cells(content), start=1):
        starts.append(starts[-1] + _python(number, cell).count("\n"))
    return tuple(_in_cell(finding, starts) for finding in findings)


def _in_cell(finding: Finding, starts: list[int]) -> Finding:
    number = max(index for index, start in enumerate(starts[:-1]) if start < finding.span.line)
    above = starts[number]
    span = replace(
        finding.span, line=finding.span.line - above, end_line=finding.span.end_line - above
    )
    return replace(finding, span=span, cell=number + 1)


def _cells(content: bytes) -> list[str]:
    """Return the texts of the code cells."""
    try:
        document: Any = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise _BrokenNotebook(f"the notebook is no valid JSON: {error}") from None
    if not isinstance(document, dict):
        raise _BrokenNotebook("the file is JSON, and no notebook")
    # The third format keeps its cells in worksheets, and their code under another name.
    sheets = document.get("worksheets") if "cells" not in document else [document]
    found = []
    for sheet in sheets if isinstance(sheets, list) else []:
        cells = sheet.get("cells") if isinstance(sheet, dict) else None
        for cell in cells if isinstance(cells, list) else []:
            if isinstance(cell, dict) and cell.get("cell_type") == "code":
                found.append(_joined(cell.get("source", cell.get("input", ""))))
    return found


def _joined(text: object) -> str:
    lines = text if isinstance(text, list) else [text]
    return "".join(line for line in lines if isinstance(line, str))


def _python(number: int, cell: str) -> str:
    """Return *cell* as Python, with as many lines; blank where it is another language."""
    lines = cell.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    magic = next((m for line in lines[:1] if (m := _CELL_MAGIC.match(line))), None)
    if magic is not None and magic[1] not in _TRANSPARENT:
        return "\n" * len(lines)
    plain = "\n".join(["pass", *lines[1:]] if magic is not None else lines)
    for text in (plain, _without_magics(plain)):
        try:
            ast.parse(text)
        except SyntaxError as error:
            problem = f"cell {number}: {error.msg} (line {error.lineno})"
        except (ValueError, RecursionError, MemoryError):
            problem = f"cell {number} cannot be parsed"
        else:
            return f"{text}\n"
    if any(needle.decode() in cell for needle in NEEDLES):
        raise _BrokenNotebook(problem)
    return "\n" * len(lines)


def _without_magics(text: str) -> str:
    found = []
    goes_on = False
    for line in text.split("\n"):
        magic = _LINE_MAGIC.match(line)
        if goes_on:
            goes_on = line.endswith("\\")
            found.append("")
        elif magic is not None:
            goes_on = line.endswith("\\")
            found.append(f"{magic[1]}pass")
        else:
            found.append(_ASSIGNED_MAGIC.sub(r"\1None", line))
    return "\n".join(found)
