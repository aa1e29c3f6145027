"""The texts that are open in the editor, which count before the disk."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol.types import TextDocumentContentChangePartial
from pygls.uris import to_fs_path

from codemods.findings.texts import may_be_told_of
from codemods.project.sources import encode
from codemods.server.texts.functions import functions_of
from codemods.server.texts.positions import MARK, Lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lsprotocol.types import TextDocumentContentChangeEvent, TextDocumentItem


@dataclass(frozen=True, eq=False)
class Document:
    """A text as it is in one version; nobody changes it, and no other is equal to it."""

    uri: str
    path: Path
    version: int
    text: str
    encoding: str
    _lines: Lines | None = field(default=None, repr=False)

    @cached_property
    def lines(self) -> Lines:
        """The text by its lines."""
        return Lines(self.text, self.encoding) if self._lines is None else self._lines

    @cached_property
    def content(self) -> bytes:
        """The text as it would be saved."""
        return encode(self.text)

    @cached_property
    def functions(self) -> tuple[tuple[int, int], ...]:
        """The first and the last line of each function in it."""
        return functions_of(self.text.removeprefix(MARK))

    @cached_property
    def is_asked_about(self) -> bool:
        """Whether there may be anything to tell of it."""
        return may_be_told_of(self.content)

    def changed(self, version: int, changes: Sequence[TextDocumentContentChangeEvent]) -> Document:
        """Return the text with *changes*, made one after the other."""
        lines = self.lines
        for change in changes:
            if isinstance(change, TextDocumentContentChangePartial):
                lines = lines.replaced(change.range, change.text)
            else:
                lines = Lines(change.text, self.encoding)
        return Document(self.uri, self.path, version, lines.text, self.encoding, lines)


@dataclass
class Documents:
    """The open texts by their addresses; columns are counted in units of ``encoding``."""

    encoding: str = "utf-16"
    _open: dict[str, Document] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Document]:
        """Return what goes through all that are open now."""
        return iter(tuple(self._open.values()))

    def get(self, uri: str) -> Document | None:
        """Return the text at *uri*, None if it is not open, or no file of Python."""
        return self._open.get(uri)

    def is_current(self, document: Document) -> bool:
        """Whether *document* is what is open, and no text of before."""
        return self._open.get(document.uri) is document

    def open(self, item: TextDocumentItem) -> None:
        """Take in the text *item*, if it is a file of Python."""
        path = to_fs_path(item.uri)
        if path is not None and item.language_id == "python":
            plain = Path(os.path.normpath(path))
            new = Document(item.uri, plain, item.version, item.text, self.encoding)
            self._open[item.uri] = new

    def change(
        self, uri: str, version: int, changes: Sequence[TextDocumentContentChangeEvent]
    ) -> None:
        """Change the text at *uri*, if it is known."""
        known = self._open.get(uri)
        if known is not None:
            self._open[uri] = known.changed(version, changes)

    def close(self, uri: str) -> None:
        """Forget the text at *uri*: the disk counts again."""
        self._open.pop(uri, None)
