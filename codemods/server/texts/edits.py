"""What turns one text into another, in as few lines as can be."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from lsprotocol.types import (
    OptionalVersionedTextDocumentIdentifier,
    Range,
    TextDocumentEdit,
    TextEdit,
    WorkspaceEdit,
)

from codemods.server.texts.positions import split

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codemods.server.texts.documents import Document


def text_edits(document: Document, after: str) -> list[TextEdit]:
    """Return what makes of *document* the text *after*: whole lines that differ, and no others."""
    old, new = split(document.text), split(after)
    first = _same(old, new)
    last = _same(old[first:][::-1], new[first:][::-1])
    changed_old, changed_new = old[first : len(old) - last], new[first : len(new) - last]
    lines = document.lines
    edits = []
    for kind, a, b, c, d in SequenceMatcher(None, changed_old, changed_new, False).get_opcodes():
        if kind == "equal":
            continue
        start, end = a + first, b + first
        places = [
            lines.position(line, 0) if line < len(old) else lines.end for line in (start, end)
        ]
        edits.append(TextEdit(Range(*places), "".join(changed_new[c:d])))
    return edits


def _same(one: list[str], other: list[str]) -> int:
    """Return how many lines are the same at the beginning."""
    pairs = zip(one, other, strict=False)
    different = (at for at, (a, b) in enumerate(pairs) if a != b)
    return next(different, min(len(one), len(other)))


def edits_of(changes: Sequence[tuple[Document, str]], *, versioned: bool) -> WorkspaceEdit:
    """Return what changes each of some documents to the text beside it.

    If *versioned*, in their versions and no others.
    """
    edits = [(document, text_edits(document, after)) for document, after in changes]
    if not versioned:
        return WorkspaceEdit(changes={document.uri: found for document, found in edits})
    return WorkspaceEdit(
        document_changes=[
            TextDocumentEdit(
                OptionalVersionedTextDocumentIdentifier(document.uri, document.version), [*found]
            )
            for document, found in edits
        ]
    )
