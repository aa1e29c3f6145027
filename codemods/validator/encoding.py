"""How a rewritten file is written down: its encoding, mark and newlines stay its own."""

from __future__ import annotations

import codecs
import io
import re
import tokenize

_NEWLINE = re.compile(r"\r\n|\r|\n")


def spelling(before: bytes, after: bytes) -> str | None:
    """Return what the interpreter or an editor would read otherwise than before, None if nothing.

    Both are whole files, read here as the interpreter reads them.
    """
    if before.startswith(codecs.BOM_UTF8) != after.startswith(codecs.BOM_UTF8):
        return "the byte order mark was lost or added"
    try:
        old, new = _read(before), _read(after)
    except (SyntaxError, ValueError):
        return "the result cannot be decoded as it declares"
    kinds = _newlines(old)
    if kinds and not kinds.issuperset(_newlines(new)):
        return "a line ends otherwise than those of the file"
    strange = [] if new.isascii() else sorted(c for c in set(new) - set(old) if not c.isascii())
    return f"the character {strange[0]!a} is new" if strange else None


def _newlines(text: str) -> set[str]:
    if "\r" in text:
        return set(_NEWLINE.findall(text))
    return {"\n"} if "\n" in text else set()


def _read(content: bytes) -> str:
    encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    return content.decode(encoding)
