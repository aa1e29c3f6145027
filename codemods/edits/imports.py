"""Import statements that edits add, extend and shorten."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from codemods.edits.within_statement import with_import, without_import
from codemods.model.edit import AddImport, DropImport, Edit, ExtendImport

if TYPE_CHECKING:
    from codemods.edits.lines import Statement


def import_line(edit: AddImport) -> Statement:
    """Return the import that *edit* adds, with the newline of the file."""
    names = ", ".join(f"{name} as {alias}" if alias else name for name, alias in edit.names)
    line = cst.parse_statement(f"from {edit.module} import {names}")
    # The file's own newline, not the one of the text above.
    return line.with_changes(trailing_whitespace=cst.TrailingWhitespace())


def import_edited(node: Statement, edits: list[Edit]) -> Statement | None:
    """Return *node* with names added to its import or taken from it; None if nothing is left."""
    edited: Statement | None = node
    for edit in edits:
        if isinstance(edit, ExtendImport) and edited is not None:
            edited = with_import(edited, edit.names)
        elif isinstance(edit, DropImport) and edited is not None:
            edited = without_import(edited, edit.name)
    return edited


def gap_above(node: Statement) -> list[cst.EmptyLine]:
    """Return the blank lines between an import block and *node*."""
    if isinstance(node, cst.SimpleStatementLine) and isinstance(
        node.body[0], cst.Import | cst.ImportFrom
    ):
        return []
    definition = isinstance(node, cst.FunctionDef | cst.ClassDef)
    return [cst.EmptyLine(indent=False)] * (2 if definition else 1)
