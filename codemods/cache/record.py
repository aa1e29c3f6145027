"""One file of the cache: what a run looked at, and what it found there.

Everything in it may be damaged, of another version, or made by somebody else: it is read as data
of a bounded size with a checksum, and what is wrong with it makes it nothing.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codemods.cache.signature import NUMBERS, WIDTH
from codemods.model.finding import Finding
from codemods.model.outcome import Linted
from codemods.model.source import Span

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Of a record in bytes: of 500,000 files, about.
LARGEST = 64 << 20
_MAGIC = b"ai-usage cache 1\n"
_DIGEST = 32
_CLEAN = 1


class DamagedError(ValueError):
    """The bytes are no record of this version."""


@dataclass(frozen=True, slots=True)
class Record:
    """What a run looked at.

    ``paths`` are files, then (from ``count`` on) folders and other files that say which files a
    run has.  ``numbers`` are their signatures; ``clean`` has a byte for each file, 1 for one that
    holds none of the words that work begins with.  ``found`` are the findings of the run, None if
    they may not be told again.  ``listing`` is the one of the folder that the cache lies in, if
    the run walked it: what is written there changes its signature.
    """

    paths: Sequence[str]
    numbers: array[int]
    count: int
    clean: bytes
    found: tuple[Linted, ...] | None = None
    listing: str = ""

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
    paths = "\0".join(record.paths).encode("utf-8", "surrogateescape")
    found = None if record.found is None else [_told(one) for one in record.found]
    head = {
        "paths": len(record.paths),
        "files": record.count,
        "listing": record.listing,
        "found": found,
    }
    parts = (
        json.dumps(head, separators=(",", ":")).encode() + b"\n",
        record.clean,
        record.numbers.tobytes(),
        paths,
    )
    body = b"".join(parts)
    return _MAGIC + _checksum(body) + body


def decoded(content: bytes) -> Record:
    """Return the record in *content*; raises DamagedError."""
    start = len(_MAGIC) + _DIGEST
    body = memoryview(content)[start:]
    if not content.startswith(_MAGIC) or content[len(_MAGIC) : start] != _checksum(body):
        raise DamagedError("it is damaged, or of another version")
    try:
        line = content.index(b"\n", start)
        head: dict[str, Any] = json.loads(content[start:line])
        count, files = int(head["paths"]), int(head["files"])
        clean = content[line + 1 : line + 1 + files]
        numbers = array("q")
        at = line + 1 + files
        numbers.frombytes(content[at : at + count * WIDTH])
        paths = content[at + count * WIDTH :].decode("utf-8", "surrogateescape").split("\0")
        told, listing = head["found"], str(head["listing"])
        found = None if told is None else tuple(map(_linted, told))
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise DamagedError(f"it is no record: {error}") from None
    if not 0 <= files <= count == len(paths) or len(numbers) != count * NUMBERS:
        raise DamagedError("its parts do not fit")
    return Record(paths, numbers, files, clean, found, listing)


def _checksum(body: bytes | memoryview) -> bytes:
    return hashlib.blake2b(body, digest_size=_DIGEST).digest()


def _told(one: Linted) -> list[Any]:
    findings = []
    for f in one.findings:
        place = [f.span.line, f.span.column, f.span.end_line, f.span.end_column]
        findings.append([f.code, *place, f.message, f.cell])
    return [one.path, findings]


def _linted(told: Any) -> Linted:
    path, findings = told
    return Linted(str(path), tuple(_finding(str(path), *one) for one in findings))


def _finding(
    path: str, code: str, line: int, column: int, end: int, last: int, message: str, cell: int
) -> Finding:
    span = Span(int(line), int(column), int(end), int(last))
    return Finding(str(code), path, span, str(message), int(cell))
