"""The code cells of a notebook, and where their sources stand in its text."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codemods.project.notebooks import places

if TYPE_CHECKING:
    from collections.abc import Iterator

_PYTHONS = frozenset({"python", "ipython", "python3", "ipython3"})


class BrokenNotebookError(Exception):
    """The bytes are no notebook, or a cell with legacy names is no Python; the message says why."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A code cell: its text, and begin and end of its source in the text of the notebook."""

    text: str
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Notebook:
    """The text of a notebook with its code cells, none where its ``kernel`` is not Python's."""

    text: str
    cells: tuple[Cell, ...]
    kernel: str = ""


def read(content: bytes) -> Notebook:
    """Return the notebook in *content*; raises BrokenNotebookError."""
    try:
        text = content.decode("utf-8-sig")
        document: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BrokenNotebookError(f"the notebook is no valid JSON: {error}") from None
    if not isinstance(document, dict):
        raise BrokenNotebookError("the file is JSON, and no notebook")
    kernel = _other_kernel(document)
    if kernel:
        return Notebook(text, (), kernel)
    return Notebook(text, tuple(_cells(text, document)))


def _other_kernel(document: dict[str, Any]) -> str:
    """Return the language of the notebook's kernel, "" for Python and where it is not said."""
    metadata = document.get("metadata")
    for group, key in (("kernelspec", "language"), ("language_info", "name")):
        inner = metadata.get(group) if isinstance(metadata, dict) else None
        language = inner.get(key) if isinstance(inner, dict) else None
        if isinstance(language, str) and language.strip():
            return "" if language.strip().lower() in _PYTHONS else language
    return ""


def _cells(text: str, document: dict[str, Any]) -> Iterator[Cell]:
    start = places.first(text)
    # The third format keeps its cells in worksheets, and their code under another name.
    sheets = (
        [start] if "cells" in document else _inside(text, places.member(text, start, "worksheets"))
    )
    for sheet in sheets:
        for at in _inside(text, places.member(text, sheet, "cells")):
            kind = places.member(text, at, "cell_type")
            source = places.member(text, at, "source") or places.member(text, at, "input")
            if kind is None or source is None or json.loads(text[slice(*kind)]) != "code":
                continue
            yield Cell(_joined(json.loads(text[slice(*source)])), *source)


def _inside(text: str, value: tuple[int, int] | None) -> list[int]:
    """Return where the elements of the array *value* begin, none where it is no array."""
    return [begin for begin, _ in places.elements(text, value[0])] if value is not None else []


def _joined(text: object) -> str:
    lines = text if isinstance(text, list) else [text]
    return "".join(line for line in lines if isinstance(line, str))
