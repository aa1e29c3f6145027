"""Notebooks in the language server: their code is one module, each cell has its own findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from editor_client import editor, play
from lsprotocol import types as lsp

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from editor_client import Editor

IMPORT = "from tracker.ai_usage_tracker import AIUsageTracker\n"
MAGIC = "%time x = 1\n"
USE = '"\U0001f600"; tracker = AIUsageTracker()\nask(tracker)\n'


@pytest.fixture
def start(tmp_path: Path) -> Path:
    """Return the folder of a project."""
    folder = tmp_path.resolve()
    (folder / "pyproject.toml").write_text("[tool.ai-usage]\n")
    return folder


class Cells:
    """A notebook that an editor has open."""

    def __init__(self, mine: Editor, path: Path) -> None:
        self._mine = mine
        self._uri = path.as_uri()
        self._version = 1
        self._about = lsp.VersionedNotebookDocumentIdentifier(1, self._uri)

    def cell(self, number: int) -> str:
        """Return the address of a cell."""
        return f"vscode-notebook-cell:{self._uri.removeprefix('file:')}#{number}"

    def open(self, *sources: str) -> None:
        """Open a notebook with code cells of *sources*."""
        kind = lsp.NotebookCellKind.Code
        cells = [lsp.NotebookCell(kind, self.cell(n)) for n in range(len(sources))]
        texts = [
            lsp.TextDocumentItem(self.cell(n), "python", 1, text) for n, text in enumerate(sources)
        ]
        book = lsp.NotebookDocument(self._uri, "jupyter-notebook", 1, cells)
        params = lsp.DidOpenNotebookDocumentParams(book, texts)
        self._mine.client.notebook_document_did_open(params)

    def change(self, change: lsp.NotebookDocumentCellChanges) -> None:
        """Change the notebook."""
        self._version += 1
        about = lsp.VersionedNotebookDocumentIdentifier(self._version, self._uri)
        event = lsp.NotebookDocumentChangeEvent(cells=change)
        params = lsp.DidChangeNotebookDocumentParams(about, event)
        self._mine.client.notebook_document_did_change(params)

    def close(self, count: int) -> None:
        """Close the notebook of *count* cells."""
        texts = [lsp.TextDocumentIdentifier(self.cell(n)) for n in range(count)]
        about = lsp.NotebookDocumentIdentifier(self._uri)
        params = lsp.DidCloseNotebookDocumentParams(about, texts)
        self._mine.client.notebook_document_did_close(params)


def codes(found: Sequence[lsp.Diagnostic]) -> list[object]:
    """Return the codes of *found*."""
    return [one.code for one in found]


def test_each_cell_is_told_of_what_stands_in_it(start: Path) -> None:
    """Cells are one module, magics are none, and columns are counted as the editor does."""

    async def scenario() -> None:
        async with editor(start) as mine:
            book = Cells(mine, start / "a.ipynb")
            book.open(IMPORT, MAGIC, USE)
            assert codes(await mine.diagnostics(book.cell(0))) == ["AIU003"]
            assert codes(await mine.diagnostics(book.cell(1))) == []
            (found,) = await mine.diagnostics(book.cell(2))
            assert found.code == "AIU001"
            assert found.range.start == mine.position(USE, USE.index("AIUsage"))
            about = lsp.VersionedTextDocumentIdentifier(2, book.cell(2))
            whole = lsp.TextDocumentContentChangeWholeDocument("ask(1)\n")
            text = lsp.NotebookDocumentCellContentChanges(about, [whole])
            book.change(lsp.NotebookDocumentCellChanges(text_content=[text]))
            assert codes(await mine.diagnostics(book.cell(0))) == []
            assert codes(await mine.diagnostics(book.cell(2), 2)) == []

    play(scenario)


def test_what_is_gone_has_nothing_told_of_it(start: Path) -> None:
    """A cell that was taken out, and a notebook that was closed, are forgotten."""

    async def scenario() -> None:
        async with editor(start) as mine:
            book = Cells(mine, start / "a.ipynb")
            book.open(IMPORT, USE)
            assert codes(await mine.diagnostics(book.cell(1))) == ["AIU001"]
            array = lsp.NotebookCellArrayChange(1, 1, [])
            closed = [lsp.TextDocumentIdentifier(book.cell(1))]
            structure = lsp.NotebookDocumentCellChangeStructure(array, did_close=closed)
            book.change(lsp.NotebookDocumentCellChanges(structure=structure))
            assert codes(await mine.diagnostics(book.cell(1), None)) == []
            book.close(1)
            assert codes(await mine.diagnostics(book.cell(0), None)) == []

    play(scenario)
