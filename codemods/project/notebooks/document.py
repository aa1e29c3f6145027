"""A notebook as a document: its cells are one module, and places are those of a cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods.project.notebooks.module import Module, module_of
from codemods.project.notebooks.rewriting import cells_of, rewritten

if TYPE_CHECKING:
    from codemods.model.source import Span


@dataclass(frozen=True, slots=True)
class NotebookDocument:
    """A notebook; cells of another language are no part of it."""

    module: Module
    unread: tuple[Span, ...] = ()

    @property
    def text(self) -> str:
        """The code as one module."""
        return self.module.text

    @property
    def skipped(self) -> str:
        """Why nothing is looked at."""
        kernel = self.module.notebook.kernel
        return f"its kernel runs {kernel}, and no Python" if kernel else ""

    def place(self, span: Span) -> tuple[int, Span]:
        """Return the cell of *span*, counted from 1, and its place in that cell."""
        return self.module.place(span)

    def rewritten(self, text: str) -> str | None:
        """Return the notebook whose code is to be *text*, None if it cannot hold that."""
        return rewritten(self.module, text)

    def shown(self, text: str) -> str | None:
        """Return what a reader sees of the notebook then: its code cells, one below the other."""
        found = cells_of(self.module, text)
        if found is None:
            return None
        return "".join(f"# cell {number}\n{code}\n" for number, code in enumerate(found, 1))


def document_of(content: bytes) -> NotebookDocument:
    """Return the notebook in *content*; raises BrokenNotebookError."""
    return NotebookDocument(module_of(content))
