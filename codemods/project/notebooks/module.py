"""The code cells of a notebook as one module, and what is said of it by cell and line.

Before each cell stands a line that marks its beginning, in the percent format that editors and
analysis know; no cell has that line itself.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from codemods.model.outcome import Failed
from codemods.model.source import SourceFile
from codemods.project.notebooks import cells, magics
from codemods.project.sources import digest

if TYPE_CHECKING:
    from pathlib import Path

    from codemods.model.source import Span
    from codemods.project.notebooks.cells import Notebook
    from codemods.project.notebooks.magics import Form

SUFFIX = ".ipynb"
_SAVE_AGAIN = "open and save it in Jupyter, or leave it out with `exclude`"


@dataclass(frozen=True, slots=True)
class Module:
    """A notebook and its code as Python: one text a cell, each with the line that marks it."""

    notebook: Notebook
    form: Form
    texts: tuple[str, ...]

    @property
    def text(self) -> str:
        """The whole module."""
        return "".join(self.texts)

    def marker(self, number: int) -> str:
        """Return the line that begins the cell with *number*, counted from 1."""
        return f"# %% {self.form.token} {number}\n"

    def place(self, span: Span) -> tuple[int, Span]:
        """Return the cell of *span*, counted from 1, and its place in that cell."""
        starts = [0]
        for text in self.texts:
            starts.append(starts[-1] + text.count("\n"))
        number = max(bisect_left(starts, span.line), 1)
        above = starts[number - 1] + 1
        moved = replace(span, line=span.line - above, end_line=span.end_line - above)
        return number, moved


def is_notebook(path: Path) -> bool:
    """Whether *path* is a notebook by its name."""
    return path.suffix == SUFFIX


@lru_cache(maxsize=1)
def module_of(content: bytes) -> Module:
    """Return the notebook in *content* as a module; raises BrokenNotebookError."""
    notebook = cells.read(content)
    sources = [one.text.replace("\r\n", "\n").replace("\r", "\n") for one in notebook.cells]
    form = magics.Form(digest(content)[:12], magics.names_of(sources))
    empty = Module(notebook, form, ())
    texts = [
        empty.marker(number) + magics.as_python(number, source, form)
        for number, source in enumerate(sources, start=1)
    ]
    return replace(empty, texts=tuple(texts))


def source(path: Path, display: str, content: bytes) -> SourceFile | Failed:
    """Return the code of the notebook *content* as one module."""
    try:
        text = module_of(content).text
    except cells.BrokenNotebookError as error:
        return Failed(display, "read", str(error), _SAVE_AGAIN)
    return SourceFile(path, display, content, text, "utf-8", False, "\n", digest(content))
