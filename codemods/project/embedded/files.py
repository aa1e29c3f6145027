"""Which files hold code in another text, and what becomes of each."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from codemods.model.outcome import Failed
from codemods.model.source import SourceFile
from codemods.project.embedded import docstrings, outcomes
from codemods.project.embedded.grammars import markdown, restructured
from codemods.project.embedded.text import document
from codemods.project.notebooks import module as notebooks
from codemods.project.notebooks.document import document_of
from codemods.project.sources import decode, digest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from codemods.model.outcome import FileOutcome
    from codemods.project.embedded.outcomes import Document, Rewriting
    from codemods.project.embedded.text import TextDocument

    Work = Callable[[SourceFile], FileOutcome]

_GRAMMARS = {".md": markdown, ".markdown": markdown, ".rst": restructured}
_MARK = b"\xef\xbb\xbf"


def is_document(path: Path) -> bool:
    """Whether the file *path* is no Python, and holds some."""
    return notebooks.is_notebook(path) or path.suffix in _GRAMMARS


def load(path: Path, display: str, content: bytes) -> SourceFile | Failed:
    """Return the code of a file with *content*; of a document all of it as one module."""
    if notebooks.is_notebook(path):
        return notebooks.source(path, display, content)
    if path.suffix not in _GRAMMARS:
        return decode(path, display, content)
    try:
        text = _page(content, path.suffix).text
    except UnicodeDecodeError as error:
        message = f"byte 0x{content[error.start]:02x} is not UTF-8"
        return Failed(display, "read", message, "Save the file as UTF-8, or leave it out.")
    bom = content.startswith(_MARK)
    return SourceFile(path, display, content, text, "utf-8", bom, "\n", digest(content))


def linted(source: SourceFile, work: Work, *, examples: bool) -> FileOutcome:
    """Return what *work* finds in *source*; with *examples* also in its docstrings."""
    if is_document(source.path):
        return outcomes.linted(_document(source), source, work)
    outcome = work(source)
    return docstrings.linted(source, outcome, work) if examples else outcome


def migrated(source: SourceFile, work: Rewriting, *, examples: bool) -> FileOutcome:
    """Return what *work* makes of *source*; with *examples* also of its docstrings.

    *work* is given code, and the document that it stands in, None for a Python file.
    """
    if is_document(source.path):
        return outcomes.migrated(_document(source), source, work)
    outcome = work(source, None)
    return docstrings.migrated(source, outcome, work) if examples else outcome


def _document(source: SourceFile) -> Document:
    if notebooks.is_notebook(source.path):
        return document_of(source.content)
    return _page(source.content, source.path.suffix)


@lru_cache(maxsize=1)
def _page(content: bytes, suffix: str) -> TextDocument:
    return document(content.removeprefix(_MARK).decode(), _GRAMMARS[suffix], digest(content)[:12])
