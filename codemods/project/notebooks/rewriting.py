"""Rewritten code put back into the cells of its notebook: all other bytes stay as they are."""

from __future__ import annotations

import json
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from codemods.project.notebooks import magics, places

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codemods.project.notebooks.cells import Cell
    from codemods.project.notebooks.module import Module


def rewritten(module: Module, text: str) -> str | None:
    """Return the text of the notebook whose code is to be *text*, None if it cannot hold it.

    Cells whose code is what it was keep their sources as they are written.
    """
    codes = cells_of(module, text)
    if codes is None:
        return None
    raw = module.notebook.text
    for cell, code in reversed(list(zip(module.notebook.cells, codes, strict=True))):
        if code != cell.text:
            written = _source(raw[cell.start : cell.stop], cell, code)
            raw = raw[: cell.start] + written + raw[cell.stop :]
    return raw


def cells_of(module: Module, text: str) -> list[str] | None:
    """Return the source of each cell of the notebook whose code is to be *text*.

    None if it cannot hold that.
    """
    parts = _parts(module, text)
    if parts is None:
        return None
    found: list[str] = []
    for cell, before, after in zip(module.notebook.cells, module.texts, parts, strict=True):
        if after == before.partition("\n")[2]:
            found.append(cell.text)
            continue
        code = magics.restored(after.removesuffix("\n"), cell.text, module.form)
        if code is None or "\r" in cell.text:
            return None
        found.append(code)
    return found


def _parts(module: Module, text: str) -> list[str] | None:
    """Return the code of each cell in *text*, None if the cells do not begin as they did."""
    parts: list[str] = []
    rest = text
    for number in range(len(module.texts), 0, -1):
        rest, marker, part = rest.rpartition(module.marker(number))
        if not marker or (rest and not rest.endswith("\n")):
            return None
        parts.append(part)
    return parts[::-1] if not rest else None


def _source(raw: str, cell: Cell, code: str) -> str:
    """Return *code* as the JSON value that takes the place of *raw*, the source of *cell*."""
    if not raw.startswith("["):
        return _quoted(code, raw)
    spans = list(places.elements(raw, 0))
    lines = code.splitlines(keepends=True)
    old = [json.loads(raw[slice(*span)]) for span in spans]
    if not spans or "".join(old) != cell.text:
        return json.dumps(lines)
    unchanged = _unchanged(old, lines)
    written = [
        raw[slice(*spans[unchanged[i]])] if i in unchanged else _quoted(line, raw)
        for i, line in enumerate(lines)
    ]
    between = raw[spans[0][1] : spans[1][0]] if len(spans) > 1 else _between(raw, spans[0])
    return raw[: spans[0][0]] + between.join(written) + raw[spans[-1][1] :]


def _between(raw: str, only: tuple[int, int]) -> str:
    """Return what stands between two lines of a list that has *only* one."""
    return f",{raw[1 : only[0]]}" if only[0] > 1 else ", "


def _unchanged(old: Sequence[str], new: Sequence[str]) -> dict[int, int]:
    """Return for the lines of *new* that are lines of *old* which ones they are."""
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return {
        block.b + offset: block.a + offset
        for block in matcher.get_matching_blocks()
        for offset in range(block.size)
    }


def _quoted(text: str, beside: str) -> str:
    """Return *text* as a JSON string, with escapes for letters only if *beside* has them."""
    return json.dumps(text, ensure_ascii="\\u" in beside and beside.isascii())
