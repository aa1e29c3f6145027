"""Files without legacy code that lie beside legacy files, and what is wrong with them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.model.outcome import Failed
from codemods.project.embedded.files import is_document
from codemods.project.sources import decode, read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codemods.model.source import SourceFile
    from codemods.project.discovery import DiscoveredFile


def unreadable_neighbours(
    candidates: Sequence[SourceFile], others: Sequence[DiscoveredFile]
) -> list[Failed]:
    """Return the broken files beside the candidates: they may use what a rewrite changes.

    Files of folders without legacy code are not parsed; that would cost a
    hundred times the search for it.
    """
    folders = {source.path.parent for source in candidates}
    found = []
    for file in others:
        if file.path.parent in folders and not is_document(file.path):
            problem = _problem(file)
            if problem is not None:
                found.append(problem)
    return found


def _problem(file: DiscoveredFile) -> Failed | None:
    content = read(file)
    loaded = content if isinstance(content, Failed) else decode(file.path, file.display, content)
    if isinstance(loaded, Failed):
        return loaded
    try:
        ast.parse(loaded.text)
    except SyntaxError as error:
        return unparsable(loaded, error)
    except (RecursionError, MemoryError):
        return None  # too deep for this check only: nothing is known to be wrong with it
    return None


def unparsable(source: SourceFile, error: SyntaxError) -> Failed:
    """Return the failure of a file that is no Python of this version."""
    line = f" (line {error.lineno})" if error.lineno else ""
    advice = "correct the syntax, or run with the Python version that the file is written for"
    return Failed(source.display, "parse", f"{error.msg}{line}", advice)
