"""Notebooks that are open: their code is one module, and each cell is told of what stands in it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.uris import to_fs_path

from codemods.server.diagnostics import diagnostics_in, failures_of, findings_of
from codemods.server.texts.documents import Document

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pygls.workspace import Workspace

    from codemods.model.outcome import RunReport

#: Which notebooks are sent.  Cells alone could not be read by clients of the same library.
SYNC = types.NotebookDocumentSyncOptions(
    [
        types.NotebookDocumentFilterWithNotebook(
            notebook="jupyter-notebook", cells=[types.NotebookCellLanguage("python")]
        )
    ]
)


@dataclass(frozen=True, eq=False)
class Notebook:
    """A notebook as it is in one version: as a file would have it, and its code cells by order."""

    whole: Document
    cells: Sequence[Document]

    def told(self, report: RunReport) -> Iterator[tuple[Document, list[types.Diagnostic]]]:
        """Yield each cell with what *report* tells of it; the first one has what failed."""
        findings = findings_of(report)
        for number, cell in enumerate(self.cells, 1):
            found = diagnostics_in(cell, [one for one in findings if one.cell == number])
            yield cell, [*found, *(failures_of(report) if number == 1 else ())]


def opened(workspace: Workspace, uri: str, encoding: str) -> Notebook | None:
    """Return the notebook at *uri* as it is now, None if it is no file, or not open."""
    known = workspace.get_notebook_document(notebook_uri=uri)
    place = to_fs_path(uri)
    if known is None or place is None:
        return None
    path = Path(os.path.normpath(place))
    cells = []
    for cell in known.cells:
        if cell.kind == types.NotebookCellKind.Code:
            text = workspace.get_text_document(cell.document)
            version = text.version or 0
            cells.append(Document(cell.document, path, version, text.source, encoding))
    content = _content([cell.text for cell in cells])
    return Notebook(Document(uri, path, known.version, content, encoding), cells)


def _content(sources: Sequence[str]) -> str:
    """Return a notebook with code cells of *sources*, as a file would have it."""
    cells: list[dict[str, object]] = [
        {
            "cell_type": "code",
            "execution_count": None,
            "metadata": {},
            "outputs": [],
            "source": source.splitlines(keepends=True),
        }
        for source in sources
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4})


def sources_of(content: str) -> list[str]:
    """Return the code cells of a notebook that ``_content`` has made, and something has changed."""
    return ["".join(cell["source"]) for cell in json.loads(content)["cells"]]
