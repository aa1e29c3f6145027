"""What an editor asks about: a text, or a cell of a notebook, which is analysed as a whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from codemods.server.notebooks import sources_of
from codemods.server.texts.edits import edits_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lsprotocol.types import WorkspaceEdit

    from codemods.model.finding import Finding
    from codemods.server.notebooks import Notebook
    from codemods.server.texts.documents import Document


@dataclass(frozen=True)
class Target:
    """The text that is asked about, and the *whole* that it is analysed in.

    Of a cell ``number`` counts from 1, as findings do, and ``cells`` are all of its notebook.
    """

    text: Document
    whole: Document
    number: int = 0
    cells: Sequence[Document] = field(default=())

    @classmethod
    def of_cell(cls, uri: str, notebook: Notebook) -> Target | None:
        """Return the cell at *uri*, None if it is none of *notebook*."""
        for number, cell in enumerate(notebook.cells, 1):
            if cell.uri == uri:
                return cls(cell, notebook.whole, number, notebook.cells)
        return None

    def has(self, finding: Finding) -> bool:
        """Whether *finding* is in the text that is asked about."""
        return finding.cell == self.number

    def edit(self, after: str, *, versioned: bool) -> WorkspaceEdit:
        """Return what makes *after* of the whole; if *versioned*, of these versions only."""
        if not self.number:
            return edits_of([(self.text, after)], versioned=versioned)
        pairs = zip(self.cells, sources_of(after), strict=True)
        changed = [(cell, source) for cell, source in pairs if cell.text != source]
        return edits_of(changed, versioned=versioned)
