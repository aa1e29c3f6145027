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


def workspace_edit(document: Document, after: str, *, versioned: bool) -> WorkspaceEdit:
    """Return what changes *document* to *after*; if *versioned*, in its version and no other."""
    edits = text_edits(document, after)
    if not versioned:
        return WorkspaceEdit(changes={document.uri: edits})
    about = OptionalVersionedTextDocumentIdentifier(document.uri, document.version)
    return WorkspaceEdit(document_changes=[TextDocumentEdit(about, [*edits])])
