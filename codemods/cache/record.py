"""One file of the cache: what a run looked at, and what it found there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codemods.cache import frame
from codemods.cache.frame import DamagedError
from codemods.cache.signature import WIDTH
from codemods.model.finding import Finding, Silenced
from codemods.model.frozen import Frozen
from codemods.model.outcome import Linted
from codemods.model.source import Span

if TYPE_CHECKING:
    from array import array
    from collections.abc import Mapping, Sequence

_CLEAN = 1


class Record(Frozen):
    """What a run looked at.

    ``paths`` are files, then (from ``count`` on) folders and other files that say which files a
    run has.  ``numbers`` are their signatures; ``clean`` has a byte for each file, 1 for one that
    holds none of the words that work begins with.  ``found`` are the findings of the run, None if
    they may not be told again.  ``listing`` is the one of the folder that the cache lies in, if
    the run walked it: what is written there changes its signature.  ``tool`` is the code that found
    all this: another may find something else.
    """

    paths: Sequence[str]
    numbers: array[int]
    count: int
    clean: bytes
    found: tuple[Linted, ...] | None = None
    listing: str = ""
    tool: str = ""

    def clean_files(self) -> Mapping[str, bytes]:
        """Return the signatures of the files without work in them, by path."""
        every = self.numbers.tobytes()
        return {
            path: every[at * WIDTH : (at + 1) * WIDTH]
            for at, (path, clean) in enumerate(zip(self.paths, self.clean, strict=False))
            if clean == _CLEAN
        }


def encoded(record: Record) -> bytes:
    """Return *record* as bytes."""
    found = None if record.found is None else [_told(one) for one in record.found]
    head = {
        "paths": len(record.paths),
        "files": record.count,
        "listing": record.listing,
        "found": found,
        "tool": record.tool,
    }
    return frame.joined((head, record.clean, record.numbers, record.paths))


def decoded(content: bytes) -> Record:
    """Return the record in *content*; raises DamagedError."""
    head, clean, numbers, paths = frame.parts_of(content)
    try:
        told, listing, tool = head["found"], str(head["listing"]), str(head["tool"])
        found = None if told is None else tuple(map(_linted, told))
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedError(f"it is no record: {error}") from None
    return Record(paths, numbers, int(head["files"]), clean, found, listing, tool)


def _told(one: Linted) -> list[Any]:
    silenced = [[silent.reason, *_fields(silent.finding)] for silent in one.silenced]
    return [one.path, [_fields(finding) for finding in one.findings], silenced]


def _fields(finding: Finding) -> list[Any]:
    span = finding.span
    place = [span.line, span.column, span.end_line, span.end_column]
    return [finding.code, *place, finding.message, finding.cell]


def _linted(told: Any) -> Linted:
    path, findings, silenced = told
    found = tuple(_finding(str(path), *one) for one in findings)
    silent = (Silenced(_finding(str(path), *one), str(reason)) for reason, *one in silenced)
    return Linted(str(path), found, tuple(silent))


def _finding(
    path: str, code: str, line: int, column: int, end: int, last: int, message: str, cell: int
) -> Finding:
    span = Span(int(line), int(column), int(end), int(last))
    return Finding(str(code), path, span, str(message), int(cell))
