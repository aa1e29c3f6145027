"""Counting the versions of a file one after the other: of each only what is new is parsed.

A text is taken apart into chunks, each a statement of the module and the lines above it that belong
to none.  Where another version begins and ends with some of these, the lines between are parsed by
themselves: if they are whole statements, the text is these chunks, and no other program.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as api
from codemods.burndown.counting import counts_of_part, of_content
from codemods.burndown.records import NOTHING, Counts

if TYPE_CHECKING:
    from collections.abc import Sequence

    #: Each chunk with what it has; None where the rest of the file decides on that.
    Chunks = tuple[tuple[str, Counts | None], ...]

#: What a chunk holds of which anything is counted.
_COUNTED = (api.SET_CALL, *api.CONTEXT_MANAGERS, api.TRACKED_DECORATOR)
#: What is counted by what else the file says.
_BY_THE_WHOLE = api.OLDER_SET_CALL.encode()
#: With these a text is read, or parted into lines, in ways of its own.
_ODD = (b"\r", b"\f", b"\0", b"coding", _BY_THE_WHOLE)
_NO_PYTHON = (SyntaxError, ValueError, RecursionError, MemoryError)


class Versions:
    """What is known of the versions that were counted: the last one of each file."""

    def __init__(self) -> None:
        self._chunks: dict[str, Chunks] = {}

    def counts(self, content: bytes, path: str) -> Counts:
        """Return what the file *path* has in a version, as ``of_content`` does."""
        is_plain = path.endswith(".py") and content.isascii()
        if not is_plain or any(odd in content for odd in _ODD):
            return of_content(content, path)
        chunks = _chunks_of(content.decode(), self._chunks.get(path, ()))
        if chunks is None:
            return of_content(content, path)
        self._chunks[path] = chunks
        found = NOTHING
        for _, counts in chunks:
            if counts is None:
                return of_content(content, path)
            if counts is not NOTHING:
                found += counts
        return found


def _chunks_of(text: str, known: Chunks) -> Chunks | None:
    """Return the chunks of *text*, some of which may be *known*; None where it is no Python."""
    first, start = 0, 0
    for chunk, _ in known:
        if not (chunk.endswith("\n") and text.startswith(chunk, start)):
            break
        first, start = first + 1, start + len(chunk)
    last, end = len(known), len(text)
    while last > first and text.endswith(known[last - 1][0], start, end):
        last, end = last - 1, end - len(known[last - 1][0])
    between = text[start:end]
    is_whole = between.endswith("\n") or not between or end == len(text)
    parts = _parted(between) if is_whole else None
    if parts is not None:
        return (*known[:first], *parts, *known[last:])
    return _parted(text) if known else None


def _parted(text: str) -> Chunks | None:
    """Return the chunks of *text*, None where it is no Python, or ends a line in an odd way."""
    try:
        statements = ast.parse(text).body
    except _NO_PYTHON:
        return None
    lines = text.split("\n")
    chunks: list[tuple[str, Counts | None]] = []
    start = 0
    for part in _together(statements):
        end = part[-1].end_lineno or part[-1].lineno
        chunk = "\n".join(lines[start:end]) + "\n" * (end < len(lines))
        speaks = any(word in chunk for word in _COUNTED)
        chunks.append((chunk, counts_of_part(part) if speaks else NOTHING))
        start = end
    chunks.append(("\n".join(lines[start:]), NOTHING))
    if any(chunk.rstrip().endswith("\\") for chunk, _ in chunks):
        return None
    return tuple(one for one in chunks if one[0])


def _together(statements: Sequence[ast.stmt]) -> list[list[ast.stmt]]:
    """Return *statements*, those that share a line together."""
    found: list[list[ast.stmt]] = []
    for one in statements:
        if found and found[-1][-1].end_lineno == one.lineno:
            found[-1].append(one)
        else:
            found.append([one])
    return found
