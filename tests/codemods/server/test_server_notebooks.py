"""Notebooks in the language server: their code is one module, each cell has its own findings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from editor_client import editor, play
from lsprotocol import types as lsp

from codemods import migrate

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


READ = """def read(text):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="🧀 ü")
    return ask("😀", tracker=tracker)


def write(text):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="write-1")
    return ask(text, tracker=tracker)
"""
CALL = """%time x = 1
def call(text):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="call-1")
    return ask(text, tracker=tracker)"""
ALL = "Migrate all of this notebook"


def migrated(start: Path, *sources: str) -> list[str]:
    """Return the cells that the command makes of a notebook."""
    kinds = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    cells = [{**kinds, "source": source.splitlines(keepends=True)} for source in sources]
    path = start / "command.ipynb"
    form = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    path.write_text(json.dumps(form))
    migrate.main(["--quiet", str(path)])
    written = json.loads(path.read_text())["cells"]
    path.unlink()
    return ["".join(cell["source"]) for cell in written]


@pytest.mark.parametrize("resolving", [False, True])
def test_what_is_offered_in_a_cell_is_what_migrate_makes(start: Path, resolving: bool) -> None:
    """One place, or all cells of the notebook: magics stay, and each cell has its own edits."""
    sources = (IMPORT, READ, CALL)
    expected = migrated(start, *sources)
    assert expected != list(sources)

    async def scenario() -> None:
        async with editor(start, resolving=resolving) as mine:
            book = Cells(mine, start / "a.ipynb")
            book.open(*sources)
            for number, source in enumerate(sources):
                mine.texts[book.cell(number)] = (1, source)
                await mine.diagnostics(book.cell(number))
            actions = await mine.actions(book.cell(1), "AIUsageTracker()", "quickfix")
            assert [*actions] == ["Migrate this place", "Silence AIU001 here, by a comment", ALL]
            edit = await edit_of(mine, actions[ALL])
            assert [mine.edited(book.cell(n), edit) for n in range(3)] == expected
            edit = await edit_of(mine, actions["Migrate this place"])
            first, second, third = (mine.edited(book.cell(n), edit) for n in range(3))
            assert first.startswith("from tracker.ai_usage_context import")
            half = READ.index("def write")
            assert second == expected[1][: expected[1].index("def write")] + READ[half:]
            assert third == CALL
            edit = await edit_of(mine, actions["Silence AIU001 here, by a comment"])
            silenced = mine.edited(book.cell(1), edit)
            assert silenced.splitlines()[1].endswith("silenced in the editor")
            assert mine.edited(book.cell(2), edit) == CALL

    play(scenario)


async def edit_of(mine: Editor, action: lsp.CodeAction) -> lsp.WorkspaceEdit:
    """Return the edit of *action*, asked for where it is not there yet."""
    if action.edit is None:
        action = await mine.client.code_action_resolve_async(action)
    assert action.edit is not None
    return action.edit


def test_nothing_is_offered_where_cells_share_a_tracker(start: Path) -> None:
    """Cells run in any order: such a life is for a person, of which a hover tells."""
    built, used = "tracker = AIUsageTracker()\n", "ask(tracker)\n"

    async def scenario() -> None:
        async with editor(start) as mine:
            book = Cells(mine, start / "a.ipynb")
            book.open(IMPORT + built, used, "x = 1\n")
            for number, source in enumerate((IMPORT + built, used, "x = 1\n")):
                mine.texts[book.cell(number)] = (1, source)
            actions = await mine.actions(book.cell(0), "AIUsageTracker()", "quickfix")
            assert [*actions] == ["Silence AIU001 here, by a comment"]
            assert await mine.actions(book.cell(2), "x") == {}
            assert "Needs a person" in str(await mine.hover(book.cell(0), "AIUsageTracker()"))
            assert await mine.hover(book.cell(2), "x") is None

    play(scenario)


def test_an_action_of_an_earlier_notebook_has_no_edit(start: Path) -> None:
    """Another cell may have changed what the edit is made of."""

    async def scenario() -> None:
        async with editor(start, resolving=True) as mine:
            book = Cells(mine, start / "a.ipynb")
            book.open(IMPORT, CALL, "x = 1\n")
            mine.texts[book.cell(1)] = (1, CALL)
            action = (await mine.actions(book.cell(1), "AIUsageTracker()", "quickfix"))[ALL]
            about = lsp.VersionedTextDocumentIdentifier(2, book.cell(2))
            whole = lsp.TextDocumentContentChangeWholeDocument("call = None\n")
            text = lsp.NotebookDocumentCellContentChanges(about, [whole])
            book.change(lsp.NotebookDocumentCellChanges(text_content=[text]))
            await mine.diagnostics(book.cell(2), 2)
            assert (await mine.client.code_action_resolve_async(action)).edit is None

    play(scenario)
