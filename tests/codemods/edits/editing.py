"""Edits made as the tools make them: a text, edits at places of its tree, and the text after."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.edits.apply import apply
from codemods.edits.style import Style

if TYPE_CHECKING:
    from codemods.model.edit import Edit, Path


def at(*indices: int, field: str = "body") -> Path:
    """Return the place of a statement, by its index in each suite from the module down."""
    return tuple((field, index) for index in indices)


def edited(
    text: str, *edits: Edit, newline: str = "\n", indent: str = "    ", line_length: int = 88
) -> str:
    """Return *text* with *edits* made."""
    lines = text.splitlines(keepends=True)
    return apply(ast.parse(text), lines, edits, Style(newline, indent, line_length))
