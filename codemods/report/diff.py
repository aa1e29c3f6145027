"""A unified diff that ``git apply`` takes, whatever bytes the files hold.

The diff is bytes, because a file may be in any encoding, and a line ends at LF
alone: a CR, a form feed or a byte order mark is part of its line.
"""

from __future__ import annotations

import os
from difflib import SequenceMatcher
from itertools import takewhile
from typing import TYPE_CHECKING, Literal, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from codemods.model.outcome import Changed

CONTEXT = 3
Line = TypeVar("Line", bytes, str)
_NO_NEWLINE = b"\n\\ No newline at end of file\n"
_ESCAPES = {7: b"\\a", 8: b"\\b", 9: b"\\t", 10: b"\\n", 11: b"\\v", 12: b"\\f", 13: b"\\r"}
_ESCAPES |= {ord('"'): b'\\"', ord("\\"): b"\\\\"}


def unified(changes: Iterable[Changed], base: Path) -> bytes:
    """Return the diff of *changes*, to be applied in the folder *base* with ``git apply``.

    Links are followed, in the paths as well: git patches no file behind a link.
    """
    resolved = base.resolve()
    return b"".join(_file(change, resolved) for change in changes)


def hunks(before: str, after: str) -> str:
    """Return how the text *before* becomes *after*, for a person to read."""
    old, new = before.encode(errors="surrogatepass"), after.encode(errors="surrogatepass")
    return b"".join(_hunks(_lines(old), _lines(new))).decode(errors="surrogatepass")


def replacements(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """Yield what makes *before* into *after*: lines from and to (exclusive, from 0), and a text."""
    head = _common(before, after)
    tail = _common(before[head:][::-1], after[head:][::-1])
    for tag, i1, i2, j1, j2 in _opcodes(before, after, head, tail):
        if tag != "equal":
            yield i1, i2, "".join(after[j1:j2])


def _file(change: Changed, base: Path) -> bytes:
    relative = os.path.relpath(change.source.path.resolve(), base).replace(os.sep, "/")
    name = os.fsencode(relative)
    hunks = b"".join(_hunks(_lines(change.source.content), _lines(change.after)))
    if not hunks:
        return b""
    old, new = _quoted(b"a/" + name), _quoted(b"b/" + name)
    # GNU patch and git end an unquoted name with spaces at the tab.
    tab = b"\t" if b" " in name else b""
    header = b"diff --git %s %s\n--- %s%s\n+++ %s%s\n" % (old, new, old, tab, new, tab)
    return header + hunks


def _lines(content: bytes) -> list[bytes]:
    parts = content.split(b"\n")
    last = parts.pop()
    return [part + b"\n" for part in parts] + ([last] if last else [])


def _hunks(before: Sequence[bytes], after: Sequence[bytes]) -> Iterable[bytes]:
    """Yield the hunks between two lists of lines."""
    # Only what lies between the equal head and tail is compared: the matcher is
    # quadratic, and most of a file is one or the other.
    head = _common(before, after)
    tail = _common(before[head:][::-1], after[head:][::-1])
    start = max(head - CONTEXT, 0)
    stop = max(tail - CONTEXT, 0)
    old = before[start : len(before) - stop]
    new = after[start : len(after) - stop]
    matcher = SequenceMatcher(None, old, new)
    # Only what differs is matched: the context on both sides is common, and git needs it there.
    # (The attribute is the matcher's own cache; its grouping reads it.)
    matcher.opcodes = _opcodes(old, new, head - start, tail - stop)  # type: ignore[attr-defined]
    for group in matcher.get_grouped_opcodes(CONTEXT):
        yield _hunk(group, old, new, start)


def _opcodes(
    old: Sequence[Line], new: Sequence[Line], head: int, tail: int
) -> list[tuple[Literal["replace", "delete", "insert", "equal"], int, int, int, int]]:
    """Return how *old* becomes *new*, of which *head* first and *tail* last lines are common."""
    core = SequenceMatcher(None, old[head : len(old) - tail], new[head : len(new) - tail])
    inner = [
        (tag, i1 + head, i2 + head, j1 + head, j2 + head)
        for tag, i1, i2, j1, j2 in core.get_opcodes()
    ]
    ends = (len(old), len(new))
    if head:
        inner.insert(0, ("equal", 0, head, 0, head))
    if tail:
        inner.append(("equal", ends[0] - tail, ends[0], ends[1] - tail, ends[1]))
    return inner


def _common(before: Sequence[Line], after: Sequence[Line]) -> int:
    pairs = zip(before, after, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _hunk(
    group: Sequence[tuple[str, int, int, int, int]],
    old: Sequence[bytes],
    new: Sequence[bytes],
    offset: int,
) -> bytes:
    (_, old_start, _, new_start, _), (_, _, old_stop, _, new_stop) = group[0], group[-1]
    head = b"@@ -%s +%s @@\n" % (
        _range(old_start + offset, old_stop + offset),
        _range(new_start + offset, new_stop + offset),
    )
    body: list[bytes] = []
    for tag, i1, i2, j1, j2 in group:
        if tag == "equal":
            body += (b" " + line for line in old[i1:i2])
            continue
        body += (b"-" + line for line in old[i1:i2])
        body += (b"+" + line for line in new[j1:j2])
    return head + b"".join(line if line.endswith(b"\n") else line + _NO_NEWLINE for line in body)


def _range(start: int, stop: int) -> bytes:
    length = stop - start
    first = start + 1 if length else start
    return b"%d" % first if length == 1 else b"%d,%d" % (first, length)


def _quoted(name: bytes) -> bytes:
    """Return *name* as git writes it: in C's quotes if it holds anything but plain ASCII."""
    if all(0x20 <= byte < 0x7F and byte not in _ESCAPES for byte in name):
        return name
    return b'"' + b"".join(map(_escaped, name)) + b'"'


def _escaped(byte: int) -> bytes:
    if byte in _ESCAPES:
        return _ESCAPES[byte]
    return bytes([byte]) if 0x20 <= byte < 0x7F else b"\\%03o" % byte
