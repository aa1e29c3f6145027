"""A file as it was read, and places in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codemods.model.frozen import Frozen

if TYPE_CHECKING:
    from pathlib import Path


class Span(Frozen, order=True):
    """A place in a file: lines and columns count from 1, columns in characters, end exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


class SourceFile(Frozen):
    """One Python file as it was read.

    ``path`` is absolute; ``display`` is how reports name it (relative to the
    folder where the run was started, with forward slashes).  ``text`` is the
    decoded content without the byte order mark and with its newlines as they
    are in the file; ``encode`` turns an edited text back into bytes.
    """

    path: Path
    display: str
    content: bytes
    text: str
    encoding: str
    bom: bool
    newline: str
    digest: str

    def encode(self, text: str) -> bytes:
        """Return *text* as bytes of this file: same encoding, same byte order mark.

        Raises UnicodeEncodeError if the encoding cannot hold a character.
        """
        mark = b"\xef\xbb\xbf" if self.bom else b""
        return mark + text.encode(self.encoding)
